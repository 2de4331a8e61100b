"""The paper's statements, in our words, and whether what was measured bears them out.

Each rule is one function: it takes the results that it needs and says what was measured, on how many runs, and a
verdict. The rules, thresholds included, were written before the numbers were seen, but for those epoch by epoch.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.failure_modes import HALF_PERIOD
from longcount.analysis.failures import PHASES, censored_median
from longcount.analysis.regression import LATER_EPOCHS
from longcount.analysis.rounding import interval, percent, position, signed, significant
from longcount.analysis.selection import count, values, where
from longcount.analysis.spread import bootstrap_interval
from longcount.papers.claims import DOES_NOT_HOLD, HOLDS, IN_PART, Claim, share, verdict
from longcount.papers.el_naggar_2022 import CELL_TITLES, CELLS

if TYPE_CHECKING:
    import pandas as pd

    Results = Mapping[str, pd.DataFrame]


def claims(results: "Results") -> "pd.DataFrame":
    """All statements that the results can answer: section, statement, measured, runs, verdict; none of models that were
    not trained here, and none that rests on no run."""
    import pandas as pd

    found = []
    for rule in RULES if values(results["losses"], "epoch").max() >= 4 else ():
        claim = rule(results)
        found += claim if isinstance(claim, list) else [] if claim is None else [claim]
    found = [claim for claim in found if claim.runs]
    return pd.DataFrame(
        [vars(claim) for claim in found], columns=["section", "statement", "measured", "runs", "verdict"]
    )


def _kept(results: "Results", condition: str) -> "pd.DataFrame":
    return where(results["models"], condition=condition, kept=True)


def _papers(results: "Results") -> list[str]:
    """Those of the paper's conditions that there are: one for each cell, called like it."""
    present = set(results["models"]["condition"])
    return [condition for condition in CELLS if condition in present]


def _list(results: "Results", text: Callable[["pd.DataFrame"], str]) -> str:
    return "; ".join(f"{CELL_TITLES[condition]} {text(_kept(results, condition))}" for condition in _papers(results))


def double_length(results: "Results") -> Claim | None:
    """Holds for a cell whose kept models get at least 90% of the Long words right on average."""
    conditions = _papers(results)
    good = sum(bool(values(_kept(results, condition), "long_accuracy").mean() >= 90) for condition in conditions)
    runs = sum(len(_kept(results, condition)) for condition in conditions)
    measured = "words of 52–100 tokens right, mean (minimum) over models: " + _list(
        results,
        lambda models: "{} % ({} %)".format(
            *(percent(float(f(values(models, "long_accuracy")))) for f in (np.mean, np.min))
        ),
    )
    statement = "Trained on up to 50 tokens, the models count on up to 100 (90 % of words or more)."
    return Claim("3, 6", statement, measured, runs, verdict(good, len(conditions)))


def twenty_times(results: "Results") -> Claim | None:
    """Holds where no LSTM and no GRU gets a single Very Long word right; in part where one of the cells has none."""
    conditions = [condition for condition in _papers(results) if condition != "relu"]
    if not conditions:
        return None
    right = {
        condition: int((values(_kept(results, condition), "very_long_unfailed") > 0).sum())
        for condition in _papers(results)
    }
    measured = "models with at least one Very Long word right: " + _list(
        results, lambda models: share(int((values(models, "very_long_unfailed") > 0).sum()), len(models))
    )
    statement = "On words of 1,000 tokens every LSTM and every GRU fails, on every word."
    runs = sum(len(_kept(results, condition)) for condition in conditions)
    return Claim(
        "3", statement, measured, runs, verdict(sum(right[condition] == 0 for condition in conditions), len(conditions))
    )


def best_model(results: "Results") -> Claim | None:
    """Judged by Very Long words right, then by mean first point of failure."""
    models = where(results["models"], kept=True).sort_values(["very_long_unfailed", "very_long_fpf"], ascending=False)
    if "relu" not in set(models["condition"]):
        return None
    best = models.iloc[0]
    fpf = models.sort_values("very_long_fpf", ascending=False).iloc[0]
    measured = (
        f"most Very Long words right: {CELL_TITLES.get(best['condition'], best['condition'])} run {best['run']} with "
        f"{percent(best['very_long_accuracy'])} % (mean FPF {position(best['very_long_fpf'])}); highest mean FPF: "
        f"{CELL_TITLES.get(fpf['condition'], fpf['condition'])} run {fpf['run']} with {position(fpf['very_long_fpf'])}"
    )
    both = (best["condition"] == "relu") + (fpf["condition"] == "relu")
    return Claim("3, 5", "The best model of all is a ReLU.", measured, len(models), verdict(both, 2))


