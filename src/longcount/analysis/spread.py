"""How far numbers vary: mean, least, greatest, standard deviation, and 95% intervals.

A share of runs gets the Wilson interval, which stays honest at "10 of 10"; everything else gets a percentile bootstrap
over *runs* (never over words or checkpoints, which are not independent).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

CONFIDENCE = 0.95
RESAMPLES = 10_000
BOOTSTRAP_SEED = 20221203  # any fixed number: the day of the paper's workshop
_CHUNK_ELEMENTS = 4_000_000  # resampled run indices drawn at a time: 32 MB


@dataclass(frozen=True)
class Summary:
    """Mean, extremes and spread of one measure over runs, with a 95% bootstrap interval of the mean."""

    mean: float
    min: float
    max: float
    std: float  # n - 1; NaN for a single run
    runs: int
    low: float
    high: float


def summarise(values: ArrayLike) -> Summary:
    """Summary of ``values`` float [runs].

    Raises:
        ValueError: for no values at all.
    """
    values = np.asarray(values, np.float64)
    if values.size == 0:
        raise ValueError("a summary needs at least one run")
    std = float(values.std(ddof=1)) if values.size > 1 else float("nan")
    low, high = bootstrap_interval(values[:, None], lambda sums, size: sums[:, 0] / size)
    return Summary(float(values.mean()), float(values.min()), float(values.max()), std, values.size, low, high)


def median_interval(values: np.ndarray) -> tuple[float, float]:
    """95% interval of a median, from order statistics of values float [runs], which may be infinite; NaN, NaN for a
    single run.

    >>> median_interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, np.inf]))
    (2.0, 9.0)
    """
    from scipy.special import bdtr

    runs = len(values)
    if runs < 2:
        return float("nan"), float("nan")
    below = bdtr(np.arange(runs), runs, 0.5)  # that at most so many of the runs lie below the true median
    place = int(np.searchsorted(below, (1 - CONFIDENCE) / 2, side="right"))
    ordered = np.sort(values)
    return float(ordered[max(0, place - 1)]), float(ordered[min(runs - 1, runs - place)])


def bootstrap_interval(
    sums_by_run: np.ndarray, statistic: Callable[[np.ndarray, int], np.ndarray]
) -> tuple[float, float]:
    """95% percentile interval of a statistic of sums over runs, by resampling runs.

    Args:
        sums_by_run: float64 [runs, k], what each run adds to the k sums (means, variances and regressions are functions
            of such sums).
        statistic: takes the sums of every resample, float64 [RESAMPLES, k], and the number of runs, and returns float64
            [RESAMPLES].

    Returns:
        The interval's two ends, rounded to nine significant digits so that another machine's order of summation does
        not show; NaN, NaN for a single run, which says nothing about spread, and where the statistic is never defined.
    """
    runs = sums_by_run.shape[0]
    if runs < 2:
        return float("nan"), float("nan")
    totals = np.concatenate([counts @ sums_by_run for counts in resample_counts(runs)])
    resampled = statistic(totals, runs)
    tail = (1 - CONFIDENCE) / 2
    resampled = resampled[~np.isnan(resampled)]
    if len(resampled) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return float(f"{low:.9g}"), float(f"{high:.9g}")


def resample_counts(runs: int) -> Iterator[np.ndarray]:
    """How often each run is drawn in each resample, float64 [resamples, runs] in chunks."""
    for counts in _drawn_counts(runs):
        yield counts.astype(np.float64)


@lru_cache(maxsize=4)
def _drawn_counts(runs: int) -> tuple[np.ndarray, ...]:
    """The same as uint8: 100 MB for 10,000 runs. That a run is drawn 256 times has a chance below 1/256!.

    From raw Philox bits alone: NumPy keeps those fixed between its versions, its distributions not.
    """
    generator = np.random.Philox(np.random.SeedSequence(BOOTSTRAP_SEED, spawn_key=(runs,)))
    chunk = max(1, min(RESAMPLES, _CHUNK_ELEMENTS // runs))
    chunks = []
    for start in range(0, RESAMPLES, chunk):
        rows = min(chunk, RESAMPLES - start)
        drawn = ((generator.random_raw(rows * runs) >> np.uint64(32)) * np.uint64(runs)) >> np.uint64(32)
        flat = drawn.astype(np.int64) + np.repeat(np.arange(rows), runs) * runs
        chunks.append(np.bincount(flat, minlength=rows * runs).reshape(rows, runs).astype(np.uint8))
    return tuple(chunks)


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95% Wilson interval of a share, as two shares in [0, 1]; (0, 1) for no trials.

    >>> low, high = wilson_interval(10, 10)
    >>> round(low, 3), round(high, 3)
    (0.722, 1.0)
    """
    if trials == 0:
        return 0.0, 1.0
    from scipy.special import ndtri  # scipy.stats would take half a second to import

    z = float(ndtri(0.5 + CONFIDENCE / 2))
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * np.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2)
    scale = 1 + z * z / trials
    low, high = (centre - half) / scale, (centre + half) / scale
    return 0.0 if successes == 0 else float(low), 1.0 if successes == trials else float(high)
