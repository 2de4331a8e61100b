"""The leaderboard's page: its figure, one table per cell, what each intervention is, and how all were judged."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from longcount import __version__
from longcount.analysis.interventions import BASELINE, CELLS, INTERVENTIONS, interventions_called
from longcount.analysis.leaderboard import BOUND_LIMIT, Leaderboard
from longcount.analysis.rounding import failure_token, interval, percent, position
from longcount.analysis.selection import values, where
from longcount.exact.certify import LEAST_EXACT_DEPTH
from longcount.papers import el_naggar_2022 as paper
from longcount.report.document import document
from longcount.report.layout import Figure
from longcount.report.leaderboard.figure import memoryless_answer
from longcount.report.leaderboard.tables import bounds_told, without_proof
from longcount.report.summary import first_failing_told
from longcount.report.table1 import cell_title
from longcount.store.store import Store
from longcount.training.problem import DYCK1
from longcount.training.protocol import Condition, canonical_sha256

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


TITLES = {
    "exact": "proved exact %",
    "passed": "passes %",
    "learned": "learned %",
    "accuracy": "very long %",
    "fpf": "average FPF",
    "first_failing_n_median": "first failing n",
    "lower_bound": "worst case, at least",
}


def leaderboard_page(store: Store, leaderboard: Leaderboard, figure: Figure) -> str:
    """The page's HTML."""
    table = leaderboard.table
    cells = list(dict.fromkeys(leaderboard.networks["cell"]))
    names = set(table["intervention"])
    condition = store.study.conditions[0]
    titles = [title for measure, title in TITLES.items() if measure in table]
    if "upper_bound" in table:
        titles[-1] = "worst case"
    return document(
        "leaderboard.html.j2",
        [figure],
        title="What makes a recurrent network count?",
        lead=_lead(leaderboard, cells, condition),
        sections=[
            ("figures", "Figure"),
            *((f"table-{cell}", cell_title(cell)) for cell in cells),
            ("meanings", "Interventions"),
            ("judging", "How they were judged"),
        ],
        facts=leaderboard_facts(leaderboard),
        columns=["intervention", *titles],
        parts=[(cell, cell_title(cell), lines(table.loc[table["cell"].isin([cell, ""])])) for cell in cells],
        meanings=[(one.name, one.sentence()) for one in INTERVENTIONS if one.name in names],
        judging=judging(store, leaderboard),
        baseline=memoryless_answer(leaderboard) if len(table) > len(leaderboard.networks) else "",
        command=command(store, leaderboard),
        about=f"Made by longcount {__version__} from study "
        f"{canonical_sha256(store.study.model_dump(mode='json'))[:12]} (seed {condition.seed}). Everything on this "
        "page is drawn from the folder's results; the same study gives the same bytes.",
        reference=f"The paper: {paper.REFERENCE}",
    )


def _lead(leaderboard: Leaderboard, cells: list[str], condition: Condition) -> str:
    told = f"{_listed([cell_title(cell) for cell in cells])} networks of "
    told += "one unit" if condition.hidden_size == 1 else f"{condition.hidden_size} units"
    asked, made = condition.problem().language, "trained or repaired"
    if asked != DYCK1.language:
        made = "trained"
        told += f", asked for the next letters of {asked.name} ({asked.description})"
    ways = leaderboard.networks["intervention"].nunique()
    judged = "how many runs learn, how far they count on average, and how many "
    judged += "are proved to count exactly." if leaderboard.is_by_proof else "are right on all of them."
    return f"{told}, each {made} in up to {ways} ways and judged on the same words: {judged}"


def lines(table: pd.DataFrame) -> list[Line]:
    """A cell's table, best first; then the baseline without memory, where it has a row."""
    return [
        Line(
            row["intervention"],
            row["intervention"] == BASELINE.name,
            [tell(row) for measure, tell in ENTRIES.items() if measure in table],
        )
        for row in table.to_dict("records")
    ]


def _share(row: dict, name: str, factor: float = 1) -> Entry:
    text, aside = _with_interval(row, name, factor, percent)
    return Entry(text or "–", aside, repr(row[name]) if text else "-1")


def _with_interval(row: dict, name: str, factor: float, tell: Callable[[float], str]) -> tuple[str, str]:
    low, value, high = (
        tell(factor * row[field]) if math.isfinite(row[field]) else ""
        for field in (f"{name}_low", name, f"{name}_high")
    )
    return value, interval(low, high)


def _first_failing(row: dict) -> Entry:
    return Entry(first_failing_told(row), "", repr(row["first_failing_n_median"]).replace("inf", "Infinity"))


