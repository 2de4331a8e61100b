"""Figures of results about Dyck-1's next letters, which the first paper studies."""

from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.failure_modes import HALF_PERIOD
from longcount.analysis.failures import PHASES
from longcount.analysis.rounding import percent, significant
from longcount.analysis.selection import count, in_order, values, where
from longcount.papers import el_naggar_2022 as paper
from longcount.report import dyck1_panels, panels
from longcount.report.layout import Figure, in_lines
from longcount.report.table1 import cell_title, panel_title

if TYPE_CHECKING:
    import pandas as pd

    Results = dict[str, pd.DataFrame]


def figure1(results: "Results") -> list[Figure]:
    """Failure point against validation loss."""
    conditions = in_order(results["table2"]["condition"])
    if not conditions:
        return []
    table = where(results["table2"], predictor="validation")
    shares = ", ".join(
        f"{cell_title(condition)} {where(table, condition=condition)['r_squared'].iloc[0]:.3f}"
        + (f" (paper {paper.TABLE_2[condition]['validation'].r_squared:.3f})" if condition in paper.TABLE_2 else "")
        for condition in conditions
    )
    baseline = dyck1_panels.constant_fpf(results)
    sentence = f"R² of the regression lines: {shares}. The dashed line is what the answer “) may always follow” scores "
    sentence += (
        f"on the same words, {baseline:.0f}: most of the height of these points is the words', not the networks'."
    )
    return [
        Figure(
            "figure1",
            "Figure 1. Does validation loss predict how far a network counts?",
            "Figure 1 of the paper: the same axes, 60 models per cell; R² of its Table 2.",
            sentence,
            "Scatter plots, one per cell: negative log validation loss across, average first point of failure up, with "
            "regression lines and the constant answer as a dashed line.",
            in_lines([dyck1_panels.scatter(results, condition) for condition in conditions]),
            150,
        )
    ]


def predictors(results: "Results") -> list[Figure]:
    """R² of every predictor of Table 2."""
    conditions = in_order(results["table2"]["condition"])
    if not conditions:
        return []
    table = results["table2"]
    parts = []
    for condition in conditions:
        by_name = where(table, condition=condition).set_index("predictor")["r_squared"]
        leak = f", {by_name['leak']:.2f} by leak" if "leak" in by_name else ""  # known where the counter is
        parts.append(f"{cell_title(condition)} {by_name['validation']:.2f} by validation loss{leak}")
    return [
        Figure(
            "predictors",
            "What predicts the failure point best?",
            "Red ticks: R² of the paper's Table 2. The leak is not in the paper.",
            "R²: "
            + "; ".join(parts)
            + ". The leak is what a token makes the counter forget, read off the weights alone; "
            f"bars are 95 % intervals over runs, as the points are not independent: {_points(table, conditions[0])}.",
            "Dot plots, one per cell: R squared with its interval for losses, the released code's validation loss, "
            "and the leak; red ticks mark the paper's values.",
            [[dyck1_panels.predictors(results, condition)] for condition in conditions],
            84,
            aside=130,
            width=400,
        )
    ]


def _points(table: "pd.DataFrame", condition: str) -> str:
    """How many models of how many runs a regression is over."""
    row = where(table, condition=condition, predictor="validation").iloc[0]
    return f"of {cell_title(condition)} {row['models']} models are {row['runs']} runs after different epochs"


def figure2_long(results: "Results") -> list[Figure]:
    """Validation loss over 100 epochs."""
    losses, models = results["long_training"], results["long_training_models"]
    if len(losses) == 0:
        return []
    conditions = in_order(losses["condition"])
    parts = []
    for condition in conditions:
        chosen = where(models, condition=condition, learned=True)
        if len(chosen):
            first, last = (values(chosen, f"very_long_fpf_{name}").mean() for name in ("short", "long"))
            ratio = np.median(values(chosen, "validation_loss_short") / values(chosen, "validation_loss_long"))
            parts.append(
                f"{cell_title(condition)} from {first:.0f} to {last:.0f} tokens ({len(chosen)} learned runs; "
                f"validation loss {significant(float(ratio), 2)} times lower)"
            )
    runs = max(count(where(losses, condition=condition), "run") for condition in conditions)
    shorter = results["losses"].loc[results["losses"]["condition"].isin(conditions)]
    before = int(values(shorter, "epoch").max())
    after = int(values(losses, "epoch").max())
    return [
        Figure(
            "figure2_long",
            "Does training for 100 epochs help?",
            "Section 2 of the paper: training a subset for 100 epochs brought no additional benefit.",
            f"Of {runs} runs per cell, trained further from {before} epochs (dashed line) to {after}, the average "
            "first point of failure at the best epoch changes: " + "; ".join(parts) + ".",
            "Curves of validation loss on a log scale over many epochs, one panel per cell, with a line where the "
            "other runs end.",
            in_lines(
                [
                    panels.loss_curve(where(losses, condition=condition), condition, panel_title(condition), before)
                    for condition in conditions
                ]
            ),
            130,
        )
    ]


