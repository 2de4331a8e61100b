"""The network around a cell: affine maps, readout and loss, forward and backward, over any kind of number.

One or more recurrent layers of one cell, a linear readout and a link (sigmoid or softmax). The same functions serve
the slow NumPy twin, the lanes of the fast engine, intervals and symbols. Symbols: H hidden size, L layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from longcount.cells.cell import Cell, Gates, State
from longcount.cells.derivation import Tape, derive
from longcount.numbers import elementary
from longcount.numbers.vector import Vector, dot, exp, matrix_vector, sigmoid, transposed

Matrix = list[tuple[Any, ...]]


Link = Literal["sigmoid", "softmax"]


class Question(NamedTuple):
    """When a network that reads a word has to answer, and how its outputs are read."""

    link: Link = "sigmoid"
    """From the readout's pre-activations to the outputs: each by itself, or a distribution over them."""

    answers: Literal["token", "word"] = "token"
    """It answers after every token, or after the last token of a word only."""

    threshold: float = 0.5
    """Of a sigmoid, an output says yes from here on; of a softmax, above it."""


EVERY_TOKEN = Question()
"""The next-letters task."""


class Sizes(Protocol):
    """The sizes of a network: a `Cell`, or a PyTorch module in its place."""

    @property
    def letters(self) -> int:
        """Of the input."""
        ...

    @property
    def outputs(self) -> int:
        """Of the readout."""
        ...

    def size(self) -> int:
        """The number of parameters P."""
        ...


class Layer(NamedTuple):
    """The parameters of a recurrent layer, by gate; the recurrent ones are empty where the cell is not recurrent."""

    weight_ih: dict[str, Matrix]  # [H][letters], or [H][H] above the first layer
    weight_hh: dict[str, Matrix]  # [H][H]
    bias_ih: Gates  # [H]
    bias_hh: Gates  # [H]
    own: Gates  # [H], by name


class Weights(NamedTuple):
    """The parameters of a network."""

    layers: tuple[Layer, ...]
    readout_weight: Matrix  # [outputs][H]
    readout_bias: Vector  # [outputs]
    start: State  # [H] for every part of every layer's state; empty where the state starts at 0


def split(cell: Cell, flat: Sequence[Any]) -> Weights:
    """The weights of a flat sequence of P numbers in the order of `cell.shapes`."""
    numbers = iter(flat)

    def matrix(rows: int, columns: int) -> Matrix:
        return [tuple(next(numbers) for _ in range(columns)) for _ in range(rows)]

    def vector(length: int) -> Vector:
        return Vector(next(numbers) for _ in range(length))

    h, recurrent = cell.hidden_size, recurrent_gates(cell)
    layers = tuple(
        Layer(
            {gate: matrix(h, h if number else cell.letters) for gate in cell.gates},
            {gate: matrix(h, h) for gate in recurrent},
            {gate: vector(h) for gate in cell.gates},
            {gate: vector(h) for gate in recurrent},
            {name: vector(h) for name in cell.own},
        )
        for number in range(cell.layers)
    )
    readout = matrix(cell.outputs, h), vector(cell.outputs)
    parts = cell.layers * len(cell.state_names) if cell.learned_start else 0
    return Weights(layers, *readout, tuple(vector(h) for _ in range(parts)))


def recurrent_gates(cell: Cell) -> tuple[str, ...]:
    """The gates that depend on h."""
    return cell.gates if cell.recurrent else ()


def initial_state(cell: Cell, weights: Weights, zero: Any) -> State:
    """The state before the first token: learned, or `zero` everywhere."""
    return weights.start or cell.initial_state(zero)


def inputs_of_letters(cell: Cell, weights: Weights) -> list[Gates]:
    """The first layer's x of every letter: its column of W_ih plus biases."""
    first = weights.layers[0]
    columns = [
        {gate: Vector(row[letter] for row in first.weight_ih[gate]) for gate in cell.gates}
        for letter in range(cell.letters)
    ]
    return [_with_biases(cell, first, column) for column in columns]


def _with_biases(cell: Cell, layer: Layer, products: Gates) -> Gates:
    """x from W_ih input: b_ih, and b_hh where the cell uses only the sum x + y."""
    x = {gate: product + layer.bias_ih[gate] for gate, product in products.items()}
    return {gate: number + layer.bias_hh[gate] if _joins(cell, gate) else number for gate, number in x.items()}


