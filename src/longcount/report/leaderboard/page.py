"""The leaderboard's page: its figure, one table per cell, what each intervention is, and how all were judged."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from longcount import __version__, cells
from longcount.analysis.interventions import BASELINE, INTERVENTIONS
from longcount.analysis.leaderboard import BOUND_LIMIT, Leaderboard
from longcount.analysis.rounding import interval, percent, position
from longcount.analysis.selection import values, where
from longcount.exact.one_unit import depth_of
from longcount.exact.proof import EXACT_INTEGERS
from longcount.papers import el_naggar_2022 as paper
from longcount.report.document import document
from longcount.report.layout import Figure
from longcount.report.table1 import cell_title
from longcount.store.store import Store
from longcount.training.protocol import canonical_sha256

if TYPE_CHECKING:
    import pandas as pd


class Entry(NamedTuple):
    """What stands in a cell of a table: its text, its interval or another aside, and the number that it sorts by."""

    text: str
    aside: str
    number: str


class Line(NamedTuple):
    """A line of a cell's table."""

    intervention: str
    is_papers: bool
    entries: list[Entry]


COLUMNS = ("intervention", "proved exact %", "learned %", "very long %", "average FPF", "worst case, at least")


def leaderboard_page(store: Store, leaderboard: Leaderboard, figure: Figure) -> str:
    """The page's HTML."""
    table = leaderboard.table
    cells = list(dict.fromkeys(table["cell"]))
    names = set(table["intervention"])
    condition = store.study.conditions[0]
    return document(
        "leaderboard.html.j2",
        [figure],
        title="What makes a recurrent network count?",
        lead=f"{_listed([cell_title(cell) for cell in cells])} networks of one unit, each trained or repaired in up to "
        f"{len(names)} ways and judged on the same words: how many runs learn, how far they count on average, and how "
        "many are proved to count exactly.",
        sections=[
            ("figures", "Figure"),
            *((f"table-{cell}", cell_title(cell)) for cell in cells),
            ("meanings", "Interventions"),
            ("judging", "How they were judged"),
        ],
        facts=leaderboard_facts(leaderboard),
        columns=COLUMNS,
        parts=[(cell, cell_title(cell), lines(where(table, cell=cell))) for cell in cells],
        meanings=[(one.name, one.sentence()) for one in INTERVENTIONS if one.name in names],
        judging=judging(store, leaderboard),
        command=command(store, leaderboard),
        about=f"Made by longcount {__version__} from study "
        f"{canonical_sha256(store.study.model_dump(mode='json'))[:12]} (seed {condition.seed}). Everything on this "
        "page is drawn from the folder's results; the same study gives the same bytes.",
        reference=f"The paper: {paper.REFERENCE}",
    )


def lines(table: pd.DataFrame) -> list[Line]:
    """A cell's table, best first."""
    return [
        Line(
            row["intervention"],
            row["intervention"] == BASELINE.name,
            [
                _share(row, "exact", 100),
                _share(row, "learned", 100),
                _share(row, "accuracy", 1),
                Entry(*_with_interval(row, "fpf", 1, position), repr(row["fpf"])),
                _worst(row),
            ],
        )
        for row in table.to_dict("records")
    ]


def _share(row: dict, name: str, factor: float) -> Entry:
    return Entry(*_with_interval(row, name, factor, percent), repr(row[name]))


def _with_interval(row: dict, name: str, factor: float, tell: Callable[[float], str]) -> tuple[str, str]:
    low, value, high = (
        tell(factor * row[field]) if math.isfinite(row[field]) else ""
        for field in (f"{name}_low", name, f"{name}_high")
    )
    return value, interval(low, high)


def _worst(row: dict) -> Entry:
    if row["bounded"]:
        return Entry(
            position(row["lower_bound"]),
            "of 1 run" if row["bounded"] == 1 else f"of {row['bounded']:.0f} runs",
            repr(row["lower_bound"]),
        )
    if row["exact"] == 1:
        return Entry("none fails", "", "Infinity")
    return Entry("–", "", "-1")


