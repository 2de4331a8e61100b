"""Rectified linear recurrent network, as `torch.nn.RNN(nonlinearity="relu")`:

    h' = max(0, x + y)

It counts exactly under the counter indicator conditions: recurrent weight 1, increment and decrement equal and
opposite, the readout's threshold between 0 and one step.
"""

from __future__ import annotations

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers.vector import relu


class ReLU(Cell):
    """The simplest counter; h counts."""

    name = "relu"
    gates = ("h",)
    state_names = ("h",)
    counter, counts = "h", "h"
    paper_runs = 30

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        return (relu(x["h"] + y["h"]),), {}
