"""Simple recurrent unit (Lei et al. 2018, section 3, equations 1 to 4, and the form of its published program).

Gates depend on the input and, of the state, on their own unit's c alone. Gate order u, f, r, s; v_f and v_r are the
tensors `weight_cf` and `weight_cr`, and s is the input projected to the layer's width:

    u = x_u                     candidate
    f = sigmoid(x_f + v_f c)    forget gate
    r = sigmoid(x_r + v_r c)    reset gate, of the highway
    s = x_s                     what the highway carries past
    c' = (c - u) f + u
    h' = (c' - s) r + s

Real arithmetic: c' lies between c and u, so c stays among the candidates of its letters: it does not count for ever.
float32: the update is the GRU's, (h - n) z + n. With f = 1 - 2^-23 and u = 1 and -1 the leak is rounded away and it
counts to depth 2^21 (`docs/exact.md`); with f = 1 - 2^-18 it no longer does.
"""

from __future__ import annotations

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers.vector import blend, sigmoid


class SRU(Cell):
    """SRU without a nonlinearity on c; c counts."""

    name = "sru"
    gates = ("u", "f", "r", "s")
    state_names = ("h", "c")
    recurrent = False
    own = ("weight_cf", "weight_cr")
    counter, counts, keeps, opens = "c", "u", "f", ("f", "r")
    sigmoids = ("f", "r")

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        _, c = state
        u, s = x["u"], x["s"]
        f = sigmoid(x["f"] + own["weight_cf"] * c)
        r = sigmoid(x["r"] + own["weight_cr"] * c)
        c_next = blend(c, u, f)
        return (blend(c_next, s, r), c_next), {"u": u, "f": f, "r": r, "s": s}
