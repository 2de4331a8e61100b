"""The ReLU network: multiples of one step, under the counter indicator conditions.

By hand: h is the depth. Repaired by *projection* on these conditions: recurrent weight 1, increments d and -d with the
d nearest to the trained ones that float32 counts with, no biases.
"""

from __future__ import annotations

import numpy as np

from longcount.cells import Cell
from longcount.exact.boxes import Model
from longcount.exact.lower import PLAIN
from longcount.exact.one_unit import OneUnit
from longcount.exact.proof import EXACT_INTEGERS
from longcount.exact.readout import read_from, readouts
from longcount.exact.repairer import Candidates, Repairer, Tensors, copied


def construct_relu(tensors: Tensors) -> None:
    """See above."""
    tensors["weight_hh_l0"][0] = 1.0
    tensors["weight_ih_l0"][0] = 1.0, -1.0
    read_from(tensors, 1.0)


def _projected(cell: Cell, flat: np.ndarray, factors: tuple[float, ...], depth: int) -> Candidates:
    up, down = (float(letter["h"][0]) for letter in Model(cell, flat).letters)
    if not up > 0 > down:
        return
    tensors = copied(cell, flat)
    step = nearest_step((up - down) / 2, depth)
    tensors["weight_hh_l0"][:] = 1.0
    tensors["weight_ih_l0"][0] = step, -step
    tensors["bias_ih_l0"][:] = tensors["bias_hh_l0"][:] = 0.0
    yield from ((None, candidate) for candidate in readouts(cell, tensors, step))


def nearest_step(step: float, depth: int) -> float:
    """The number nearest to a step that float32 counts with up to a depth: m 2^q with m depth <= 2^24."""
    bits = max(int(np.log2(EXACT_INTEGERS / depth)), 1)
    fraction, exponent = np.frexp(step)
    if EXACT_INTEGERS // depth < 3:  # powers of two only
        return float(2.0**exponent if fraction > 0.75 else 2.0 ** (exponent - 1))
    return float(np.ldexp(np.round(fraction * 2**bits), exponent - bits))


ONE_UNIT = OneUnit(PLAIN, construct_relu, {"project": Repairer(_projected, takes_factor=False)})
