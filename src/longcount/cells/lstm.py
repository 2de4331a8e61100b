"""Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).

As `torch.nn.LSTM`, gate order i, f, g, o:

    i = sigmoid(x_i + y_i)      input gate
    f = sigmoid(x_f + y_f)      forget gate
    g = tanh(x_g + y_g)         candidate
    o = sigmoid(x_o + y_o)      output gate
    c' = f c + i g              the counter, where the network counts (Weiss et al. 2018)
    h' = o tanh(c')
"""

from __future__ import annotations

from typing import Any

from longcount.cells.cell import Cell, Gates
from longcount.cells.squash import SOFT
from longcount.cells.vector import Vector


class LSTM(Cell):
    """LSTM with one forget gate a unit; c counts."""

    name = "lstm"
    gates = ("i", "f", "g", "o")
    state_names = ("h", "c")
    tape_names = ("i", "f", "g", "o", "c_before", "tanh_c")
    squash = SOFT

    def forward(self, x: Gates, y: Gates, state: tuple[Vector, ...]) -> tuple[tuple[Vector, ...], tuple[Vector, ...]]:
        _, c = state
        sigmoid, tanh = self.squash.sigmoid, self.squash.tanh
        i = sigmoid(x["i"] + y["i"])
        f = sigmoid(x["f"] + y["f"])
        g = tanh(x["g"] + y["g"])
        o = sigmoid(x["o"] + y["o"])
        c_next = f * c + i * g
        tanh_c = tanh(c_next)
        return (o * tanh_c, c_next), (i, f, g, o, c, tanh_c)

    def backward(self, tape: tuple[Vector, ...], d_state: tuple[Vector, ...]) -> tuple[tuple[Any, ...], Gates, Gates]:
        i, f, g, o, c, tanh_c = tape
        d_h, d_c = d_state
        before_sigmoid, before_tanh = self.squash.before_sigmoid, self.squash.before_tanh
        d_c = d_c + before_tanh(tanh_c, d_h * o)
        d_gates = {
            "i": before_sigmoid(i, d_c * g),
            "f": before_sigmoid(f, d_c * c),
            "g": before_tanh(g, d_c * i),
            "o": before_sigmoid(o, d_h * tanh_c),
        }
        return (None, d_c * f), d_gates, d_gates
