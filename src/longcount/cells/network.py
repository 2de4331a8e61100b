"""The network around a cell: affine maps, readout and loss, forward and backward, over any kind of number.

One recurrent layer of one cell, a linear readout and a sigmoid at every token. The same functions serve the slow
NumPy twin, the lanes of the fast engine, intervals and symbols.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from longcount import elementary
from longcount.cells.cell import OUTPUTS, VOCABULARY, Cell, Gates
from longcount.cells.vector import Vector, dot, matrix_vector, sigmoid, transposed

Matrix = list[tuple[Any, ...]]
State = tuple[Vector, ...]
Tape = tuple[Vector, ...]


class Weights(NamedTuple):
    """The parameters of a network, split by gate; H is the hidden size."""

    weight_ih: dict[str, Matrix]  # [H][letters]
    weight_hh: dict[str, Matrix]  # [H][H]
    bias_ih: Gates  # [H]
    bias_hh: Gates  # [H]
    readout_weight: Matrix  # [outputs][H]
    readout_bias: Vector  # [outputs]


def split(cell: Cell, flat: Sequence[Any], hidden_size: int = 1) -> Weights:
    """The weights of a flat sequence of P numbers in the order of `cell.shapes`."""
    numbers = iter(flat)

    def matrix(rows: int, columns: int) -> Matrix:
        return [tuple(next(numbers) for _ in range(columns)) for _ in range(rows)]

    def vector(length: int) -> Vector:
        return Vector(next(numbers) for _ in range(length))

    h = hidden_size
    return Weights(
        {gate: matrix(h, VOCABULARY) for gate in cell.gates},
        {gate: matrix(h, h) for gate in cell.gates},
        {gate: vector(h) for gate in cell.gates},
        {gate: vector(h) for gate in cell.gates},
        matrix(OUTPUTS, h),
        vector(OUTPUTS),
    )


def inputs_of_letters(cell: Cell, weights: Weights) -> list[Gates]:
    """x of every letter: its column of W_ih plus b_ih, plus b_hh where the cell uses only the sum x + y."""
    letters = []
    for letter in range(VOCABULARY):
        gates = {}
        for gate in cell.gates:
            x = Vector(row[letter] for row in weights.weight_ih[gate]) + weights.bias_ih[gate]
            gates[gate] = x if gate in cell.separate_recurrent_bias else x + weights.bias_hh[gate]
        letters.append(gates)
    return letters


def step(cell: Cell, weights: Weights, x: Gates, state: State) -> tuple[State, Tape]:
    """One token: the next state and the cell's tape."""
    y = {}
    for gate in cell.gates:
        y[gate] = matrix_vector(weights.weight_hh[gate], state[0])
        if gate in cell.separate_recurrent_bias:
            y[gate] = y[gate] + weights.bias_hh[gate]
    return cell.forward(x, y, state)


def read(weights: Weights, h: Vector) -> Vector:
    """The outputs [outputs] in (0, 1): sigmoid(W h + b)."""
    return sigmoid(matrix_vector(weights.readout_weight, h) + weights.readout_bias)


def squared_error(outputs: Vector, targets: Vector) -> tuple[Any, Vector]:
    """Sum over outputs of (y - t)^2, and half its gradient by the readout's pre-activations."""
    errors = outputs - targets
    return dot(errors, errors), errors * outputs * (1.0 - outputs)


def cross_entropy(outputs: Vector, targets: Vector) -> tuple[Any, Vector]:
    """Sum over outputs of -log(y) or -log(1 - y), logarithms clamped at -100, and its gradient by the
    readout's pre-activations, y - t."""
    total = None
    for y, t in zip(outputs, targets, strict=True):
        term = -elementary.log(elementary.where(t > 0.5, y, 1.0 - y))
        total = term if total is None else total + term
    return total, outputs - targets


class Loss(NamedTuple):
    """A loss by token: function of outputs and targets, and the factor that `gradient` lacks."""

    function: Any
    factor: float


LOSSES = {"mse": Loss(squared_error, 2.0), "bce": Loss(cross_entropy, 1.0)}
"""A word's loss is the mean over its tokens and outputs."""


class Sums(NamedTuple):
    """What the way back adds up over the tokens of a word; every entry is a number."""

    letters: list[dict[str, list[Any]]]  # by letter and gate [H]: gradient by x
    weight_hh: dict[str, list[list[Any]]]  # by gate [H][H]
    separate_bias: dict[str, list[Any]]  # by gate with a bias of its own in y [H]
    readout_weight: list[list[Any]]  # [outputs][H]
    readout_bias: list[Any]  # [outputs]


def step_back(
    cell: Cell, weights: Weights, tape: Tape, h_before: Vector, h_after: Vector, d_outputs: Vector, d_state: State
) -> tuple[State, Gates, dict[str, list[list[Any]]], Gates, list[list[Any]]]:
    """One token backwards.

    Takes the gradient by the readout's pre-activations, and by the next state as it comes from later tokens.
    Returns the gradient by the previous state, and this token's shares: by x, by W_hh, by y, and by the readout's
    weights.
    """
    readout = [[d * h for h in h_after] for d in d_outputs]
    d_h = d_state[0] + matrix_vector(transposed(weights.readout_weight), d_outputs)
    direct, d_x, d_y = cell.backward(tape, (d_h, *d_state[1:]))
    shares = [matrix_vector(transposed(weights.weight_hh[gate]), d_y[gate]) for gate in cell.gates]
    d_before = _sum(shares if direct[0] is None else [direct[0], *shares])
    recurrent = {gate: [[d * h for h in h_before] for d in d_y[gate]] for gate in cell.gates}
    return (d_before, *direct[1:]), d_x, recurrent, d_y, readout


def flat_gradient(cell: Cell, sums: Sums) -> list[Any]:
    """The gradient as a flat list of P numbers in the order of `cell.shapes`."""
    flat: list[Any] = []
    total = {
        gate: [_sum(letter[gate][j] for letter in sums.letters) for j in range(len(sums.letters[0][gate]))]
        for gate in cell.gates
    }
    for gate in cell.gates:
        for j in range(len(total[gate])):
            flat.extend(letter[gate][j] for letter in sums.letters)
    for gate in cell.gates:
        for row in sums.weight_hh[gate]:
            flat.extend(row)
    for gate in cell.gates:
        flat.extend(total[gate])
    for gate in cell.gates:
        flat.extend(sums.separate_bias[gate] if gate in cell.separate_recurrent_bias else total[gate])
    for row in sums.readout_weight:
        flat.extend(row)
    flat.extend(sums.readout_bias)
    return flat


def _sum(numbers: Any) -> Any:
    total = None
    for number in numbers:
        total = number if total is None else total + number
    return total