def relu_learning(results: "Results") -> Claim | None:
    """Many: at least a quarter of the ReLU runs never learn."""
    models = where(results["models"], condition="relu")
    if len(models) == 0:
        return None
    failed = int((~values(models, "learned").astype(bool)).sum())
    statement = "Many ReLUs do not learn to recognise Dyck-1 at all (a quarter of the runs or more)."
    measured = f"{share(failed, len(models))} get fewer than half of the validation words right"
    return Claim("2", statement, measured, len(models), HOLDS if failed >= len(models) / 4 else DOES_NOT_HOLD)


def convergence(results: "Results") -> Claim | None:
    """Typically: for at least half of the learned runs the best validation loss of epochs 1-20 is within a factor 2 of
    the best of all epochs."""
    losses = results["losses"]
    parts, good, runs = [], 0, 0
    for condition in _papers(results):
        learned = where(losses, condition=condition, learned=True)
        trained = learned.loc[learned["epoch"] >= 1]
        early = trained.loc[trained["epoch"] <= 20].groupby("run")["loss"].min()
        ratio = (early / trained.groupby("run")["loss"].min()).to_numpy()
        if len(ratio) == 0:
            continue
        near = int((ratio <= 2).sum())
        good, runs = good + (near >= len(ratio) / 2), runs + len(ratio)
        parts.append(f"{CELL_TITLES[condition]} {share(near, len(ratio))}")
    measured = "learned runs whose best loss within 20 epochs is at most twice their best of all: " + "; ".join(parts)
    return Claim("2", "Runs converge typically within 20 epochs.", measured, runs, verdict(good, len(parts)))


def loss_predicts(results: "Results") -> list[Claim]:
    """Over the models of all epochs together, as in the paper. LSTM and GRU: holds with a rising line, p below 0.05 and
    R² of at least 0.25, in part with less, or where the models after the first of the epochs alone make it rise. ReLU:
    "overall the correlation is low", R² below 0.25."""
    table = where(results["table2"], predictor="validation")
    found = []
    for condition in _papers(results):
        if condition not in set(table["condition"]):
            continue
        row = where(table, condition=condition).iloc[0]
        title, later = CELL_TITLES[condition], _correlations(results, condition).get(LATER_EPOCHS, np.nan)
        slope = float(row["slope"])
        measured = (
            f"R² {row['r_squared']:.3f} (95 % {interval(*(f'{row[end]:.2f}' for end in ('low', 'high')))} over "
            f"runs), p {significant(row['p'], 2)}, slope {signed(slope, 1)} tokens per unit, Spearman "
            f"{signed(row['spearman'], 2)}; {row['models']} models of all epochs together"
        )
        turns = bool(later * slope < 0)
        if turns:
            measured += (
                f". The sign comes from the models of the first epoch: without them the correlation is "
                f"{signed(later, 2)}"
            )
        if condition == "relu":
            statement = f"{title}, all epochs together: validation loss hardly predicts the failure point (R² < 0.25)."
            judged = HOLDS if row["r_squared"] < 0.25 else DOES_NOT_HOLD
        else:
            statement = (
                f"{title}, all epochs together: lower validation loss goes with a later failure point (R² of 0.25 or "
                "more, p < 0.05)."
            )
            rising = slope > 0 and row["p"] < 0.05
            judged = (HOLDS if row["r_squared"] >= 0.25 and not turns else IN_PART) if rising else DOES_NOT_HOLD
        found.append(Claim("4", statement, measured, int(row["runs"]), judged))
    return found


