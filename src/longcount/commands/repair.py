"""``longcount repair DIR --out DIR2``: trained models made exact by the smallest change that can be proved."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from longcount.commands.evaluate import Epoch
from longcount.commands.options import Form, Jobs, Json, form_of, number
from longcount.commands.output import opened, print_table

app = App(name="repair", help_format="plaintext", help_formatter="default")


@app.default
def repair(
    directory: Path,
    /,
    *,
    out: Path,
    method: Literal["auto", "sharpen", "project", "rescale"] = "auto",
    factor: Annotated[float | None, Parameter(validator=Number(gt=0, lte=1e6))] = None,
    epoch: Epoch = "best",
    depth: Annotated[int | None, number(1, 2**24)] = None,
    bounded: Annotated[int, number(0, 10_000_000)] = 200,
    form: Form = "text",
    json: Json = False,
    jobs: Jobs = None,
) -> None:
    """Repair every run's model by the smallest change that can be proved exact, into a new store.

    Runs that never learned are reported and not repaired. Before and after, Table 1, worst cases and proofs, stand side
    by side in tables/repair.csv, .md and .tex of the new store; what was changed in results/repairs.parquet.

    Args:
        directory: A store.
        out: Folder of the new store.
        method: sharpen (lstm), project (relu, lstm), rescale (gru); default: the smallest that works.
        factor: Factor of sharpening or rescaling; default: the smallest of those tried that is proved.
        epoch: Which model of a run: best (lowest validation loss), last, or the number of an epoch.
        depth: Depth to which the repaired model must be proved; default 100,000, and as far beyond as proofs go.
        bounded: How many runs of each cell have their worst case before repair bounded, which takes up to a second
            each; verdicts that `longcount certify` kept are reused.
    """
    from longcount.analysis.repairs import repair_store
    from longcount.report.formats import write_table
    from longcount.report.repair import repair_printed, repair_table

    asked = form_of(form, json)
    opened(directory)
    store, frame = repair_store(
        directory, out, method=method, factor=factor, epoch=epoch, depth=depth, bounded=bounded, jobs=jobs
    )
    table = repair_table(store)
    assert table is not None
    write_table(store.directory / "tables", table)
    print_table(repair_printed(f"{directory} repaired into {out}", table, store, frame), asked)
