"""Projecting ReLU networks of several units, or for any counter machine, on networks that count in multiples of a step.

Recurrent weights become the nearest integers, so that a unit keeps its count, gives it to another, or forgets it. What
a letter adds to a unit becomes a multiple of half of the most that any does, and that the nearest power of two.
"""

from __future__ import annotations

import numpy as np

from longcount import cells
from longcount.cells import Cell
from longcount.exact.repairer import Candidates, copied
from longcount.exact.thresholds import with_thresholds
from longcount.training.problem import Problem

UNHEARD = 1 / 8
"""An output does not look at a unit by a weight that is less than this part of its largest: over a large count, even
the least weight decides."""


def projected_for(problem: Problem, cell: Cell, flat: np.ndarray, factors: tuple[float, ...], depth: int) -> Candidates:
    """A ReLU network of one layer projected for a problem; see `longcount.exact.repairer.Repairer`."""
    tensors = copied(cell, flat)
    steps = tensors["weight_ih_l0"] + (tensors["bias_ih_l0"] + tensors["bias_hh_l0"])[:, None]
    most = np.abs(steps).max(axis=1, keepdims=True)
    if not np.isfinite(flat).all() or not most.all():
        return
    tensors["weight_ih_l0"] = np.round(2 * steps / most) / 2 * np.exp2(np.round(np.log2(most)))
    tensors["weight_hh_l0"] = np.round(tensors["weight_hh_l0"])
    tensors["bias_ih_l0"][:] = tensors["bias_hh_l0"][:] = 0
    looks = np.abs(tensors["readout.weight"])
    tensors["readout.weight"][looks < looks.max(axis=1, keepdims=True) * UNHEARD] = 0
    found = with_thresholds(cell, cells.pack(cell, tensors), problem)
    if found is not None:
        yield None, found
