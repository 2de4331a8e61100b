"""The summary of a store (see `longcount.analysis.summary`) as tables show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from longcount.analysis.selection import where
from longcount.analysis.summary import COLUMNS
from longcount.languages.wrong_words import KINDS

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

_SPLIT_COLUMNS = ("training", "validation", "long", "very_long", "zigzag")


def summary_terminal(frame: pd.DataFrame) -> Table:
    """One row per condition: accuracy (percent of words) on each split as mean (least to greatest over runs), learned
    runs, and where there are such the first failing n, and the accuracy on right words and on each kind of wrong ones
    of the long split; the baseline without memory last."""
    from rich.table import Table

    assert set(COLUMNS) <= set(frame.columns)
    splits = [split for split in _SPLIT_COLUMNS if len(where(frame, split=split))]
    keys = list(dict.fromkeys(zip(frame["condition"], frame["language"], frame["task"], strict=True)))
    asked = list(dict.fromkeys(key[1:] for key in keys))
    numbered = bool(np.isfinite(frame["first_failing_n_min"].to_numpy(np.float64)).any())
    title = "; ".join(f"{language}: {task.replace('_', ' ')}" for language, task in asked)
    table = Table(title=f"{title} (accuracy in % of words: mean, least to greatest of the runs)")
    for name in ("network", "runs", *(split.replace("_", " ") for split in splits), "learned"):
        table.add_column(name, justify="left" if name == "network" else "right")
    if numbered:
        table.add_column("first failing n", justify="right")
    kinds = [kind for kind in KINDS if np.isfinite(frame[kind].to_numpy(np.float64)).any()]
    for kind in kinds:
        table.add_column(f"long: {kind.replace('_', ' ')}", justify="right")
    for condition, language, task in keys:
        rows = where(frame, condition=condition, language=language, task=task).to_dict("records")
        by_split: dict[str, Any] = {str(row["split"]): row for row in rows}
        first = rows[0]
        name = condition if len(asked) == 1 else f"{condition} {language} {task}"
        cells = [_spread(by_split.get(split)) for split in splits]
        learned = "" if first["learned"] != first["learned"] else f"{first['learned']:.0f} of {first['runs']}"
        runs = "" if not first["cell"] else f"{first['runs']}"
        of_long = by_split.get("long", first)
        shares = ["" if of_long[kind] != of_long[kind] else percent(of_long[kind]) for kind in kinds]
        table.add_row(name, runs, *cells, learned, *([_numbers(first)] if numbered else []), *shares)
    return table


def _spread(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    if row["runs"] == 1 or row["min"] == row["max"]:
        return percent(row["mean"])
    return f"{percent(row['mean'])} ({percent(row['min'])} to {percent(row['max'])})"


def percent(value: float) -> str:
    """A percentage with two digits, never rounded up to 100.

    >>> percent(99.9967), percent(100.0), percent(49.995)
    ('99.99', '100', '49.99')
    """
    return "100" if value == 100 else f"{int(value * 100 + 1e-9) / 100:.2f}"


def _numbers(row: dict[str, Any]) -> str:
    if not row["cell"]:
        return ""
    found = [row[f"first_failing_n_{place}"] for place in ("min", "median", "max")]
    return " / ".join("none" if n != n else f"{n:,.0f}" for n in found)
