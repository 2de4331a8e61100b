"""The worst case beside the average: bounds on the first point of failure over all words, where models were certified.

`longcount certify` leaves them in a store's results; without it, reports say nothing of them.
"""

from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.baselines import WITHOUT_MEMORY
from longcount.analysis.rounding import position
from longcount.analysis.selection import in_order, values, where
from longcount.analysis.worst_case import worst_case
from longcount.papers import el_naggar_2022 as paper
from longcount.report.channels import number, rows, shown
from longcount.report.formats import Table
from longcount.report.layout import Figure
from longcount.report.panels import DASHED
from longcount.report.style import colours_of
from longcount.report.table1 import cell_title
from longcount.report.titles import problem_title

if TYPE_CHECKING:
    import pandas as pd


def worst_case_table(models: "pd.DataFrame", summary: "pd.DataFrame") -> Table:
    """Average and worst case side by side, one row per condition, and for other languages than the first paper's the
    baseline without memory.

    Args:
        models: the models of Table 1 that have a verdict; see `longcount.analysis.worst_case.with_verdicts`.
        summary: from `longcount.analysis.summary.summary`, for the baseline.
    """
    import pandas as pd

    numbers, texts = [], []
    asked = dict.fromkeys(zip(models["language"], models["task"], strict=True))
    for condition in in_order(models["condition"]):
        chosen = where(models, condition=condition, kept=True)
        case = worst_case(chosen)
        lower = pd.Series(case.lower, dtype=float)
        upper = pd.Series(case.upper, dtype=float)
        known = upper.loc[np.isfinite(upper)]
        row = {
            "condition": condition,
            "cell": chosen["cell"].iloc[0],
            "models": case.models,
            "exact": case.exact,
            "very_long_fpf": float(values(chosen, "very_long_fpf").mean()),
            "lower_median": lower.median(),
            "lower_min": lower.min(),
            "upper_median": upper.median() if np.isfinite(upper.median()) else np.nan,
            "upper_min": known.min(),
        }
        numbers.append(row)
        texts.append(
            {
                "model": cell_title(condition),
                **({"asked": problem_title(*chosen[["language", "task"]].iloc[0])} if len(asked) > 1 else {}),
                "average FPF": position(row["very_long_fpf"]),
                "worst FPF, at least": _median(lower),
                "worst FPF, at most": _median(upper),
                "proved exact": f"{case.exact} of {case.models}",
            }
        )
    for language, task in asked:
        baseline = _without_memory(summary, language, task)
        if (language, task) != paper.ASKED and baseline is not None:
            numbers.append({"condition": WITHOUT_MEMORY, "cell": "", "very_long_fpf": baseline})
            texts.append({"model": WITHOUT_MEMORY, "average FPF": position(baseline)})
            texts[-1] |= {"asked": problem_title(language, task)} if len(asked) > 1 else {}
    caption = (
        "Average first point of failure on Very Long words, and the first point of failure over all words, "
        "median (minimum) over the models that are not exact: no word fails before “at least”, and a word that is "
        "known fails at “at most”."
    )
    shown_ = pd.DataFrame(texts).fillna("")
    return Table("worst_case", "Worst case", "Average and worst case", pd.DataFrame(numbers), shown_, caption)


def _median(bounds: "pd.Series") -> str:
    if not np.isfinite(bounds).any():
        return ""
    median = float(bounds.median())
    return f"{position(median) if np.isfinite(median) else 'none known'} ({position(float(bounds.min()))})"


def worst_case_figures(models: "pd.DataFrame", summary: "pd.DataFrame") -> list[Figure]:
    """Average against worst case, a point per model; a figure for each language and task.

    Args:
        models: as for `worst_case_table`, with language and task.
        summary: from `longcount.analysis.summary.summary`, for the baseline without memory.
    """
    bounded = where(where(models, learned=True), verdict="bounded")
    bounded = bounded.loc[bounded["upper_bound"].notna()]
    asked = dict.fromkeys(zip(bounded["language"], bounded["task"], strict=True))
    return [
        _figure(where(bounded, language=language, task=task), language, task, _without_memory(summary, language, task))
        for language, task in asked
    ]


def _without_memory(summary: "pd.DataFrame", language: str, task: str) -> float | None:
    """The average first point of failure of the baseline without memory on Very Long words, where it is known."""
    found = where(summary, condition=WITHOUT_MEMORY, language=language, task=task, split="very_long")
    return float(values(found, "fpf_mean").mean()) if len(found) else None


def _figure(bounded: "pd.DataFrame", language: str, task: str, baseline: float | None) -> Figure:
    conditions = in_order(bounded["condition"])
    titles = [cell_title(condition) for condition in conditions]
    bounded = bounded.assign(
        model=[cell_title(condition) for condition in bounded["condition"]],
        upper=values(bounded, "upper_bound").astype(float),
        lower=values(bounded, "lower_bound").astype(float),
    )
    fields = {
        "model": "model",
        "run": "run",
        "epoch": "epoch",
        "fpf": "very_long_fpf",
        "upper": "upper",
        "lower": "lower",
    }
    y = number("fpf", "average FPF on Very Long words", scale={"domainMin": 0})
    points = {
        "mark": {"type": "circle", "size": 36 if len(bounded) <= 300 else 9, "opacity": 0.8},
        "encoding": {
            "x": number(
                "upper",
                "a known word fails at this token",
                scale={"type": "log"},
                axis={"format": ",d", "values": [k * 10**n for n in range(6) for k in (1, 2, 5)]},
            ),
            "y": y,
            "color": {
                "field": "model",
                "type": "nominal",
                "title": None,
                "sort": titles,
                "scale": {"domain": titles, "range": list(colours_of(conditions).values())},
            },
            "tooltip": shown(
                "model",
                "run",
                "epoch",
                ("fpf", ".1f", "average FPF"),
                ("lower", ",d", "no word fails before"),
                ("upper", ",d", "a known word fails at"),
            ),
        },
    }
    layers, told = [points], ""
    if baseline is not None:
        answer = {"values": [{"fpf": round(baseline, 1), "what": WITHOUT_MEMORY}]}
        tooltip = shown("what", ("fpf", ".1f", "average FPF"))
        layers.append({"data": answer, "mark": {"type": "rule", **DASHED}, "encoding": {"y": y, "tooltip": tooltip}})
        told = f" The dashed line is what the best answer from the last letter alone scores, {position(baseline)}."
    first = (language, task) == paper.ASKED
    title = "Average against worst case"
    worst, average = np.median(values(bounded, "upper")), values(bounded, "very_long_fpf").mean()
    return Figure(
        "worst_case" if first else f"worst_case_{language}_{task}",
        title if first else f"{title}: {problem_title(language, task)}",
        "Not in the paper, which judges by the average over random words."
        if first
        else "Of models that learned and are not proved exact.",
        f"Of {len(bounded)} models that learned and are not exact, the median fails at token "
        f"{position(float(worst))} of some word, while their average first point of failure on Very Long words is "
        f"{position(float(average))}.{told}",
        "Scatter plot: the token at which a known word makes a model fail across on a log scale, its average first "
        "point of failure up.",
        [[{"data": rows(bounded, **fields), "layer": layers}]],
        210,
        width=380,
    )
