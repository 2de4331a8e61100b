"""One token on boxes: what a model may do from every state of a set at once.

A box is one interval per coordinate. For most cells the coordinates are the parts of the state, the counter first. An
LSTM's h is o tanh(c), so its coordinates are c and o, and h is computed from them as the engine does; a box of c and h
would hold pairs far from any that occur.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from longcount.cells import OUTPUTS, VOCABULARY, Cell
from longcount.cells.coupled import CoupledLSTM
from longcount.cells.gru import GRU
from longcount.cells.hard import HardGRU, HardLSTM
from longcount.cells.lstm import LSTM
from longcount.cells.network import inputs_of_letters, split, step
from longcount.cells.peephole import PeepholeLSTM
from longcount.cells.relu import ReLU
from longcount.errors import UserError
from longcount.numbers import elementary
from longcount.numbers.intervals import LARGEST, Interval
from longcount.numbers.monotone import SIGMOID
from longcount.numbers.vector import Vector

Coordinates = tuple[Any, ...]
"""Numbers of any kind, one per coordinate; the first is the counter."""


THRESHOLD = np.float32(SIGMOID.half_from)
"""An output is at least 0.5 exactly where its pre-activation is at least this."""


class View(NamedTuple):
    """How a cell's state follows from independent coordinates, as many as the state has parts."""

    of_step: Callable[[Sequence[Any], Mapping[str, Any]], Coordinates]  # coordinates of the next state and the gates
    state: Callable[[Coordinates], tuple[Any, ...]]


def view_of_state(cell: Cell) -> View:
    """The state itself, the counter moved to the front."""
    at = cell.counting
    return View(
        lambda state, gates: (state[at], *state[:at], *state[at + 1 :]),
        lambda coordinates: (*coordinates[1 : at + 1], coordinates[0], *coordinates[at + 1 :]),
    )


def _view_of_lstm(tanh: Callable[[Any], Any]) -> View:
    """Coordinates c and o, from which h is o tanh(c)."""
    return View(lambda state, gates: (state[1], gates["o"]), lambda c: (c[1] * tanh(c[0]), c[0]))


def in_units(view: View, scale: np.ndarray) -> View:
    """The same view with the counter as a multiple of powers of two, float32: that is exact both ways."""
    inverse = np.float32(1) / scale
    return View(
        lambda state, gates: (lambda counter, *others: (counter * inverse, *others))(*view.of_step(state, gates)),
        lambda coordinates: view.state((coordinates[0] * scale, *coordinates[1:])),
    )


VIEWS: dict[type[Cell], View] = {
    LSTM: _view_of_lstm(elementary.tanh),
    HardLSTM: _view_of_lstm(elementary.hard_tanh),
    PeepholeLSTM: _view_of_lstm(elementary.tanh),
    CoupledLSTM: _view_of_lstm(elementary.tanh),
}
"""By cell; all others: the state itself."""

WITH_LARGE_WEIGHTS: tuple[type[Cell], ...] = (LSTM, GRU, ReLU, HardLSTM, HardGRU)
"""Cells that no weights up to `LARGEST` make overflow: they multiply no two sums of weights."""

LARGEST_OF_OTHERS = 2.0**30
"""Largest magnitude of weights of all other cells: some multiply three sums of them, which must not overflow."""


def check_covered(cell: Cell) -> None:
    """Refuse a network that is no single unit for Dyck-1.

    Raises:
        UserError: more than one unit or layer, other letters or outputs than Dyck-1's, or a start that is learned.
    """
    if (cell.hidden_size, cell.layers) != (1, 1):
        sizes = f"{cell.hidden_size} units in {cell.layers} layers"
        raise UserError(f"only one unit in one layer is supported here, not {sizes}")
    if (cell.letters, cell.outputs) != (VOCABULARY, OUTPUTS):
        raise UserError(f"only Dyck-1 is supported here, not {cell.letters} letters and {cell.outputs} outputs")
    if cell.learned_start:
        raise UserError("only networks whose state starts at 0 are supported here, not a learned start")


