"""Minimal LSTM (Feng et al. 2024, section 3.2): no output gate; gates and candidate depend on the input alone.

Gate order f, i, n; the two gates are scaled so that they add up to 1:

    f = sigmoid(x_f)
    i = sigmoid(x_i)
    n = x_n
    h' = f / (f + i) h + i / (f + i) n

Real arithmetic: h' lies between h and n: it does not count for ever.
float32: where i is so much less than f that f + i rounds to f (below 2^-24 where f = 1), h' = h + i / f n. That counts
exactly, because n has no bounds.
"""

from __future__ import annotations

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers.vector import sigmoid


class MinLSTM(Cell):
    """minLSTM with a linear candidate; h counts."""

    name = "minlstm"
    gates = ("f", "i", "n")
    state_names = ("h",)
    recurrent = False
    counter, counts, keeps, opens = "h", "n", "kept", ("f",)
    sigmoids = ("f", "i")

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        (h,) = state
        f, i, n = sigmoid(x["f"]), sigmoid(x["i"]), x["n"]
        both = f + i
        kept = f / both
        return (kept * h + i / both * n,), {"f": f, "i": i, "n": n, "kept": kept}
