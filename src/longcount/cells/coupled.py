"""LSTM with coupled input and forget gates (Greff et al. 2017, the variant CIFG): it writes what it forgets.

Gate order f, g, o:

    f = sigmoid(x_f + y_f)
    g = tanh(x_g + y_g)
    o = sigmoid(x_o + y_o)
    c' = f c + (1 - f) g
    h' = o tanh(c')

Real arithmetic: c' lies between c and g, so c stays within (-1, 1), and a count in steps of 1 - f leaks: no LSTM of
this kind counts for ever.
float32: with f = 1 nothing is written; with f = 1 - 2^-23, the next value of sigmoid, the leak stays and a ramp of some
thousand tokens from c = 0 ends in a wrong answer. From a learned start between 1/4 and 3/8 it counts exactly: there
every leak is one step of float32, and g makes up for it. Greff et al. say f = 1 - i instead, the same in real
arithmetic: then an i below 2^-25 makes f exactly 1, c' = c + i g, and it counts from 0.
"""

from __future__ import annotations

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers.vector import sigmoid, tanh


class CoupledLSTM(Cell):
    """LSTM with i = 1 - f; c counts, for a while."""

    name = "coupled_lstm"
    rarely_meant = True
    gates = ("f", "g", "o")
    state_names = ("h", "c")
    counter, counts, keeps, opens = "c", "g", "f", ("f", "o")
    sigmoids, tanhs = ("f", "o"), ("g",)

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        _, c = state
        f = sigmoid(x["f"] + y["f"])
        g = tanh(x["g"] + y["g"])
        o = sigmoid(x["o"] + y["o"])
        c_next = f * c + (1.0 - f) * g
        return (o * tanh(c_next), c_next), {"f": f, "g": g, "o": o}
