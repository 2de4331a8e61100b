"""Exact counters built by hand, as ordinary weights; how is said in the file that is called like the cell."""

from __future__ import annotations

import numpy as np

from longcount import cells
from longcount.errors import UserError
from longcount.exact.known import KNOWN


def construct(name: str) -> np.ndarray:
    """The weights, float32 [P], of an exact counter of a cell.

    Raises:
        UserError: for an unknown cell, or one that no exact counter is known for.
    """
    cell = cells.get(name)
    known = KNOWN.get(type(cell))
    if known is None or known.construct is None:
        others = ", ".join(kind.name for kind, other in KNOWN.items() if other.construct)
        raise UserError(f"no exact counter is known for {name}; there are {others}")
    tensors = {part: np.zeros(shape, np.float32) for part, shape in cell.shapes().items()}
    known.construct(tensors)
    return cells.pack(cell, tensors)
