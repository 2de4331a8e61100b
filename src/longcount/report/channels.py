"""The parts that Vega-Lite panels are put together from: rows of data, channels, what hovering tells."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def rows(frame: "pd.DataFrame", **columns: str) -> dict[str, Any]:
    """The named columns (new name = old name) as inline rows, numbers cut to five significant digits."""
    lists = [[short(value) for value in frame[column].tolist()] for column in columns.values()]
    return {"values": [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]}


def short(value: Any) -> Any:
    """A number with five significant digits, None for what is not a number, anything else as it is."""
    if isinstance(value, float):
        return float(f"{value:.5g}") if np.isfinite(value) else None
    return value


def number(field: str, title: str | None = None, **more: Any) -> dict[str, Any]:
    """A channel for a number; ``more`` are further properties of the channel."""
    return {"field": field, "type": "quantitative", "title": title, **more}


def name(field: str, title: str | None = None, **more: Any) -> dict[str, Any]:
    """A channel for a name."""
    return {"field": field, "type": "nominal", "title": title, **more}


def shown(*fields: str | tuple[str, ...]) -> list[dict[str, Any]]:
    """What hovering tells: a field, or a field with its format and, if it has another, its title."""
    told = []
    for entry in fields:
        field, form, title = entry if isinstance(entry, tuple) and len(entry) == 3 else _completed(entry)
        channel: dict[str, Any] = {"field": field, "title": title}
        told.append(channel | ({"type": "quantitative", "format": form} if form else {}))
    return told


def _completed(entry: str | tuple[str, ...]) -> tuple[str, str, str]:
    field, form = (entry, "") if isinstance(entry, str) else entry
    return field, form, field
