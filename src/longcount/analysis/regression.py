"""Can a loss, or the weights, predict how far a model counts? Section 4 of the paper: its Table 2 and Figure 1.

Linear regression of a model's mean first point of failure on the negative natural logarithm of a predictor, over 60
models per cell: 10 runs at 6 epochs. The 60 points are 10 runs, so intervals resample runs.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.spread import bootstrap_interval

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Fit:
    """A least-squares fit of y on one or more predictors and a constant."""

    slopes: tuple[float, ...]
    intercept: float
    r_squared: float
    p: float  # that all slopes are 0, by the F test, which for one slope is the t test; models taken as independent
    r_squared_low: float  # 95%, bootstrap over runs
    r_squared_high: float
    spearman: float  # rank correlation of y with the fitted values
    spearman_p: float
    models: int


def fit(predictors: np.ndarray, y: np.ndarray, run: np.ndarray) -> Fit:
    """Regress ``y`` float [M] on ``predictors`` float [M, k]; ``run`` int [M] says which models are one run's.

    Models with a predictor that is not finite are left out.

    Raises:
        ValueError: for fewer than k + 2 models that are left.
    """
    finite = np.isfinite(predictors).all(axis=1) & np.isfinite(y)
    x, y, run = predictors[finite].astype(np.float64), y[finite].astype(np.float64), run[finite]
    models, k = x.shape
    if models < k + 2:
        raise ValueError(f"{models} models are too few to regress on {k} predictors")
    # Centred and scaled, so that the normal equations that the bootstrap solves are well conditioned.
    scale = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    design = np.column_stack([np.ones(models), (x - x.mean(axis=0)) / scale, y - y.mean()])
    products = design[:, :, None] * design[:, None, :]
    labels, owner = np.unique(run, return_inverse=True)
    by_run = np.zeros((len(labels), k + 2, k + 2))
    np.add.at(by_run, owner, products)

    def r_squared(sums: np.ndarray, _: int) -> np.ndarray:
        return _r_squared(sums.reshape(-1, k + 2, k + 2))

    coefficients = np.linalg.lstsq(design[:, : k + 1], design[:, k + 1], rcond=None)[0]
    slopes = coefficients[1:] / scale
    share = float(_r_squared(by_run.sum(axis=0)[None])[0])
    low, high = bootstrap_interval(by_run.reshape(len(labels), -1), r_squared)
    fitted = design[:, : k + 1] @ coefficients if k > 1 else x[:, 0]
    rank_correlation = _spearman(fitted, y)
    return Fit(
        tuple(slopes.tolist()),
        float(y.mean() + coefficients[0] - slopes @ x.mean(axis=0)),
        share,
        _p_of_r_squared(share, models, k),
        low,
        high,
        rank_correlation,
        _p_of_r_squared(rank_correlation**2, models, 1),
        models,
    )


def _r_squared(moments: np.ndarray) -> np.ndarray:
    """R² [S] from sums of products [S, k + 2, k + 2] of 1, the predictors and y; NaN where one is constant."""
    size = moments[:, :1, :1]
    centred = moments[:, 1:, 1:] - moments[:, 1:, :1] * moments[:, :1, 1:] / size
    xx, xy, yy = centred[:, :-1, :-1], centred[:, :-1, -1], centred[:, -1, -1]
    solvable = (np.linalg.det(xx) > 1e-9 * size[:, 0, 0] ** xx.shape[1]) & (yy > 1e-12 * size[:, 0, 0])
    share = np.full(len(moments), np.nan)
    solution = np.linalg.solve(xx[solvable], xy[solvable][..., None])[..., 0]
    share[solvable] = np.clip((solution * xy[solvable]).sum(axis=1) / yy[solvable], 0.0, 1.0)
    return share


def _p_of_r_squared(share: float, models: int, k: int) -> float:
    """P that an R² at least as large comes of chance: upper tail of F with k and models - k - 1 degrees of freedom."""
    from scipy.special import fdtrc

    if np.isnan(share):
        return float("nan")
    rest = models - k - 1
    return 0.0 if share >= 1.0 else float(fdtrc(k, rest, share / k / ((1.0 - share) / rest)))


def _spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's rank correlation, ties sharing their mean rank; NaN where one side is constant."""
    import pandas as pd

    ranks = np.stack([pd.Series(values).rank().to_numpy() for values in (x, y)])
    ranks -= ranks.mean(axis=1, keepdims=True)
    norm = np.sqrt((ranks**2).sum(axis=1).prod())
    return float((ranks[0] * ranks[1]).sum() / norm) if norm > 0 else float("nan")


PREDICTORS: dict[str, tuple[str, ...]] = {  # name in Table 2: columns of the models, each taken as -ln of its size
    "training": ("training_loss",),
    "validation": ("validation_loss",),
    "long": ("long_loss",),
    "validation_last_word": ("last_word_loss",),
    "leak": ("leak",),
    "leak_imbalance": ("leak", "imbalance"),
}