def loss_predicts_by_epoch(results: "Results") -> list[Claim]:
    """Among runs after the same epoch, for each epoch but the first. LSTM and GRU: holds where the correlation is
    positive after every epoch, in part where after some. ReLU: its square is below 0.25. These rules were added when
    Figure 1 had been seen: pooled correlations rest on the models of the first epoch."""
    found = []
    for condition in _papers(results):
        by_epoch = _correlations(results, condition)
        epochs = [name for name in by_epoch if name.isdigit()]
        if len(epochs) < 2:
            continue
        title, later = CELL_TITLES[condition], np.array([by_epoch[name] for name in epochs[1:]])
        measured = "correlation after epoch " + ", ".join(f"{name}: {signed(by_epoch[name], 2)}" for name in epochs)
        if condition == "relu":
            statement = f"{title}, epoch by epoch: validation loss hardly predicts the failure point (r² < 0.25)."
            good = int((later**2 < 0.25).sum())
        else:
            statement = (
                f"{title}, epoch by epoch: of runs after the same epoch, those of lower validation loss fail later "
                "(r > 0 after each epoch but the first)."
            )
            good = int((later > 0).sum())
        rows = where(results["correlations"], condition=condition)
        found.append(Claim("4", statement, measured, int(max(values(rows, "runs"))), verdict(good, len(later))))
    return found


def _correlations(results: "Results", condition: str) -> dict[str, float]:
    """Correlation of -ln validation loss with the failure point, by the epochs it is over."""
    rows = where(results["correlations"], condition=condition)
    return dict(zip(rows["epochs"], rows["correlation"].astype(float), strict=True))


def loss_falls(results: "Results") -> list[Claim]:
    """LSTM: mean log loss falls in each third of the training and least in the last. ReLU: among learned runs, steps up
    are between 40% and 60% of all steps after epoch 10."""
    losses, found = results["losses"], []
    if "lstm" in set(losses["condition"]):
        chosen = where(losses, condition="lstm", kept=True)
        curve = np.log(chosen.loc[chosen["epoch"] >= 1].groupby("epoch")["loss"].mean().to_numpy())
        at = np.linspace(0, len(curve) - 1, 4).round().astype(int)
        factors = np.exp(-np.diff(curve[at]))
        falls = bool((factors > 1).all()) + bool(factors[-1] == factors.min())
        measured = "mean validation loss falls by factors of " + ", ".join(significant(factor) for factor in factors)
        measured += " in the three thirds of training"
        statement = "LSTM: the loss keeps falling, more and more slowly."
        found.append(Claim("4.1", statement, measured, count(chosen, "run"), verdict(falls, 2)))
    if "relu" in set(losses["condition"]):
        chosen = where(losses, condition="relu", kept=True, learned=True)
        late = chosen.loc[chosen["epoch"] >= 10].pivot(index="run", columns="epoch", values="loss").to_numpy()
        if late.shape[0] and late.shape[1] > 1:
            up = float((np.diff(late, axis=1) > 0).mean())
            spread = float(np.median(late.max(axis=1) / late.min(axis=1)))
            measured = f"after epoch 10 the loss goes up in {100 * up:.0f} % of the epochs; its maximum value is "
            measured += f"{spread:.0f} times its minimum (median run)"
            statement = "ReLU: no clear trend, strong variation throughout (up in 40–60 % of the epochs)."
            judged = HOLDS if 0.4 <= up <= 0.6 else DOES_NOT_HOLD
            found.append(Claim("4.1", statement, measured, len(late), judged))
    return found


def hundred_epochs(results: "Results") -> Claim | None:
    """No benefit for a cell: the 95% interval of the mean gain in first point of failure does not lie above 0."""
    models = results["long_training_models"]
    if len(models) == 0:
        return None
    models = models.loc[models["learned"].astype(bool)]
    parts, none, conditions = [], 0, [condition for condition in CELLS if condition in set(models["condition"])]
    for condition in conditions:
        chosen = where(models, condition=condition)
        gain = values(chosen, "very_long_fpf_long") - values(chosen, "very_long_fpf_short")
        low, high = bootstrap_interval(gain[:, None], lambda sums, size: sums[:, 0] / size)
        none += not low > 0
        accuracy = (values(chosen, "long_accuracy_long") - values(chosen, "long_accuracy_short")).mean()
        parts.append(
            f"{CELL_TITLES[condition]} FPF {signed(gain.mean(), 1)} ({signed(low, 1)} to {signed(high, 1)}), "
            f"Long accuracy {signed(accuracy, 2)} points, {len(chosen)} runs"
        )
    measured = "best of 100 epochs against best of 30, learned runs: " + "; ".join(parts)
    statement = "100 epochs bring no benefit over 30 (judged by the failure point on Very Long words)."
    return Claim("2", statement, measured, len(models), verdict(none, len(conditions)))


