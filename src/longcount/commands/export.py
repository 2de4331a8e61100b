"""``longcount export DIR --run K --out FILE``: a model for PyTorch and others."""

from pathlib import Path
from typing import Annotated

from cyclopts import App

from longcount.commands.evaluate import Epoch
from longcount.commands.options import number

app = App(name="export", help_format="plaintext", help_formatter="default")


@app.default
def export(
    directory: Path,
    /,
    *,
    run: Annotated[int, number(0, 10_000_000)],
    out: Path,
    cell: str | None = None,
    epoch: Epoch = "best",
) -> None:
    """Write one model as a file that PyTorch and safetensors read.

    Its tensors have torch.nn's names; longcount.training.torch_modules holds the module that loads them.

    Args:
        directory: A store.
        run: Number of the run within its cell, from 0.
        out: The file: .safetensors, or .pt for a PyTorch state dict.
        cell: Its cell or condition; needed where the store holds several.
        epoch: Which model of the run: best (lowest validation loss), last, or the number of an epoch.
    """
    from longcount.commands.output import opened
    from longcount.store.exchange import export_run

    opened(directory)
    export_run(directory, run, out, cell, epoch)
