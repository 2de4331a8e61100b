"""Linear recurrent network:

h' = x + y
"""

from __future__ import annotations

from typing import Any

from longcount.cells.cell import Cell, Gates
from longcount.cells.vector import Vector


class Linear(Cell):
    """Counts without any nonlinearity; below zero too."""

    name = "linear"
    gates = ("h",)
    state_names = ("h",)
    tape_names = ()

    def forward(self, x: Gates, y: Gates, state: tuple[Vector, ...]) -> tuple[tuple[Vector, ...], tuple[Vector, ...]]:
        h = x["h"] + y["h"]
        return (h,), ()

    def backward(self, tape: tuple[Vector, ...], d_state: tuple[Vector, ...]) -> tuple[tuple[Any, ...], Gates, Gates]:
        (d_h,) = d_state
        d = {"h": d_h}
        return (None,), d, d
