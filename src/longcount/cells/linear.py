"""Linear recurrent network:

h' = x + y
"""

from __future__ import annotations

from longcount.cells.cell import Cell, Gates, State


class Linear(Cell):
    """Counts without any nonlinearity; below zero too."""

    name = "linear"
    gates = ("h",)
    state_names = ("h",)
    counter, counts = "h", "h"

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        return (x["h"] + y["h"],), {}
