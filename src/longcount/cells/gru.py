"""Gated recurrent unit (Cho et al. 2014), as `torch.nn.GRU`, gate order r, z, n:

    r = sigmoid(x_r + y_r)      reset gate
    z = sigmoid(x_z + y_z)      update gate
    n = tanh(x_n + r y_n)       candidate, with y_n = W_hn h + b_hn
    h' = (h - n) z + n          computed in this form, as PyTorch's CPU kernel does

The form matters: (1 - z) n + z h is the same in exact arithmetic, but rounds differently, and only the form above
can count exactly in float32.
"""

from __future__ import annotations

from typing import Any

from longcount.cells.cell import Cell, Gates
from longcount.cells.squash import SOFT
from longcount.cells.vector import Vector


class GRU(Cell):
    """GRU; h counts."""

    name = "gru"
    gates = ("r", "z", "n")
    state_names = ("h",)
    tape_names = ("r", "z", "n", "y_n", "h_before")
    separate_recurrent_bias = ("n",)
    squash = SOFT

    def forward(self, x: Gates, y: Gates, state: tuple[Vector, ...]) -> tuple[tuple[Vector, ...], tuple[Vector, ...]]:
        (h,) = state
        sigmoid, tanh = self.squash.sigmoid, self.squash.tanh
        r = sigmoid(x["r"] + y["r"])
        z = sigmoid(x["z"] + y["z"])
        n = tanh(x["n"] + r * y["n"])
        return ((h - n) * z + n,), (r, z, n, y["n"], h)

    def backward(self, tape: tuple[Vector, ...], d_state: tuple[Vector, ...]) -> tuple[tuple[Any, ...], Gates, Gates]:
        r, z, n, y_n, h = tape
        (d_h,) = d_state
        before_sigmoid, before_tanh = self.squash.before_sigmoid, self.squash.before_tanh
        d_n = before_tanh(n, d_h * (1.0 - z))
        d_z = before_sigmoid(z, d_h * (h - n))
        d_r = before_sigmoid(r, d_n * y_n)
        return (d_h * z,), {"r": d_r, "z": d_z, "n": d_n}, {"r": d_r, "z": d_z, "n": d_n * r}
