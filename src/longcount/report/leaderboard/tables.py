"""The leaderboard as a table: for programs, readers and papers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from longcount.report.formats import Table, latex_text, markdown_text
from longcount.report.table1 import cell_title
from longcount.report.writing import csv_text, write_text

if TYPE_CHECKING:
    import pandas as pd


def leaderboard_shown(leaderboard: pd.DataFrame) -> pd.DataFrame:
    """The leaderboard as text: shares and means with their 95% intervals."""
    import pandas as pd

    rows = []
    for row in leaderboard.to_dict("records"):
        rows.append(
            {
                "cell": cell_title(row["cell"]),
                "intervention": row["intervention"],
                "runs": f"{row['runs']:.0f}",
                "proved exact %": _interval(row, "exact", 100, 1),
                "learned %": _interval(row, "learned", 100, 0),
                "very long %": _interval(row, "accuracy", 1, 1),
                "average FPF": _interval(row, "fpf", 1, 0),
                "worst-case FPF": "–" if row["bounded"] == 0 else f"{row['lower_bound']:.0f} ({row['bounded']} runs)",
            }
        )
    return pd.DataFrame(rows)


def leaderboard_table(leaderboard: pd.DataFrame) -> Table:
    """The leaderboard for a terminal and for programs."""
    shown = leaderboard_shown(leaderboard)
    groups = tuple(at for at in range(1, len(shown)) if shown["cell"].iloc[at] != shown["cell"].iloc[at - 1])
    caption = "95% intervals in brackets; FPF in tokens of 1,000"
    return Table("leaderboard", "", "Ways to make networks count", leaderboard, shown, caption, groups, keys=2)


def write_leaderboard(directory: Path, leaderboard: pd.DataFrame) -> None:
    """Write tables/leaderboard.csv, .md and .tex of a store.

    Raises:
        UserError: where they cannot be written.
    """
    text = leaderboard_shown(leaderboard)
    folder = directory / "tables"
    write_text(folder / "leaderboard.csv", csv_text(leaderboard))
    write_text(folder / "leaderboard.md", markdown_text(text) + "\n")
    caption = "Ways to make networks count: means over all runs with 95% intervals."
    write_text(folder / "leaderboard.tex", latex_text(text, caption, "tab:leaderboard"))


def _interval(row: dict[str, float], name: str, factor: float, digits: int) -> str:
    low, high = row[f"{name}_low"] * factor, row[f"{name}_high"] * factor
    if low != low:  # a single run has no spread
        return f"{row[name] * factor:.{digits}f}"
    return f"{row[name] * factor:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"
