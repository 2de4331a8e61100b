"""Where models fail: on zigzag words, and on words in general as a right-censored quantity.

A word without a failure says only that the first failure lies beyond its end: it is right-censored there. Survival
curves (Kaplan and Meier 1958) treat it so; the mean of first points of failure, with the word's length in place of
those that are missing, is the mean of min(FPF, length).
"""

from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.spread import CONFIDENCE, resample_counts

if TYPE_CHECKING:
    import pandas as pd

PHASES = ("opening", "closing", "at zero", "later", "never")


def phases(fpf: np.ndarray, half_period: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Where in a zigzag word a model first fails: an index into `PHASES`, int64 [K].

    Args:
        fpf: first points of failure int [K], the length where there is none.
        half_period: j of the word, int [K].
        length: of the word, int [K].

    ``opening``: among the first j tokens. ``closing``: among the next j - 1, while brackets are still open, so the
    counter has fallen too fast. ``at zero``: at token 2j - 1, where the depth is 0 for the first time, so the counter
    is still too high. ``later``: in a later period.

    >>> phases(np.array([3, 10, 19, 20, 40]), np.full(5, 10), np.full(5, 40)).tolist()
    [0, 1, 2, 3, 4]
    """
    order = [fpf < half_period, fpf < 2 * half_period - 1, fpf == 2 * half_period - 1, fpf < length]
    return np.select(order, [0, 1, 2, 3], 4)


def censored_median(fpf: np.ndarray, length: np.ndarray | int) -> float:
    """Median first point of failure of models, infinite where the middle one never failed; of two middle ones the
    lower, because between a failure and none there is no number.

    Args:
        fpf: first points of failure int [M], the length where there is none.
        length: of the word, int, or int [M].

    >>> censored_median(np.array([3, 10, 40, 40]), 40), censored_median(np.array([3, 40, 40]), 40)
    (10.0, inf)
    """
    failures = np.sort(np.where(fpf < length, fpf, np.inf))
    return float(failures[(len(failures) - 1) // 2])


def half_period_of(tokens: np.ndarray) -> int:
    """How many brackets a zigzag word opens before the first it closes."""
    closing = np.flatnonzero(tokens)
    return int(closing[0]) if len(closing) else len(tokens)


def survival_curve(failures: "pd.DataFrame", points: int = 201) -> "pd.DataFrame":
    """Kaplan-Meier survival of words by token position, with a band over runs.

    Args:
        failures: one row per (run, word): run, fpf, length (tokens; a word with fpf = length is censored there).
        points: how many positions from 0 to the greatest length.

    Returns:
        Frame with position, survival, low, high: the share of words without a failure up to and including that token,
        pooled over runs, and its 95% pointwise bootstrap interval over runs (NaN for one run).
    """
    import pandas as pd

    fpf, length = failures["fpf"].to_numpy(), failures["length"].to_numpy()
    runs, owner = np.unique(failures["run"].to_numpy(), return_inverse=True)
    end = int(length.max())
    failed = fpf < length
    grid = np.unique(np.linspace(0, end - 1, points).round().astype(int))
    # By run and position: words that fail at a token.
    events = _table(owner[failed], fpf[failed], len(runs), end + 1)
    if (length[~failed] == end).all():
        # Nothing is censored before the end, so that the product is a plain share.
        words, failed_so_far = np.bincount(owner).astype(np.float64)[:, None], np.cumsum(events, axis=1)[:, grid]

        def curves_of(counts: np.ndarray) -> np.ndarray:
            return 1.0 - counts @ failed_so_far / (counts @ words)
    else:
        leaving = _table(owner, np.minimum(fpf, end), len(runs), end + 1)
        at_risk = leaving.sum(axis=1, keepdims=True) - np.cumsum(leaving, axis=1) + leaving
        happens = np.flatnonzero(events.sum(axis=0))
        place = np.searchsorted(happens, grid, side="right")  # events up to and including each grid position

        def curves_of(counts: np.ndarray) -> np.ndarray:
            curve = _kaplan_meier(counts @ events[:, happens], counts @ at_risk[:, happens])
            return np.concatenate([np.ones((len(curve), 1)), curve], axis=1)[:, place]

    pooled = curves_of(np.ones((1, len(runs))))[0]
    low = high = np.full(len(grid), np.nan)
    if len(runs) > 1:
        curves = np.concatenate([curves_of(counts).astype(np.float32) for counts in resample_counts(len(runs))])
        tail = (1 - CONFIDENCE) / 2
        low, high = np.quantile(curves, [tail, 1 - tail], axis=0).round(6)
    return pd.DataFrame({"position": grid, "survival": pooled, "low": low, "high": high})


def _table(rows: np.ndarray, columns: np.ndarray, height: int, width: int) -> np.ndarray:
    """How often each (row, column) stands there, float64 [height, width]."""
    return np.bincount(rows * width + columns, minlength=height * width).reshape(height, width).astype(np.float64)


def _kaplan_meier(events: np.ndarray, at_risk: np.ndarray) -> np.ndarray:
    """Product over positions of 1 - events / at risk, [S, positions]."""
    hazard = np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0)
    return np.cumprod(1.0 - hazard, axis=1)
