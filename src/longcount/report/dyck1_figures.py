"""Figures of results about Dyck-1's next letters, which the first paper studies."""

from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.analysis import SHALLOW_LENGTH
from longcount.analysis.failure_modes import HALF_PERIOD
from longcount.analysis.failures import PHASES, censored_median
from longcount.analysis.regression import ALL_EPOCHS, LATER_EPOCHS
from longcount.analysis.rounding import failure_token, percent, position, signed, significant
from longcount.analysis.selection import count, in_order, values, where
from longcount.papers import el_naggar_2022 as paper
from longcount.report import dyck1_panels, panels
from longcount.report.layout import Figure, in_lines
from longcount.report.table1 import cell_title, panel_title

if TYPE_CHECKING:
    import pandas as pd

    Results = dict[str, pd.DataFrame]

MEANING_OF_CURVES = "thick line the mean, band minimum to maximum, thin lines single runs."


def figure1(results: "Results") -> list[Figure]:
    """Failure point against validation loss."""
    conditions = in_order(results["table2"]["condition"])
    if not conditions:
        return []
    table = where(results["table2"], predictor="validation")
    shares = ", ".join(
        f"{cell_title(condition)} {_defined(where(table, condition=condition)['r_squared'].iloc[0], '.3f')}"
        + (f" (paper {paper.TABLE_2[condition]['validation'].r_squared:.3f})" if condition in paper.TABLE_2 else "")
        for condition in conditions
    )
    by_epoch = "; ".join(f"{cell_title(condition)} {_correlations(results, condition)}" for condition in conditions)
    sentence = f"R² over all models together: {shares}. Correlation r of −ln loss with FPF: {by_epoch}. "
    if any(_turns(results, condition) for condition in conditions):
        sentence += "Where the sign turns, the pooled line rests on the models of the first epoch alone. "
    sentence += (
        "Points: models, darker after later epochs. Coloured line: all of them; grey line: without those of the first "
        "epoch. Dashed: what the answer “) may always follow” scores on the same words, "
        f"{dyck1_panels.constant_fpf(results):.0f}. Second row: r over the models of one epoch, of all, and of all but "
        "the first (5+), with 95 % intervals over runs."
    )
    return [
        Figure(
            "figure1",
            "Figure 1. Does validation loss predict how far a network counts?",
            "Figure 1 of the paper: the axes of the first row, 60 models per cell pooled over epochs; R² of its "
            "Table 2. Epoch by epoch: not in the paper.",
            sentence,
            "First row: scatter plots, one per cell: negative log validation loss across, average first point of "
            "failure up, with regression lines and the constant answer as a dashed line. Second row: correlations by "
            "epoch with intervals.",
            _paired(in_lines(conditions), results),
            130,
        )
    ]


def _paired(lines: list[list[str]], results: "Results") -> list[list["panels.Panel"]]:
    """Lines of scatter plots, each with its line of correlations under it."""
    makers = (dyck1_panels.scatter, dyck1_panels.correlations)
    return [[make(results, condition) for condition in line] for line in lines for make in makers]


def _by_epochs(results: "Results", condition: str) -> dict[str, float]:
    rows = where(results["correlations"], condition=condition)
    return dict(zip(rows["epochs"], rows["correlation"].astype(float), strict=True))


def _correlations(results: "Results", condition: str) -> str:
    found = _by_epochs(results, condition)
    if np.isnan(found[ALL_EPOCHS]):
        return UNDEFINED
    told = f"{signed(found[ALL_EPOCHS], 2)} over all"
    if LATER_EPOCHS in found:
        told += f", {signed(found[LATER_EPOCHS], 2) or UNDEFINED} without the first epoch"
    single = [name for name in found if name.isdigit()]
    return told + (
        f", {signed(found[single[-1]], 2) or UNDEFINED} after epoch {single[-1]} alone" if len(single) > 1 else ""
    )


UNDEFINED = "not defined (all alike)"


def _defined(value: float, form: str) -> str:
    return UNDEFINED if np.isnan(value) else f"{value:{form}}"


def _turns(results: "Results", condition: str) -> bool:
    found = _by_epochs(results, condition)
    return found.get(LATER_EPOCHS, 0.0) * found[ALL_EPOCHS] < 0


