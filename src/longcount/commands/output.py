"""What commands write: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping
from typing import Any


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """One JSON list on standard output, one row per line; what is not a number is null."""
    lines = (json.dumps({name: _plain(value) for name, value in row.items()}, allow_nan=False) for row in rows)
    print("[" + ",\n ".join(lines) + "]")


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):  # a NumPy number
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def say(text: str) -> None:
    """A line for the person who waits, on standard error."""
    print(text, file=sys.stderr, flush=True)


def print_table(table: Any) -> None:
    """A rich table on standard output, as wide as it needs to be where that is no terminal."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=max(console.width, 160))
    with console.capture() as text:  # printed by us, because rich takes a closed pipe for a failure
        console.print(table)
    print(text.get(), end="")
