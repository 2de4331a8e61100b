"""The different programs that networks have become, and how often each, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from longcount.analysis.programs import different_programs, read_programs
from longcount.report.formats import Table
from longcount.report.table1 import cell_title
from longcount.report.titles import problem_title
from longcount.store.store import Store

if TYPE_CHECKING:
    import pandas as pd

MOST_RANGES = 12
"""Ranges of runs that are told of a program."""

CAPTION = (
    "What networks have become, read as programs: a register for each unit, and what each letter does to it. Two are "
    "the same program where they answer the same and their registers do the same, whatever unit does it and whatever "
    "it counts in. Proved: networks that are proved to be their program, token for token. Runs: at the last epoch of "
    "each that programs were read of."
)


def programs_table(store: Store) -> Table | None:
    """The different programs of a store's networks, most frequent first; None where no program was read.

    Args:
        store: see `longcount.analysis.programs.extract_store`.
    """
    kept = read_programs(store)
    if kept is None or not len(kept):
        return None
    latest = kept.sort_values("epoch", kind="stable").drop_duplicates(["condition", "run"], keep="last")
    return programs_shown(different_programs(latest.sort_index()))


def programs_shown(different: pd.DataFrame) -> Table:
    """The table of different programs.

    Args:
        different: from `longcount.analysis.programs.different_programs`.
    """
    import pandas as pd

    asked = [problem_title(*one) for one in zip(different["language"], different["task"], strict=True)]
    several = len(set(asked)) > 1
    rows = []
    for title, row in zip(asked, different.to_dict("records"), strict=True):
        rows.append(
            {
                "program": str(row["program"]) if row["program"] else "none read",
                "text": row["text"],
                **({"asked": title} if several else {}),
                "networks": f"{row['networks']:,}",
                "% of all": f"{100 * row['share']:.1f}",
                "proved": f"{row['proved']:,}",
                "runs": _runs_told(row["models"]),
            }
        )
    models = [" ".join(f"{name}:{run}" for name, run, _ in row) for row in different["models"]]
    title = "Different programs" if several or not asked else f"Different programs: {asked[0]}"
    values = different.assign(models=models)
    return Table("programs", "Programs", title, values, pd.DataFrame(rows, dtype=object), CAPTION)


def _runs_told(models: Sequence[tuple[str, int, int]]) -> str:
    by_condition: dict[str, list[int]] = {}
    for condition, run, _ in models:
        by_condition.setdefault(condition, []).append(run)
    return "; ".join(f"{cell_title(name)} {ranges(runs)}" for name, runs in by_condition.items())


def ranges(numbers: Sequence[int]) -> str:
    """Whole numbers as ranges.

    >>> ranges([7, 1, 2, 3])
    '1–3, 7'
    """
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    told = [str(first) if first == last else f"{first}–{last}" for first, last in found[:MOST_RANGES]]
    return ", ".join([*told, *(["…"] if len(found) > MOST_RANGES else [])])
