"""What a way to repair is: of a trained model it makes others, close by, that may be exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from longcount import cells
from longcount.cells import Cell

Tensors = dict[str, np.ndarray]

Candidates = Iterator[tuple[float | None, np.ndarray]]
"""Weights float32 [P] to try to prove, the smallest change first, each with the factor that it took."""


@dataclass(frozen=True)
class Repairer:
    """A way to make a trained model exact."""

    candidates: Callable[[Cell, np.ndarray, tuple[float, ...], int], Candidates]
    """Of a cell's weights float32 [P], factors to try in turn, and the depth that is wanted."""

    takes_factor: bool = True
    """Whether it multiplies by a factor."""


def copied(cell: Cell, flat: np.ndarray) -> Tensors:
    """The tensors of a model, to be changed."""
    return {name: tensor.copy() for name, tensor in cells.unpack(cell, flat).items()}
