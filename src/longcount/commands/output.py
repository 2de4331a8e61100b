"""What commands write: results on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from longcount.report.formats import Table
    from longcount.store.store import Store

Format = Literal["text", "markdown", "latex", "csv", "json"]


def print_table(table: Table, form: Format = "text") -> None:
    """A table on standard output: its texts for people (text, markdown, latex), its numbers for programs (csv, json).

    Text is as wide as the terminal (the variable COLUMNS where it is set), 80 columns where there is none.
    """
    from longcount.report.formats import latex_text, markdown_text
    from longcount.report.printed import records
    from longcount.report.terminal import table_text
    from longcount.report.writing import csv_text

    match form:
        case "text":
            coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
            sys.stdout.write(table_text(table, shutil.get_terminal_size().columns, coloured))
        case "markdown":
            print(markdown_text(table.shown) + (f"\n\n{table.caption}" if table.caption else ""))
        case "latex":
            caption = f"{table.title}. {table.caption}" if table.caption else table.title
            print(latex_text(table.shown, caption, f"tab:{table.name}", table.groups), end="")
        case "csv":
            sys.stdout.write(csv_text(table.values, None))
        case "json":
            print_json(records(table.values))


def print_tables(tables: Iterable[Table], form: Format = "text") -> None:
    """Tables one under the other, a blank line between two; see `print_table`."""
    for place, table in enumerate(tables):
        if place:
            print()
        print_table(table, form)


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """One JSON list on standard output, one row per line; what is not a number is null."""
    lines = (json.dumps({name: _plain(value) for name, value in row.items()}, allow_nan=False) for row in rows)
    print("[" + ",\n ".join(lines) + "]")


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):  # a NumPy number
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def say(text: str) -> None:
    """A line for the person who waits, on standard error. Where nobody can hear it, the work continues."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def opened(directory: str | Path) -> Store:
    """The store of a folder; where runs of it are missing, a line on standard error says so."""
    from longcount.store.store import Store

    store = Store.open(directory)
    wanted = sum(condition.runs for condition in store.study.conditions)
    done = sum(len(store.runs(condition)) for condition in store.study.conditions)
    if done < wanted:
        say(
            f"{directory}: {done:,} of {wanted:,} runs are done, the others are left out; `longcount study run --out "
            f"{directory}` makes them"
        )
    return store
