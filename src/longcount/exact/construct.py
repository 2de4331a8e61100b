"""Exact counters built by hand, as ordinary weights; how is said in the file of each cell's theory."""

from __future__ import annotations

import numpy as np

from longcount import cells
from longcount.errors import UserError
from longcount.exact.one_unit import THEORIES


def construct(name: str) -> np.ndarray:
    """The weights, float32 [P], of an exact counter of a cell.

    Raises:
        UserError: for an unknown cell, or one that no exact counter is known for.
    """
    cell = cells.get(name)
    theory = THEORIES.get(type(cell))
    if theory is None or theory.construct is None:
        known = ", ".join(kind.name for kind, theory in THEORIES.items() if theory.construct)
        raise UserError(f"no exact counter is known for {name}; there are {known}")
    tensors = {part: np.zeros(shape, np.float32) for part, shape in cell.shapes().items()}
    theory.construct(tensors)
    return cells.pack(cell, tensors)
