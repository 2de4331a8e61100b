"""Every figure: its panels, what the paper shows there, and one plain sentence with our numbers."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from longcount.analysis.rounding import significant
from longcount.analysis.selection import values, where
from longcount.papers import el_naggar_2022 as paper
from longcount.report import dyck1_figures, panels
from longcount.report.layout import Figure, in_lines
from longcount.report.summary import first_failing_told
from longcount.report.table1 import cell_title, panel_title
from longcount.report.titles import SPLIT_TITLES, conditions_of, problem_title, problems_of

if TYPE_CHECKING:
    import pandas as pd

    Results = dict[str, pd.DataFrame]


def figures(results: "Results") -> list[Figure]:
    """All figures that the results can fill, in the order of the page."""
    made = [make(results) for make, needed in MAKERS.items() if needed in results]
    return [figure for figures_ in made for figure in figures_]


def losses(results: "Results") -> list[Figure]:
    """Validation loss over epochs: Figure 2, and the same for every other language and task."""
    return [figure for language, task in problems_of(results) for figure in _losses(results, language, task)]


def _losses(results: "Results", language: str, task: str) -> list[Figure]:
    frame = where(results["losses"], kept=True)
    of_condition = {name: where(frame, condition=name) for name in conditions_of(results, language, task)}
    trained = {name: losses for name, losses in of_condition.items() if values(losses, "epoch").any()}
    if not trained:
        return []
    parts = []
    for condition, losses in trained.items():
        last = values(where(losses, epoch=values(losses, "epoch").max()), "loss")
        told = f"{significant(last.mean())} ({significant(last.min())} to {significant(last.max())})"
        parts.append(f"{cell_title(condition)} {told}")
    sentence = "Validation loss after the last epoch, mean (minimum to maximum) over the runs"
    if (language, task) == paper.ASKED:
        name, title = "figure2", "Figure 2. Validation loss during training"
        beside = (
            "Figure 2 of the paper: mean, minimum and maximum loss of LSTM and ReLU; the LSTM's falls more and more "
        )
        beside += "slowly, the ReLU's mostly stagnates."
        sentence += " kept"
        titles = {condition: _beside_figure_2(condition) for condition in trained}
    else:
        name = f"losses_{language}_{task}"
        title = f"Validation loss during training: {problem_title(language, task)}"
        beside = "Mean, minimum and maximum loss, and single runs; "
        beside += "cross-entropy." if task == "predict" else "mean squared error, whatever was trained with."
        titles = {condition: panel_title(condition) for condition in trained}
    curves = [panels.loss_curve(losses, condition, titles[condition]) for condition, losses in trained.items()]
    alternative = (
        "Curves of validation loss on a log scale over epochs, one panel per condition: mean, range, single runs."
    )
    return [
        Figure(
            name,
            title,
            beside,
            f"{sentence}: {'; '.join(parts)}. In the panels: {dyck1_figures.MEANING_OF_CURVES}",
            alternative,
            in_lines(curves),
            130,
        )
    ]


def _beside_figure_2(condition: str) -> Any:
    title = panel_title(condition)
    if condition in paper.FIGURE_2:
        return title
    return {"text": title, "subtitle": "not in the paper"} if isinstance(title, str) else title


def survival(results: "Results") -> list[Figure]:
    """Survival on the longest words, of every language and task that is asked after every token."""
    return [
        figure
        for language, task in problems_of(results)
        for figure in _survival(where(results["survival"], language=language, task=task), language, task)
    ]


def _survival(curves: "pd.DataFrame", language: str, task: str) -> list[Figure]:
    if len(curves) == 0:
        return []
    names, split = list(dict.fromkeys(curves["condition"])), str(curves["split"].iloc[0])

    def at(name: str, position: int) -> float:
        curve = where(curves, condition=name)
        return float(curve["survival"].to_numpy()[np.searchsorted(curve["position"].to_numpy(), position, "right") - 1])

    length = int(values(curves, "position").max()) + 1
    middle, end = (round(share * length) for share in (0.5, 0.99))
    parts = [f"{cell_title(name)} {100 * at(name, middle):.0f} % and {100 * at(name, end):.0f} %" for name in names]
    sentence = (
        f"{SPLIT_TITLES[split]} words without a failure after {middle} and after {end} tokens: {'; '.join(parts)}."
    )
    sentence += (
        " Words that end without a failure are counted as censored (Kaplan and Meier); bands are 95 % intervals "
    )
    sentence += "over runs."
    alternative = "Survival curves by token, one per condition, with bands; a baseline in grey."
    if (language, task) == paper.ASKED:
        name, title = "survival", "How many words are still right at a token?"
        beside = "Not in the paper, which averages first points of failure."
    else:
        name = f"survival_{language}_{task}"
        title = f"How many words are still right at a token? {problem_title(language, task)}"
        beside = "In grey the baseline without memory, which answers from the last letter alone."
    return [Figure(name, title, beside, sentence, alternative, [[panels.survival(curves)]], 210, width=380)]


def first_failing(results: "Results") -> list[Figure]:
    """The least n whose word fails, of languages with a word for each n."""
    known = results["summary"].loc[results["summary"]["first_failing_n_min"].notna()]
    found = []
    for language, task in problems_of(results):
        rows = where(known, language=language, task=task).drop_duplicates("condition")
        if len(rows) == 0:
            continue
        parts = [f"{cell_title(row['condition'])} {first_failing_told(row)}" for row in rows.to_dict("records")]
        found.append(
            Figure(
                f"first_failing_n_{language}_{task}",
                f"Up to which n do they count? {problem_title(language, task)}",
                "Of the words of n = 1, 2, 3 and so on, the first that a run at its best epoch does not get right "
                "throughout.",
                "First failing n, median (min / max) over the runs: " + "; ".join(parts) + ".",
                "Dots and lines, one per condition: median, minimum and maximum first failing n on a log scale.",
                [[panels.first_failing(rows)]],
                max(60, 22 * len(rows)),
                aside=130,
                width=400,
            )
        )
    return found


MAKERS: dict[Callable[["Results"], list[Figure]], str] = {
    dyck1_figures.figure1: "table2",
    dyck1_figures.predictors: "table2",
    losses: "losses",
    dyck1_figures.figure2_long: "long_training",
    dyck1_figures.figure3: "zigzags",
    dyck1_figures.failure: "steps",
    survival: "survival",
    first_failing: "summary",
    dyck1_figures.averages: "table1",
}
"""What makes the figures, in the order of the page, and the result without which it makes none."""
