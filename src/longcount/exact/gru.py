"""The GRU: multiples of one step, kept by rounding.

By hand: z = 1 - 2^-23 and n = 1 or -1, h is the depth times 2^-23; what leaks is less than half a unit in the last
place, and rounding takes it away (exact below depth 2^21).

Repaired by *rescaling* to that counter: update gate 1 - 2^-23 for both letters, the rows of the candidate n times a
factor, the readout rescaled to the new step.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from longcount.cells import Cell
from longcount.exact.boxes import Model
from longcount.exact.lower import Fineness
from longcount.exact.proof import Proof, greatest
from longcount.exact.readout import read_from, readable, readouts
from longcount.exact.theory import SATURATED, Candidates, Repairer, Tensors, Theory, copied
from longcount.languages.words import CLOSE, OPEN
from longcount.numbers import elementary
from longcount.numbers.intervals import Interval

GRU_STEP = 2.0**-23
UPDATE_BIAS = float(np.float32(np.log(2.0**23 - 1)))
assert elementary.sigmoid(np.float32(UPDATE_BIAS)) == 1 - GRU_STEP, "the update gate is not 1 - 2^-23"


def prove_gru(model: Model, depth: int) -> Proof:
    """One state for every depth: h = depth h_1, with z and n constant on all of them and n exactly 1 and -1.

    The update (h - n) z + n is then checked at every depth, both ways.
    """
    opened = model.gates(OPEN, model.start())
    sign = float(opened["n"])
    if abs(sign) != 1:
        return Proof(0, f"at depth 0 `(` makes n {sign:.9g}, not 1 or -1")
    z_open, z_close = (float(model.gates(token, model.start())["z"]) for token in (OPEN, CLOSE))
    unit, reach = _rounded_walk(z_open, z_close, sign, min(depth, _GRU_DEPTHS))
    if not reach:
        return Proof(0, f"with z = {z_open:.9g} and {z_close:.9g}, `(` and `)` do not undo each other at depth 1")

    def steady(to: int) -> bool:
        states = Interval.between(min(0, unit * to), max(0, unit * to))
        gates = [model.gates(token, (states,)) for token in (OPEN, CLOSE)]
        return (
            gates[OPEN]["n"].is_exactly(sign)
            and gates[CLOSE]["n"].is_exactly(-sign)
            and gates[OPEN]["z"].is_exactly(z_open)
            and gates[CLOSE]["z"].is_exactly(z_close)
        )

    reach = greatest(steady, reach)
    if not reach:
        return Proof(0, "z or n is not the same in every state")
    reach = readable(model, np.float32(unit), reach)
    reason = f"h is depth times {unit:.9g}; rounding takes the leak away"
    return Proof(reach, reason if reach else "the readout is wrong at depth 0 or 1")


_GRU_DEPTHS = 2**22
"""Beyond, no update gate below 1 keeps the count."""


@lru_cache(maxsize=256)
def _rounded_walk(z_open: float, z_close: float, sign: float, depth: int) -> tuple[np.float32, int]:
    """The step h_1 and how deep h = depth h_1 is kept by the update, both ways, in float32."""
    n = np.float32(sign)
    z_up, z_down = np.float32(z_open), np.float32(z_close)
    unit = (np.float32(0) - n) * z_up + n
    reach = 0
    at_once = 1 << 16
    while reach < depth and unit != 0:
        below = np.arange(reach, min(reach + at_once, depth), dtype=np.float64)
        h, above = (below * float(unit)).astype(np.float32), ((below + 1) * float(unit)).astype(np.float32)
        kept = ((h - n) * z_up + n == above) & ((above + n) * z_down - n == h)
        kept &= (above.astype(np.float64) == (below + 1) * float(unit)) & (np.abs(above) <= 1)
        if not kept.all():
            reach += int(np.argmin(kept))
            break
        reach += len(kept)
    return unit, reach


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


THEORY = Theory(
    prove_gru,
    (Fineness(history=1, pieces=4096, most=256), Fineness(history=1, pieces=32768, most=1024)),
    construct_gru,
    {"rescale": Repairer(_rescaled)},
    depth=100_000,
)
