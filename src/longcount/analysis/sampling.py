"""How much tables of ten runs vary: the paper's own statistics, drawn again and again from many runs.

The paper prints, for each cell, the mean, least and greatest over 10 models: for LSTM and GRU 10 runs, for ReLU the 10
with the lowest validation loss out of 30. Each draw here takes as many runs, without replacement, from a study of many,
and computes the same.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np

from longcount.analysis.selection import KEPT_RUNS
from longcount.cells import CELLS

if TYPE_CHECKING:
    import pandas as pd


class Statistics(Protocol):
    """What a paper prints of a measure; None where it prints no number."""

    @property
    def mean(self) -> float | None: ...

    @property
    def min(self) -> float | None: ...

    @property
    def max(self) -> float | None: ...


DRAWS = 10_000
SEED = 20221203
STATISTICS = ("mean", "min", "max")


def draw_tables(
    validation_loss: np.ndarray, values: np.ndarray, drawn: int, kept: int = KEPT_RUNS, draws: int = DRAWS
) -> np.ndarray:
    """Mean, least and greatest of the kept runs of every draw, float64 [draws, 3].

    Args:
        validation_loss: of each run, float [R]; decides which runs of a draw are kept.
        values: the measure, float [R].
        drawn: runs per draw, at most R.
        kept: how many of them the table is made of, those with the lowest validation loss.
        draws: how many tables.

    Raises:
        ValueError: where there are fewer runs than a draw takes.
    """
    runs = len(values)
    if not kept <= drawn <= runs:
        raise ValueError(f"cannot draw {drawn} runs and keep {kept} of {runs}")
    loss = np.where(np.isnan(validation_loss), np.inf, validation_loss)
    tables = np.empty((draws, len(STATISTICS)))
    for table, chosen in zip(tables, _draws(runs, drawn, draws), strict=True):
        best = chosen[np.argsort(loss[chosen], kind="stable")[:kept]] if kept < drawn else chosen
        table[:] = values[best].mean(), values[best].min(), values[best].max()
    return tables


def interval_of_means(values: np.ndarray, drawn: int, draws: int = DRAWS) -> tuple[float, float]:
    """Between which points 95% of the means of as few runs as that lie, drawn again and again without replacement.

    Args:
        values: float [R]; may be infinite.
        drawn: runs per draw, at most R.
        draws: how many.
    """
    means = np.sort(values[_draws(len(values), drawn, draws)].mean(axis=1))
    return float(means[round(0.025 * (draws - 1))]), float(means[round(0.975 * (draws - 1))])


def _draws(runs: int, drawn: int, draws: int) -> np.ndarray:
    """Runs of every draw, int64 [draws, drawn], without replacement, from raw Philox bits.

    Floyd's algorithm, all draws at once: a number up to j that a draw has already gives way to j itself.
    """
    raw = np.random.Philox(np.random.SeedSequence(SEED, spawn_key=(runs, drawn))).random_raw(draws * drawn)
    high = (raw >> np.uint64(32)).reshape(draws, drawn)
    chosen = np.empty((draws, drawn), np.int64)
    for place, last in enumerate(range(runs - drawn, runs)):
        number = ((high[:, place] * np.uint64(last + 1)) >> np.uint64(32)).astype(np.int64)
        taken = (chosen[:, :place] == number[:, None]).any(axis=1)
        chosen[:, place] = np.where(taken, last, number)
    return chosen


def sampling_distribution(
    models: "pd.DataFrame", published: Mapping[str, Mapping[str, Statistics]], draws: int = DRAWS
) -> "pd.DataFrame":
    """Where a paper's Table 1 falls among tables of as many runs drawn from many.

    Args:
        models: one row per run, from `longcount.analysis.table1.selected_models`.
        published: what the paper prints, by condition and measure.
        draws: how many tables are drawn.

    Returns:
        Frame with one row per statistic: cell, measure, statistic (mean, min, max over the 10 models of a
        table), runs (drawn from), low, middle, high (the 2.5, 50 and 97.5% points over tables), paper (None where it
        prints none), below (share of tables at or below the paper's value; None likewise).
    """
    import pandas as pd

    rows = []
    for cell, measures in published.items():
        of_cell = models.loc[models["condition"] == cell]
        drawn = CELLS[cell].paper_runs
        if len(of_cell) < drawn:
            continue
        loss = np.asarray(of_cell["validation_loss"], np.float64)
        for measure, spread in measures.items():
            tables = draw_tables(loss, np.asarray(of_cell[measure], np.float64), drawn, draws=draws)
            for place, statistic in enumerate(STATISTICS):
                low, middle, high = np.quantile(tables[:, place], [0.025, 0.5, 0.975])
                paper = getattr(spread, statistic)
                below = None if paper is None else float((tables[:, place] <= paper).mean())
                rows.append((cell, measure, statistic, len(of_cell), low, middle, high, paper, below))
    columns = ["cell", "measure", "statistic", "runs", "low", "middle", "high", "paper", "below"]
    # By column: a whole frame would turn None into NaN.
    table = {column: [row[place] for row in rows] for place, column in enumerate(columns)}
    return pd.DataFrame({**table, **{name: pd.Series(table[name], dtype=object) for name in ("paper", "below")}})
