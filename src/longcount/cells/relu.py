"""Rectified linear recurrent network, as `torch.nn.RNN(nonlinearity="relu")`:

    h' = max(0, x + y)

It counts exactly under the counter indicator conditions: recurrent weight 1, increment and decrement equal and
opposite, the readout's threshold between 0 and one step.
"""

from __future__ import annotations

from typing import Any

from longcount.cells.cell import Cell, Gates
from longcount.cells.vector import Vector, relu, where_positive


class ReLU(Cell):
    """The simplest counter; h counts."""

    name = "relu"
    gates = ("h",)
    state_names = ("h",)
    tape_names = ("h_after",)

    def forward(self, x: Gates, y: Gates, state: tuple[Vector, ...]) -> tuple[tuple[Vector, ...], tuple[Vector, ...]]:
        h = relu(x["h"] + y["h"])
        return (h,), (h,)

    def backward(self, tape: tuple[Vector, ...], d_state: tuple[Vector, ...]) -> tuple[tuple[Any, ...], Gates, Gates]:
        (h,) = tape
        (d_h,) = d_state
        d = {"h": where_positive(h, d_h)}
        return (None,), d, d
