"""sLSTM of the xLSTM (Beck et al. 2024, section 2.2, with the stabiliser of equations 15 to 17), one head per unit.

Its input gate is an exponential, and the cell state is divided by a normaliser; m, which cancels out, keeps the
exponentials small. Gate order i, f, z, o; e_k = x_k + y_k:

    m' = max(log sigmoid(e_f) + m, e_i)     stabiliser
    f = exp(log sigmoid(e_f) + m - m')      forget gate
    i = exp(e_i - m')                       input gate
    z = tanh(e_z)
    o = sigmoid(e_o)
    c' = f c + i z
    n' = f n + i                            normaliser
    h' = o c' / n'

Real arithmetic: c counts in the limit of an open forget gate, but h shows c / n, the count divided by the number of
tokens, an average: whatever its threshold, the readout takes depth 1 for depth 0 from some length on.
float32: c and n count exactly. A threshold of 1/1000 fails near token 1000. But n, too, is a float32 number, which
stops growing at 2^24: h is never less than 2^-24 above depth 0, and a readout with a threshold below that is right at
every length.
"""

from __future__ import annotations

import numpy as np

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers.vector import exp, log_sigmoid, maximum, sigmoid, tanh


class SLSTM(Cell):
    """sLSTM with a sigmoid forget gate; c counts."""

    name = "slstm"
    rarely_meant = True
    gates = ("i", "f", "z", "o")
    state_names = ("h", "c", "n", "m")
    counter, counts, keeps, opens = "c", "z", "f", ("f", "o")
    sigmoids, tanhs = ("o",), ("z",)

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        _, c, n, m = state
        written = x["i"] + y["i"]
        kept = log_sigmoid(x["f"] + y["f"]) + m
        z, o = tanh(x["z"] + y["z"]), sigmoid(x["o"] + y["o"])
        m_next = maximum(kept, written)
        f, i = exp(kept - m_next), exp(written - m_next)
        c_next = f * c + i * z
        n_next = f * n + i
        return (o * (c_next / n_next), c_next, n_next, m_next), {"i": i, "f": f, "z": z, "o": o}

    def start(self, tensors: dict[str, np.ndarray]) -> None:
        """A learned normaliser begins at 1: at 0 or below, c / n has no meaning."""
        for layer in range(self.layers if self.learned_start else 0):
            tensors[f"n_0_l{layer}"][...] = 1.0
