"""Elman network (Elman 1990), as `torch.nn.RNN(nonlinearity="tanh")`:

h' = tanh(x + y)
"""

from __future__ import annotations

from typing import Any

from longcount.cells.cell import Cell, Gates
from longcount.cells.vector import Vector, tanh


class Tanh(Cell):
    """A squashed counter: it cannot count without bound (Weiss et al. 2018)."""

    name = "tanh"
    gates = ("h",)
    state_names = ("h",)
    tape_names = ("h_after",)

    def forward(self, x: Gates, y: Gates, state: tuple[Vector, ...]) -> tuple[tuple[Vector, ...], tuple[Vector, ...]]:
        h = tanh(x["h"] + y["h"])
        return (h,), (h,)

    def backward(self, tape: tuple[Vector, ...], d_state: tuple[Vector, ...]) -> tuple[tuple[Any, ...], Gates, Gates]:
        (h,) = tape
        (d_h,) = d_state
        d = {"h": d_h * (1.0 - h * h)}
        return (None,), d, d
