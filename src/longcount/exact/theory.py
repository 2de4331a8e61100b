"""What is known of one unit of a cell on Dyck-1, in float32: how its models are bounded, built by hand and repaired."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from longcount import cells
from longcount.cells import Cell
from longcount.exact.lower import Fineness

SATURATED = 40.0
"""A pre-activation at which every gate is exactly 1 (or tanh exactly -1 below its negative)."""

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


@dataclass(frozen=True)
class Theory:
    """What is known of a cell. Each file of this package that is called like a cell holds one."""

    finenesses: tuple[Fineness, ...]
    """For lower bounds, from coarse to fine."""

    construct: Callable[[Tensors], None] | None = None
    """Makes tensors of zeros those of an exact counter; None where none is known."""

    repairs: Mapping[str, Repairer] = field(default_factory=dict)
    """By name, the smaller change first."""


def copied(cell: Cell, flat: np.ndarray) -> Tensors:
    """The tensors of a model, to be changed."""
    return {name: tensor.copy() for name, tensor in cells.unpack(cell, flat).items()}
