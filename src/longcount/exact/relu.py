"""The ReLU network: multiples of one step, under the counter indicator conditions.

By hand: h is the depth. Repaired by *projection* on these conditions: recurrent weight 1, increments d and -d with the
d nearest to the trained ones that float32 counts with, no biases.
"""

from __future__ import annotations

import numpy as np

from longcount.cells import Cell
from longcount.exact.boxes import Model
from longcount.exact.lower import PLAIN
from longcount.exact.proof import EXACT_INTEGERS, Proof
from longcount.exact.readout import read_from, readable, readouts
from longcount.exact.theory import Candidates, Repairer, Tensors, Theory, copied
from longcount.numbers.intervals import LARGEST


def prove_relu(model: Model, depth: int) -> Proof:
    """Counter indicator conditions in rounded arithmetic: recurrent weight 1, increments A and -A, A = m 2^q, m odd.

    Then h = depth A exactly as long as depth m <= 2^24.
    """
    recurrent = model.weights.layers[0].weight_hh["h"][0][0]
    up, down = (float(letter["h"][0]) for letter in model.letters)
    if recurrent != 1:
        return Proof(0, f"the recurrent weight is {recurrent:.9g}, not 1")
    if not up > 0 or down != -up:
        return Proof(0, f"`(` adds {up:.9g} and `)` {down:.9g}: not equal and opposite")
    mantissa = int(np.frexp(up)[0] * EXACT_INTEGERS)
    odd = mantissa // (mantissa & -mantissa)
    reach = min(depth, EXACT_INTEGERS // odd, int(LARGEST / up))
    reach = readable(model, np.float32(up), reach)
    return Proof(reach, f"h is depth times {up:.9g}" if reach else "the readout is wrong at depth 0 or 1")


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


THEORY = Theory(prove_relu, PLAIN, construct_relu, {"project": Repairer(_projected, takes_factor=False)})
