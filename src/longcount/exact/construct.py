"""Exact counters built by hand, as ordinary weights.

LSTM, after Weiss, Goldberg and Yahav (2018): all gates saturated, c is the depth.
ReLU, under the counter indicator conditions: h is the depth.
GRU: z = 1 - 2^-23 and n = 1 or -1, h is the depth times 2^-23; what leaks is less than half a unit in the last place,
and rounding takes it away (exact below depth 2^21).
"""

from __future__ import annotations

import numpy as np

from longcount import cells
from longcount.errors import UserError
from longcount.numbers import elementary

SATURATED = 40.0
"""A pre-activation at which every gate is exactly 1 (or tanh exactly -1 below its negative)."""

Tensors = dict[str, np.ndarray]


def construct(name: str) -> np.ndarray:
    """The weights, float32 [P], of an exact counter of a cell.

    Raises:
        UserError: for an unknown cell, or one that no exact counter is known for.
    """
    cell = cells.get(name)
    if name not in _COUNTERS:
        raise UserError(f"no exact counter is known for {name}; there are {', '.join(_COUNTERS)}")
    tensors = {part: np.zeros(shape, np.float32) for part, shape in cell.shapes().items()}
    _COUNTERS[name](tensors)
    return cells.pack(cell, tensors)


def _lstm(tensors: Tensors) -> None:
    tensors["bias_ih_l0"][[0, 1, 3]] = SATURATED  # i, f and o are 1
    tensors["weight_ih_l0"][2] = SATURATED, -SATURATED  # g is 1 at `(`, -1 at `)`
    _read_from(tensors, float(np.tanh(1.0)))


def _relu(tensors: Tensors) -> None:
    tensors["weight_hh_l0"][0] = 1.0
    tensors["weight_ih_l0"][0] = 1.0, -1.0
    _read_from(tensors, 1.0)


def _gru(tensors: Tensors) -> None:
    tensors["bias_ih_l0"][1] = UPDATE_BIAS  # z; r has nothing to reset, because W_hn and b_hn are 0
    tensors["weight_ih_l0"][2] = SATURATED, -SATURATED  # n
    _read_from(tensors, GRU_STEP)


def _read_from(tensors: Tensors, first_step: float) -> None:
    """The readout: `(` always, `)` above half of what h is at depth 1."""
    tensors["readout.bias"][:] = 10.0, -10.0
    tensors["readout.weight"][1] = 20.0 / first_step


_COUNTERS = {"lstm": _lstm, "relu": _relu, "gru": _gru}

GRU_STEP = 2.0**-23
UPDATE_BIAS = float(np.float32(np.log(2.0**23 - 1)))
assert elementary.sigmoid(np.float32(UPDATE_BIAS)) == 1 - GRU_STEP, "the update gate is not 1 - 2^-23"
