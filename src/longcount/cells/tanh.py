"""Elman network (Elman 1990), as `torch.nn.RNN(nonlinearity="tanh")`:

h' = tanh(x + y)
"""

from __future__ import annotations

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers.vector import tanh


class Tanh(Cell):
    """A squashed counter: it cannot count without bound (Weiss et al. 2018)."""

    name = "tanh"
    gates = ("h",)
    state_names = ("h",)
    counter, counts = "h", "h"

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        return (tanh(x["h"] + y["h"]),), {}
