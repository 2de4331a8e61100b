"""mLSTM of the xLSTM (Beck et al. 2024, section 2.3 and its stabilised form), keys and values of one dimension.

The memory of a unit, a matrix in the paper, is one number c. Gates, query, key and value depend on the input alone.
Gate order i, f, o, q, k, v:

    m' = max(log sigmoid(x_f) + m, x_i)     stabiliser
    f = exp(log sigmoid(x_f) + m - m')      forget gate
    i = exp(x_i - m')                       input gate
    o = sigmoid(x_o)
    q = x_q,  k = x_k,  v = x_v
    c' = f c + i v k
    n' = f n + i k                          normaliser
    h' = o c' q / max(|n' q|, exp(-m'))

Real arithmetic: with k = 1 at an opening and -1 at a closing letter, v = 1 and q = 1, c and n count in the limit of an
open forget gate, and h is near 0 at depth 0 and near 1 above.
float32: log sigmoid(x_f) is exactly 0 from x_f = 16.64 on: c and n count exactly and h is exactly 0 or 1, whatever the
depth (to 2^24) and length. The normaliser that makes an average of the sLSTM's count makes a sign of this one.
"""

from __future__ import annotations

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers.vector import exp, log_sigmoid, maximum, relu, sigmoid


class MLSTM(Cell):
    """mLSTM with scalar keys and values; c counts."""

    name = "mlstm"
    gates = ("i", "f", "o", "q", "k", "v")
    state_names = ("h", "c", "n", "m")
    recurrent = False
    counter, counts, keeps, opens = "c", "k", "f", ("f", "o")
    sigmoids = ("o",)

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        _, c, n, m = state
        kept = log_sigmoid(x["f"]) + m
        m_next = maximum(kept, x["i"])
        f, i, o = exp(kept - m_next), exp(x["i"] - m_next), sigmoid(x["o"])
        q, k, v = x["q"], x["k"], x["v"]
        c_next = f * c + i * v * k
        n_next = f * n + i * k
        shown = n_next * q
        size = maximum(relu(shown) + relu(-shown), exp(-m_next))
        h = o * (c_next * q / size)
        return (h, c_next, n_next, m_next), {"i": i, "f": f, "o": o, "q": q, "k": k, "v": v}
