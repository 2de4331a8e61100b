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

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers.vector import sigmoid, tanh


class LSTM(Cell):
    """LSTM with one forget gate a unit; c counts."""

    name = "lstm"
    gates = ("i", "f", "g", "o")
    state_names = ("h", "c")
    counter, counts, keeps, opens = "c", "g", "f", ("i", "f", "o")
    sigmoids, tanhs = ("i", "f", "o"), ("g",)
    sigmoid, tanh = staticmethod(sigmoid), staticmethod(tanh)

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        _, c = state
        i = self.sigmoid(x["i"] + y["i"])
        f = self.sigmoid(x["f"] + y["f"])
        g = self.tanh(x["g"] + y["g"])
        o = self.sigmoid(x["o"] + y["o"])
        c_next = f * c + i * g
        return (o * self.tanh(c_next), c_next), {"i": i, "f": f, "g": g, "o": o}
