"""Every table: its numbers for programs, its texts for people."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.analysis import SATURATION_THRESHOLDS, SHALLOW_LENGTH
from longcount.analysis.regression import ALL_EPOCHS, LATER_EPOCHS
from longcount.analysis.rounding import failure_token, interval, percent, position, signed, significant
from longcount.analysis.selection import in_order, values, where
from longcount.analysis.worst_case import WorstCase
from longcount.papers import el_naggar_2022 as paper
from longcount.papers.claims import VERDICTS
from longcount.report.dyck1_panels import PREDICTOR_TITLES, constant_fpf, whole_length
from longcount.report.formats import Table
from longcount.report.summary import summary_caption, summary_shown
from longcount.report.table1 import (
    CAPTION,
    NO_CASES,
    WORST_CASE,
    WORST_CASE_CAPTION,
    cell_title,
    table1_shown,
    table1_values,
)
from longcount.report.titles import SPLIT_TITLES, problem_title, problems_of

if TYPE_CHECKING:
    import pandas as pd

    Results = dict[str, pd.DataFrame]


def tables(results: "Results", worst: Mapping[str, WorstCase] = NO_CASES) -> list[Table]:
    """All tables, in the order of the page.

    Args:
        results: of the store, by name.
        worst: worst cases of the rows of Table 1, where models were certified.
    """
    found = [] if set(problems_of(results)) == {paper.ASKED} else [_summary(results)]
    if "table1" in results:
        first, *others = _tables_1(results, worst)
        found += [first, *_claims(results), *_table2(results), *_failures(results), *others]
    return found


def _summary(results: "Results") -> Table:
    frame = results["summary"]
    shown, groups = summary_shown(frame)
    title = "What the networks get right"
    if len(problems_of(results)) == 1:
        title += f": {problem_title(*problems_of(results)[0])}"
    return Table("summary", "Summary", title, frame, shown, summary_caption(shown), groups)


def _tables_1(results: "Results", worst: Mapping[str, WorstCase]) -> list[Table]:
    found = []
    for reading, name, title in (
        ("average", "table1", "Table 1. Accuracy, and how far the models count"),
        ("last_word", "table1_last_word", "Table 1 by the released code's validation loss"),
    ):
        table = where(results["table1"], reading=reading).drop(columns="reading")
        if name == "table1_last_word":
            table = table.loc[(table["cell"] != "") & ~table["condition"].str.endswith("_all")]
        if len(table) == 0:
            continue
        cases = worst if reading == "average" else NO_CASES
        shown, groups = table1_shown(table, results["learned"], cases)
        caption = CAPTION if reading == "average" else _LAST_WORD
        caption += WORST_CASE_CAPTION if cases else ""
        short = "Table 1" if reading == "average" else "Released reading"
        found.append(Table(name, short, title, table1_values(table, cases), shown, caption, groups))
    return found


_LAST_WORD = (
    "The released code takes the last word's loss divided by the number of words for the validation loss, and "
    "shuffling changes that word every epoch. The same runs as in Table 1, each at the epoch that this reading "
    "calls best."
)


def _table2(results: "Results") -> list[Table]:
    import pandas as pd

    table = results["table2"]
    if len(table) == 0:
        return []
    published = [paper.TABLE_2.get(row["condition"], {}).get(row["predictor"]) for row in table.to_dict("records")]
    numbers = table.assign(
        paper_r_squared=[value.r_squared if value else None for value in published],
        paper_p=[value.p if value else None for value in published],
    )
    rows, groups = [], []
    for condition in in_order(table["condition"]):
        groups.append(len(rows))
        found = {row["predictor"]: row for row in where(table, condition=condition).to_dict("records")}
        told = {
            f"{cell_title(condition)} R²": lambda row: f"{row['r_squared']:.3f}",
            "  95%": lambda row: interval(f"{row['low']:.2f}", f"{row['high']:.2f}"),
            "  p": lambda row: significant(row["p"]),
            "  slope": lambda row: significant(row["slope"]),
            "  Spearman": lambda row: signed(row["spearman"], 2),
        }
        for label, tell in told.items():
            rows.append({"": label} | {PREDICTOR_TITLES[name]: tell(row) for name, row in found.items()})
        for label, field in (("  paper", "r_squared"), ("  paper p", "p")):
            values_ = {
                PREDICTOR_TITLES[name]: f"{value.r_squared:.3f}" if field == "r_squared" else significant(value.p)
                for name, value in paper.TABLE_2.get(condition, {}).items()
            }
            if values_:
                rows.append({"": label} | values_)
    shown = pd.DataFrame(rows, columns=["", *PREDICTOR_TITLES.values()], dtype=object).fillna("")
    return [
        Table(
            "table2",
            "Table 2",
            "Table 2. What predicts the failure point",
            numbers,
            shown,
            _TABLE_2,
            tuple(groups[1:]),
        )
    ]


_TABLE_2 = (
    "Table 2: linear regression of the average first point of failure on the negative natural log of a predictor, over "
    "the models after epochs 1, 5, 10, 15, 20 and 25 (as many as there are) of each run that was kept; slope in tokens "
    "per unit. Intervals resample runs, because the models of a run are not independent; p takes them as if they were, "
    "as the paper does. “Last word” is the released code's reading of validation loss. The leak (the share of the "
    "counter that a token forgets at depth 50) and the imbalance (increment less decrement there) are read off the "
    "weights alone."
)


def _claims(results: "Results") -> list[Table]:
    claims = results["claims"]
    if len(claims) == 0:
        return []
    shown = claims.loc[:, ["statement", "section", "measured", "runs", "verdict"]].astype(str)
    caption = (
        "Claims of the paper, in our words. The rules behind the verdicts were fixed before the numbers were seen, but "
        "for those epoch by epoch, which were added when Figure 1 had been seen; "
        "intervals of shares are 95 % (Wilson), of means over runs 95 % (bootstrap)."
    )
    return [Table("claims", "Claims", "What the paper says, and what holds", claims, shown, caption)]


def _failures(results: "Results") -> list[Table]:
    import pandas as pd

    modes = results["failure_modes"]
    conditions = in_order(modes["condition"])
    if not conditions:
        return []
    groups: dict[str, dict[str, dict[str, str]]] = {}
    for row in modes.to_dict("records"):
        measure = str(row["measure"])
        if measure.startswith("gate") and STRICTEST not in measure:
            continue
        measures = groups.setdefault(
            next((kind for start, kind in _KINDS.items() if measure.startswith(start)), ""), {}
        )
        measures[measure] = measures.get(measure, {"measure": measure}) | {
            cell_title(row["condition"]): _mode_told(row)
        }
    rows = [row for measures in groups.values() for row in measures.values()]
    shown = pd.DataFrame(rows, columns=["measure", *map(cell_title, conditions)], dtype=object).fillna("–")
    starts = np.cumsum([len(measures) for measures in groups.values()])[:-1]
    caption = (
        "Why the models fail: median (minimum to maximum) over the runs that were kept and learned, at their best "
        "epoch; shares in percent with their 95 % Wilson interval; – where a cell has no such part. The decrement is "
        "taken from the state that as many opening brackets in a row leave. First points of failure: none where a "
        "model never failed; their median is the lower of the two in the middle. "
        "Gates within other distances of their ends: in the CSV file."
    )
    return [
        Table(
            "failure_modes", "Failure modes", "Why they fail, in numbers", modes, shown, caption, tuple(starts.tolist())
        )
    ]


STRICTEST = f"within {min(SATURATION_THRESHOLDS):g} "

_KINDS = {
    "gate": "Gates",
    "recurrent": "Conditions of an exact ReLU",
    "decrement / increment − 1, at no depth": "Conditions of an exact ReLU",
    "threshold": "Conditions of an exact ReLU",
    "zigzag": "Where zigzags fail",
}
"""How the measures are grouped, by what they begin with; the others are steps of the counter."""


def _mode_told(row: dict) -> str:
    """A measure with its spread: counts of tokens and shares as such, everything else to three digits."""
    if row["measure"].startswith("first point of failure"):
        told = [failure_token(row[place]) for place in ("value", "low", "high")]
    elif "%" in row["measure"]:
        told = [percent(row[place]) for place in ("value", "low", "high")]
    else:
        told = [significant(row[place]) for place in ("value", "low", "high")]
    return f"{told[0]} ({told[1]} to {told[2]})"


def runs_shown(results: "Results") -> "pd.DataFrame":
    """One row per run, as texts that sort as numbers; columns that no run fills are left out."""
    import pandas as pd

    several = len(problems_of(results)) > 1
    rows = []
    for row in results["models"].to_dict("records"):
        has_positions = row["task"] != "recognise"  # a recogniser answers at the end alone
        rows.append(
            {
                "model": cell_title(row["condition"]),
                "asked": problem_title(row["language"], row["task"]) if several else "",
                "run": str(row["run"]),
                "kept": _yes_or_no(row["kept"]) if "table1" in results else "",
                "learned": _yes_or_no(row["learned"]),
                "epoch": str(row["epoch"]),
                "validation loss": significant(row["validation_loss"]),
                "validation %": percent(row["validation_accuracy"]),
                "long %": percent(row["long_accuracy"]),
                "very long %": percent(row["very_long_accuracy"]),
                "very long FPF": _mean_failure(row) if has_positions else "",
                **_worst_case(row),
                "FPF on ()()…": _shallow_failure(row.get("shallow_fpf", math.nan)),
                "leak": significant(row.get("leak", math.nan)),
                "imbalance": significant(row.get("imbalance", math.nan)),
            }
        )
    shown = pd.DataFrame(rows)
    return shown.loc[:, [name for name in shown.columns if any(shown[name] != "")]]


def _mean_failure(row: dict) -> str:
    """The mean first point of failure on Very Long words; of a model that failed on none of them there is none."""
    return "none" if row["very_long_accuracy"] == 100.0 else position(row["very_long_fpf"])


def _shallow_failure(fpf: float) -> str:
    return failure_token(math.inf if fpf >= SHALLOW_LENGTH else fpf, SHALLOW_LENGTH)


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def _worst_case(row: dict) -> dict[str, str]:
    """A certified run's bounds, as a column of its own where any run was certified."""
    from pandas import isna

    if "verdict" not in row:
        return {}
    if row["verdict"] != "bounded":
        return {WORST_CASE: "exact" if row["verdict"] == "exact" else ""}
    least = f"{row['lower_bound']:.0f}"
    return {WORST_CASE: f"from {least}" if isna(row["upper_bound"]) else interval(least, f"{row['upper_bound']:.0f}")}


