"""What the page's explorer computes with: weights of networks, programs of their cells, and languages as the tables by
which it reads words."""

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

from longcount.analysis.analysis import asks_as_the_first_paper
from longcount.analysis.rounding import percent
from longcount.analysis.selection import where
from longcount.cells import Cell
from longcount.cells.network import Question
from longcount.engine import trace_kernel
from longcount.languages import tasks
from longcount.languages.dyck import Brackets
from longcount.languages.dyck2 import Stack
from longcount.languages.language import Language
from longcount.languages.machine import Machine
from longcount.report.exact_networks import exact_networks
from longcount.report.probes import family
from longcount.report.programs import Programs
from longcount.report.table1 import cell_title
from longcount.report.titles import SPLIT_TITLES, problem_title, problems_of
from longcount.store.store import Store
from longcount.training.problem import Problem
from longcount.training.protocol import Condition

if TYPE_CHECKING:
    import pandas as pd

    Results = dict[str, pd.DataFrame]

UNITS = 8
"""Units in all layers, at most, of the networks that the page holds."""
RUNS = 64
"""Runs of a condition, at most."""
NUMBERS = 600_000
"""Weights of all conditions together, at most: 3 MB of the page."""
ZIGZAG_LENGTH = 2_000
"""Tokens of words that go up and down, about."""
SHALLOW_LENGTH = 400
"""Tokens of words that open and close in turn."""
LARGEST_N = 1_000
"""The greatest n, or height of a zigzag, to choose."""


def embedded(store: Store, results: "Results", programs: Programs) -> "dict[str, Any]":
    """Every epoch's weights of some runs of each condition with few units, and all that the explorer has to know to
    compute with them; their programs are added to those of the page."""
    small = [condition for condition in store.study.conditions if _is_small(condition)]
    several = len(problems_of(results)) > 1
    models: dict[str, Any] = {}
    for condition in small:
        cell, problem = condition.built_in_cell(), condition.problem()
        title = cell_title(condition.folder)
        room = NUMBERS // (len(small) * cell.size() * (condition.epochs + 1))
        rows = where(results["models"], condition=condition.folder).iloc[: min(RUNS, room)].to_dict("records")
        if not rows:
            continue
        models[condition.folder] = {
            "programs": {"trace": trace_program(programs, cell, problem.question)},
            **trace_kernel.traced(cell)._asdict(),
            "sigmoids": cell.sigmoids,
            "tanhs": cell.tanhs,
            "counting": _counting(condition, cell, problem),
            "title": f"{title} ({problem_title(condition.language, condition.task)})" if several else title,
            **_asked(problem),
            "language": read_by(problem.language),
            "examples": _examples(store, condition),
            "family": family(problem.language),
            "epochs": condition.epochs,
            "size": cell.size(),
            "exact": exact_networks(store, condition, where(results["models"], condition=condition.folder)),
            "runs": [{"run": row["run"], "best": row["epoch"], "told": _told(row)} for row in rows],
            "weights": _weights(store, condition, [row["run"] for row in rows]),
        }
    return models


def _counting(condition: Condition, cell: Cell, problem: Problem) -> dict[str, Any] | None:
    """How one unit counts one counter: which part of its state does, and where the readout of the output that tells 0
    from 1 stands among the weights; None where there are several."""
    language = problem.language
    if not (condition.is_one_unit and isinstance(language, Machine) and language.counters == 1):
        return None
    told: dict[str, Any] = {"state": cell.counter}
    if asks_as_the_first_paper(condition) and problem.question.link == "sigmoid":
        starts, at = {}, 0
        for name, shape in cell.shapes().items():
            starts[name], at = at, at + int(np.prod(shape))
        closes = len(problem.outputs) - 1
        gate = "o" if cell.counter != cell.state_names[0] else None
        told["readout"] = {"weight": starts["readout.weight"] + closes, "bias": starts["readout.bias"] + closes,
                           "gate": gate}  # fmt: skip
    return told


