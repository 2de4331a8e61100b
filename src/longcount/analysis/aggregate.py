"""Means over runs of studies of any size: one block at a time is in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from longcount.languages.splits import SPLITS
from longcount.store.block import split_codes
from longcount.store.store import Store

if TYPE_CHECKING:
    import pandas as pd

MEASURES = ("loss", "accuracy", "fpf_mean", "unfailed")


def aggregate(store: Store, measures: Sequence[str] = MEASURES) -> pd.DataFrame:
    """Mean, standard deviation (n - 1), least and greatest over runs.

    A value that is not a number (the loss of a run that diverged) is left out of its measure and counted.

    Args:
        store: the store.
        measures: columns of `longcount.training.metrics.schema`.

    Returns:
        Frame with condition, cell, split, epoch, measure, runs (that have a value), not_a_number, mean, std, min, max;
        ordered as the study is, then by split, epoch and measure.

    Raises:
        UserError: for a damaged block.
    """
    import pandas as pd

    rows = []
    for condition in store.study.conditions:
        sums = _Sums(len(SPLITS), condition.epochs + 1, len(measures))
        for _, table in store.metrics_of_blocks([condition], ["epoch", "split", *measures]):
            values = np.stack([table[name].to_numpy().astype(np.float64) for name in measures], axis=1)
            sums.add(split_codes(table), table["epoch"].to_numpy(), values)
        for split, epoch, measure in zip(*np.nonzero(sums.rows), strict=True):
            runs, mean, std, least, greatest = sums.summary(split, epoch, measure)
            absent = int(sums.rows[split, epoch, measure]) - runs
            row = (SPLITS[split], int(epoch), measures[measure], runs, absent, mean, std, least, greatest)
            rows.append((condition.folder, condition.cell, *row))
    columns = ["split", "epoch", "measure", "runs", "not_a_number", "mean", "std", "min", "max"]
    return pd.DataFrame(rows, columns=["condition", "cell", *columns])


class _Sums:
    """Counts, means, squared deviations and extremes of k measures by split and epoch, float64 [S, E + 1, k].

    Blocks are joined by Chan's formula, which loses nothing where the spread is small beside the mean.
    """

    def __init__(self, *shape: int):
        self.rows, self.count, self.mean, self.square = (np.zeros(shape) for _ in range(4))
        self.least, self.greatest = np.full(shape, np.inf), np.full(shape, -np.inf)

    def add(self, split: np.ndarray, epoch: np.ndarray, values: np.ndarray) -> None:
        """Join a block: split and epoch int [n], values float64 [n, k]."""
        groups = self.count.shape[0] * self.count.shape[1]
        shape = self.count.shape
        key = split * shape[1] + epoch
        known = ~np.isnan(values)
        for place in range(shape[2]):
            has = known[:, place]
            keys, column = key[has], values[has, place]
            count = np.bincount(keys, minlength=groups)
            mean = np.bincount(keys, column, groups) / np.maximum(count, 1)
            square = np.bincount(keys, (column - mean[keys]) ** 2, groups)
            self.rows[..., place] += np.bincount(key, minlength=groups).reshape(shape[:2])
            self._join(place, *(array.reshape(shape[:2]) for array in (count, mean, square)))
            for extreme, function in ((self.least, np.minimum), (self.greatest, np.maximum)):
                flat = extreme[..., place].reshape(-1)
                function.at(flat, keys, column)
                extreme[..., place] = flat.reshape(shape[:2])

    def _join(self, place: int, count: np.ndarray, mean: np.ndarray, square: np.ndarray) -> None:
        before = self.count[..., place].copy()
        total = np.maximum(before + count, 1)
        step = mean - self.mean[..., place]
        self.count[..., place] += count
        self.mean[..., place] += step * count / total
        self.square[..., place] += square + step**2 * before * count / total

    def summary(self, *place: int) -> tuple[int, float, float, float, float]:
        """Runs, mean, standard deviation, least and greatest of one group; NaN where there is too little."""
        count = int(self.count[place])
        if count == 0:
            return 0, np.nan, np.nan, np.nan, np.nan
        std = float(np.sqrt(self.square[place] / (count - 1))) if count > 1 else float("nan")
        return count, float(self.mean[place]), std, float(self.least[place]), float(self.greatest[place])