def _joins(cell: Cell, gate: str) -> bool:
    """Whether a gate's b_hh is added to its x."""
    return cell.recurrent and gate not in cell.separate_recurrent_bias


def step(cell: Cell, weights: Weights, x: Gates, state: State) -> tuple[State, list[Gates]]:
    """One token, given the first layer's x: the next state, and every layer's gates."""
    return _advance(cell, weights, x, state, cell.forward)


def step_keeping(cell: Cell, weights: Weights, x: Gates, state: State) -> tuple[State, list[Tape]]:
    """One token, given the first layer's x: the next state, and every layer's tape."""
    return _advance(cell, weights, x, state, derive(type(cell)).forward)


def _advance(cell: Cell, weights: Weights, x: Gates, state: State, forward: Any) -> tuple[State, list[Any]]:
    width = len(cell.state_names)
    next_state: list[Vector] = []
    found = []
    for number, layer in enumerate(weights.layers):
        before = state[number * width : (number + 1) * width]
        if number:
            below = next_state[(number - 1) * width]
            products = {gate: matrix_vector(layer.weight_ih[gate], below) for gate in cell.gates}
            x = _with_biases(cell, layer, products)
        y = {}
        for gate in recurrent_gates(cell):
            y[gate] = matrix_vector(layer.weight_hh[gate], before[0])
            if gate in cell.separate_recurrent_bias:
                y[gate] = y[gate] + layer.bias_hh[gate]
        after, other = forward(x, y, before, layer.own)
        next_state.extend(after)
        found.append(other)
    return tuple(next_state), found


def hidden_states(cell: Cell, state: State) -> State:
    """h of every layer."""
    return state[:: len(cell.state_names)]


def read(cell: Cell, weights: Weights, state: State, question: Question = EVERY_TOKEN) -> Vector:
    """The outputs [outputs] in (0, 1): the link of W h + b of the last layer's h."""
    h = hidden_states(cell, state)[-1]
    before = matrix_vector(weights.readout_weight, h) + weights.readout_bias
    return sigmoid(before) if question.link == "sigmoid" else softmax(before)


def softmax(vector: Vector) -> Vector:
    """exp(x_k) / sum of exp(x), from differences to the greatest, which never overflow."""
    greatest = vector[0]
    for number in vector[1:]:
        greatest = elementary.maximum(greatest, number)
    powers = exp(vector - greatest)
    return powers / _sum(list(powers))


def squared_error(outputs: Vector, targets: Vector) -> tuple[Any, Vector]:
    """Sum over outputs of (y - t)^2, and half its gradient with respect to the readout's pre-activations."""
    errors = outputs - targets
    return dot(errors, errors), errors * outputs * (1.0 - outputs)


def cross_entropy(outputs: Vector, targets: Vector) -> tuple[Any, Vector]:
    """Sum over outputs of -log(y) or -log(1 - y), logarithms clamped at -100, and its gradient with
    respect to the readout's pre-activations, y - t."""
    terms = [-elementary.log(elementary.where(t > 0.5, y, 1.0 - y)) for y, t in zip(outputs, targets, strict=True)]
    return _sum(terms), outputs - targets


def surprisal(outputs: Vector, targets: Vector) -> tuple[Any, Vector]:
    """-log of the probability of the letter that comes next (targets 1 there, else 0), logarithm clamped at -100, and
    its gradient with respect to the readout's pre-activations, y - t."""
    return -elementary.log(dot(outputs, targets)), outputs - targets


class Loss(NamedTuple):
    """A loss by token."""

    function: Any
    """Of outputs and targets."""
    factor: float
    """The factor that its gradient leaves out."""
    link: str
    """The link of the outputs that it applies to."""
    of_each_output: bool = True
    """Whether it is a sum over outputs, whose mean is taken."""

    def terms(self, cell: Cell) -> int:
        """How many terms a token adds to the mean."""
        return cell.outputs if self.of_each_output else 1


LOSSES = {
    "mse": Loss(squared_error, 2.0, "sigmoid"),
    "bce": Loss(cross_entropy, 1.0, "sigmoid"),
    "ce": Loss(surprisal, 1.0, "softmax", of_each_output=False),
}
"""A word's loss is the mean over the tokens after which the network answers, and over outputs."""


