"""Proofs that a model answers right on every Dyck-1 prefix up to a depth, of any length.

Every function here takes a `Model` and the depth to aim at, and returns the `Proof` it found. Each is a theorem of the
documentation (`docs/exact.md`) with its conditions checked in the engine's own float32 arithmetic; depth 0 means that
no proof was found, never that the model is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from longcount.cells import Cell
from longcount.cells.gru import GRU
from longcount.cells.hard import HardGRU, HardLSTM
from longcount.cells.lstm import LSTM
from longcount.cells.relu import ReLU
from longcount.exact.boxes import Model
from longcount.exact.proof import EXACT_INTEGERS, Proof
from longcount.exact.proof_lstm import prove_lstm
from longcount.languages.words import CLOSE, OPEN
from longcount.numbers.intervals import LARGEST, Interval


def prove(model: Model, depth: int) -> Proof:
    """The strongest proof there is for the model's cell, up to a depth."""
    if not model.in_range:
        return Proof(0, f"a weight is not a number below {model.largest:g}")
    if type(model.cell) not in PROOFS:
        return Proof(0, f"no proof is known for the cell {model.cell.name}")
    return PROOFS[type(model.cell)](model, min(depth, EXACT_INTEGERS))


# ReLU: multiples of one step


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
    reach = _readable(model, np.float32(up), reach)
    return Proof(reach, f"h is depth times {up:.9g}" if reach else "the readout is wrong at depth 0 or 1")


def _readable(model: Model, unit: np.float32, depth: int) -> int:
    """The greatest depth up to which a state h = depth * unit (all such products exact) is read right."""

    def right(to: int) -> bool:
        above = Interval.between(min(unit, unit * to), max(unit, unit * to))
        zero = Interval.exactly(0)
        return bool(model.surely_right((zero,), True) and model.surely_right((above,), False))

    return _greatest(right, depth)


def _greatest(holds: Callable[[int], bool], most: int) -> int:
    """The greatest depth from 1 to `most` for which a property holds that no depth has unless all lower ones have it;
    0 where there is none."""
    if most < 1 or not holds(1):
        return 0
    if holds(most):
        return most
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return low


# GRU: multiples of one step, kept by rounding


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

    reach = _greatest(steady, reach)
    if not reach:
        return Proof(0, "z or n is not the same in every state")
    reach = _readable(model, np.float32(unit), reach)
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


PROOFS: dict[type[Cell], Callable[[Model, int], Proof]] = {
    ReLU: prove_relu,
    GRU: prove_gru,
    LSTM: prove_lstm,
    HardGRU: prove_gru,
    HardLSTM: prove_lstm,
}
"""By the equations that a theorem is about, never by their name. Those with hard gates reach 1 and -1 sooner; what the
proofs ask of them is the same."""
