"""Minimal GRU (Feng et al. 2024, "Were RNNs All We Needed?"): gates and candidate depend on the input alone.

`mingru`, section 3.1; gate order z, n:

    z = sigmoid(x_z)
    n = x_n
    h' = (1 - z) h + z n

`mingru_log`, the candidate of the form in logarithms, which must be positive (appendix B):

    n = g(x_n),  g(x) = x + 1/2 where x >= 0, else sigmoid(x)

Real arithmetic: h' lies between h and n, so h stays among the candidates of its letters: neither counts for ever.
float32: where z is below 2^-25, 1 - z rounds to 1 and h' = h + z n: `mingru` counts exactly, because n has no bounds
and z n can be 1 and -1. In `mingru_log` z n is positive: such a state never falls. It falls only where 1 - z is below
1, by a step of float32 that depends on h: from h = 0 a ramp ends in a wrong answer. From a learned start such as
1 + 2^-10 it counts after all: between 1 and 2 the product with 1 - 2^-24 falls by exactly 2^-23.
"""

from __future__ import annotations

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers.vector import Vector, maximum, sigmoid


class MinGRU(Cell):
    """minGRU with a linear candidate; h counts."""

    name = "mingru"
    gates = ("z", "n")
    state_names = ("h",)
    recurrent = False
    counter, counts, keeps = "h", "n", "kept"
    sigmoids = ("z",)

    def candidate(self, x: Vector) -> Vector:
        """What is written."""
        return x

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        (h,) = state
        z = sigmoid(x["z"])
        n = self.candidate(x["n"])
        kept = 1.0 - z
        return (kept * h + z * n,), {"z": z, "n": n, "kept": kept}


class LogMinGRU(MinGRU):
    """minGRU with the positive candidate of its form in logarithms; h counts up."""

    name = "mingru_log"

    def candidate(self, x: Vector) -> Vector:
        """g(x): the greater of the two lines is the right one on either side of 0."""
        return maximum(x + 0.5, sigmoid(x))
