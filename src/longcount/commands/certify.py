"""``longcount certify DIR``: is a model exact, and where does it fail at the latest?"""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App

from longcount.commands.evaluate import Epoch
from longcount.commands.options import Jobs, Json, number

app = App(name="certify", help_format="plaintext", help_formatter="default")

FIELDS = (
    "condition", "cell", "run", "epoch", "verdict", "max_depth", "lower_bound", "upper_bound", "witness", "capped",
    "reason", "seconds",
)  # fmt: skip


@app.default
def certify(
    directory: Path,
    /,
    *,
    run: Annotated[int | None, number(0, 10_000_000)] = None,
    cell: str | None = None,
    epoch: Epoch = "best",
    depth: Annotated[int, number(1, 2**24)] = 2**24,
    limit: Annotated[int, number(1, 1_000_000)] = 10_000,
    json: Json = False,
    jobs: Jobs = None,
) -> None:
    """Prove models exact, or bound their worst first point of failure (FPF) over all Dyck-1 words from both sides.

    Exact: every output is right on every prefix of a Dyck-1 word up to a depth, however long. Bounded: no word fails
    before the lower bound, and the witness fails at the upper bound. Verdicts are kept in results/certificates.parquet;
    Table 1, printed here and by `longcount report`, shows them beside the average FPF.

    Args:
        directory: A store.
        run: One run; default: all.
        cell: A cell or condition of the store; default: all.
        epoch: Which model of a run: best (lowest validation loss), last, or the number of an epoch.
        depth: Depth to which a proof is wanted; one that reaches 100,000 counts as well.
        limit: Tokens within which failures are looked for.
    """
    from longcount.analysis.certificates import certify_store
    from longcount.commands.output import print_json, print_table
    from longcount.commands.tables import print_table1
    from longcount.store.store import Store

    frame = certify_store(directory, cell=cell, run=run, epoch=epoch, depth=depth, limit=limit, jobs=jobs)
    rows: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    if json:
        print_json([{name: row[name] for name in FIELDS} for row in rows])
        return

    from rich.table import Table

    table = Table(title=f"{directory}: worst case over all Dyck-1 words", caption="bounds in tokens, from 0")
    for name in (
        "condition",
        "run",
        "epoch",
        "verdict",
        "proved to depth",
        "FPF at least",
        "FPF at most",
        "why, or witness",
    ):
        table.add_column(
            name, justify="right" if name in ("run", "epoch") or "F" in name or "depth" in name else "left"
        )
    for row in rows:
        reason = row["witness"] or ("no failure found" if row["verdict"] == "bounded" else row["reason"])
        figures = [row["max_depth"], row["lower_bound"], row["upper_bound"]]
        shown = ["" if figure is None else f"{figure:,}" for figure in figures]
        table.add_row(row["condition"], str(row["run"]), str(row["epoch"]), row["verdict"], *shown, _shortened(reason))
    print_table(table)
    exact = sum(row["verdict"] == "exact" for row in rows)
    print(f"{exact} of {len(rows)} proved exact")
    store = Store.open(directory)
    if "validation" in store.splits():
        print_table1(store)


def _shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
