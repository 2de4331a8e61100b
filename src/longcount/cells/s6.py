"""Diagonal selective state space (Gu and Dao 2023, "Mamba", section 3.2 and algorithm 2), one state per unit.

Gates depend on the input alone. Gate order delta, b, c, v, where v is the input projected to the layer's width;
A_log and D are the tensors `A_log` and `D`, and s is the state (h in the paper, whose output y is h here):

    delta = softplus(x_delta)               step size
    b = x_b,  c = x_c,  v = x_v
    a = exp(-delta exp(A_log))              eigenvalue, between 0 and 1
    s' = a s + delta b v
    h' = c s' + D v

`s6_negative` has the eigenvalue 2 a - 1, between -1 and 1 (Grazzi et al. 2024), and is otherwise the same.

Real arithmetic: a is below 1, so s is bounded; it counts in the limit of A = 0 (Sarrof et al. 2024, theorem 5, allow an
eigenvalue of 1 itself). With an eigenvalue of -1, the limit of a = 0, it keeps a parity, which positive ones cannot.
float32: exp is exactly 1 above -2.98 10^-8: from there on it counts exactly, one step of float32 lower it leaks.
Training starts at A = -1, -2, ..., far away. 2 a - 1 is exactly 1 where a is, and exactly -1 where a is below 2^-25:
parity for ever.
"""

from __future__ import annotations

import numpy as np

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers import elementary
from longcount.numbers.vector import Vector, exp, softplus


class S6(Cell):
    """Selective state space with positive eigenvalues; s counts."""

    name = "s6"
    gates = ("delta", "b", "c", "v")
    state_names = ("h", "s")
    recurrent = False
    own = ("A_log", "D")
    counter, counts, keeps = "s", "v", "a"
    sigmoids = ("a",)

    def eigenvalue(self, a: Vector) -> Vector:
        """The factor on the state."""
        return a

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        _, s = state
        delta, b, c, v = softplus(x["delta"]), x["b"], x["c"], x["v"]
        a = self.eigenvalue(exp(-(delta * exp(own["A_log"]))))
        s_next = a * s + delta * b * v
        return (c * s_next + own["D"] * v, s_next), {"delta": delta, "b": b, "c": c, "v": v, "a": a}

    def start(self, tensors: dict[str, np.ndarray]) -> None:
        """As the published program: A = -1, -2, ... by unit, D = 1, and step sizes between 0.001 and 0.1, uniform in
        their logarithm."""
        units = slice(self.gates.index("delta") * self.hidden_size, (self.gates.index("delta") + 1) * self.hidden_size)
        for layer in range(self.layers):
            tensors[f"A_log_l{layer}"][...] = elementary.log(np.arange(1.0, self.hidden_size + 1))
            tensors[f"D_l{layer}"][...] = 1.0
            bias = tensors[f"bias_ih_l{layer}"]
            draws = bias[units].astype(np.float64) * np.sqrt(self.hidden_size)  # in (-1, 1)
            least, most = elementary.log(0.001), elementary.log(0.1)
            step = elementary.exp(least + (most - least) * (draws + 1) / 2)
            bias[units] = elementary.log(elementary.exp(step) - 1.0)  # the softplus of this is the step size


class NegativeS6(S6):
    """Selective state space whose eigenvalues may be negative; s counts, or keeps a parity."""

    name = "s6_negative"
    sigmoids, tanhs = (), ("a",)

    def eigenvalue(self, a: Vector) -> Vector:
        """2 a - 1, between -1 and 1."""
        return 2.0 * a - 1.0
