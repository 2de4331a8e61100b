"""The theorem about counter machines: closed boxes for every node of the language's machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from longcount.cells import Cell
from longcount.cells.derivation import works_unit_by_unit
from longcount.cells.hard import HardLSTM
from longcount.cells.lstm import LSTM
from longcount.errors import UserError
from longcount.exact.closure import Closure
from longcount.exact.following import Walk
from longcount.exact.many_states import Network
from longcount.exact.nodes import Graph, graph
from longcount.exact.proof import Proof
from longcount.exact.reading import Reading, whole
from longcount.exact.refined import counted, unrolled
from longcount.exact.repeating import failing_repetition
from longcount.languages.dyck import is_its_table
from longcount.languages.machine import Machine
from longcount.numbers.affine import Reach
from longcount.training.problem import Problem

FINENESSES = ((2, 1, False), (4, 3, False), (4, 3, True), (14, 3, False), (14, 3, True))
"""From which count on counters are looked at together, how many letters in a state are told from later ones, and
whether letters are counted, too; the first that does."""

PROBED = 400
"""Before closer looks words of so many letters are read that repeat a few: they tell most of what is not exact."""

PRECISION = 1.25
"""Where boxes do not close for all counts that are wanted, they do not for so many times as many as are proved."""

MOST_UNITS, MOST_COUNTERS = 8, 6

LARGEST = {LSTM: 2.0**24, HardLSTM: 2.0**24}
"""No state of the cell has a counter beyond: |c'| <= |c| + 1, rounded, and 2^24 + 1 is rounded to 2^24."""


def largest(cell: Cell) -> float:
    """No state of the cell that begins below this has a counter beyond; infinity where nothing is known."""
    return LARGEST.get(type(cell), np.inf)


def covers(cell: Cell, problem: Problem) -> str:
    """Why the theorem says nothing about a network; empty where it does."""
    if cell.layers > 1 or cell.hidden_size > MOST_UNITS:
        return f"proofs are about one layer of at most {MOST_UNITS} units"
    language = problem.language
    if not isinstance(language, Machine) or not 0 < language.counters <= MOST_COUNTERS:
        return f"proofs are about languages of one to {MOST_COUNTERS} counters"
    if not is_its_table(language):
        return "proofs are about languages that are what their table says"
    return "" if works_unit_by_unit(cell) else "proofs are about cells that work unit by unit"


def prove_machine(cell: Cell, flat: np.ndarray, problem: Problem, depth: int, least: int) -> Proof:
    """A proof that a network is right while no counter exceeds a bound.

    Args:
        cell: the cell.
        flat: its weights, float32 [P].
        problem: the language and what is asked.
        depth: the bound that is wanted.
        least: the bound that is needed.
    """

    def closure(network: Network, places: Graph, reading: Reading, slopes: np.ndarray, reach: Reach) -> Closure:
        return Closure(network, places, reading, slopes, reach, largest(cell))

    return first_closed(cell, flat, problem, (depth, least), closure)


def first_closed(
    cell: Cell,
    flat: np.ndarray,
    problem: Problem,
    bounds: tuple[int, int],
    closure: Callable[[Network, Graph, Reading, np.ndarray, Reach], Closure],
) -> Proof:
    """The proof by the first boxes that close, of the places from coarse to fine.

    Args:
        cell: the cell.
        flat: its weights, float32 [P].
        problem: the language and what is asked.
        bounds: the one that is wanted, and the one that is needed.
        closure: makes boxes from a network, places, what is read there, slopes and how far the boxes reach.

    Raises:
        UserError: for a bound below 1.
    """
    if bounds[0] < 1:
        raise UserError(f"depth: {bounds[0]}: should be 1 or more")
    obstacle = covers(cell, problem)
    network = Network(cell, flat)
    if not network.in_range:
        obstacle = "a weight is too large, or no number"
    elif not obstacle and max(np.abs(part).max() for part in network.start) > largest(cell):
        obstacle = "the state before the first token is too large"
    if obstacle:
        return Proof(0, obstacle)
    wanted, needed = bounds
    tried, proof = [], Proof(0, "the language has too many configurations")
    for number, places in enumerate(graphs(problem)):
        reading = Reading(problem, places)
        walk = Walk(network, places, reading)
        if walk.wrong is not None:
            return Proof(0, f"{walk.wrong!r} is read wrong")
        for slopes in walk.slopes():
            tried.append(partial(closure, network.in_units(walk.scale), places, reading, slopes))
            proof = _closed(tried[-1], wanted, needed)
            if proof.max_depth:
                return proof
        word = None if number else failing_repetition(cell, flat, problem, PROBED)
        if word is not None:
            return Proof(0, f"a word is read wrong at its letter {len(word)}")
    return _less_deep(tried, wanted, needed) or proof


def _less_deep(tried: list[Callable[[Reach], Closure]], wanted: int, needed: int) -> Proof | None:
    """The proof by the first boxes that close for counts up to the bound that is needed, and then for as many as they
    do, to within `PRECISION`."""
    for closure in tried if needed < wanted else ():
        proof = _closed(closure, needed, needed)
        if proof.max_depth:
            low, high = needed, wanted
            while high > PRECISION * low:
                middle = int((low * high) ** 0.5)
                found = _closed(closure, middle, needed)
                proof, low, high = (found, middle, high) if found.max_depth else (proof, low, middle)
            return proof
    return None


def _closed(closure: Callable[[Reach], Closure], bound: int, needed: int) -> Proof:
    """The proof by boxes for counts up to a bound, where they close."""
    reach = Reach(bound, needed)
    boxes = closure(reach)
    if not boxes.close():
        return Proof(0, boxes.obstacle)
    return Proof(reach.reached, f"closed boxes, counts from {boxes.places.bound} on taken together")


def graphs(problem: Problem) -> Iterator[Graph]:
    """The places at which networks are looked at, from coarse to fine."""
    machine = problem.language
    assert isinstance(machine, Machine)
    for bound, letters, counts in FINENESSES:
        if bound <= max(machine.start.counters) or (counts and counted(machine) is machine):
            continue
        places = graph(unrolled(counted(machine) if counts else machine, letters), bound, whole(problem))
        if places is not None:
            yield places
