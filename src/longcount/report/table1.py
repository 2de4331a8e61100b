"""Table 1 for files and terminals: ours, its spread, and the paper's row under it."""

import math
from typing import TYPE_CHECKING

from longcount.analysis import paper
from longcount.analysis.selection import where
from longcount.report.numbers import interval, percent, position

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

COLUMNS = {
    "training_accuracy": "training",
    "validation_accuracy": "validation",
    "long_accuracy": "long",
    "very_long_fpf": "very long FPF",
}
CAPTION = (
    "Table 1: percentage of words with every token right (training, validation, long) and average first point of "
    "failure on Very Long words (FPF), mean (min / max) over models at the epoch of lowest validation loss; std is "
    "the standard deviation over models, 95% a bootstrap interval of the mean over models. ReLU is the best third of "
    "its runs by validation loss, as in the paper. The constant answer says that ) may always follow; the perfect "
    "counter is an integer. “none”: a model never failed."
)
_ROW_STYLES = {"std": "dim", "95%": "dim", "paper": "cyan"}
_TITLES = {"relu_all": "ReLU, all runs", "constant": "constant answer", "perfect": "perfect counter"}


def cell_title(cell: str) -> str:
    """A row's name for people: ``LSTM`` for ``lstm``."""
    return paper.CELL_TITLES.get(cell, _TITLES.get(cell, cell))


def table1_values(table1: "pd.DataFrame") -> "pd.DataFrame":
    """The rows of ``table1.csv``: ours and, where it has one, the paper's value (empty where it prints "none")."""
    rows = table1.loc[:, ["cell", "measure", "mean", "min", "max", "std", "runs", "unfailed"]].copy()
    published = [paper.TABLE_1.get(row["cell"], {}).get(row["measure"]) for row in rows.to_dict("records")]
    for place in ("mean", "min", "max"):
        values = [getattr(spread, place) if spread else None for spread in published]
        rows[f"paper_{place}"] = [math.nan if value is None else float(value) for value in values]
    return rows


def table1_shown(table1: "pd.DataFrame", learned: "pd.DataFrame") -> "tuple[pd.DataFrame, tuple[int, ...]]":
    """The table as texts, and the rows at which a new group begins.

    Args:
        table1: from `longcount.analysis.table1.table1`.
        learned: from `longcount.analysis.table1.learned_shares`.
    """
    import pandas as pd

    rows: list[dict[str, str]] = []
    groups: list[int] = []
    shares = {row["cell"]: row for row in learned.to_dict("records")}
    for cell in dict.fromkeys(table1["cell"]):
        groups.append(len(rows))
        measured = {COLUMNS[row["measure"]]: row for row in where(table1, cell=cell).to_dict("records")}
        share = shares.get(cell)
        rows.append({"model": cell_title(cell)} | {name: _mean_and_range(row) for name, row in measured.items()})
        if share:
            rows[-1]["learned"] = f"{share['learned']} of {share['runs']}"
        if next(iter(measured.values()))["runs"] > 1:
            rows.append({"model": "  std"} | {name: _number(row, "std") for name, row in measured.items()})
            rows.append({"model": "  95%"} | {name: _interval(row) for name, row in measured.items()})
            if share:
                rows[-1]["learned"] = interval(percent(100 * share["low"]), percent(100 * share["high"])) + " %"
        if cell in paper.TABLE_1:
            published = paper.TABLE_1[cell].items()
            rows.append({"model": "  paper"} | {COLUMNS[name]: _published(value) for name, value in published})
    columns = ["model", *COLUMNS.values(), "learned"]
    return pd.DataFrame(rows, columns=columns, dtype=object).fillna(""), tuple(groups[1:])


def table1_terminal(table1: "pd.DataFrame", learned: "pd.DataFrame") -> "Table":
    """The table for a terminal, the paper's rows under ours."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    shown, groups = table1_shown(table1, learned)
    legend = "mean (min / max) over models; accuracy in % of words, first point of failure (FPF) in tokens;\n"
    legend += "constant answer: “) may always follow”; perfect counter: an integer"
    table = Table(title="Table 1", caption=legend, box=SIMPLE_HEAD)
    for at, name in enumerate(shown.columns):
        table.add_column(name, justify="left" if at == 0 else "right", no_wrap=at == 0)
    for at, row in enumerate(shown.to_numpy().tolist()):
        if at in groups:
            table.add_section()
        table.add_row(*row, style=_ROW_STYLES.get(row[0].strip()))
    return table


def _number(row: dict, place: str) -> str:
    if math.isnan(row[place]):
        return ""
    return position(row[place]) if row["measure"] == "very_long_fpf" else percent(row[place])


def _interval(row: dict) -> str:
    return interval(_number(row, "low"), _number(row, "high"))


def _mean_and_range(row: dict) -> str:
    never_fails = row["measure"] == "very_long_fpf" and row["unfailed"] > 0
    if row["runs"] == 1:
        return "none" if never_fails else _number(row, "mean")
    greatest = "none" if never_fails else _number(row, "max")
    return f"{_number(row, 'mean')} ({_number(row, 'min')} / {greatest})"


def _published(value: paper.Spread) -> str:
    greatest = "none" if value.max is None else f"{value.max:g}"
    return f"{value.mean:g} ({value.min:g} / {greatest})"
