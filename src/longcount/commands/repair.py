"""``longcount repair DIR --out DIR2``: trained models made exact by the smallest change that can be proved."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from longcount.commands.evaluate import Epoch
from longcount.commands.options import Jobs, Json, number

app = App(name="repair", help_format="plaintext", help_formatter="default")

FIELDS = ("cell", "run", "epoch", "learned", "method", "factor", "repaired", "max_depth", "change", "reason")


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
    json: Json = False,
    jobs: Jobs = None,
) -> None:
    """Repair every run's model by the smallest change that can be proved exact, into a new store.

    Runs that never learned are not repaired and say so. Tables before and after are those of the two stores; what was
    changed, and by how much, is in results/repairs.parquet of the new one.

    Args:
        directory: A store.
        out: Folder of the new store.
        method: sharpen (lstm), project (relu, lstm), rescale (gru); default: the least that does.
        factor: Of sharpening or rescaling; default: the least power of 2 that does.
        epoch: Which model of a run: best (lowest validation loss), last, or the number of an epoch.
        depth: Depth to which the repaired model must be proved; default 2^24, 100,000 for gru.
    """
    from longcount.commands.output import print_json, print_table
    from longcount.exact.stores import repair_store

    _, frame = repair_store(directory, out, method, factor, epoch, depth, jobs)
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    if json:
        print_json([{name: row[name] for name in FIELDS} for row in rows])
        return

    from rich.table import Table

    table = Table(
        title=f"{directory} repaired into {out}", caption="change: norm of the change over norm of the weights"
    )
    for name in ("cell", "how", "runs", "least change", "greatest change", "why not"):
        table.add_column(name, justify="right" if "change" in name or name == "runs" else "left")
    same: dict[tuple[str, str, str], list[float]] = {}
    for row in rows:
        same.setdefault((row["cell"], _how(row), "" if row["repaired"] else row["reason"]), []).append(row["change"])
    for (cell, how, reason), change in same.items():
        figures = (f"{min(change):.3g}", f"{max(change):.3g}") if how != NOT else ("", "")
        table.add_row(cell, how, str(len(change)), *figures, reason)
    print_table(table)


NOT = "not repaired"


def _how(row: dict[str, object]) -> str:
    """What was done to a model, such as `sharpen by 8`."""
    if not row["repaired"]:
        return NOT
    return f"{row['method']} by {row['factor']:g}" if row["factor"] else str(row["method"])
