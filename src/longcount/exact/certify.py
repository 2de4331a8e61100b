"""Verdicts: a model is proved exact, or its worst first point of failure is bounded from both sides."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

import numpy as np

from longcount import engine
from longcount.cells import Cell
from longcount.cells.derivation import works_unit_by_unit
from longcount.cells.recognition import described
from longcount.errors import UserError
from longcount.exact.boxes import Model
from longcount.exact.known import finenesses_of
from longcount.exact.lower import no_failure_before
from longcount.exact.machines import prove_machine
from longcount.exact.many_states import Network
from longcount.exact.proof import EXACT_INTEGERS, Proof
from longcount.exact.search import Found, completed, search, search_closely
from longcount.exact.witness import encode, failing_word
from longcount.languages import tasks
from longcount.languages.dyck import is_its_table
from longcount.languages.machine import Machine
from longcount.languages.words import Words, offsets_of
from longcount.training.problem import DYCK1, Problem

SEARCH_LIMIT = 10_000
"""Tokens within which failures are looked for."""

LEAST_EXACT_DEPTH = 100_000
"""A proof that reaches less deep, where more was asked for, is not called exact."""


@dataclass(frozen=True)
class Certificate:
    """What is known of a model's worst case over all words of a language; indices count tokens from 0.

    Where one answer is asked for a whole word, the words are all strings over the letters, and a word fails at its last
    token.
    """

    verdict: str
    """`exact` or `bounded`."""
    max_depth: int | None
    """Exact: right on every prefix of a word, of any length, in which no counter exceeds this."""
    lower_bound: int
    """No word fails before this index."""
    upper_bound: int | None
    """The witness fails at this index."""
    witness: str | None
    """A word, as `longcount.exact.witness.decode` reads it; None where none was found."""
    capped: bool
    """Whether a bound stopped at the search limit."""
    reason: str
    """Why it is exact, or what stood in the way of a proof."""
    seconds: float
    network: str
    """The network's cell and sizes."""
    language: str
    task: str
    threshold: float
    """Of the network's answers."""
    arithmetic: str
    """What the network computes in."""
    weights_sha256: str
    """Of its weights, see `hash_of`."""
    wrongly_accepted: str | None = None
    """Bounded: a string outside the language that it accepts (`longcount.exact.search`), as the witness is written;
    None where none was found."""
    none_below: int | None = None
    """Bounded: no string outside the language that it accepts has fewer letters; if `wrongly_accepted` has so many, it
    is the shortest."""


ARITHMETIC = "float32"
"""IEEE 754, each operation rounded, as the engine computes."""


def certify(
    cell: Cell,
    flat: np.ndarray,
    problem: Problem = DYCK1,
    depth: int = EXACT_INTEGERS,
    limit: int = SEARCH_LIMIT,
) -> Certificate:
    """The verdict on one model.

    Args:
        cell: the cell.
        flat: its weights, float32 [P].
        problem: the language and what is asked.
        depth: to which a proof is wanted; a proof counts where it reaches it, or at least `LEAST_EXACT_DEPTH`.
        limit: tokens within which failures are looked for.

    Raises:
        UserError: for a language that no counters decide, a task of the user's own, a network with other letters or
            outputs, a cell whose units see each other, or a depth below 1.
    """
    check(cell, problem)
    started = time.perf_counter()
    about = {
        "network": described(cell),
        "language": problem.language.name,
        "task": problem.task.name,
        "threshold": problem.question.threshold,
        "arithmetic": ARITHMETIC,
        "weights_sha256": hash_of(flat),
    }
    proof = prove(cell, flat, problem, depth)
    if proof.max_depth >= min(depth, LEAST_EXACT_DEPTH):
        seconds = time.perf_counter() - started
        return Certificate("exact", proof.max_depth, proof.max_depth, None, None, False, proof.reason, seconds, **about)
    lower, word, none_below, accepted = _bounds(cell, flat, problem, limit)
    if word is not None and problem.question.answers == "token":
        assert isinstance(problem.language, Machine)
        word = completed(problem.language, word)
    letters = problem.language.letters
    return Certificate(
        "bounded",
        None,
        lower,
        None if word is None else replayed(cell, flat, word, problem),
        None if word is None else encode(word, letters),
        word is None,
        proof.reason,
        time.perf_counter() - started,
        **about,
        wrongly_accepted=None if accepted is None else encode(accepted, letters),
        none_below=none_below,
    )


def hash_of(flat: np.ndarray) -> str:
    """SHA-256 of a network's weights, float32 [P], as they lie in memory: by it a verdict says what it is about."""
    return hashlib.sha256(np.ascontiguousarray(flat, "<f4").tobytes()).hexdigest()


def prove(cell: Cell, flat: np.ndarray, problem: Problem = DYCK1, depth: int = EXACT_INTEGERS) -> Proof:
    """A proof of a model, up to a depth: the theorem of `docs/exact.md`, its conditions checked in the engine's own
    arithmetic. Depth 0 means that no proof was found, never that the model is wrong.

    Arguments as for `certify`.
    """
    return prove_machine(cell, flat, problem, depth, min(depth, LEAST_EXACT_DEPTH))


def check(cell: Cell, problem: Problem) -> None:
    """UserError where there are no verdicts about such networks; see `certify`."""
    language, task = problem.language, problem.task
    if not is_its_table(language):
        raise UserError(f"only languages that counters decide can be certified, not {language.name}")
    if task not in tasks.TASKS.values():
        raise UserError(f"only the tasks {', '.join(tasks.TASKS)} can be certified, not {task.name}")
    if (cell.letters, cell.outputs) != (problem.letters, len(problem.outputs)):
        raise UserError(
            f"{language.name}, {task.name} needs {problem.letters} letters and {len(problem.outputs)} outputs, "
            f"not {cell.letters} and {cell.outputs}"
        )
    if not works_unit_by_unit(cell):
        raise UserError(
            f"only cells that work unit by unit can be certified, not {cell.name}: its units see each other"
        )


def is_one_unit_on_dyck1(cell: Cell, problem: Problem) -> bool:
    """Whether a network is one unit that starts at 0, for the next letters of Dyck-1: such are bounded and repaired in
    ways of their own."""
    return problem == DYCK1 and (cell.hidden_size, cell.layers) == (1, 1) and not cell.learned_start


def _bounds(cell: Cell, flat: np.ndarray, problem: Problem, limit: int) -> Found:
    """What is found without a proof."""
    if not is_one_unit_on_dyck1(cell, problem):
        return search(Network(cell, flat), problem, limit)
    model = Model(cell, flat)
    word = failing_word(model, limit)
    within = limit if word is None else len(word) - 1
    lower = 0
    for fineness in finenesses_of(cell):
        if lower < within:
            lower = max(lower, no_failure_before(model, within, fineness))
    return search_closely(Network(cell, flat), problem, limit)._replace(lower=lower, word=word)


def replayed(cell: Cell, flat: np.ndarray, tokens: np.ndarray, problem: Problem = DYCK1) -> int:
    """The index at which the engine finds a word's first wrong answer; its length where there is none."""
    word = Words(tokens, offsets_of([len(tokens)]), problem.language.letters)
    weights = np.asarray(flat, np.float32)[None]
    loss = problem.task.losses[0]
    found = engine.evaluate(cell, weights, word, problem.targets(word), loss, problem.question)
    return int(found.first_failure[0, 0])