def never_right(results: "Results") -> Claim | None:
    """No LSTM gets a Very Long word right even after 100 epochs."""
    models = results["long_training_models"]
    models = where(models, condition="lstm") if len(models) else models
    if len(models) == 0:
        return None
    right = int((values(models, "very_long_right_long") > 0).sum())
    statement = "No LSTM gets any Very Long word right, even with longer training."
    measured = f"{share(right, len(models))} do at their best of 100 epochs"
    return Claim("4.1", statement, measured, len(models), HOLDS if right == 0 else DOES_NOT_HOLD)


def saturation(results: "Results") -> Claim | None:
    """Rare: fewer than a quarter of the LSTMs have i, f and g all within 0.001 of an end at half of the depths."""
    table = where(results["saturation"], condition="lstm", kept=True)
    if len(table) == 0:
        return None
    counts = {}
    for threshold in sorted(set(table["threshold"])):
        shares = where(table, threshold=threshold).pivot(index="run", columns="gate", values="share")
        counts[threshold] = int((shares[["i", "f", "g"]].min(axis=1) >= 0.5).to_numpy().sum())
    runs = count(table, "run")
    measured = "models with input gate, forget gate and candidate all saturated at half of depths 1–50 or more: "
    measured += "; ".join(f"within {threshold:g}: {share(count, runs)}" for threshold, count in counts.items())
    statement = "LSTM: gates saturate rarely (in under a quarter of the models, to within 0.001)."
    return Claim("4.1, 5", statement, measured, runs, HOLDS if counts[min(counts)] < runs / 4 else DOES_NOT_HOLD)


def _phase_counts(zigzags: "pd.DataFrame") -> dict[str, int]:
    counts = np.bincount(zigzags["phase"].to_numpy(), minlength=len(PHASES))
    return dict(zip(PHASES, counts.tolist(), strict=True))


def _figure3(results: "Results", condition: str) -> "pd.DataFrame":
    return where(results["zigzags"], condition=condition, kept=True, half_period=HALF_PERIOD)


def lstm_fails_before_zero(results: "Results") -> Claim | None:
    """Mostly: more than half of the 60 models first fail while brackets close, before the depth is back at 0."""
    models = _figure3(results, "lstm")
    if len(models) == 0:
        return None
    counts = _phase_counts(models)
    closing = models.loc[models["phase"] == PHASES.index("closing")]
    measured = f"zigzag j = 500: {share(counts['closing'], len(models))} fail while brackets close"
    if len(closing):
        distance = float(np.median(2 * HALF_PERIOD - 1 - closing["fpf"]))
        measured += f" (median {position(distance)} tokens before zero)"
    measured += f", {counts['at zero']} at zero, {counts['later']} later, "
    measured += f"{counts['never']} never, {counts['opening']} while they open"
    statement = "LSTM: decrements exceed increments, so that most models fail before the depth returns to 0."
    judged = HOLDS if counts["closing"] > len(models) / 2 else DOES_NOT_HOLD
    return Claim("5", statement, measured, count(models, "run"), judged)