class Model:
    """A network of one unit in one layer as the proofs see it.

    Args:
        cell: the cell.
        flat: float32 [P], in the order of `Cell.shapes`.

    Raises:
        UserError: for a network of another size.
    """

    def __init__(self, cell: Cell, flat: np.ndarray):
        check_covered(cell)
        self.cell = cell
        self.flat = np.asarray(flat, np.float32)
        self.weights = split(cell, list(self.flat))
        self.letters = inputs_of_letters(cell, self.weights)
        self.view = VIEWS.get(type(cell)) or view_of_state(cell)
        self.largest = LARGEST if type(cell) in WITH_LARGE_WEIGHTS else LARGEST_OF_OTHERS
        self.in_range = bool((np.abs(self.flat) <= self.largest).all())
        """Whether no weight is so large (or NaN) that arithmetic on intervals could overflow."""

    def start(self) -> Coordinates:
        """The coordinates before the first token: all 0. An LSTM's o may be anything there, because tanh(0) is 0."""
        return (np.float32(0),) * len(self.cell.state_names)

    def step(self, token: int, coordinates: Coordinates) -> Coordinates:
        """The coordinates after one more token, over intervals or float32 numbers."""
        return self._step(self.letters[token], coordinates)

    def step_both(self, coordinates: Coordinates) -> Coordinates:
        """The coordinates [2, ...] after `(` and after `)`, from coordinates [1, ...]."""
        opened, closed = self.letters
        extent = np.ndim(coordinates[0].lower if isinstance(coordinates[0], Interval) else coordinates[0]) - 1
        both = {
            gate: Vector(
                np.array([a, b], np.float32).reshape(2, *[1] * extent)
                for a, b in zip(opened[gate], closed[gate], strict=True)
            )
            for gate in self.cell.gates
        }
        after = self._step(both, coordinates)  # a part that nothing of the state reaches has fewer extents
        if not any(isinstance(number, Interval) for number in after):
            return tuple(np.broadcast_arrays(*after))
        return tuple(Interval(ends) for ends in np.broadcast_arrays(*(Interval.of(number).ends for number in after)))

    def _step(self, x: dict[str, Vector], coordinates: Coordinates) -> Coordinates:
        state = tuple(Vector((number,)) for number in self.view.state(coordinates))
        after, (gates,) = step(self.cell, self.weights, x, state)
        return self.view.of_step([part[0] for part in after], {name: part[0] for name, part in gates.items()})

    def gates(self, token: int, coordinates: Coordinates) -> dict[str, Any]:
        """The cell's gates at one more token, by name."""
        state = tuple(Vector((number,)) for number in self.view.state(coordinates))
        _, (gates,) = step(self.cell, self.weights, self.letters[token], state)
        return {name: part[0] for name, part in gates.items()}

    def surely_right(self, coordinates: Coordinates, balanced: np.ndarray | bool) -> np.ndarray:
        """bool [...]: whether every state of a box answers right, at depth 0 (`balanced`) or above it."""
        may_open, may_close = self._before_sigmoid(coordinates)
        closes = np.where(balanced, may_close.upper < THRESHOLD, may_close.lower >= THRESHOLD)
        bounded = np.logical_and.reduce([number.in_range() for number in coordinates])
        return (may_open.lower >= THRESHOLD) & closes & bounded

    def right(self, coordinates: Coordinates, balanced: np.ndarray | bool) -> np.ndarray:
        """bool [...]: whether states of float32 numbers, NaN and infinity among them, answer right."""
        may_open, may_close = self._before_sigmoid(coordinates)
        return (may_open >= THRESHOLD) & ((may_close >= THRESHOLD) != balanced)

    def _before_sigmoid(self, coordinates: Coordinates) -> list[Any]:
        h = self.view.state(coordinates)[0]
        pairs = zip(self.weights.readout_weight, self.weights.readout_bias, strict=True)
        return [h * row[0] + bias for row, bias in pairs]
