"""Real-gated linear recurrent unit (De et al. 2024, "Griffin", section 2.4 and appendix A).

Gates depend on the input alone. Gate order r, i, v, where v is the input projected to the layer's width (x in the
paper); Lambda is the tensor `Lambda`:

    r = sigmoid(x_r)                        recurrence gate
    i = sigmoid(x_i)                        input gate
    v = x_v
    log a = -8 r softplus(Lambda)
    a = exp(log a)
    h' = a h + sqrt(1 - exp(2 log a)) i v

The root is computed as s / sqrt(max(s, 2^-25)): the same, except that its derivative stays finite at s = 0, where the
published program clips it.

Real arithmetic: h is bounded by the greatest |v|, because the factor on the input goes to 0 as a goes to 1: it does not
count for ever.
float32: log a and 2 log a round differently. For log a from -2.98 10^-8 to -1.49 10^-8, a is exactly 1 and the root
2^-12: there it counts exactly. Nearer to 0 nothing is written, further away it leaks. With the root of 1 - a a, as the
paper's equation 4 has it, nothing is written wherever a is 1, and it does not count at all.
"""

from __future__ import annotations

import numpy as np

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers import elementary
from longcount.numbers.vector import exp, maximum, sigmoid, softplus, sqrt


class RGLRU(Cell):
    """RG-LRU without the convolution and the gated branch around it; h counts."""

    name = "rglru"
    gates = ("r", "i", "v")
    state_names = ("h",)
    recurrent = False
    own = ("Lambda",)
    counter, counts, keeps, opens = "h", "v", "a", ("i",)
    sigmoids = ("r", "i", "a")

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        (h,) = state
        r, i, v = sigmoid(x["r"]), sigmoid(x["i"]), x["v"]
        log_a = -8.0 * r * softplus(own["Lambda"])
        a = exp(log_a)
        rest = 1.0 - exp(2.0 * log_a)
        root = rest / sqrt(maximum(rest, 2.0**-25))
        return (a * h + root * (i * v),), {"r": r, "i": i, "v": v, "a": a}

    def start(self, tensors: dict[str, np.ndarray]) -> None:
        """Lambda such that the square of exp(-softplus(Lambda)) is uniform between 0.9^2 and 0.999^2."""
        for layer in range(self.layers):
            draws = tensors[f"Lambda_l{layer}"].astype(np.float64) * np.sqrt(self.hidden_size)  # in (-1, 1)
            square = 0.9**2 + (0.999**2 - 0.9**2) * (draws + 1) / 2
            tensors[f"Lambda_l{layer}"][...] = elementary.log(elementary.exp(-0.5 * elementary.log(square)) - 1.0)
