"""The worst case of many models: what verdicts say of all the words that no test set holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.certificates import read_certificates
from longcount.analysis.kept import KEYS
from longcount.analysis.selection import values, where
from longcount.analysis.table1 import rows_of_cells
from longcount.store.store import Store

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("verdict", "max_depth", "lower_bound", "upper_bound")


@dataclass(frozen=True, eq=False)
class WorstCase:
    """First point of failure over all Dyck-1 words, of models that have a verdict; B of them are not proved exact."""

    models: int
    """How many have a verdict."""
    exact: int
    """How many are proved exact."""
    depth: int | None
    """Every exact one is proved to this depth or deeper; None where there is none."""
    lower: np.ndarray
    """No word fails before this token, float64 [B]."""
    upper: np.ndarray
    """A known word fails at this token, float64 [B]; infinite where none is known."""

    @property
    def failing(self) -> np.ndarray:
        """The upper bounds that are known, float64 [at most B]."""
        return self.upper[np.isfinite(self.upper)]


def worst_case(models: pd.DataFrame) -> WorstCase:
    """The worst case of models, a frame with `COLUMNS`; those without a verdict are left out.

    >>> import pandas as pd
    >>> rows = [("exact", 1000, 1000, None), ("bounded", None, 12, 14), ("bounded", None, 20, None), (None,) * 4]
    >>> case = worst_case(pd.DataFrame(rows, columns=COLUMNS))
    >>> case.models, case.exact, case.depth, case.lower.tolist(), case.upper.tolist()
    (3, 1, 1000, [12.0, 20.0], [14.0, inf])
    """
    exact, bounded = where(models, verdict="exact"), where(models, verdict="bounded")
    depths = values(exact, "max_depth")
    lower, upper = (bounded[name].astype("Float64").to_numpy(np.float64, na_value=np.inf) for name in COLUMNS[2:])
    return WorstCase(len(exact) + len(bounded), len(exact), int(min(depths)) if len(depths) else None, lower, upper)


def worst_cases(store: Store, models: pd.DataFrame | None) -> dict[str, WorstCase]:
    """The worst case of each row of Table 1 that has a verdict on some model, by the row's name.

    Empty where the study chooses its epochs by another reading of the validation loss than Table 1: the verdicts are
    then on other models.

    Args:
        store: where the models are.
        models: frame with condition, cell, kept and `COLUMNS`, or None; see `with_verdicts`.
    """
    if models is None or store.study.selection != "average":
        return {}
    found = {name: worst_case(chosen) for name, chosen in rows_of_cells(models)}
    return {name: case for name, case in found.items() if case.models}


def with_verdicts(store: Store, models: pd.DataFrame) -> pd.DataFrame | None:
    """Models with what `longcount certify` kept of them: `COLUMNS` beside theirs, missing where it was not asked.

    Args:
        store: where the models and the verdicts are.
        models: frame with condition, run, epoch.

    Returns:
        The frame, or None where there is a verdict on none of them.
    """
    certificates = read_certificates(store)
    if certificates is None:
        return None
    found = certificates.loc[:, [*KEYS, *COLUMNS]].astype({"condition": str})
    joined = models.merge(found, on=KEYS, how="left")
    return joined if worst_case(joined).models else None
