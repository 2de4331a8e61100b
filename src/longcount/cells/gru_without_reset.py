"""GRU without its reset gate: what the code released with Weiss, Goldberg and Yahav (2018) computes, which makes the
gate and does not use it. Gate order z, n:

    z = sigmoid(x_z + y_z)      update gate
    n = tanh(x_n + y_n)         candidate
    h' = (h - n) z + n          in the form of `longcount.cells.gru`; theirs is z h + (1 - z) n

It is a GRU whose reset gate is 1, so what holds of a GRU's counting holds of it.
"""

from __future__ import annotations

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers.vector import blend, sigmoid, tanh


class GRUWithoutReset(Cell):
    """GRU without reset gate; h counts."""

    name = "gru_without_reset"
    gates = ("z", "n")
    state_names = ("h",)
    counter, counts, keeps, opens = "h", "n", "z", ("z",)
    sigmoids, tanhs = ("z",), ("n",)
    paper_rate = 0.001

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        (h,) = state
        z = sigmoid(x["z"] + y["z"])
        n = tanh(x["n"] + y["n"])
        return (blend(h, n, z),), {"z": z, "n": n}
