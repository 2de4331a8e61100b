"""What was measured of a paper's networks and of the baseline without memory, arm by arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.selection import where

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("arm", "condition", "baseline", "measure", "epoch", "run", "value")


class Findings:
    """A frame of `COLUMNS`, one row per value: baseline says that it is of the baseline without memory (run and epoch
    0)."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    @property
    def arms(self) -> list[str]:
        """In the study's order."""
        return list(dict.fromkeys(self.frame["arm"]))

    def epochs(self, arm: str, measure: str) -> list[int]:
        """The epochs at which all runs of an arm were measured, rising; none where each has its own."""
        found = where(self.frame, arm=arm, measure=measure, baseline=False)
        runs = len(found.drop_duplicates(["condition", "run"]))
        epochs, rows = np.unique(found["epoch"].to_numpy(np.int64), return_counts=True)
        return epochs[rows == runs].tolist()

    def values(self, arm: str, measure: str, epoch: int | None = None) -> np.ndarray:
        """Over the runs of an arm, float64 [R]: at an epoch, or at each run's last one that was measured; empty where
        it was not."""
        found = where(self.frame, arm=arm, measure=measure, baseline=False)
        if epoch is None:
            found = found.sort_values("epoch", kind="stable").drop_duplicates(["condition", "run"], keep="last")
            found = found.sort_values(["condition", "run"], kind="stable")
        else:
            found = where(found, epoch=epoch)
        return found["value"].to_numpy(np.float64)

    def baseline(self, arm: str, measure: str) -> float:
        """Of the baseline without memory: the mean over the arm's sets of words; NaN where there is none."""
        found = where(self.frame, arm=arm, measure=measure, baseline=True)["value"].to_numpy(np.float64)
        return float(found.mean()) if len(found) else float("nan")


def middle(values: np.ndarray, how: str) -> float:
    """The mean, or the median as the lower of the two in the middle, which may be infinite; NaN of no values.

    >>> middle(np.array([1.0, 5.0, np.inf]), "median"), middle(np.array([1.0, 2.0]), "mean")
    (5.0, 1.5)
    """
    if len(values) == 0:
        return float("nan")
    return float(np.sort(values)[(len(values) - 1) // 2]) if how == "median" else float(values.mean())
