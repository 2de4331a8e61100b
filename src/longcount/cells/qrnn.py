"""Quasi-recurrent network (Bradbury et al. 2017, section 2), with a convolution of width 1: gates depend on the input.

`qrnn_fo`, gate order z, f, o, in the form of the published PyTorch program, where f is what is written:

    z = tanh(x_z)
    f = sigmoid(x_f)
    o = sigmoid(x_o)
    c' = f z + (1 - f) c
    h' = o c'

`qrnn_ifo`, gate order z, f, o, i, where f is what is kept:

    c' = f c + i z,  i = sigmoid(x_i)

Real arithmetic: in `qrnn_fo` c' lies between c and z, so it does not count for ever (it is rational: Merrill et al.
2020); `qrnn_ifo` counts in the limit of saturated gates, as an LSTM does.
float32: `qrnn_fo` counts exactly where f is below 2^-25, because 1 - f rounds to 1: c' = c + f z. Equation 4 of the
paper has f c + (1 - f) z, the same in real arithmetic with the other sign of x_f; in that form nothing is written where
f is 1, and the leak stays where it is 1 - 2^-23. `qrnn_ifo` counts exactly with f = i = 1.
"""

from __future__ import annotations

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers.vector import sigmoid, tanh


class QRNNfo(Cell):
    """QRNN with forget and output gates; c counts."""

    name = "qrnn_fo"
    gates = ("z", "f", "o")
    state_names = ("h", "c")
    recurrent = False
    counter, counts, keeps, opens = "c", "z", "kept", ("o",)
    sigmoids, tanhs = ("f", "o"), ("z",)

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        _, c = state
        z, f, o = tanh(x["z"]), sigmoid(x["f"]), sigmoid(x["o"])
        kept = 1.0 - f
        c_next = f * z + kept * c
        return (o * c_next, c_next), {"z": z, "f": f, "o": o, "kept": kept}


class QRNNifo(Cell):
    """QRNN with input, forget and output gates; c counts."""

    name = "qrnn_ifo"
    gates = ("z", "f", "o", "i")
    state_names = ("h", "c")
    recurrent = False
    counter, counts, keeps, opens = "c", "z", "f", ("f", "o", "i")
    sigmoids, tanhs = ("f", "o", "i"), ("z",)

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        _, c = state
        z, f, o, i = tanh(x["z"]), sigmoid(x["f"]), sigmoid(x["o"]), sigmoid(x["i"])
        c_next = f * c + i * z
        return (o * c_next, c_next), {"z": z, "f": f, "o": o, "i": i}
