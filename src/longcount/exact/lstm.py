"""The LSTM: counters of step 1 kept by saturated gates.

By hand, after Weiss, Goldberg and Yahav (2018): all gates saturated, c is the depth.

Repaired by sharpening its gates (`longcount.exact.sharpening`). A run that learned to count by letting c decay at `)`
has no gates to sharpen: *projection* opens i and f for good and gives g the directions in which c moved.
"""

from __future__ import annotations

import numpy as np

from longcount import cells
from longcount.cells import Cell
from longcount.exact.boxes import Model
from longcount.exact.lower import Fineness
from longcount.exact.one_unit import SATURATED, OneUnit
from longcount.exact.readout import read_from, readouts
from longcount.exact.repairer import Candidates, Repairer, Tensors, copied
from longcount.languages.words import CLOSE, OPEN


def construct_lstm(tensors: Tensors) -> None:
    """See above; the readout's first step is tanh(1)."""
    tensors["bias_ih_l0"][[0, 1, 3]] = SATURATED  # i, f and o are 1
    tensors["weight_ih_l0"][2] = SATURATED, -SATURATED  # g is 1 at `(`, -1 at `)`
    read_from(tensors, float(np.tanh(1.0)))


def _projected(cell: Cell, flat: np.ndarray, factors: tuple[float, ...], depth: int) -> Candidates:
    model = Model(cell, flat)
    counts = [model.start()[0]]
    state = model.start()
    for token in [OPEN] * _PROBED + [CLOSE] * _PROBED:
        state = model.step(token, state)
        counts.append(state[0])
    moves = np.sign(np.diff(counts))
    if moves[0] == 0 or not (moves == np.repeat([moves[0], -moves[0]], _PROBED)).all():
        return
    tensors = copied(cell, flat)
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
        tensors[name][:3] = 0.0
    tensors["bias_ih_l0"][:2] = SATURATED  # i and f
    tensors["weight_ih_l0"][2] = SATURATED * moves[0], -SATURATED * moves[0]  # g
    first = Model(cell, cells.pack(cell, tensors))
    step = float(first.view.state(first.step(OPEN, first.start()))[0])
    yield from ((None, candidate) for candidate in readouts(cell, tensors, step))


_PROBED = 5
"""Depth of the ramp that shows whether c goes one way on `(` and the other on `)`."""


ONE_UNIT = OneUnit(
    (Fineness(history=1, pieces=512, most=8), Fineness(history=2, pieces=4096, most=64)),
    construct_lstm,
    {"project": Repairer(_projected, takes_factor=False)},
)
