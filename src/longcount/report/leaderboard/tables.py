"""The leaderboard as a table: for programs, readers and papers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from longcount.analysis.leaderboard import Leaderboard
from longcount.analysis.rounding import failure_token
from longcount.analysis.selection import values
from longcount.report.formats import Table, latex_text, markdown_text
from longcount.report.summary import first_failing_told
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
                "cell": cell_title(row["cell"]) if row["cell"] else "–",
                "intervention": row["intervention"],
                "runs": f"{row['runs']:.0f}" if row["runs"] else "",
                "proved exact %": _interval(row, "exact", 100, 1),
                **({"passes %": _interval(row, "passed", 100, 1)} if "passed" in row else {}),
                "learned %": _interval(row, "learned", 100, 0),
                "very long %": _interval(row, "accuracy", 1, 1),
                "average FPF": _interval(row, "fpf", 1, 0),
                **({"first failing n": first_failing_told(row)} if "first_failing_n_min" in row else {}),
                "worst-case FPF": _worst(row),
            }
        )
    return pd.DataFrame(rows)


def caption_of(leaderboard: Leaderboard) -> str:
    """What the columns mean, and of a language that counters do not decide, that nothing passes."""
    table = leaderboard.table
    told = f"95% intervals in brackets; FPF in tokens of {float(leaderboard.baselines['fpf_mean'].iloc[-1]):,.0f}"
    if "passed" in table:
        told += "; passes: right on every Very Long word; without memory: the best answer from the last letter alone"
        if leaderboard.is_by_proof:
            told += "; worst case: no word fails before the first token, a known one at the second, medians"
    if "first_failing_n_min" in table:
        told += "; first failing n: median (min / max) over runs"
    return told if leaderboard.is_by_proof else f"{told}. {without_proof(leaderboard)}"


def without_proof(leaderboard: Leaderboard) -> str:
    """That nothing passes where no counters decide the language, or how many do."""
    table = leaderboard.networks
    runs = values(table, "runs")
    passed = round(np.dot(values(table, "passed"), runs))
    found = f"{passed} of {int(np.sum(runs)):,} networks are right on every Very Long word"
    return (
        f"No counters decide {leaderboard.language}, so nothing can be proved exact"
        f"{'.' if passed else ', and nothing passes:'} {found}."
    )


def leaderboard_table(kept: Leaderboard) -> Table:
    """The leaderboard for a terminal and for programs."""
    leaderboard, shown = kept.table, leaderboard_shown(kept.table)
    groups = tuple(at for at in range(1, len(shown)) if shown["cell"].iloc[at] != shown["cell"].iloc[at - 1])
    caption = caption_of(kept)
    return Table("leaderboard", "", "Ways to make networks count", leaderboard, shown, caption, groups, keys=2)


def write_leaderboard(directory: Path, kept: Leaderboard) -> None:
    """Write tables/leaderboard.csv, .md and .tex of a store.

    Raises:
        UserError: where they cannot be written.
    """
    text = leaderboard_shown(kept.table)
    folder = directory / "tables"
    write_text(folder / "leaderboard.csv", csv_text(kept.table))
    write_text(folder / "leaderboard.md", markdown_text(text) + "\n")
    caption = "Ways to make networks count: means over all runs with 95% intervals."
    if "passed" in kept.table:
        caption += f" {caption_of(kept)}"
    write_text(folder / "leaderboard.tex", latex_text(text, caption, "tab:leaderboard"))


def _worst(row: dict[str, Any]) -> str:
    if not row["cell"]:
        return failure_token(row["lower_bound"])
    if row["bounded"] == 0:
        return "–"
    runs = f"{row['bounded']} run{'' if row['bounded'] == 1 else 's'}"
    return f"{bounds_told(row, '{:.0f}'.format)} ({runs})"


def bounds_told(row: dict[str, Any], tell: Callable[[float], str]) -> str:
    """The worst case: the token before which no word fails, and where it is kept that at which a known one does."""
    lower = tell(row["lower_bound"])
    if "upper_bound" not in row or row["upper_bound"] == row["lower_bound"]:
        return lower
    return f"{lower}–{tell(row['upper_bound'])}" if np.isfinite(row["upper_bound"]) else f"{lower} or later"


def _interval(row: dict[str, Any], name: str, factor: float, digits: int) -> str:
    if row[name] != row[name]:
        return "–"
    low, high = row[f"{name}_low"] * factor, row[f"{name}_high"] * factor
    if low != low:  # a single run has no spread
        return f"{row[name] * factor:.{digits}f}"
    return f"{row[name] * factor:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"