def predictors(results: "Results") -> list[Figure]:
    """R² of every predictor of Table 2."""
    conditions = in_order(results["table2"]["condition"])
    if not conditions:
        return []
    table = results["table2"]
    parts = []
    for condition in conditions:
        found = where(table, condition=condition)
        by_name = dict(zip(found["predictor"], found["r_squared"].astype(float), strict=True))
        leak = ""
        if "leak" in by_name:  # known where the counter is
            leak = f", {_defined(by_name['leak'], '.2f')} by leak"
        parts.append(f"{cell_title(condition)} {_defined(by_name['validation'], '.2f')} by validation loss{leak}")
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
                f"{cell_title(condition)} from {position(first)} to {position(last)} tokens "
                f"({len(chosen)} learned runs; validation loss {significant(float(ratio), 2)} times lower, median)"
            )
    runs = max(count(where(losses, condition=condition), "run") for condition in conditions)
    learned = where(models, learned=True)[["condition", "run"]]
    drawn = losses.merge(learned, on=["condition", "run"])
    conditions = in_order(drawn["condition"])
    if not conditions:
        return []
    shorter = results["losses"].loc[results["losses"]["condition"].isin(conditions)]
    before = int(values(shorter, "epoch").max())
    after = int(values(losses, "epoch").max())
    return [
        Figure(
            "figure2_long",
            "Does training for 100 epochs help?",
            "Section 2 of the paper: training a subset for 100 epochs brought no additional benefit.",
            f"Of {runs} runs per cell, trained further from {before} epochs (dashed line) to {after}, the average "
            "first point of failure at the best epoch changes, of those that learned: " + "; ".join(parts) + ". "
            "Only they are drawn: " + MEANING_OF_CURVES,
            "Curves of validation loss on a log scale over many epochs, one panel per cell, with a line where the "
            "other runs end.",
            in_lines(
                [
                    panels.loss_curve(where(drawn, condition=condition), condition, panel_title(condition), before)
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
        models = where(shown, condition=condition)
        counts = np.bincount(models["phase"].to_numpy(), minlength=len(PHASES))
        told = ", ".join(f"{count} {PHASES[at]}" for at, count in enumerate(counts) if count)
        median = censored_median(values(models, "fpf"), values(models, "length"))
        parts.append(f"{cell_title(condition)} {told} (median {failure_token(median)})")
    line, detail = (
        [
            dyck1_panels.histogram(where(shown, condition=condition), condition, HALF_PERIOD, span, width, False)
            | {"title": _counted(where(shown, condition=condition), condition, told)}
            for condition in conditions
        ]
        for span, width, told in (((0, 2000), 40, ""), ((500, 1020), 10, "500 to 1,020"))
    )
    others = [j for j in sorted(set(zigzags["half_period"])) if j != HALF_PERIOD]
    return [
        Figure(
            "figure3",
            "Figure 3. Where the models fail on the zigzag word with j = 500",
            "Figure 3 of the paper: LSTMs fail mostly a short distance before position 1,000, ReLUs on both sides of "
            "it, GRUs soon after brackets begin to close at 500.",
            f"Models by where they first fail: {'; '.join(parts)}. At zero is token 999, where the depth is 0 for the "
            "first time; a bar begins there, so that those who fail earlier stand left of it. A model that never fails "
            "has no bar. Red: the word's depth.",
            "Histograms of the first point of failure, one column per cell, the word's depth drawn over them in red; "
            "the second row shows tokens 500 to 1,020.",
            [line, detail],
            110,
            aside=82,
        ),
        Figure(
            "figure3_all",
            "The same for every other j",
            "The paper says that LSTMs and GRUs do better on smaller j, and shows no figure.",
            "First points of failure for " + ", ".join(f"j = {j}" for j in others) + ", from top to bottom. "
            "Models that never fail on a word have no bar; over each panel it says how many. The smaller j, the more "
            "often the counter is back at zero before its steps have drifted apart.",
            "Small histograms, one row for each j and one column per cell, with the word's depth in red.",
            [
                [
                    dyck1_panels.histogram(
                        where(zigzags, condition=condition, half_period=j), condition, j, (0, 2025), 25, True
                    )
                    | {
                        "title": {
                            **_counted(where(zigzags, condition=condition, half_period=j), condition, f"j = {j}"),
                            "fontWeight": "normal",
                            "fontSize": 9,
                        }
                    }
                    for condition in conditions
                ]
                for j in others
            ],
            34,
        ),
    ]


def _counted(zigzags: "pd.DataFrame", condition: str, told: str) -> dict[str, str]:
    """A histogram's title, with how many models never fail."""
    never = dyck1_panels.never_failed(zigzags)
    parts = [cell_title(condition), told, f"{never} never fail" if never else ""]
    return {"text": ", ".join(part for part in parts if part)}


def failure(results: "Results") -> list[Figure]:
    """Why each cell fails."""
    found = []
    for condition in in_order(results["steps"]["condition"]):
        told = paper.WHY_THEY_FAIL.get(condition)
        has_indicators = len(results["indicators"]) and condition in set(results["indicators"]["condition"])
        middle = dyck1_panels.indicators if has_indicators else dyck1_panels.saturation
        line = [dyck1_panels.steps(results, condition), middle(results, condition)]
        if len(where(results["zigzags"], condition=condition, kept=True)):
            line.append(dyck1_panels.phase_bars(results, condition))
        found.append(
            Figure(
                f"failure_{condition}",
                f"Why the {cell_title(condition)} fails",
                f"Section 5 of the paper: {told}." if told else "Not in the paper.",
                _why(results, condition),
                "Panels: the counter's increments and decrements by depth; "
                + ("the counter indicator conditions" if has_indicators else "how often gates are saturated")
                + "; the phase of each zigzag word in which models first fail.",
                [line],
                130,
            )
        )
    return found


def _why(results: "Results", condition: str) -> str:
    models = where(results["models"], condition=condition, kept=True, learned=True)
    if len(models) == 0:
        return "No run that was kept learned."
    ratio = values(models, "decrement_deep") / values(models, "increment_deep") - 1
    text = f"At depth 50, decrement / increment − 1 is {significant(float(np.median(ratio)))} (median of {len(models)} "
    text += f"runs; {significant(float(ratio.min()))} to {significant(float(ratio.max()))}), and a token makes the "
    text += f"counter forget a share of {significant(float(np.median(values(models, 'leak'))))} of itself (median)."
    saturation = where(results["saturation"], condition=condition, kept=True, threshold=0.001)
    if len(saturation):
        shares = {
            gate: float(np.median(values(where(saturation, gate=gate), "share")))
            for gate in dict.fromkeys(saturation["gate"])
        }
        text += " Gates within 0.001 of an end of their range, median run: "
        text += ", ".join(f"{gate} {percent(100 * share)} %" for gate, share in shares.items())
        text += " of depths 1 to 50."
    if len(results["indicators"]) and condition in set(results["indicators"]["condition"]):
        chosen = where(results["indicators"], condition=condition, kept=True, learned=True)
        off = np.abs(values(chosen, "recurrent") - 1)
        text += " Exact counting needs a recurrent weight of 1: it differs from 1 by "
        text += f"{significant(float(np.median(off)))} (median; minimum {significant(float(off.min()))})."
    return text


def averages(results: "Results") -> list[Figure]:
    """What average failure points hide."""
    models = dyck1_panels.shallow_models(results)
    lstm = where(models, condition="lstm")
    chosen = lstm if len(lstm) else models
    if len(chosen) == 0:
        return []
    shallow = values(chosen, "shallow_fpf")
    early, never = int((shallow < 100).sum()), int((shallow >= SHALLOW_LENGTH).sum())
    name = "LSTMs" if len(lstm) else "models"
    average = values(chosen, "very_long_fpf").mean()
    return [
        Figure(
            "averages",
            "Where the average misleads",
            "Not in the paper, which judges by the average over random words.",
            f"Of {len(chosen)} {name} that learned, {early} fail within 100 tokens of the shallow word ()()()… and "
            f"{never} never within its {SHALLOW_LENGTH:,}, although their average first point of failure on Very Long "
            f"words is {position(average)}; the constant answer (dashed) scores "
            f"{dyck1_panels.constant_fpf(results):.0f} there without counting at all. Triangles: models that never "
            f"fail within {SHALLOW_LENGTH:,} tokens.",
            "Scatter plot: first point of failure on the shallow word across on a log scale, average first point of "
            "failure up; triangles for models that never fail there; the constant answer as a dashed line.",
            [[dyck1_panels.averages(results)]],
            210,
            width=380,
        )
    ]
