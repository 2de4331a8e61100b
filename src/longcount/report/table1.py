"""Table 1 for files and terminals: ours, its spread, and the paper's row under it."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.analysis import ASKED
from longcount.analysis.rounding import interval, percent, position
from longcount.analysis.selection import kept_share, where
from longcount.analysis.worst_case import WorstCase
from longcount.papers import el_naggar_2022 as paper
from longcount.report.formats import Table
from longcount.report.terminal import stacked

if TYPE_CHECKING:
    import pandas as pd

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
WORST_CASE_CAPTION = (
    " Worst-case FPF: over all Dyck-1 words, of the models that were certified: median of the lower bounds–median of "
    "the upper bounds of those that are not proved exact (and how many are)."
)
WORST_CASE = "worst-case FPF"
NO_CASES: Mapping[str, WorstCase] = {}
_TITLES = {"constant": "constant answer", "perfect": "perfect counter"}


def cell_title(condition: str) -> str:
    """A row's name for people: the cell and what sets the condition apart, but for the language and the task, by which
    reports are ordered.

    >>> cell_title("lstm"), cell_title("gru-language=an_bn,hidden_size=2"), cell_title("relu_all")
    ('LSTM', 'GRU, hidden_size=2', 'ReLU, all runs')
    """
    if condition in _TITLES:
        return _TITLES[condition]
    base = condition.removesuffix("_all")
    is_of_all_runs = base != condition and kept_share(base.partition("-")[0]) < 1
    cell, _, settings = (base if is_of_all_runs else condition).partition("-")
    told = [setting for setting in settings.split(",") if setting and setting.split("=")[0] not in ASKED]
    return ", ".join([paper.CELL_TITLES.get(cell, cell), *told, *(["all runs"] if is_of_all_runs else [])])


def panel_title(condition: str) -> str | dict[str, str | list[str]]:
    """The same over a panel, as Vega-Lite takes it: what sets the condition apart in small print, line by line."""
    title, *settings = cell_title(condition).split(", ")
    return {"text": title, "subtitle": settings} if settings else title


def table1_values(table1: "pd.DataFrame", worst: Mapping[str, WorstCase] = NO_CASES) -> "pd.DataFrame":
    """The rows of ``table1.csv``: ours and, where it has one, the paper's value (empty where it prints "none").

    Its column ``cell`` is the row's name: a condition, ``relu_all`` or a baseline.

    Cells that were certified have two measures more, ``worst_case_lower`` and ``worst_case_upper``: runs counts the
    models with a verdict, unfailed those proved exact, or those of which no word is known that fails; the rest is of
    the others.
    """
    import pandas as pd

    columns = ["condition", "measure", "mean", "min", "max", "std", "runs", "unfailed"]
    parts = []
    for condition in dict.fromkeys(table1["condition"]):
        parts.append(where(table1, condition=condition).loc[:, columns])
        if condition in worst:
            parts.append(pd.DataFrame(_worst_case_rows(condition, worst[condition]), columns=columns))
    rows = pd.concat(parts, ignore_index=True)
    published = [paper.TABLE_1.get(row["condition"], {}).get(row["measure"]) for row in rows.to_dict("records")]
    for place in ("mean", "min", "max"):
        values = [getattr(spread, place) if spread else None for spread in published]
        rows[f"paper_{place}"] = [math.nan if value is None else float(value) for value in values]
    return rows.rename(columns={"condition": "cell"})


def _worst_case_rows(condition: str, case: WorstCase) -> list[dict]:
    rows = []
    for name, bounds in (("worst_case_lower", case.lower), ("worst_case_upper", case.failing)):
        row = {"condition": condition, "measure": name, "runs": case.models, "unfailed": case.models - len(bounds)}
        row |= dict.fromkeys(("mean", "min", "max", "std"), math.nan)
        if len(bounds):
            row |= {"mean": bounds.mean(), "min": bounds.min(), "max": bounds.max()}
        if len(bounds) > 1:
            row["std"] = bounds.std(ddof=1)
        rows.append(row)
    return rows


def bounds_shown(case: WorstCase) -> str:
    """The medians of both bounds over the models that are not exact; “none” where all are.

    >>> bounds_shown(WorstCase(3, 1, 1000, np.array([12.0, 20.0]), np.array([14.0, 20.0])))
    '16–17'
    >>> bounds_shown(WorstCase(1, 0, None, np.array([9999.0]), np.array([np.inf])))
    'from 9999'
    """
    if not len(case.lower):
        return "none"
    lower, upper = np.median(case.lower), np.median(case.upper)
    return interval(position(lower), position(upper)) if np.isfinite(upper) else f"from {position(lower)}"


def table1_shown(
    table1: "pd.DataFrame", learned: "pd.DataFrame", worst: Mapping[str, WorstCase] = NO_CASES
) -> "tuple[pd.DataFrame, tuple[int, ...]]":
    """The table as texts, and the rows at which a new group begins.

    Args:
        table1: from `longcount.analysis.table1.table1`.
        learned: from `longcount.analysis.table1.learned_shares`.
        worst: from `longcount.analysis.worst_case.worst_cases`; where it is empty the table says nothing of worst
            cases.
    """
    import pandas as pd

    rows: list[dict[str, str]] = []
    groups: list[int] = []
    shares = {row["condition"]: row for row in learned.to_dict("records")}
    for condition in dict.fromkeys(table1["condition"]):
        groups.append(len(rows))
        measured = {COLUMNS[row["measure"]]: row for row in where(table1, condition=condition).to_dict("records")}
        share = shares.get(condition)
        rows.append({"model": cell_title(condition)} | {name: mean_and_range(row) for name, row in measured.items()})
        if condition in worst:
            case = worst[condition]
            rows[-1][WORST_CASE] = f"{bounds_shown(case)} ({case.exact} of {case.models})"
        if share:
            rows[-1]["learned"] = f"{share['learned']} of {share['runs']}"
        if next(iter(measured.values()))["runs"] > 1:
            rows.append({"model": "  std"} | {name: _number(row, "std") for name, row in measured.items()})
            rows.append({"model": "  95%"} | {name: _interval(row) for name, row in measured.items()})
            if share:
                rows[-1]["learned"] = interval(percent(100 * share["low"]), percent(100 * share["high"])) + " %"
        if condition in paper.TABLE_1:
            published = paper.TABLE_1[condition].items()
            rows.append({"model": "  paper"} | {COLUMNS[name]: _published(value) for name, value in published})
    columns = ["model", *COLUMNS.values(), *([WORST_CASE] if worst else []), "learned"]
    return pd.DataFrame(rows, columns=columns, dtype=object).fillna(""), tuple(groups[1:])


def table1_printed(table1: "pd.DataFrame", learned: "pd.DataFrame", worst: Mapping[str, WorstCase] = NO_CASES) -> Table:
    """The table for a terminal, the paper's rows under ours."""
    legend = "mean, min / max over models; accuracy in % of words, first point of failure (FPF) in tokens; "
    legend += "constant answer: “) may always follow”; perfect counter: an integer"
    if worst:
        legend += "; worst-case FPF: over all words, median bounds of the models not proved exact (and how many are)"
    shown, groups = stacked(*table1_shown(table1, learned, worst))
    return Table("table1", "", "Table 1", table1_values(table1, worst), shown, legend, groups)


def _number(row: dict, place: str) -> str:
    if math.isnan(row[place]):
        return ""
    return position(row[place]) if row["measure"] == "very_long_fpf" else percent(row[place])


def _interval(row: dict) -> str:
    return interval(_number(row, "low"), _number(row, "high"))


def mean_and_range(row: dict) -> str:
    """A measure as ``mean (min / max)``: a row with measure, mean, min, max, runs and unfailed."""
    never_fails = row["measure"] == "very_long_fpf" and row["unfailed"] > 0
    if row["runs"] == 1:
        return "none" if never_fails else _number(row, "mean")
    greatest = "none" if never_fails else _number(row, "max")
    return f"{_number(row, 'mean')} ({_number(row, 'min')} / {greatest})"


def _published(value: paper.Spread) -> str:
    greatest = "none" if value.max is None else f"{value.max:g}"
    return f"{value.mean:g} ({value.min:g} / {greatest})"