def relu_independent_of_depth(results: "Results") -> list[Claim]:
    """Both signs: at least a tenth of the models that fail on the zigzag fail on either side of zero. Independent: the
    median change of the increment from depth 1 to 50 is below 5% of it."""
    models, found = _figure3(results, "relu"), []
    if len(models) == 0:
        return found
    counts = _phase_counts(models)
    failing = len(models) - counts["never"]
    before, after = counts["closing"], counts["at zero"] + counts["later"]
    measured = f"zigzag j = 500: {share(before, len(models))} fail while brackets close (decrements too great), "
    measured += f"{share(after, len(models))} at zero or later (too small), {counts['opening']} while they open, "
    measured += f"{counts['never']} never"
    sides = (before >= failing / 10) + (after >= failing / 10)
    statement = "ReLU: decrements may be greater or smaller than increments (each in a tenth of the failures or more)."
    runs = count(models, "run")
    found.append(Claim("5", statement, measured, runs, HOLDS if sides == 2 else IN_PART if sides else DOES_NOT_HOLD))
    chosen = where(results["models"], condition="relu", kept=True, learned=True)
    if len(chosen):
        change = np.abs(values(chosen, "increment_deep") / values(chosen, "increment_shallow") - 1)
        measured = f"increment at depth 50 against depth 1, relative change: median {100 * np.median(change):.1f} %, "
        measured += f"maximum {100 * change.max():.1f} % over models at their best epoch"
        statement = "ReLU: the steps, and so the place of failure, do not depend on depth (by less than 5 %)."
        judged = HOLDS if change.max() < 0.05 else IN_PART if np.median(change) < 0.05 else DOES_NOT_HOLD
        found.append(Claim("5", statement, measured, len(chosen), judged))
    return found


def gru_fails_early(results: "Results") -> Claim | None:
    """Soon: at least half of the 60 models first fail within 100 tokens of the first closing bracket."""
    models = _figure3(results, "gru")
    if len(models) == 0:
        return None
    fpf = values(models, "fpf")
    soon = int(((fpf >= 500) & (fpf < 600)).sum())
    measured = f"zigzag j = 500: {share(soon, len(models))} fail within 100 tokens of the first closing bracket; "
    median = censored_median(fpf, values(models, "length"))
    from_it = f"median failure {signed(median - HALF_PERIOD, 0)} tokens from it"
    measured += from_it if np.isfinite(median) else "the median model never fails"
    judged = HOLDS if soon >= len(models) / 2 else DOES_NOT_HOLD
    statement = "GRU: fails soon after brackets begin to close (within 100 of 500 tokens)."
    return Claim("5", statement, measured, count(models, "run"), judged)


def smaller_j(results: "Results") -> Claim | None:
    """Better: the share of models that come through the first period without failure is higher for the five smaller j
    than for the five greater, for LSTM and for GRU."""
    conditions = [condition for condition in ("lstm", "gru") if condition in set(results["zigzags"]["condition"])]
    parts, good, runs = [], 0, 0
    for condition in conditions:
        models = where(results["zigzags"], condition=condition, kept=True)
        passed = values(models, "phase") >= PHASES.index("later")
        half_periods = sorted(set(models["half_period"]))
        greatest = half_periods[(len(half_periods) - 1) // 2]
        small = values(models, "half_period") <= greatest
        shares = [100 * float(passed[chosen].mean()) for chosen in (small, ~small)]
        good, runs = good + (shares[0] > shares[1]), runs + count(models, "run")
        parts.append(
            f"{CELL_TITLES[condition]} {shares[0]:.0f} % of models on j up to {greatest}, {shares[1]:.0f} % above"
        )
    if not conditions:
        return None
    measured = "through the first period without failure: " + "; ".join(parts)
    statement = "LSTMs and GRUs do better on zigzags with smaller j."
    return Claim("5", statement, measured, runs, verdict(good, len(conditions)))


def ranking(results: "Results") -> Claim | None:
    """On Long words the LSTM's mean is the highest and the GRU's lies between it and the ReLU's."""
    if set(_papers(results)) != set(CELLS):
        return None
    mean = {condition: float(values(_kept(results, condition), "long_accuracy").mean()) for condition in CELLS}
    right = (mean["lstm"] == max(mean.values())) + (mean["lstm"] >= mean["gru"] >= mean["relu"])
    measured = "mean accuracy on Long words: " + ", ".join(
        f"{CELL_TITLES[condition]} {percent(mean[condition])} %" for condition in CELLS
    )
    runs = sum(len(_kept(results, condition)) for condition in CELLS)
    return Claim("3", "LSTMs are best on average, GRUs between LSTMs and ReLUs.", measured, runs, verdict(right, 2))


RULES: tuple[Callable[["Results"], Claim | list[Claim] | None], ...] = (
    relu_learning, convergence, double_length, ranking, twenty_times, best_model, loss_predicts, loss_predicts_by_epoch,
    loss_falls, hundred_epochs, never_right, saturation, lstm_fails_before_zero, smaller_j, relu_independent_of_depth,
    gru_fails_early,
)  # fmt: skip