def facts(results: "Results") -> list[str]:
    """The page's first sentences."""
    found = [_summed_up(results, *one) for one in problems_of(results) if one != paper.ASKED]
    return found + (_facts_of_dyck1(results) if "table1" in results else [])


def _summed_up(results: "Results", language: str, task: str) -> str:
    """How much each condition gets right of the longest words, beside the baseline."""
    summary = where(results["summary"], language=language, task=task)
    splits = set(summary["split"])
    split = next(name for name in ("very_long", "long", "validation") if name in splits)
    told = []
    for row in where(summary, split=split).to_dict("records"):
        learned = f" ({row['learned']:.0f} of {row['runs']} runs learned)" if row["learned"] == row["learned"] else ""
        told.append(f"{cell_title(row['condition'])} {percent(row['mean'])} %{learned}")
    title = problem_title(language, task)
    return f"{title}: {SPLIT_TITLES[split]} words right, mean over runs: {'; '.join(told)}."


def _facts_of_dyck1(results: "Results") -> list[str]:
    table = where(results["table1"], reading="average")
    found = []
    fpf = {row["condition"]: row for row in where(table, measure="very_long_fpf").to_dict("records")}
    told = [
        f"{cell_title(cell)} {position(fpf[cell]['mean'])} (paper {paper.TABLE_1[cell]['very_long_fpf'].mean:g})"
        for cell in paper.CELLS
        if cell in fpf
    ]
    if told:
        found.append(
            f"Average first point of failure on words of {whole_length(results):,.0f} tokens: " + ", ".join(told) + "."
        )
        found.append(
            f"The answer “) may always follow”, which counts nothing, scores {constant_fpf(results):.0f} there: an "
            "average is worth less than it looks."
        )
    shares = {row["condition"]: row for row in results["learned"].to_dict("records")}
    if "relu_all" in shares:
        row = shares["relu_all"]
        found.append(
            f"{row['learned']} of {row['runs']} ReLU runs learn at all "
            f"({100 * row['low']:.0f}–{100 * row['high']:.0f} %, 95 % interval)."
        )
    verdicts = [list(values(results["claims"], "verdict")).count(name) for name in VERDICTS]
    if sum(verdicts):
        found.append(
            f"Of {sum(verdicts)} statements of the paper, {verdicts[0]} hold, {verdicts[1]} hold in part, "
            f"{verdicts[2]} do not."
        )
    leak = where(results["table2"], condition="lstm", predictor="leak").to_dict("records")
    loss = where(results["table2"], condition="lstm", predictor="validation").to_dict("records")
    if leak and loss:
        found.append(
            "What an LSTM's forget gate leaks at each token, read off its weights, explains "
            f"{100 * leak[0]['r_squared']:.0f} % of how far it counts (R² over the models of all epochs together); its "
            f"validation loss explains {100 * loss[0]['r_squared']:.0f} %{_by_epoch(results)}."
        )
    return found


def _by_epoch(results: "Results") -> str:
    """Where it does: whether what the loss explains of all epochs together rests on the models of the first."""
    rows = where(results["correlations"], condition="lstm")
    found = dict(zip(rows["epochs"], rows["correlation"].astype(float), strict=True))
    if LATER_EPOCHS not in found or found[LATER_EPOCHS] * found[ALL_EPOCHS] >= 0:
        return ""
    return (
        ", which rests on the models of the first epoch: the correlation is "
        f"{signed(found[ALL_EPOCHS], 2)} with them and {signed(found[LATER_EPOCHS], 2)} without"
    )
