"""``longcount import FILE --out DIR``: models made elsewhere, as a store."""

from collections import Counter
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from longcount.commands.options import LanguageName, Seed, TaskName

app = App(name="import", help_format="plaintext", help_formatter="default")

Mapped = Annotated[
    list[str] | None,
    Parameter(name="--map", negative="", help="THEIRS=OURS: what a tensor (or a prefix, with its dot) is called here."),
]


@app.default
def import_(
    *files: Path,
    out: Path,
    cell: str | None = None,
    map_: Mapped = None,
    data: Path | None = None,
    language: LanguageName = "dyck1",
    task: TaskName = "next_letters",
    threshold: float | None = None,
    seed: Seed = 0,
) -> None:
    """Put models made elsewhere into a store: safetensors files, or state dicts saved by PyTorch, one model each.

    Tensors are known by their torch.nn names and shapes, whatever stands before them (lstm., module.rnn., fc2. ...).
    Models have an input for each letter of the language, in its order, and an output for each answer of the task; an
    embedding of the letters (embedding.weight) is folded into the input weights.

    Args:
        files: Files; run 0 is the first, run 1 the second.
        out: Folder of the store, new or empty.
        cell: The models' cell, or module:Name of your own; default: taken from the file or its shapes (a plain RNN:
            relu).
        data: Folder of word files; the splits that it lacks are made.
        threshold: Above which an output says yes; default: the task's (0.5; predict 0.005).
    """
    from longcount.cells.recognition import described
    from longcount.commands.output import say
    from longcount.errors import UserError
    from longcount.store.exchange import import_models

    if not files:
        raise UserError("import: no file given; give a .safetensors file or a state dict saved by PyTorch")
    renamed = {}
    for text in map_ or []:
        theirs, sign, ours = text.partition("=")
        if not (theirs and sign):
            raise UserError(f"--map {text!r}: should be THEIRS=OURS, such as head.weight=readout.weight")
        renamed[theirs] = ours
    asked = {"language": language, "task": task, "threshold": threshold}
    found = import_models(files, out, cell=cell, renamed=renamed, data=data, seed=seed, **asked)
    for network, count in Counter(model.cell for model in found).items():
        say(f"{count} model{'s' * (count > 1)}: {described(network)}, {network.size()} parameters")
    say(f"{out}: read for {task} of {language}; `longcount evaluate {out}` says what they can do")
    for path, model in zip(files, found, strict=True):
        if model.alike:
            others = " or ".join(model.alike[1:])
            say(f"{path}: taken for {model.cell.name}; its tensors would fit {others} as well (--cell says which)")
        if model.embedding is not None:
            say(f"{path}: the letters' embedding, {model.embedding}, is folded into the input weights")
        if model.rounded:
            say(f"{path}: rounded to float32, the precision of every model here")
