"""Sharpening LSTMs of several units, or for any counter machine: steeper gates, and thresholds anew where needed.

The thresholds of the gates are set first (`longcount.exact.rounding`), which also says by how much rows have to be
multiplied; where that does not lead to a proof, rows are multiplied and gates left as they are.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from longcount import cells
from longcount.cells import Cell
from longcount.cells.lstm import LSTM
from longcount.errors import UserError
from longcount.exact.certify import check
from longcount.exact.following import states_after
from longcount.exact.lstm import sharpened
from longcount.exact.machines import covers, graphs
from longcount.exact.many_states import Network, weighted
from longcount.exact.reading import Reading
from longcount.exact.rounding import roundings
from longcount.exact.theory import Candidates, Repairer, copied
from longcount.exact.tree import tree
from longcount.training.problem import Problem

SHORT = 10
"""By so much counters may exceed the bound of the coarsest places in the words that thresholds are set by."""

SATURATING, TRIED = 18.0, 2
"""So many factors are tried, from the least that takes all pre-activations of gates so far from 0, where float32 rounds
sigmoid and tanh to 1."""

EVERY = 3
"""Of the factors of gates that are left as they are, one of so many is tried: what 2, 4 and 8 do, 8 mostly does."""


def repairs_of_machines(cell: Cell, problem: Problem) -> dict[str, Repairer]:
    """The ways to repair networks of a cell for a problem, by name.

    Raises:
        UserError: where there are none.
    """
    check(cell, problem)
    if type(cell) is not LSTM:
        raise UserError(f"beyond one unit whose state starts at 0 on Dyck-1, only LSTMs are repaired, not {cell.name}")
    obstacle = covers(cell, problem)
    if obstacle:
        raise UserError(obstacle)
    return {"sharpen": Repairer(partial(_sharpened, problem))}


def _sharpened(problem: Problem, cell: Cell, flat: np.ndarray, factors: tuple[float, ...], depth: int) -> Candidates:
    places = next(graphs(problem), None)
    if places is None or not Network(cell, flat).in_range:
        return
    for rounded in roundings(cell, flat, places, tree(places, places.bound + SHORT)):
        enough = [factor for factor in factors if factor * rounded.margin >= SATURATING] or factors[-1:]
        for factor in enough[:TRIED]:
            found = with_thresholds(cell, rounded.sharpened(cell, factor), problem)
            if found is None:
                break
            yield factor, found
    for factor, candidate in sharpened(cell, flat, factors[EVERY - 1 :: EVERY] or factors, depth):
        found = with_thresholds(cell, candidate, problem)
        if found is not None:
            yield factor, found


def with_thresholds(cell: Cell, flat: np.ndarray, problem: Problem) -> np.ndarray | None:
    """A network as it is where it reads short words right, else with the bias of each output midway between what it is
    where the answer is no and where it is yes; None where no bias tells them apart on short words.

    Args:
        cell: the cell.
        flat: its weights, float32 [P].
        problem: what is asked.
    """
    network, places = Network(cell, flat), next(graphs(problem), None)
    if places is None or not network.in_range:
        return None
    words, reading = tree(places, places.bound + SHORT), Reading(problem, places)
    h = states_after(network, words)[0]
    if reading.right(network, h, words.place).all():
        return flat
    if problem.question.link != "sigmoid":
        return None
    tensors = copied(cell, flat)
    for output, (sums, wanted) in enumerate(
        zip(weighted(network.readout, h), reading.wanted[:, words.place], strict=True)
    ):
        if wanted.all() or not wanted.any():
            continue
        least, most = sums[wanted].min(), sums[~wanted].max()
        if not least > most:
            return None
        tensors["readout.bias"][output] = -(least + most) / np.float32(2)
    return cells.pack(cell, tensors)