def _worst(row: dict) -> Entry:
    if not row["cell"]:
        return Entry(failure_token(row["lower_bound"]), "", repr(row["lower_bound"]).replace("inf", "Infinity"))
    if row["bounded"]:
        return Entry(
            bounds_told(row, position),
            "of 1 run" if row["bounded"] == 1 else f"of {row['bounded']:.0f} runs",
            repr(row["lower_bound"]),
        )
    if row["exact"] == 1:
        return Entry("none fails", "", "Infinity")
    return Entry("–", "", "-1")


ENTRIES: dict[str, Callable[[dict], Entry]] = {
    "exact": lambda row: _share(row, "exact", 100),
    "passed": lambda row: _share(row, "passed", 100),
    "learned": lambda row: _share(row, "learned", 100),
    "accuracy": lambda row: _share(row, "accuracy"),
    "fpf": lambda row: Entry(*_with_interval(row, "fpf", 1, position), repr(row["fpf"])),
    "first_failing_n_median": _first_failing,
    "lower_bound": _worst,
}
"""What a table shows of each measure that it has."""


def leaderboard_facts(leaderboard: Leaderboard) -> list[str]:
    """The page's first sentences."""
    table, baselines = leaderboard.networks, leaderboard.baselines
    cells = list(dict.fromkeys(table["cell"]))
    runs = _runs(table)
    found = []
    share, what = ("exact", "is proved exact") if leaderboard.is_by_proof else ("passed", "is right on every word")
    if not leaderboard.is_by_proof:
        found.append(without_proof(leaderboard))
    for cell in cells:
        of_cell = where(table, cell=cell)
        some = of_cell.loc[of_cell[share] > 0]
        told = [
            f"{row['intervention']} ({percent(100 * row[share])} %, "
            f"{interval(percent(100 * row[f'{share}_low']), percent(100 * row[f'{share}_high']))})"
            for row in some.head(3).to_dict("records")
        ]
        begin = f"{cell_title(cell)}: at least one of {runs} runs {what} under {len(some)} of {len(of_cell)} "
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
    fpf = baselines["fpf_mean"]
    answer = memoryless_answer(leaderboard)
    found.append(
        f"{answer[0].upper()}{answer[1:]}, which counts nothing, scores an average of {fpf.iloc[0]:.0f} on the "
        f"same words of {fpf.iloc[-1]:,.0f} tokens."
    )
    return found


def judging(store: Store, leaderboard: Leaderboard) -> list[str]:
    """How runs were made and judged, in sentences."""
    table, baselines = leaderboard.networks, leaderboard.baselines
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
        trained = condition.words.training_lengths + " tokens"
        if condition.problem().language.numbers:
            trained = "n = " + condition.words.training_n
        told.append(
            f"Words: {len(words):,} training words of {trained.replace('-', '–')}, and "
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
    told += _of_proofs(leaderboard)
    bounded = int(values(table, "bounded").max())
    if bounded:
        told.append(
            f"Worst case: of the runs without a proof, the first of each line (at most {bounded}) have it bounded: a "
            f"search over all words, to {BOUND_LIMIT:,} tokens, finds a token before which none fails"
            f"{', and a word that does' if 'upper_bound' in table else ''}. The table shows the median"
            f"{'s' if 'upper_bound' in table else ''}, and of how many runs."
        )
    told.append("Intervals are 95 %: Wilson for shares of runs, bootstrap over runs for means.")
    return told


def _of_proofs(leaderboard: Leaderboard) -> list[str]:
    passes = "" if leaderboard.language == DYCK1.language.name else "Passes: right on every Very Long word. "
    if not leaderboard.is_by_proof:
        return [f"{passes}No counters decide {leaderboard.language}: no proof is possible."]
    return [
        f"{passes}Proved exact: for every run a proof is tried that every answer is right on every word of "
        f"{leaderboard.language}, of any length, while no counter exceeds {LEAST_EXACT_DEPTH:,} or more. A run without "
        "a proof does not count as exact, whatever it gets right."
    ]


def command(store: Store, leaderboard: Leaderboard) -> str:
    """The command that makes this leaderboard."""
    table = leaderboard.networks
    runs, bounded = (int(np.max(values(table, name))) for name in ("runs", "bounded"))
    condition = store.study.conditions[0]
    asked = ""
    if "language" in table:
        asked = f" --language {leaderboard.language} --units {condition.hidden_size}"
        whole = [one.name for one in interventions_called((), condition.problem().language)]
        chosen = [name for name in whole[1:] if name in set(table["intervention"])]
        if len(chosen) < len(whole) - 1:
            asked += "".join(f' --only "{name}"' for name in chosen)
        cells_ = list(dict.fromkeys(table["cell"]))
        asked += "".join(f" --cell {cell}" for cell in cells_ if len(cells_) < len(CELLS))
    return f"longcount leaderboard --out DIR{asked} --runs {runs} --bounded {bounded} --seed {condition.seed}"


def _runs(table: pd.DataFrame) -> str:
    return _listed([str(number) for number in sorted({int(runs) for runs in values(table, "runs")})])


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
