"""LSTM and GRU with hard gates: straight lines in place of sigmoid and tanh, which reach 0, 1 and -1 and stay there.

    hard sigmoid(x) = 0 up to x = -3, x / 6 + 1/2, 1 from x = 3 on      as `torch.nn.functional.hardsigmoid`
    hard tanh(x)    = -1 up to x = -1, x, 1 from x = 1 on               as `torch.nn.functional.hardtanh`

They are made of `relu`, which makes 0 of a NaN: gates do not pass one on. All else is as in `longcount.cells.lstm` and
`longcount.cells.gru`. The outputs keep their sigmoid.
"""

from __future__ import annotations

from typing import Any

from longcount.cells.cell import Gates
from longcount.cells.gru import GRU
from longcount.cells.lstm import LSTM
from longcount.cells.vector import Vector, relu, where_positive

SLOPE = 1.0 / 6.0
"""Of the hard sigmoid between its ends."""


def hard_sigmoid(x: Vector) -> Vector:
    """Exactly 0 and 1 beyond -3 and 3, up to the rounding of x / 6."""
    return 1.0 - relu(1.0 - relu(x * SLOPE + 0.5))


def hard_tanh(x: Vector) -> Vector:
    """Exactly -1 and 1 beyond -1 and 1."""
    return 1.0 - relu(2.0 - relu(x + 1.0))


def _through_sigmoid(value: Vector, d_value: Vector) -> Vector:
    """The gradient before a hard sigmoid that gave this value: none where it has reached an end."""
    return where_positive(value * (1.0 - value), d_value * SLOPE)


def _through_tanh(value: Vector, d_value: Vector) -> Vector:
    return where_positive(1.0 - value * value, d_value)


class HardLSTM(LSTM):
    """LSTM with hard gates; c counts."""

    name = "hard_lstm"

    def forward(self, x: Gates, y: Gates, state: tuple[Vector, ...]) -> tuple[tuple[Vector, ...], tuple[Vector, ...]]:
        _, c = state
        i = hard_sigmoid(x["i"] + y["i"])
        f = hard_sigmoid(x["f"] + y["f"])
        g = hard_tanh(x["g"] + y["g"])
        o = hard_sigmoid(x["o"] + y["o"])
        c_next = f * c + i * g
        tanh_c = hard_tanh(c_next)
        return (o * tanh_c, c_next), (i, f, g, o, c, tanh_c)

    def backward(self, tape: tuple[Vector, ...], d_state: tuple[Vector, ...]) -> tuple[tuple[Any, ...], Gates, Gates]:
        i, f, g, o, c, tanh_c = tape
        d_h, d_c = d_state
        d_c = d_c + _through_tanh(tanh_c, d_h * o)
        d_gates = {
            "i": _through_sigmoid(i, d_c * g),
            "f": _through_sigmoid(f, d_c * c),
            "g": _through_tanh(g, d_c * i),
            "o": _through_sigmoid(o, d_h * tanh_c),
        }
        return (None, d_c * f), d_gates, d_gates


class HardGRU(GRU):
    """GRU with hard gates; h counts."""

    name = "hard_gru"

    def forward(self, x: Gates, y: Gates, state: tuple[Vector, ...]) -> tuple[tuple[Vector, ...], tuple[Vector, ...]]:
        (h,) = state
        r = hard_sigmoid(x["r"] + y["r"])
        z = hard_sigmoid(x["z"] + y["z"])
        n = hard_tanh(x["n"] + r * y["n"])
        return ((h - n) * z + n,), (r, z, n, y["n"], h)

    def backward(self, tape: tuple[Vector, ...], d_state: tuple[Vector, ...]) -> tuple[tuple[Any, ...], Gates, Gates]:
        r, z, n, y_n, h = tape
        (d_h,) = d_state
        d_n = _through_tanh(n, d_h * (1.0 - z))
        d_z = _through_sigmoid(z, d_h * (h - n))
        d_r = _through_sigmoid(r, d_n * y_n)
        return (d_h * z,), {"r": d_r, "z": d_z, "n": d_n}, {"r": d_r, "z": d_z, "n": d_n * r}
