"""Models before and after repair, side by side: Table 1, worst cases, proofs, and what the repair took."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from longcount.analysis.models import metrics_of
from longcount.analysis.repairs import before_repair, read_repairs
from longcount.analysis.rounding import significant
from longcount.analysis.selection import LEARNED_ACCURACY, at_epochs, values, where
from longcount.analysis.table1 import MEASURES, rows_of_cells
from longcount.analysis.worst_case import COLUMNS as VERDICT
from longcount.analysis.worst_case import with_verdicts, worst_case
from longcount.report.formats import Table
from longcount.report.table1 import bounds_shown, cell_title, mean_and_range
from longcount.store.store import Store

if TYPE_CHECKING:
    import pandas as pd

STAGES = ("before", "after")
KEYS = ["cell", "run"]

TITLES = {
    "learned": "learned",
    "training_accuracy": "training, % of words",
    "validation_accuracy": "validation, % of words",
    "long_accuracy": "long, % of words",
    "very_long_fpf": "very long FPF",
    "worst_case": "worst-case FPF",
    "exact": "proved exact",
    "repaired": "repaired",
    "not_repaired": "not repairable",
    "change": "change of weights",
}


def sides(store: Store) -> dict[str, pd.DataFrame] | None:
    """What is known of every model before and after repair; None where a store is not a repaired one.

    Returns:
        Two frames with the same models in the same order: condition, cell, run, kept, learned, the measures of Table 1,
        very_long_accuracy, verdict, max_depth, lower_bound, upper_bound.
    """
    before = before_repair(store)
    if before is None:
        return None
    measures = [*MEASURES, "very_long_accuracy"]
    metrics = metrics_of(store)
    folders = {condition.cell: condition.folder for condition in store.study.conditions}
    after = before.loc[:, [*KEYS, "kept"]].assign(epoch=0, condition=[folders[cell] for cell in before["cell"]])
    after = at_epochs(metrics, after, MEASURES | {"very_long_accuracy": ("very_long", "accuracy")})
    measured = after["validation_accuracy"].notna()
    after["learned"] = (after["validation_accuracy"] >= LEARNED_ACCURACY).astype(object).where(measured, None)
    judged = with_verdicts(store, after)
    after = after.assign(**dict.fromkeys(VERDICT)) if judged is None else judged
    columns = ["condition", *KEYS, "kept", "learned", *measures, *VERDICT]
    return {"before": before.loc[:, columns], "after": after.loc[:, columns]}


def repair_table(store: Store) -> Table | None:
    """The table of a repaired store; None of any other.

    Its CSV file has one row per (condition, measure) with the number of models, and of each side what the measure's
    ``statistic`` says (count, mean, median, or least) with min and max over models.
    """
    import pandas as pd

    before, both = before_repair(store), sides(store)
    if before is None or both is None:
        return None
    repairs = read_repairs(store)
    numbers, texts, groups = [], [], []
    for row, chosen in rows_of_cells(both["before"]):
        runs = chosen[KEYS]
        parts = {stage: both[stage].merge(runs, on=KEYS) for stage in STAGES}
        done = repairs.merge(runs, on=KEYS)
        groups.append(len(texts))
        texts.append({"model": cell_title(row), **{stage: f"{len(runs)} models" for stage in STAGES}})
        for measure, told in _measured(parts, done).items():
            texts.append({"model": f"  {TITLES[measure]}"} | told)
        labels = {"condition": row, "cell": chosen["cell"].iloc[0]}
        numbers += [{**labels, "models": len(runs), **values_} for values_ in _values(parts, done)]
    shown = pd.DataFrame(texts, columns=["model", *STAGES], dtype=object).fillna("")
    columns = ["condition", "cell", "measure", "statistic", "models", *_columns("before"), *_columns("after")]
    return Table(
        "repair",
        "Repair",
        "Before and after repair",
        pd.DataFrame(numbers, columns=columns),
        shown,
        _caption(both, int(max(values(before, "bounded")))),
        tuple(groups[1:]),
    )


PRINTED = [
    "condition", "cell", "run", "epoch", "learned", "method", "factor", "repaired", "max_depth", "change", "reason",
]  # fmt: skip
SIDES = [
    "learned", "training_accuracy", "validation_accuracy", "long_accuracy", "very_long_fpf", "verdict", "lower_bound",
    "upper_bound",
]  # fmt: skip


def repair_printed(title: str, table: Table, store: Store, repairs: pd.DataFrame) -> Table:
    """`repair_table` for a terminal; for programs, one row per model with both sides of it.

    Args:
        title: of the table.
        table: from `repair_table`.
        store: the repaired store.
        repairs: from `longcount.analysis.repairs.repair_store`.
    """
    rows = repairs.loc[:, PRINTED]
    for stage, models in (sides(store) or {}).items():
        named = {name: f"{name}_{stage}" for name in SIDES}
        rows = rows.merge(models.loc[:, [*KEYS, *SIDES]].rename(columns=named), on=KEYS)
    legend = "mean (min / max), bounds and changes median, over models; FPF: first point of failure, in tokens"
    return replace(table, title=title, values=rows, caption=legend)


def _columns(stage: str) -> list[str]:
    return [stage, f"{stage}_min", f"{stage}_max"]


def _caption(both: dict[str, pd.DataFrame], bounded: int) -> str:
    known = {stage: worst_case(frame).models for stage, frame in both.items()}
    return (
        "Before and after repair: Table 1 (mean (min / max) over models), the worst case (medians of the lower and of "
        "the upper bounds of the first point of failure over all words of the language, of the models that are not "
        "proved exact), proofs with the depth that all of them reach, and the norm of the change over the norm of the "
        "weights, median (maximum) over the models that were changed. “none”: a model never failed. The worst case is "
        f"known of {known['before']:,} of {len(both['before']):,} models before and of {known['after']:,} after: where "
        "bounds were not kept before the repair, they were looked for in the "
        f"first {bounded:,} runs of each cell."
    )


def _measured(parts: dict[str, pd.DataFrame], done: pd.DataFrame) -> dict[str, dict[str, str]]:
    """The texts of one group of rows, by measure and side."""
    found: dict[str, dict[str, str]] = {}
    for stage, models in parts.items():
        learned = _learned(models)
        if learned is not None:
            found.setdefault("learned", {})[stage] = f"{learned} of {len(models)}"
        for measure in MEASURES:
            spread = _spread(models, measure)
            if spread["runs"]:
                found.setdefault(measure, {})[stage] = mean_and_range(spread)
        case = worst_case(models)
        if case.models:
            of = f" (of {len(case.lower)})" if case.models < len(models) and len(case.lower) else ""
            found.setdefault("worst_case", {})[stage] = bounds_shown(case) + of
        # Those that were not judged are not exact: the repair found no proof, or the validation words refute them.
        depth = "" if case.depth is None else f", to depth {case.depth:,}"
        found.setdefault("exact", {})[stage] = f"{case.exact} of {len(models)}{depth}"
    changed, failed = _changed(done), where(done, repaired=False)
    found["repaired"] = {"after": f"{len(changed)} of {len(done)}{_listed(_ways(where(done, repaired=True)))}"}
    never = len(where(failed, learned=False))
    reasons = {"never learned": never, "no proof found": len(failed) - never}
    found["not_repaired"] = {"after": f"{len(failed)}{_listed({name: n for name, n in reasons.items() if n})}"}
    change = values(changed, "change").astype(float)
    if len(change):
        found["change"] = {"after": f"{significant(float(np.median(change)))} ({significant(float(change.max()))})"}
    return {measure: found[measure] for measure in TITLES if measure in found}


def _values(parts: dict[str, pd.DataFrame], done: pd.DataFrame) -> list[dict[str, object]]:
    """The numbers of one group of rows."""
    cases = {stage: worst_case(models) for stage, models in parts.items()}
    rows: list[dict[str, object]] = []

    def add(measure: str, statistic: str, **of_stages: Mapping[str, object]) -> None:
        told: dict[str, object] = {"measure": measure, "statistic": statistic}
        for stage, values_ in of_stages.items():
            told |= {f"{stage}{place}": value for place, value in values_.items()}
        rows.append(told)

    add("learned", "count", **{stage: {"": _learned(models)} for stage, models in parts.items()})
    for measure in MEASURES:
        spreads = {stage: _spread(models, measure) for stage, models in parts.items()}
        places = {"": "mean", "_min": "min", "_max": "max"}
        add(measure, "mean", **{stage: {to: row[of] for to, of in places.items()} for stage, row in spreads.items()})
    add("certified", "count", **{stage: {"": case.models} for stage, case in cases.items()})
    add("exact", "count", **{stage: {"": case.exact} for stage, case in cases.items()})
    add("exact_depth", "least", **{stage: {"": case.depth} for stage, case in cases.items()})
    add("worst_case_lower", "median", **{stage: _medians(case.lower) for stage, case in cases.items()})
    add("worst_case_upper", "median", **{stage: _medians(case.upper) for stage, case in cases.items()})
    add("repaired", "count", after={"": len(_changed(done))})
    add("not_repaired", "count", after={"": len(where(done, repaired=False))})
    add("change", "median", after=_medians(values(_changed(done), "change").astype(float)))
    return rows


def _changed(done: pd.DataFrame) -> pd.DataFrame:
    """The models whose weights a repair changed; one that was exact already is not among them."""
    return where(done, repaired=True).query("method != 'none'")


def _ways(how: pd.DataFrame) -> dict[str, int]:
    """How models were repaired and how many so, the most first."""
    ways: Counter[str] = Counter()
    for method, factor in zip(values(how, "method"), how["factor"].to_numpy(float, na_value=0.0), strict=True):
        name = "exact already" if method == "none" else str(method)
        ways[f"{name} by {factor:g}" if factor else name] += 1
    return dict(ways.most_common())


def _listed(counts: dict[str, int]) -> str:
    """
    >>> _listed({"sharpen by 8": 7, "project": 1}), _listed({})
    (' (sharpen by 8: 7, project: 1)', '')
    """
    return f" ({', '.join(f'{name}: {number}' for name, number in counts.items())})" if counts else ""


def _spread(models: pd.DataFrame, measure: str) -> dict[str, object]:
    numbers = values(models, measure).astype(float)
    known = numbers[~np.isnan(numbers)]
    summary = {"mean": math.nan, "min": math.nan, "max": math.nan}
    if len(known):
        summary = {"mean": float(known.mean()), "min": float(known.min()), "max": float(known.max())}
    unfailed = len(where(models, very_long_accuracy=100.0))
    return {"measure": measure, "runs": len(known), "unfailed": unfailed, **summary}


def _learned(models: pd.DataFrame) -> int | None:
    """How many learned; None where that is not known."""
    learned = len(where(models, learned=True))
    return learned if learned or len(where(models, learned=False)) else None


def _medians(bounds: np.ndarray) -> dict[str, object]:
    """Median, minimum and maximum; missing where there are none or one is infinite."""
    if not len(bounds):
        return {}
    found = {"": np.median(bounds), "_min": bounds.min(), "_max": bounds.max()}
    return {place: float(value) for place, value in found.items() if np.isfinite(value)}
