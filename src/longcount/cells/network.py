"""The network around a cell: affine maps, readout and loss, forward and backward, over any kind of number.

One or more recurrent layers of one cell, a linear readout and a sigmoid at every token. The same functions serve
the slow NumPy twin, the lanes of the fast engine, intervals and symbols. Letters: H hidden size, L layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from longcount import elementary
from longcount.cells.cell import OUTPUTS, VOCABULARY, Cell, Gates
from longcount.cells.vector import Vector, dot, matrix_vector, sigmoid, transposed

Matrix = list[tuple[Any, ...]]
State = tuple[Vector, ...]
"""The cell's state of every layer, the first layer first: (h, c) or (h, c, h, c)."""

Tape = tuple[Vector, ...]
"""The cell's tape of every layer, the first layer first."""


class Layer(NamedTuple):
    """The parameters of a recurrent layer, by gate."""

    weight_ih: dict[str, Matrix]  # [H][letters], or [H][H] above the first layer
    weight_hh: dict[str, Matrix]  # [H][H]
    bias_ih: Gates  # [H]
    bias_hh: Gates  # [H]


class Weights(NamedTuple):
    """The parameters of a network."""

    layers: tuple[Layer, ...]
    readout_weight: Matrix  # [outputs][H]
    readout_bias: Vector  # [outputs]


def split(cell: Cell, flat: Sequence[Any]) -> Weights:
    """The weights of a flat sequence of P numbers in the order of `cell.shapes`."""
    numbers = iter(flat)

    def matrix(rows: int, columns: int) -> Matrix:
        return [tuple(next(numbers) for _ in range(columns)) for _ in range(rows)]

    def vector(length: int) -> Vector:
        return Vector(next(numbers) for _ in range(length))

    h = cell.hidden_size
    layers = tuple(
        Layer(
            {gate: matrix(h, h if number else VOCABULARY) for gate in cell.gates},
            {gate: matrix(h, h) for gate in cell.gates},
            {gate: vector(h) for gate in cell.gates},
            {gate: vector(h) for gate in cell.gates},
        )
        for number in range(cell.layers)
    )
    return Weights(layers, matrix(OUTPUTS, h), vector(OUTPUTS))


def inputs_of_letters(cell: Cell, weights: Weights) -> list[Gates]:
    """The first layer's x of every letter: its column of W_ih plus biases."""
    first = weights.layers[0]
    columns = [
        {gate: Vector(row[letter] for row in first.weight_ih[gate]) for gate in cell.gates}
        for letter in range(VOCABULARY)
    ]
    return [_with_biases(cell, first, column) for column in columns]


def _with_biases(cell: Cell, layer: Layer, products: Gates) -> Gates:
    """x from W_ih input: b_ih, and b_hh where the cell uses only the sum x + y."""
    x = {gate: product + layer.bias_ih[gate] for gate, product in products.items()}
    return {
        gate: number if gate in cell.separate_recurrent_bias else number + layer.bias_hh[gate]
        for gate, number in x.items()
    }


def step(cell: Cell, weights: Weights, x: Gates, state: State) -> tuple[State, Tape]:
    """One token, given the first layer's x: the next state and tape."""
    width = len(cell.state_names)
    next_state: list[Vector] = []
    tape: list[Vector] = []
    for number, layer in enumerate(weights.layers):
        before = state[number * width : (number + 1) * width]
        if number:
            below = next_state[(number - 1) * width]
            products = {gate: matrix_vector(layer.weight_ih[gate], below) for gate in cell.gates}
            x = _with_biases(cell, layer, products)
        y = {}
        for gate in cell.gates:
            y[gate] = matrix_vector(layer.weight_hh[gate], before[0])
            if gate in cell.separate_recurrent_bias:
                y[gate] = y[gate] + layer.bias_hh[gate]
        after, kept = cell.forward(x, y, before)
        next_state.extend(after)
        tape.extend(kept)
    return tuple(next_state), tuple(tape)


def hidden_states(cell: Cell, state: State) -> State:
    """h of every layer."""
    return state[:: len(cell.state_names)]


def read(cell: Cell, weights: Weights, state: State) -> Vector:
    """The outputs [outputs] in (0, 1): sigmoid(W h + b) of the last layer's h."""
    h = hidden_states(cell, state)[-1]
    return sigmoid(matrix_vector(weights.readout_weight, h) + weights.readout_bias)


def squared_error(outputs: Vector, targets: Vector) -> tuple[Any, Vector]:
    """Sum over outputs of (y - t)^2, and half its gradient by the readout's pre-activations."""
    errors = outputs - targets
    return dot(errors, errors), errors * outputs * (1.0 - outputs)