def table2(models: "pd.DataFrame") -> "pd.DataFrame":
    """Table 2 and its extensions.

    Args:
        models: one row per model (the paper's 60 for each cell): condition, cell, run, epoch, very_long_fpf, and the
            columns of `PREDICTORS`.

    Returns:
        Frame with condition, cell, predictor, slope (tokens of FPF a unit of -ln; of the first predictor), intercept,
        r_squared, p, low, high (95% interval of R², bootstrap over runs), spearman, spearman_p, models, runs; no row
        where there are too few models.
    """
    import pandas as pd

    rows = []
    for condition in dict.fromkeys(models["condition"]):
        chosen = models.loc[models["condition"] == condition]
        for name, columns in PREDICTORS.items():
            with np.errstate(divide="ignore"):
                negative_log = -np.log(np.abs(chosen[list(columns)].to_numpy(np.float64)))
            try:
                found = fit(negative_log, chosen["very_long_fpf"].to_numpy(np.float64), chosen["run"].to_numpy())
            except ValueError:  # too few models
                continue
            rows.append(
                {
                    "condition": condition,
                    "cell": chosen["cell"].iloc[0],
                    "predictor": name,
                    "slope": found.slopes[0],
                    "intercept": found.intercept,
                    "r_squared": found.r_squared,
                    "p": found.p,
                    "low": found.r_squared_low,
                    "high": found.r_squared_high,
                    "spearman": found.spearman,
                    "spearman_p": found.spearman_p,
                    "models": found.models,
                    "runs": chosen["run"].nunique(),
                }
            )
    columns = [
        "condition", "cell", "predictor", "slope", "intercept", "r_squared", "p", "low", "high", "spearman",
        "spearman_p", "models", "runs",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


ALL_EPOCHS, LATER_EPOCHS = "all", "after the first"


def correlations(models: "pd.DataFrame") -> "pd.DataFrame":
    """Correlation of -ln validation loss with the mean first point of failure, pooled over epochs and epoch by epoch.

    A pooled correlation mixes two questions: whether a run counts further as its loss falls, and whether, of runs after
    the same epoch, those of lower loss count further. The answers can differ in sign.

    Args:
        models: as of `table2`.

    Returns:
        Frame with condition, cell, epochs (`ALL_EPOCHS`: pooled; `LATER_EPOCHS`: pooled without the first of them; else
        one epoch's number), correlation (Pearson; NaN where one side is constant), low, high (95% bootstrap over runs),
        models, runs; no row for fewer than 3 models.
    """
    import pandas as pd

    rows = []
    for condition, chosen in models.groupby("condition", sort=False):
        epochs = sorted(set(chosen["epoch"]))
        sets = {ALL_EPOCHS: epochs, LATER_EPOCHS: epochs[1:], **{str(epoch): [epoch] for epoch in epochs}}
        for name, among in sets.items():
            part = chosen.loc[chosen["epoch"].isin(among)]
            x, y = -np.log(part["validation_loss"].to_numpy(np.float64)), part["very_long_fpf"].to_numpy(np.float64)
            known = np.isfinite(x) & np.isfinite(y)
            if known.sum() < 3:
                continue
            found = _correlation(x[known], y[known], part["run"].to_numpy()[known])
            labels = {"condition": condition, "cell": part["cell"].iloc[0], "epochs": name}
            rows.append({**labels, **found, "models": int(known.sum()), "runs": part["run"].nunique()})
    columns = ["condition", "cell", "epochs", "correlation", "low", "high", "models", "runs"]
    return pd.DataFrame(rows, columns=columns)


def _correlation(x: np.ndarray, y: np.ndarray, run: np.ndarray) -> dict[str, float]:
    """Pearson's correlation of two float64 [M] and its interval over runs."""
    design = np.column_stack([np.ones(len(x)), x - x.mean(), y - y.mean()])
    labels, owner = np.unique(run, return_inverse=True)
    sums = np.zeros((len(labels), 9))
    np.add.at(sums, owner, (design[:, :, None] * design[:, None, :]).reshape(-1, 9))

    def pearson(totals: np.ndarray, _: int) -> np.ndarray:
        products = totals.reshape(-1, 3, 3)
        size, mean_x, mean_y = products[:, 0, 0], products[:, 0, 1], products[:, 0, 2]
        xx, yy = products[:, 1, 1] - mean_x**2 / size, products[:, 2, 2] - mean_y**2 / size
        xy = products[:, 1, 2] - mean_x * mean_y / size
        varies = (xx > 1e-12 * size) & (yy > 1e-12 * size)
        root = np.sqrt(np.where(varies, xx * yy, 1.0))
        return np.where(varies, np.clip(xy / root, -1.0, 1.0), np.nan)

    low, high = bootstrap_interval(sums, pearson)
    return {"correlation": float(pearson(sums.sum(axis=0)[None], 0)[0]), "low": low, "high": high}