def trace_program(programs: Programs, cell: Cell, question: Question) -> int:
    """The place in the page of the program that traces a network."""
    return programs.add("trace", trace_kernel.ARGUMENTS, trace_kernel.trace_program(cell, question, 1))


def _is_small(condition: Condition) -> bool:
    return condition.module is None and condition.hidden_size * condition.layers <= UNITS


def _weights(store: Store, condition: Condition, runs: list[int]) -> str:
    """float32 [runs, epochs + 1, P], little-endian, in base 64."""
    epochs = np.arange(condition.epochs + 1)
    every = store.weights(
        condition.folder, np.repeat(np.array(runs, np.int64), len(epochs)), np.tile(epochs, len(runs))
    )
    return base64.b64encode(np.ascontiguousarray(every, "<f4").tobytes()).decode()


def _told(row: dict[str, Any]) -> str:
    if row["task"] == tasks.RECOGNISE.name or np.isnan(row["very_long_fpf"]):
        return f"{percent(row['validation_accuracy'])} % of validation words right"
    return f"mean FPF {row['very_long_fpf']:.0f}"


def _asked(problem: Problem) -> dict[str, Any]:
    """What its outputs mean. The page knows what is right of the built-in tasks alone."""
    return {
        "task": problem.task.name if tasks.TASKS.get(problem.task.name) == problem.task else None,
        "outputs": list(problem.outputs),
        "link": problem.question.link,
        "answers": problem.question.answers,
        "threshold": float(np.float32(problem.question.threshold)),
    }


def read_by(language: Language) -> dict[str, Any]:
    """How the page reads words of a language: a machine by its table, brackets of several types by a stack. Of a
    language of the user's own that is neither it knows the letters alone."""
    known: dict[str, Any] = {"name": language.name, "letters": language.letters, "end": language.has_end}
    if isinstance(language, Machine):
        known |= {
            "kind": "machine",
            "start": language.start,
            "rules": language.table,
            "ends": language.ends,
            "expected": language.expected,
            "counters": _counters(language),
        }
    elif isinstance(language, Stack):
        known |= {"kind": "stack", "counters": ["open brackets"]}
    if isinstance(language, Machine) and language.index:
        parts = [part * len(times) for part, times in language.index]  # n, m and n + m of each
        title = " = ".join("nm"[: language.numbers])
        known["by_number"] = {"title": title, "parts": parts, "length": 0, "most": LARGEST_N}
    elif isinstance(language, (Brackets, Stack)):
        parts = [*language.letters[::2], *language.letters[:0:-2]]
        known["by_number"] = {"title": "Zigzag, j", "parts": parts, "length": ZIGZAG_LENGTH, "most": LARGEST_N}
    return known


def _counters(language: Machine) -> list[str]:
    if isinstance(language, Brackets) and language.counters == 1:
        return ["depth"]
    if isinstance(language, Brackets):
        return [f"open {letter}" for letter in language.letters[::2]]
    return ["count"] if language.counters == 1 else [f"count_{k}" for k in range(language.counters)]


def _examples(store: Store, condition: Condition) -> list[tuple[str, str]]:
    """Words to begin with, and what they are called."""
    problem = condition.problem()
    language, found = problem.language, []
    if isinstance(language, (Brackets, Stack)):
        found.append(((language.letters * 3)[:6] + "…", language.letters * (SHALLOW_LENGTH // len(language.letters))))
    for split in ("validation", "long", "very_long"):
        if split in store.splits(condition):
            words, title = store.words(split, condition), SPLIT_TITLES[split].lower()
            if problem.task.wrong_words:
                members = language.members(words).tolist()
                found += [
                    (f"{title} word{told}", words.text(members.index(member)))
                    for member, told in ((True, " in the language"), (False, " outside the language"))
                    if member in members
                ]
            else:
                found.append((f"{title} word", words.text(0)))
    return found