def cross_entropy(outputs: Vector, targets: Vector) -> tuple[Any, Vector]:
    """Sum over outputs of -log(y) or -log(1 - y), logarithms clamped at -100, and its gradient by the
    readout's pre-activations, y - t."""
    terms = [-elementary.log(elementary.where(t > 0.5, y, 1.0 - y)) for y, t in zip(outputs, targets, strict=True)]
    return _sum(terms), outputs - targets


class Loss(NamedTuple):
    """A loss by token: function of outputs and targets, and the factor that its gradient lacks."""

    function: Any
    factor: float


LOSSES = {"mse": Loss(squared_error, 2.0), "bce": Loss(cross_entropy, 1.0)}
"""A word's loss is the mean over its tokens and outputs."""


def step_back(
    cell: Cell, weights: Weights, tape: Tape, before: State, after: State, d_outputs: Vector, d_state: State
) -> tuple[State, Gates, list[Any]]:
    """One token backwards.

    Args:
        cell: the cell.
        weights: the weights.
        tape: this token's tape.
        before: h of every layer before this token.
        after: h of every layer after it.
        d_outputs: the gradient by the readout's pre-activations.
        d_state: the gradient by the state after this token, as it comes from later tokens.

    Returns:
        the gradient by the state before, by the first layer's x, and this token's shares in the gradient by all
        other parameters, in the order of `flat_gradient`.
    """
    width, tape_width = len(cell.state_names), len(cell.tape_names)
    shares = [d * h for d in d_outputs for h in after[-1]] + list(d_outputs)
    d_h = matrix_vector(transposed(weights.readout_weight), d_outputs)
    d_before: list[Vector] = []
    d_x: Gates = {}
    for number in reversed(range(cell.layers)):
        layer = weights.layers[number]
        later = d_state[number * width : (number + 1) * width]
        kept = tape[number * tape_width : (number + 1) * tape_width]
        direct, d_x, d_y = cell.backward(kept, (later[0] + d_h, *later[1:]))
        through_y = [matrix_vector(transposed(layer.weight_hh[gate]), d_y[gate]) for gate in cell.gates]
        d_h_before = _sum(through_y if direct[0] is None else [direct[0], *through_y])
        d_before[:0] = [d_h_before, *direct[1:]]
        own = [d * h for gate in cell.gates for d in d_y[gate] for h in before[number]]
        own += [d for gate in cell.separate_recurrent_bias for d in d_y[gate]]
        if number:
            own += [d * h for gate in cell.gates for d in d_x[gate] for h in after[number - 1]]
            own += [d for gate in cell.gates for d in d_x[gate]]
            d_h = _sum([matrix_vector(transposed(layer.weight_ih[gate]), d_x[gate]) for gate in cell.gates])
        shares = own + shares
    return tuple(d_before), d_x, shares


def number_of_shares(cell: Cell) -> int:
    """How many shares `step_back` returns."""
    h, gates = cell.hidden_size, len(cell.gates)
    recurrent = gates * h * h + len(cell.separate_recurrent_bias) * h
    return cell.layers * recurrent + (cell.layers - 1) * (gates * h * h + gates * h) + OUTPUTS * (h + 1)


def flat_gradient(cell: Cell, letters: Sequence[Mapping[str, Sequence[Any]]], shares: Sequence[Any]) -> list[Any]:
    """The gradient as a flat list of P numbers in the order of `cell.shapes`.

    Args:
        cell: the cell.
        letters: by letter and gate [H], the sum of the gradients by the first layer's x.
        shares: the sums of what `step_back` returns: layer by layer by W_hh, by the separate biases and above the
            first layer by W_ih and b_ih; then by the readout.
    """
    rest = iter(shares)
    h = cell.hidden_size

    def take(count: int) -> list[Any]:
        return [next(rest) for _ in range(count)]

    flat: list[Any] = []
    for number in range(cell.layers):
        weight_hh = {gate: take(h * h) for gate in cell.gates}
        separate = {gate: take(h) for gate in cell.separate_recurrent_bias}
        if number:
            weight_ih = {gate: take(h * h) for gate in cell.gates}
            bias = {gate: take(h) for gate in cell.gates}
        else:
            weight_ih = {gate: [letter[gate][j] for j in range(h) for letter in letters] for gate in cell.gates}
            bias = {gate: [_sum([letter[gate][j] for letter in letters]) for j in range(h)] for gate in cell.gates}
        flat += _in_order(cell, weight_ih) + _in_order(cell, weight_hh) + _in_order(cell, bias)
        flat += _in_order(cell, {**bias, **separate})
    return flat + take(OUTPUTS * (h + 1))


def _in_order(cell: Cell, by_gate: dict[str, list[Any]]) -> list[Any]:
    return [number for gate in cell.gates for number in by_gate[gate]]


def _sum(numbers: list[Any]) -> Any:
    """From the first to the last."""
    total = numbers[0]
    for number in numbers[1:]:
        total = total + number
    return total
