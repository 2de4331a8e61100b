"""LSTM with peephole connections (Gers and Schmidhuber 2000; Gers et al. 2002).

The gates of `longcount.cells.lstm` also read their own unit's cell state; the output gate reads the new one. Gate
order i, f, g, o; p_i, p_f and p_o are the tensors `weight_ci`, `weight_cf` and `weight_co`:

    i = sigmoid(x_i + y_i + p_i c)
    f = sigmoid(x_f + y_f + p_f c)
    g = tanh(x_g + y_g)
    c' = f c + i g
    o = sigmoid(x_o + y_o + p_o c')
    h' = o tanh(c')

Real arithmetic: it counts in the limit of saturated gates, as the LSTM does; the paper of 2001 that taught networks
a^n b^n (Gers and Schmidhuber, IEEE Transactions on Neural Networks 12(6)) used this cell.
float32: sigmoid is exactly 1 from 16.64 on, so i = f = 1 and g = 1 or -1 count exactly, to depth 2^24.
"""

from __future__ import annotations

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers.vector import sigmoid, tanh


class PeepholeLSTM(Cell):
    """LSTM whose gates read the cell state; c counts."""

    name = "peephole_lstm"
    gates = ("i", "f", "g", "o")
    state_names = ("h", "c")
    own = ("weight_ci", "weight_cf", "weight_co")
    counter, counts, keeps, opens = "c", "g", "f", ("i", "f", "o")
    sigmoids, tanhs = ("i", "f", "o"), ("g",)

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        _, c = state
        i = sigmoid(x["i"] + y["i"] + own["weight_ci"] * c)
        f = sigmoid(x["f"] + y["f"] + own["weight_cf"] * c)
        g = tanh(x["g"] + y["g"])
        c_next = f * c + i * g
        o = sigmoid(x["o"] + y["o"] + own["weight_co"] * c_next)
        return (o * tanh(c_next), c_next), {"i": i, "f": f, "g": g, "o": o}
