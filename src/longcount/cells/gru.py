"""Gated recurrent unit (Cho et al. 2014), as `torch.nn.GRU`, gate order r, z, n:

    r = sigmoid(x_r + y_r)      reset gate
    z = sigmoid(x_z + y_z)      update gate
    n = tanh(x_n + r y_n)       candidate, with y_n = W_hn h + b_hn
    h' = (h - n) z + n          computed in this form, as PyTorch's CPU kernel does

The form matters: (1 - z) n + z h is the same in exact arithmetic, but rounds differently, and only the form above
can count exactly in float32.
"""

from __future__ import annotations

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers.vector import blend, sigmoid, tanh


class GRU(Cell):
    """GRU; h counts."""

    name = "gru"
    gates = ("r", "z", "n")
    state_names = ("h",)
    separate_recurrent_bias = ("n",)
    counter, counts, keeps, opens = "h", "n", "z", ("z",)
    sigmoids, tanhs = ("r", "z"), ("n",)
    paper_rate = 0.001
    sigmoid, tanh = staticmethod(sigmoid), staticmethod(tanh)

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        (h,) = state
        r = self.sigmoid(x["r"] + y["r"])
        z = self.sigmoid(x["z"] + y["z"])
        n = self.tanh(x["n"] + r * y["n"])
        return (blend(h, n, z),), {"r": r, "z": z, "n": n}
