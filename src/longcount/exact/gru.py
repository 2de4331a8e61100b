"""The GRU: multiples of one step, kept by rounding.

By hand: z = 1 - 2^-23 and n = 1 or -1, h is the depth times 2^-23; what leaks is less than half a unit in the last
place, and rounding takes it away (exact below depth 2^21).

Repaired by *rescaling* to that counter: update gate 1 - 2^-23 for both letters, the rows of the candidate n times a
factor, the readout rescaled to the new step.
"""

from __future__ import annotations

import numpy as np

from longcount.cells import Cell
from longcount.exact.boxes import Model
from longcount.exact.lower import Fineness
from longcount.exact.one_unit import SATURATED, OneUnit
from longcount.exact.readout import read_from, readouts
from longcount.exact.repairer import Candidates, Repairer, Tensors, copied
from longcount.languages.words import CLOSE, OPEN
from longcount.numbers import elementary

GRU_STEP = 2.0**-23
UPDATE_BIAS = float(np.float32(np.log(2.0**23 - 1)))
assert elementary.sigmoid(np.float32(UPDATE_BIAS)) == 1 - GRU_STEP, "the update gate is not 1 - 2^-23"


def construct_gru(tensors: Tensors) -> None:
    """See above."""
    tensors["bias_ih_l0"][1] = UPDATE_BIAS  # z; r has nothing to reset, because W_hn and b_hn are 0
    tensors["weight_ih_l0"][2] = SATURATED, -SATURATED  # n
    read_from(tensors, GRU_STEP)


def _rescaled(cell: Cell, flat: np.ndarray, factors: tuple[float, ...], depth: int) -> Candidates:
    model = Model(cell, flat)
    opened = model.step(OPEN, model.start())
    signs = [float(model.gates(token, model.start())["n"]) for token in (OPEN, CLOSE)]
    if signs[OPEN] * signs[CLOSE] >= 0 or opened[0] == 0:
        return
    for factor in factors:
        tensors = copied(cell, flat)
        tensors["weight_ih_l0"][1] = tensors["weight_hh_l0"][1] = tensors["bias_hh_l0"][1] = 0.0  # z
        tensors["bias_ih_l0"][1] = UPDATE_BIAS
        for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
            tensors[name][2] *= np.float32(factor)  # n
        step = GRU_STEP * float(np.sign(signs[OPEN]))
        tensors["readout.weight"] *= np.float32(float(opened[0]) / step)
        yield from ((factor, candidate) for candidate in readouts(cell, tensors, step))


ONE_UNIT = OneUnit(
    (Fineness(history=1, pieces=4096, most=256), Fineness(history=1, pieces=32768, most=1024)),
    construct_gru,
    {"rescale": Repairer(_rescaled)},
)
