"""Conditions put together into a study: equal ones made one, and each given a folder that tells it from the others."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from longcount.training.protocol import PARTS, Condition, canonical_sha256, settings_by_name


def merge(conditions: Iterable[Condition], existing: Sequence[Condition] = ()) -> tuple[Condition, ...]:
    """Conditions with equal ones made one, the greater number of runs kept; then every folder settled.

    Args:
        conditions: new ones.
        existing: those of a study that is added to; they keep their folders and the edges of their blocks.
    """
    merged = {canonical_sha256(condition.settings()): condition for condition in existing}
    for condition in conditions:
        key = canonical_sha256(condition.settings())
        known = merged.get(key)
        if known is None:
            merged[key] = condition
        elif condition.runs > known.runs:
            before = (*known.earlier_runs, known.runs) if known in existing else known.earlier_runs
            merged[key] = known.model_copy(update={"runs": condition.runs, "earlier_runs": before})
    return settle_folders(list(merged.values()))


def settle_folders(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    """Give every condition without a folder one: its cell, and what sets it apart from others of that cell."""
    settled = list(conditions)
    for cell in dict.fromkeys(condition.cell for condition in settled):
        places = [i for i, condition in enumerate(settled) if condition.cell == cell]
        labels = varying_labels([_named_fields(settled[i]) for i in places])
        for i, label in zip(places, labels, strict=True):
            if not settled[i].folder:
                settled[i] = settled[i].model_copy(update={"folder": f"{cell}-{label}" if label else cell})
    return tuple(settled)


def _named_fields(condition: Condition) -> dict[str, Any]:
    fields = settings_by_name(condition)
    own = fields.pop("sources")
    for field in (*PARTS, "module"):
        fields[f"{field}_source"] = own[field]["sha256"][:8] if field in own else None
    if fields["words.seed"] == condition.seed:  # as it is where the study says nothing of the words' seed
        fields["words.seed"] = None
    return fields


def varying_labels(tables: Sequence[Mapping[str, Any]]) -> list[str]:
    """For each table the fields in which the tables differ, such as ``learning_rate=0.01,order=shared``."""
    varying = [field for field in tables[0] if len({json.dumps(table[field]) for table in tables}) > 1]
    labels = [",".join(f"{name.removeprefix('words.')}={_short(table[name])}" for name in varying) for table in tables]
    return [label if len(label) <= 120 else f"{label[:100]}-{canonical_sha256(label)[:8]}" for label in labels]


def _short(value: Any) -> str:
    text = canonical_sha256(value)[:8] if isinstance(value, (dict, list)) else str(value)
    return re.sub(r"[^\w.+-]", "_", text)