def step_back(
    cell: Cell, weights: Weights, tapes: Sequence[Tape], after: State, d_outputs: Vector, d_state: State
) -> tuple[State, Gates, list[Any]]:
    """One token backwards.

    Args:
        cell: the cell.
        weights: the weights.
        tapes: this token's tape of every layer.
        after: h of every layer after the token.
        d_outputs: the gradient with respect to the readout's pre-activations.
        d_state: the gradient with respect to the state after this token, from later tokens.

    Returns:
        The gradients with respect to the state before and to the first layer's x, and this token's contributions to
        the gradient with respect to all other parameters, in the order of `flat_gradient`.
    """
    width = len(cell.state_names)
    shares = [d * h for d in d_outputs for h in after[-1]] + list(d_outputs)
    d_h = matrix_vector(transposed(weights.readout_weight), d_outputs)
    d_before: list[Vector] = []
    d_x: Gates = {}
    for number in reversed(range(cell.layers)):
        layer, h_before = weights.layers[number], tapes[number][0]
        later = d_state[number * width : (number + 1) * width]
        direct, d_x, d_y, d_own = derive(type(cell)).backward(tapes[number], (later[0] + d_h, *later[1:]))
        through_y = [matrix_vector(transposed(layer.weight_hh[gate]), d) for gate, d in d_y.items()]
        to_h = through_y if direct[0] is None else [direct[0], *through_y]
        nothing = later[0] * 0.0
        d_before[:0] = [_sum(to_h) if to_h else nothing, *(nothing if d is None else d for d in direct[1:])]
        own = [d * h for vector in d_y.values() for d in vector for h in h_before]
        own += [d for gate in cell.separate_recurrent_bias for d in d_y[gate]]
        own += [d for vector in d_own.values() for d in vector]
        if number:
            own += [d * h for gate in cell.gates for d in d_x[gate] for h in after[number - 1]]
            own += [d for gate in cell.gates for d in d_x[gate]]
            d_h = _sum([matrix_vector(transposed(layer.weight_ih[gate]), d_x[gate]) for gate in cell.gates])
        shares = own + shares
    return tuple(d_before), d_x, shares


def number_of_shares(cell: Cell) -> int:
    """How many contributions `step_back` returns."""
    h, gates = cell.hidden_size, len(cell.gates)
    recurrent = len(recurrent_gates(cell)) * h * h + len(cell.separate_recurrent_bias) * h + len(cell.own) * h
    return cell.layers * recurrent + (cell.layers - 1) * (gates * h * h + gates * h) + cell.outputs * (h + 1)


def flat_gradient(
    cell: Cell, letters: Sequence[Mapping[str, Sequence[Any]]], shares: Sequence[Any], d_start: State
) -> list[Any]:
    """The gradient as a flat list of P numbers in the order of `cell.shapes`.

    Args:
        cell: the cell.
        letters: by letter and gate [H], the sum of the gradients with respect to the first layer's x.
        shares: the sums of what `step_back` returns: layer by layer those of W_hh, of the separate biases, of the
            cell's own parameters and above the first layer of W_ih and b_ih; then of the readout.
        d_start: the gradient with respect to the state before the first token.
    """
    rest = iter(shares)
    h = cell.hidden_size

    def take(count: int) -> list[Any]:
        return [next(rest) for _ in range(count)]

    flat: list[Any] = []
    for number in range(cell.layers):
        weight_hh = {gate: take(h * h) for gate in recurrent_gates(cell)}
        separate = {gate: take(h) for gate in cell.separate_recurrent_bias}
        own = take(len(cell.own) * h)
        if number:
            weight_ih = {gate: take(h * h) for gate in cell.gates}
            bias = {gate: take(h) for gate in cell.gates}
        else:
            weight_ih = {gate: [letter[gate][j] for j in range(h) for letter in letters] for gate in cell.gates}
            bias = {gate: [_sum([letter[gate][j] for letter in letters]) for j in range(h)] for gate in cell.gates}
        recurrent_bias = {gate: separate.get(gate, bias[gate]) for gate in weight_hh}
        for by_gate in (weight_ih, weight_hh, bias, recurrent_bias):
            flat += [number for numbers in by_gate.values() for number in numbers]
        flat += own
    flat += take(cell.outputs * (h + 1))
    return flat + [number for part in d_start for number in part] if cell.learned_start else flat


def _sum(numbers: list[Any]) -> Any:
    """From the first to the last."""
    total = numbers[0]
    for number in numbers[1:]:
        total = total + number
    return total
