"""What one factor does: the conditions of a study that differ in a single field from a baseline, paired by run."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.comparison import values_at_best
from longcount.analysis.spread import summarise, wilson_interval
from longcount.arguments import checked
from longcount.errors import UserError
from longcount.store.store import Store
from longcount.training.protocol import Condition, settings_by_name

if TYPE_CHECKING:
    import pandas as pd

MEASURES = ("learned", "long_accuracy", "very_long_fpf_mean")


@checked
def one_factor_at_a_time(store: Store | str | Path) -> "pd.DataFrame":
    """How each factor changes what is learned and how far it counts.

    A cell's baseline is its condition from which most others differ in one field; conditions that differ in more, and
    cells with one condition, are left out.

    Args:
        store: a store or its folder.

    Returns:
        Frame, a row per (cell, factor, value), the baseline first with factor "baseline": runs, learned, learned_low,
        learned_high (shares of runs, Wilson), long_accuracy and fpf (means over runs that learned), and over the pairs
        that learned in both: pairs, accuracy_difference and fpf_difference, each with _low and _high (this less the
        baseline, 95% bootstrap interval over runs).

    Raises:
        UserError: no cell of the study has a baseline and another condition.
    """
    import pandas as pd

    store = Store.open(store)
    rows = []
    for cell in dict.fromkeys(condition.cell for condition in store.study.conditions):
        conditions = [condition for condition in store.study.conditions if condition.cell == cell]
        changed = {one.folder: {other.folder: _changes(one, other) for other in conditions} for one in conditions}
        baseline = max(conditions, key=lambda one: sum(len(c) == 1 for c in changed[one.folder].values()))
        fields = changed[baseline.folder]
        if not any(len(change) == 1 for change in fields.values()):
            continue
        base = values_at_best(store, baseline, MEASURES)
        rows.append({"cell": cell, "factor": "baseline", "value": "", **_row(base, base)})
        for condition in conditions:
            if len(fields[condition.folder]) == 1:
                ((factor, value),) = fields[condition.folder].items()
                values = values_at_best(store, condition, MEASURES)
                rows.append({"cell": cell, "factor": factor, "value": str(value), **_row(values, base)})
    if not rows:
        raise UserError(f"{store.directory}: no condition differs in a single field from a baseline of its cell")
    return pd.DataFrame(rows)


def _changes(one: Condition, other: Condition) -> dict[str, object]:
    """Fields in which another condition differs, with its values."""
    before, after = settings_by_name(one), settings_by_name(other)
    return {name: after[name] for name in after if after[name] != before[name]}


def _row(values: dict[str, np.ndarray], base: dict[str, np.ndarray]) -> dict[str, float]:
    learned = values["learned"] == 1
    low, high = wilson_interval(int(learned.sum()), len(learned))
    row: dict[str, float] = {"runs": len(learned), "learned": float(learned.mean())}
    row |= {"learned_low": low, "learned_high": high}
    row |= {"long_accuracy": _mean(values["long_accuracy"][learned])}
    row |= {"fpf": _mean(values["very_long_fpf_mean"][learned])}
    _, here, there = np.intersect1d(values["run"], base["run"], return_indices=True)
    both = learned[here] & (base["learned"][there] == 1)
    row["pairs"] = int(both.sum())
    for name, measure in (("accuracy", "long_accuracy"), ("fpf", "very_long_fpf_mean")):
        difference = (values[measure][here] - base[measure][there])[both]
        summary = summarise(difference) if len(difference) else None
        row[f"{name}_difference"] = summary.mean if summary else np.nan
        row[f"{name}_difference_low"] = summary.low if summary else np.nan
        row[f"{name}_difference_high"] = summary.high if summary else np.nan
    return row


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
