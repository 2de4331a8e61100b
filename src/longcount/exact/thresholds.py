"""Thresholds of a repaired network's outputs, set anew where short words need it."""

from __future__ import annotations

import numpy as np

from longcount import cells
from longcount.cells import Cell
from longcount.exact.following import states_after
from longcount.exact.machines import graphs
from longcount.exact.many_states import Network, weighted
from longcount.exact.reading import Reading
from longcount.exact.repairer import copied
from longcount.exact.tree import tree
from longcount.training.problem import Problem

SHORT = 10
"""By so much counters may exceed the bound of the coarsest places in the words that thresholds are set by."""


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
