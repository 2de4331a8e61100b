"""Sharpening LSTMs for any counter machine: steeper gates, and thresholds anew where needed; o stays as it is.

The thresholds of the gates are set first (`longcount.exact.rounding`), which also says by how much rows have to be
multiplied; where that does not lead to a proof, rows are multiplied and gates left as they are.
"""

from __future__ import annotations

import numpy as np

from longcount import cells
from longcount.cells import Cell
from longcount.exact.machines import graphs
from longcount.exact.many_states import Network
from longcount.exact.repairer import Candidates, copied
from longcount.exact.rounding import multiplied, roundings
from longcount.exact.thresholds import SHORT, with_thresholds
from longcount.exact.tree import tree
from longcount.training.problem import Problem

SATURATING, TRIED = 18.0, 2
"""So many factors are tried, from the least that takes all pre-activations of gates so far from 0, where float32 rounds
sigmoid and tanh to 1."""

EVERY = 3
"""Of the factors of gates that are left as they are, one of so many is tried: what 2, 4 and 8 do, 8 mostly does."""


def sharpened_for(problem: Problem, cell: Cell, flat: np.ndarray, factors: tuple[float, ...], depth: int) -> Candidates:
    """LSTMs of one layer with their gates sharpened for a problem; see `longcount.exact.repairer.Repairer`."""
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
    for factor in factors[EVERY - 1 :: EVERY] or factors:
        found = with_thresholds(cell, cells.pack(cell, multiplied(cell, copied(cell, flat), factor)), problem)
        if found is not None:
            yield factor, found