def figure3(results: "Results") -> list[Figure]:
    """Where models fail on zigzag words."""
    zigzags = where(results["zigzags"], kept=True)
    shown = where(zigzags, half_period=HALF_PERIOD)
    if len(shown) == 0:  # words of the user's own may lack the paper's
        return []
    conditions = in_order(zigzags["condition"])
    parts = []
    for condition in conditions:
        fpf = where(shown, condition=condition)
        counts = np.bincount(fpf["phase"].to_numpy(), minlength=len(PHASES))
        told = ", ".join(f"{count} {PHASES[at]}" for at, count in enumerate(counts) if count)
        parts.append(f"{cell_title(condition)} {told} (median {np.median(fpf['fpf']):.0f})")
    line, detail = (
        [
            dyck1_panels.histogram(where(shown, condition=condition), condition, HALF_PERIOD, span, 50, False)
            | {"title": cell_title(condition) + told}
            for condition in conditions
        ]
        for span, told in (((0, 2000), ""), ((500, 1000), ", 500 to 1,000"))
    )
    others = [j for j in sorted(set(zigzags["half_period"])) if j != HALF_PERIOD]
    return [
        Figure(
            "figure3",
            "Figure 3. Where the models fail on the zigzag word with j = 500",
            "Figure 3 of the paper: LSTMs fail mostly a short distance before position 1,000, ReLUs on both sides of "
            "it, GRUs soon after brackets begin to close at 500.",
            f"Models by where they first fail: {'; '.join(parts)}. Red: the word's depth.",
            "Histograms of the first point of failure, one column per cell, the word's depth drawn over them in red; "
            "the second row shows positions 500 to 1,000.",
            [line, detail],
            110,
            aside=82,
        ),
        Figure(
            "figure3_all",
            "The same for every other j",
            "The paper says that LSTMs and GRUs do better on smaller j, and shows no figure.",
            "First points of failure for " + ", ".join(f"j = {j}" for j in others) + ", from top to bottom. "
            "The smaller j, the more often the counter is back at zero before its steps have drifted apart.",
            "Small histograms, one row for each j and one column per cell, with the word's depth in red.",
            [
                [
                    dyck1_panels.histogram(
                        where(zigzags, condition=condition, half_period=j), condition, j, (0, 2000), 80, True
                    )
                    | {"title": {"text": f"{cell_title(condition)}, j = {j}", "fontWeight": "normal"}}
                    for condition in conditions
                ]
                for j in others
            ],
            34,
        ),
    ]


def failure(results: "Results") -> list[Figure]:
    """Why each cell fails."""
    found = []
    for condition in in_order(results["steps"]["condition"]):
        has_indicators = len(results["indicators"]) and condition in set(results["indicators"]["condition"])
        middle = dyck1_panels.indicators if has_indicators else dyck1_panels.saturation
        line = [dyck1_panels.steps(results, condition), middle(results, condition)]
        if len(where(results["zigzags"], condition=condition, kept=True)):
            line.append(dyck1_panels.phase_bars(results, condition))
        found.append(
            Figure(
                f"failure_{condition}",
                f"Why the {cell_title(condition)} fails",
                _SECTION_5.get(condition, "Not in the paper."),
                _why(results, condition),
                "Panels: the counter's increments and decrements by depth; "
                + ("the counter indicator conditions" if has_indicators else "how often gates are saturated")
                + "; the phase of each zigzag word in which models first fail.",
                [line],
                130,
            )
        )
    return found


_SECTION_5 = {
    "lstm": "Section 5 of the paper: decrements are consistently greater than increments, and gates rarely saturate.",
    "relu": "Section 5 of the paper: decrements may be greater or smaller than increments, whatever the depth.",
    "gru": "Section 5 of the paper: steps vary with the counter's value, and decrements are large where it is great.",
}


def _why(results: "Results", condition: str) -> str:
    models = where(results["models"], condition=condition, kept=True, learned=True)
    if len(models) == 0:
        return "No run that was kept learned."
    ratio = values(models, "decrement_deep") / values(models, "increment_deep")
    text = f"At depth 50 a “)” takes away {np.median(ratio):.3g} times what a “(” adds (median of {len(models)} runs; "
    text += f"{ratio.min():.3g} to {ratio.max():.3g}), and a token makes the counter forget a share of "
    text += f"{significant(float(np.median(values(models, 'leak'))))} of itself."
    saturation = where(results["saturation"], condition=condition, kept=True, threshold=0.001)
    if len(saturation):
        shares = {
            gate: values(where(saturation, gate=gate), "share").mean() for gate in dict.fromkeys(saturation["gate"])
        }
        text += " Gates within 0.001 of an end of their range: "
        text += ", ".join(f"{gate} {percent(round(100 * share, 1))} %" for gate, share in shares.items())
        text += " of the time at depths 1 to 50."
    if len(results["indicators"]) and condition in set(results["indicators"]["condition"]):
        chosen = where(results["indicators"], condition=condition, kept=True, learned=True)
        off = np.abs(values(chosen, "recurrent") - 1)
        text += f" Exact counting needs a recurrent weight of 1: it is off by {significant(float(np.median(off)))} "
        text += f"(median; minimum {significant(float(off.min()))})."
    return text


def averages(results: "Results") -> list[Figure]:
    """What average failure points hide."""
    models = dyck1_panels.shallow_models(results)
    lstm = where(models, condition="lstm")
    chosen = lstm if len(lstm) else models
    if len(chosen) == 0:
        return []
    early = int((values(chosen, "shallow_fpf") < 100).sum())
    name = "LSTMs" if len(lstm) else "models"
    average = values(chosen, "very_long_fpf").mean()
    return [
        Figure(
            "averages",
            "Where the average misleads",
            "Not in the paper, which judges by the average over random words.",
            f"Of {len(chosen)} {name} that learned, {early} fail within 100 tokens of the shallow word ()()()…, "
            f"although their average first point of failure on Very Long words is {average:.0f}; the constant answer "
            f"scores {dyck1_panels.constant_fpf(results):.0f} there without counting at all.",
            "Scatter plot: tokens of the shallow word before the first failure across on a log scale, average first "
            "point of failure up; the constant answer as a dashed line.",
            [[dyck1_panels.averages(results)]],
            210,
            width=380,
        )
    ]
