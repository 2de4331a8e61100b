"""What the networks of any store get right, beside the baseline without memory: a table for files and terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from longcount.analysis.models import LARGEST_N
from longcount.analysis.rounding import interval, percent, position
from longcount.analysis.selection import where
from longcount.languages.splits import SPLITS
from longcount.languages.wrong_words import KINDS
from longcount.report.formats import Table
from longcount.report.table1 import cell_title
from longcount.report.terminal import stacked
from longcount.report.titles import SPLIT_TITLES, problem_title

if TYPE_CHECKING:
    import pandas as pd

FPF, FIRST_FAILING = "mean FPF", "first failing n"
OF_KINDS = {kind: f"Long, {kind.replace('_', ' ')}" for kind in KINDS}
CAPTION = (
    "Percentage of words of each split with every answer right: mean (min / max) over the runs, each at its "
    "epoch of lowest validation loss, those trained by a recipe after their last epoch; std is the standard deviation "
    "over runs, 95% a bootstrap interval of the mean over runs. Learned: at least half of the validation words right. "
    "The baseline without memory answers from the last letter alone, as is right most often after it in the training "
    "words."
)
KINDS_CAPTION = (
    " Half of the words are in the language (right); of the others half are random strings, half words of the language "
    "with one edit (near miss)."
)
FPF_CAPTION = " Mean FPF: average first point of failure on the longest words, in tokens; a word's length without one."
FIRST_FAILING_CAPTION = (
    f" First failing n: the least n whose word is not right throughout, median (min / max) over the runs; none: "
    f"there is none up to {LARGEST_N:,}."
)


def summary_shown(summary: pd.DataFrame) -> tuple[pd.DataFrame, tuple[int, ...]]:
    """The table as texts, and the rows at which a new group begins.

    Args:
        summary: from `longcount.analysis.summary.summary`.
    """
    import pandas as pd

    asked = list(dict.fromkeys(zip(summary["language"], summary["task"], strict=True)))
    rows: list[dict[str, str]] = []
    groups: list[int] = []
    for language, task in asked:
        for by_split in _networks(where(summary, language=language, task=task)):
            groups.append(len(rows))
            found = _rows(by_split)
            found[0]["asked"] = problem_title(language, task)
            rows += found
    splits = [SPLIT_TITLES[split] for split in SPLITS if split in set(summary["split"])]
    further = [name for name in (*OF_KINDS.values(), FPF, "learned", FIRST_FAILING) if any(name in row for row in rows)]
    columns = ["model", *(["asked"] if len(asked) > 1 else []), *splits, *further]
    return pd.DataFrame(rows, columns=columns, dtype=object).fillna(""), tuple(groups[1:])


def summary_caption(shown: pd.DataFrame) -> str:
    """What the columns of `summary_shown` mean."""
    further = {OF_KINDS["random"]: KINDS_CAPTION, FPF: FPF_CAPTION, FIRST_FAILING: FIRST_FAILING_CAPTION}
    return CAPTION + "".join(text for name, text in further.items() if name in shown.columns)


def summary_printed(summary: pd.DataFrame) -> Table:
    """The table for a terminal."""
    asked = dict.fromkeys(zip(summary["language"], summary["task"], strict=True))
    shown, groups = stacked(*summary_shown(summary))
    legend = "accuracy in % of words: mean, min / max over runs; mean FPF: first point of failure on the longest "
    legend += "words; without memory: the best answer from the last letter alone"
    return Table("summary", "", "; ".join(problem_title(*one) for one in asked), summary, shown, legend, groups)


def _networks(summary: pd.DataFrame) -> list[dict[str, dict[str, Any]]]:
    """The rows of each condition or baseline, by split; there is a baseline for each set of words."""
    found: list[dict[str, dict[str, Any]]] = []
    before = None
    for row in summary.to_dict("records"):
        if row["condition"] != before or row["split"] in found[-1]:
            found.append({})
        found[-1][str(row["split"])] = row
        before = row["condition"]
    return found


def _rows(by_split: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """Of one condition or baseline: mean and range, and of several runs their spread."""
    first, longest = next(iter(by_split.values())), by_split[max(by_split, key=_LONGER.index)]
    told: list[dict[str, str]] = [{"model": cell_title(first["condition"])}, {"model": "  std"}, {"model": "  95%"}]
    several = first["runs"] > 1
    for name, row in by_split.items():
        split = SPLIT_TITLES[name]
        told[0][split] = percent(row["mean"])
        if several:
            told[0][split] += f" ({percent(row['min'])} / {percent(row['max'])})"
            told[1][split] = percent(row["std"])
            told[2][split] = interval(percent(row["low"]), percent(row["high"]))
    of_long = by_split.get("long", longest)
    told[0] |= {title: percent(of_long[kind]) for kind, title in OF_KINDS.items() if not np.isnan(of_long[kind])}
    if first["task"] != "recognise":
        told[0][FPF] = position(longest["fpf_mean"])
    if first["cell"]:
        if not np.isnan(first["learned"]):
            told[0]["learned"] = f"{first['learned']:.0f} of {first['runs']}"
        if not np.isnan(first["first_failing_n_min"]):  # the language is indexed by n
            told[0][FIRST_FAILING] = first_failing_told(first)
    return told if several else told[:1]


_LONGER = ("zigzag", "training", "validation", "long", "very_long")


def first_failing_told(row: dict[str, Any]) -> str:
    """The first failing n of a condition: median, minimum and maximum over its runs."""
    least, median, greatest = (row[f"first_failing_n_{place}"] for place in ("min", "median", "max"))
    told = [f"{n:,.0f}" if np.isfinite(n) else "none" for n in (median, least, greatest)]
    return told[0] if row["runs"] <= 1 else f"{told[0]} ({told[1]} / {told[2]})"