def leaderboard_facts(leaderboard: Leaderboard) -> list[str]:
    """The page's first sentences."""
    table, baselines = leaderboard
    cells = list(dict.fromkeys(table["cell"]))
    runs = _runs(table)
    found = []
    for cell in cells:
        of_cell = where(table, cell=cell)
        some = of_cell.loc[of_cell["exact"] > 0]
        told = [
            f"{row['intervention']} ({percent(100 * row['exact'])} %, "
            f"{interval(percent(100 * row['exact_low']), percent(100 * row['exact_high']))})"
            for row in some.head(3).to_dict("records")
        ]
        begin = f"{cell_title(cell)}: at least one of {runs} runs is proved exact under {len(some)} of {len(of_cell)} "
        begin += "interventions"
        found.append(f"{begin}: {'most often ' if len(some) > 3 else ''}{_listed(told)}." if told else f"{begin}.")
    papers = {row["cell"]: row for row in where(table, intervention=BASELINE.name).to_dict("records") if row["bounded"]}
    if papers:
        averages = [f"{row['fpf']:.0f} ({cell_title(cell)})" for cell, row in papers.items()]
        bounds = [f"{position(row['lower_bound'])} ({cell_title(cell)})" for cell, row in papers.items()]
        found.append(
            "Averages hide the worst case. Under the paper's protocol the average first point of failure is token "
            f"{_listed(averages)}; that no word fails is certain only before token {_listed(bounds)}, the median over "
            "the runs that were bounded."
        )
    fpf = baselines.set_index("baseline")["fpf_mean"]
    found.append(
        f"The answer “) may always follow”, which counts nothing, scores an average of {fpf['constant']:.0f} on the "
        f"same words of {fpf['perfect']:,.0f} tokens."
    )
    return found


def judging(store: Store, leaderboard: Leaderboard) -> list[str]:
    """How runs were made and judged, in sentences."""
    table, baselines = leaderboard
    condition = store.study.conditions[0]
    words = store.words("training", condition) if "training" in store.splits(condition) else None
    judged_on = where(baselines, baseline="perfect").iloc[0]
    told = [
        f"Runs: {_runs(table)} for every intervention and cell, with seed {condition.seed}. Run 7 of a cell starts "
        "from the same random numbers under every intervention, so that interventions are compared run by run."
    ]
    if "hard gates" in set(table["intervention"]):
        told[0] += " Networks with hard gates alone are cells of their own, which start from draws of their own."
    if words is not None:
        told.append(
            f"Words: {len(words):,} training words of {condition.words.training_lengths.replace('-', '–')} tokens, and "
            f"{int(judged_on['words']):,} Very Long words of {judged_on['fpf_mean']:,.0f} tokens, the same for all."
        )
    told.append(
        "Models: each run at its epoch of lowest validation loss; quantised weights, annealed slopes and the exact "
        "recipe, whose constraints tighten from epoch to epoch, at their last. A run has learned where at least half "
        "of the validation words are right."
    )
    again = table.loc[table["draws"] > 1]
    if len(again):
        begun = [
            f"{row['draws']:.3g} times ({row['intervention']}, {cell_title(row['cell'])})"
            for row in again.to_dict("records")
        ]
        told.append(f"Restarts: runs that a recipe restarts are counted once; a run started {_listed(begun)}.")
    depths = {cell: depth_of(cells.get(cell)) for cell in dict.fromkeys(table["cell"])}
    less = [f"{depth:,} for the {cell_title(cell)}" for cell, depth in depths.items() if depth < EXACT_INTEGERS]
    told.append(
        "Proved exact: for every run a proof is tried that every answer is right on every Dyck-1 word, of any length, "
        f"to a depth of {EXACT_INTEGERS:,}{f' ({_listed(less)})' if less else ''}. A run without a proof does not "
        "count as exact, whatever it gets right."
    )
    bounded = int(values(table, "bounded").max())
    if bounded:
        told.append(
            f"Worst case: of the runs without a proof, the first of each line (at most {bounded}) have it bounded: a "
            f"search over all words, to {BOUND_LIMIT:,} tokens, finds a token before which none fails. The table shows "
            "the median, and of how many runs."
        )
    told.append("Intervals are 95 %: Wilson for shares of runs, bootstrap over runs for means.")
    return told


def command(store: Store, leaderboard: Leaderboard) -> str:
    """The command that makes this leaderboard."""
    runs, bounded = (int(np.max(values(leaderboard.table, name))) for name in ("runs", "bounded"))
    seed = store.study.conditions[0].seed
    return f"longcount leaderboard --out DIR --runs {runs} --bounded {bounded} --seed {seed}"


def _runs(table: pd.DataFrame) -> str:
    return _listed([str(number) for number in sorted({int(runs) for runs in values(table, "runs")})])


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
