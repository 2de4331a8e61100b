"""One token of a network, for many states at once and over any kind of number, all units of a layer together.

Arrays have the units first: parts of a state [H, S], gates [H, S]. A cell's equations work unit by unit, so that a
vector of one "unit", which holds all of them along an axis, gives the same numbers.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np

from longcount.cells import Cell
from longcount.cells.network import Layer, initial_state, inputs_of_letters, recurrent_gates, split
from longcount.exact.boxes import LARGEST_OF_OTHERS, VIEWS, WITH_LARGE_WEIGHTS, View, in_units, view_of_state
from longcount.numbers.affine import Affine
from longcount.numbers.intervals import LARGEST, Interval
from longcount.numbers.vector import Vector

Part = Any
"""One part of the state, or one coordinate: [H, S] numbers of any kind."""

SWALLOWING = np.float32(2.0**26)
"""A number added again and again is swallowed by rounding where the sum is that many times as large."""

SMALL = 2.0**-12
"""A counter that small numbers are added to is taken for as large as it gets at once, where that is below."""


class Network:
    """A network as the proofs see it.

    Args:
        cell: the cell.
        flat: its weights, float32 [P].
    """

    def __init__(self, cell: Cell, flat: np.ndarray):
        self.cell = cell
        self.flat = np.asarray(flat, np.float32)
        weights = split(cell, list(self.flat))
        letters = inputs_of_letters(cell, weights)
        self.inputs = {gate: np.array([letter[gate] for letter in letters], np.float32).T for gate in cell.gates}
        """By gate, float32 [H, letters]."""
        self.layers = [_Layer(cell, layer) for layer in weights.layers]
        self.readout = np.array(weights.readout_weight, np.float32)
        self.readout_bias = _column(weights.readout_bias)
        self.view: View = VIEWS.get(type(cell)) or view_of_state(cell)
        self.scale = np.ones((cell.hidden_size, 1), np.float32)
        """By unit, in what its counter is measured as a coordinate."""
        self.start = [_column(part) for part in initial_state(cell, weights, np.float32(0))]
        """Every part of every layer's state before the first token, float32 [H, 1]."""
        largest = LARGEST if type(cell) in WITH_LARGE_WEIGHTS else LARGEST_OF_OTHERS
        self.in_range = bool((np.abs(self.flat) <= largest).all())
        """Whether no weight is so large (or NaN) that arithmetic on intervals could overflow."""

    def advance(self, tokens: np.ndarray, state: tuple[Part, ...]) -> tuple[tuple[Part, ...], dict[str, Part]]:
        """The state after a token each, int64 [S], and the last layer's gates."""
        width = len(self.cell.state_names)
        found: list[Part] = []
        shown: dict[str, Part] = {}
        x = {gate: rows[:, tokens] for gate, rows in self.inputs.items()}
        for number, layer in enumerate(self.layers):
            if number:
                x = layer.inputs(found[(number - 1) * width])
            after, shown = layer.advance(x, state[number * width : (number + 1) * width])
            found += after
        return tuple(found), shown

    def in_units(self, scale: np.ndarray) -> Network:
        """The same, with counters as coordinates that are multiples of a power of two for each unit, float32 [H, 1]."""
        if (scale == 1).all():
            return self
        found = copy(self)
        found.scale, found.view = scale, in_units(self.view, scale)
        return found

    def step(self, tokens: np.ndarray, state: tuple[Part, ...]) -> tuple[Part, ...]:
        """The coordinates after a token each, from states of one layer."""
        after, shown = self.advance(tokens, state)
        after = [Interval.of(part) for part in after]
        shown = {name: Interval.of(part) for name, part in shown.items()}
        counter, *others = self.view.of_step(after, shown)
        return (pushed(counter, shown) if {"i", "f", "g"} <= shown.keys() else counter, *others)

    def outputs(self, h: Part) -> Part:
        """The readout's pre-activations [outputs, S] of the last layer's h."""
        return weighted(self.readout, h) + self.readout_bias


class _Layer:
    """One layer's weights."""

    def __init__(self, cell: Cell, layer: Layer):
        self.cell = cell
        self.seeing = recurrent_gates(cell)
        units = cell.hidden_size
        self.recurrent = np.array([layer.weight_hh[gate] for gate in self.seeing], np.float32).reshape(-1, units)
        self.below = {gate: np.array(layer.weight_ih[gate], np.float32) for gate in cell.gates}
        self.bias = {gate: _column(layer.bias_ih[gate]) for gate in cell.gates}
        self.recurrent_bias = {gate: _column(layer.bias_hh[gate]) for gate in self.seeing}
        self.own = {name: Vector((_column(value),)) for name, value in layer.own.items()}

    def inputs(self, below: Part) -> dict[str, Part]:
        """x by gate, of the h of the layer below."""
        x = {gate: weighted(self.below[gate], below) + self.bias[gate] for gate in self.cell.gates}
        for gate in self.seeing:
            if gate not in self.cell.separate_recurrent_bias:
                x[gate] = x[gate] + self.recurrent_bias[gate]
        return x

    def advance(self, x: dict[str, Part], state: tuple[Part, ...]) -> tuple[list[Part], dict[str, Part]]:
        """The layer's state after one token, and its gates."""
        units, y = self.cell.hidden_size, {}
        if self.seeing:
            sums = weighted(self.recurrent, state[0])
            for number, gate in enumerate(self.seeing):
                part = rows_of(sums, slice(number * units, (number + 1) * units))
                separate = gate in self.cell.separate_recurrent_bias
                y[gate] = Vector((part + self.recurrent_bias[gate] if separate else part,))
        given = {gate: Vector((number,)) for gate, number in x.items()}
        after, gates = self.cell.forward(given, y, tuple(Vector((part,)) for part in state), self.own)
        return [part[0] for part in after], {name: part[0] for name, part in gates.items()}


def pushed(counter: Interval, gates: dict[str, Interval]) -> Interval:
    """Counters that are near 0 and kept, with all that adding the same small number again and again makes of them."""
    added, kept, ends = gates["i"] * gates["g"], gates["f"].ends[1] > 0.5, counter.ends.copy()
    for end, sign in enumerate((-1, 1)):
        most = sign * added.ends[end] * SWALLOWING
        widens = kept & (most > 0) & (most < SMALL) & (sign * ends[end] > -most)
        ends[end] = np.where(widens, np.maximum(sign * ends[end], most) * sign, ends[end])
    if not isinstance(counter, Affine):
        return Interval(ends)
    offset = np.where(counter.grows, counter.offset, ends)
    return Affine(offset, counter.slopes, counter.excesses, counter.beyond, counter.fresh, counter.step)


def _column(numbers: Any) -> np.ndarray:
    return np.array(list(numbers), np.float32)[:, None]


def rows_of(number: Part, rows: slice | int) -> Part:
    """Some rows of [rows, S] numbers."""
    return number.rows(rows) if isinstance(number, Interval) else number[rows]


def weighted(matrix: np.ndarray, column: Part) -> Part:
    """matrix float32 [R, H] times column [H, S], summed from the first to the last as the engine does."""
    total = None
    for k in range(matrix.shape[1]):
        product = rows_of(column, k) * matrix[:, k, None]
        total = product if total is None else total + product
    return total
