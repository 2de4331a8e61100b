"""The training kernel: online training of as many runs as there are lanes, each in its own order of the words.

A word at a time in every lane: forward over its tokens, backward, then an update. Lanes with a shorter word wait
at its end with their state at zero and their errors masked, which leaves every sum as it is, so a lane's bits do not
depend on what its neighbours do. The same kernel serves a shared order: then no lane ever waits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from longcount.cells import OUTPUTS, VOCABULARY, Cell
from longcount.cells.network import (
    LOSSES,
    flat_gradient,
    hidden_states,
    inputs_of_letters,
    number_of_shares,
    read,
    split,
    step,
    step_back,
)
from longcount.cells.vector import Vector
from longcount.engine.lanes import Function, Memory, Value, Variable
from longcount.engine.machine import compiled
from longcount.engine.options import Options
from longcount.engine.packed import CHUNK, ROW, PackedMemory
from longcount.engine.update_kernel import step_parameters

ARGUMENTS = {
    "parameters": "pointer",  # float [P, lanes]
    "first_moment": "pointer",  # float [P, lanes]
    "second_moment": "pointer",  # float [P, lanes]
    "rows": "pointer",
    "starts": "pointer",
    "lengths": "pointer",
    "orders": "pointer",  # int32 [words, lanes]
    "words": "index",
    "step_sizes": "pointer",  # float [updates]: learning rate / (1 - beta1^t)
    "roots": "pointer",  # float [updates]: 1 / sqrt(1 - beta2^t)
    "decays": "pointer",  # float [updates]: 1 - learning rate * weight decay; read only with weight decay
    "scales": "pointer",  # float [P]: weights are parameters times this; read only where scaled
    "total_loss": "pointer",  # double [lanes]
    "token_rows": "pointer",  # int32 [chunks, 1 + outputs, lanes], scratch
    "tape": "pointer",  # float [longest word, values, lanes], scratch
}


def tape_values(cell: Cell) -> int:
    """Numbers kept for each token between the way forward and the way back."""
    return cell.layers * (len(cell.tape_names) + 1) * cell.hidden_size + OUTPUTS


@functools.cache
def training_kernel(
    cell: Cell, options: Options, lanes: int, dtype: str = "float32", scaled: bool = False, keep_gradient: bool = False
) -> Callable[..., None]:
    """The compiled kernel.

    Args:
        cell: the cell, with its sizes.
        options: how updates are made.
        lanes: runs side by side.
        dtype: "float32" or "float64".
        scaled: whether the weights are the parameters times `scales`.
        keep_gradient: for checks: leave each update's gradient in `first_moment` instead of updating.
    """
    function = Function("train", ARGUMENTS, lanes, dtype)
    _trace(function, cell, options, scaled, keep_gradient)
    return compiled(function.finish(), "train", ARGUMENTS)


def _trace(function: Function, cell: Cell, options: Options, scaled: bool, keep_gradient: bool) -> None:
    parameters = function.memory("parameters", function.float_lanes)
    packed = PackedMemory(function)
    token_rows = function.memory("token_rows", function.integer_lanes)
    total_memory = function.memory("total_loss", function.lanes_of(0.0).to_double().ir.type)
    total_loss = function.variable(total_memory.load(0))
    scales = _scales(function, cell) if scaled else None
    size, batch, words = cell.size(), options.batch_size, function.index_argument("words")

    for update in function.range(0, (words + (batch - 1)) / batch):
        flat = [parameters.load(k) for k in range(size)]
        weights = flat if scales is None else [number * scale for number, scale in zip(flat, scales, strict=True)]
        if batch == 1:
            gradient = _word(function, cell, options, packed, token_rows, weights, update, total_loss)
        else:
            gradient = _batch(function, cell, options, packed, token_rows, weights, update, total_loss)
        if scales is not None:
            gradient = [share * scale for share, scale in zip(gradient, scales, strict=True)]
        if keep_gradient:
            first_moment = function.memory("first_moment", function.float_lanes)
            for k, share in enumerate(gradient):
                first_moment.store(update * size + k, share)
        else:
            step_parameters(function, options, flat, gradient, parameters, update)
    total_memory.store(0, total_loss.get())


def _scales(function: Function, cell: Cell) -> list[Value]:
    single = function.memory("scales", function.float_lanes.element)
    return [function.spread(single.load(k), function.lanes) for k in range(cell.size())]


def _batch(
    function: Function,
    cell: Cell,
    options: Options,
    packed: PackedMemory,
    token_rows: Memory,
    weights: list[Value],
    update: Value,
    total_loss: Variable,
) -> list[Value]:
    """The mean gradient over the update's words."""
    sums = function.variables([function.lanes_of(0.0)] * len(weights))
    first = update * options.batch_size
    end = function.index_argument("words").minimum(first + options.batch_size)
    for position in function.range(first, end):
        gradient = _word(function, cell, options, packed, token_rows, weights, position, total_loss)
        _add(sums, gradient)
    share = 1.0 / function.to_float_lanes(function.spread_integer(end - first))
    return [total.get() * share for total in sums]


def _word(
    function: Function,
    cell: Cell,
    options: Options,
    packed: PackedMemory,
    token_rows: Memory,
    weights: list[Value],
    position: Value,
    total_loss: Variable,
) -> list[Value]:
    """The gradient of the word at a position of every lane's order; its loss is added to the total."""
    zero = function.lanes_of(0.0)
    loss = LOSSES[options.loss]
    lengths, longest = _gather(function, packed, position, token_rows)
    walk = _Walk(function, cell, weights, token_rows, lengths)
    word_loss = function.variable(zero)
    state = function.variables([number for part in cell.initial_state(zero) for number in part])
    reading = _Reading(function)
    for token in function.range(0, longest):
        before = [variable.get() for variable in state]
        walk.forward(token, state)
        walk.read(token, before, reading, word_loss, loss.function)
        reading.set(*walk.masks(token), lengths > function.spread_integer(token))
    walk.read(longest, [variable.get() for variable in state], reading, word_loss, loss.function)

    per_output = 1.0 / (function.to_float_lanes(lengths) * float(OUTPUTS))
    total_loss.set(total_loss.get() + (word_loss.get() * per_output).to_double())

    scale = per_output * loss.factor
    letters = [{gate: function.variables([zero] * cell.hidden_size) for gate in cell.gates} for _ in range(VOCABULARY)]
    shares = function.variables([zero] * number_of_shares(cell))
    d_state = function.variables([zero] * len(state))
    last = hidden_states(cell, walk.vectors([variable.get() for variable in state]))
    after = function.variables([number for h in last for number in h])
    for token in function.range_down(0, longest):
        walk.backward(token, scale, letters, shares, d_state, after)
    sums = [{gate: [v.get() for v in vector] for gate, vector in letter.items()} for letter in letters]
    return flat_gradient(cell, sums, [variable.get() for variable in shares])


def _gather(function: Function, packed: PackedMemory, position: Value, token_rows: Memory) -> tuple[Value, Value]:
    """Bring the next word of every lane together; returns the lanes' lengths and the longest."""
    orders = function.memory("orders", function.integer_lanes.element)
    words = [orders.load(position * function.lanes + lane).to_index() for lane in range(function.lanes)]
    lengths = function.pack_integers([packed.lengths.load(word) for word in words])
    longest = function.largest(lengths)
    for chunk in function.range(0, (longest + (CHUNK - 1)) >> 5):
        packed.gather(words, chunk, token_rows, chunk)
    return lengths, longest


class _Reading:
    """What the readout of the last token needs when it is done beside the next token's step.

    A step waits for the one before it at every turn; the readout, which nothing waits for, fills the gaps.
    """

    def __init__(self, function: Function):
        zero = function.lanes_of(0.0)
        self.active = function.variable(zero > zero)
        self.targets = function.variables([zero] * OUTPUTS)

    def set(self, closing: Value, targets: Vector, active: Value) -> None:
        self.active.set(active)
        for variable, target in zip(self.targets, targets, strict=True):
            variable.set(target)


class _Walk:
    """Forward and backward over a word, in lanes."""

    def __init__(self, function: Function, cell: Cell, weights: list[Value], token_rows: Memory, lengths: Value):
        self.function = function
        self.cell = cell
        self.weights = split(cell, weights)
        self.letters = inputs_of_letters(cell, self.weights)
        self.token_rows = token_rows
        self.tape = function.memory("tape", function.float_lanes)
        self.lengths = lengths
        self.values = tape_values(cell)

    def vectors(self, numbers: list[Value]) -> tuple[Vector, ...]:
        """Numbers one after another as vectors [H]."""
        h = self.cell.hidden_size
        return tuple(Vector(numbers[k : k + h]) for k in range(0, len(numbers), h))

    def forward(self, token: Value, state: list[Variable]) -> None:
        """One token: advance the state, write the tape."""
        closing, _ = self.masks(token)
        active = self.lengths > self.function.spread_integer(token)
        opened, shut = self.letters
        x = {
            gate: Vector(closing.select(b, a) for a, b in zip(opened[gate], shut[gate], strict=True))
            for gate in self.cell.gates
        }
        before = self.vectors([variable.get() for variable in state])
        after, tape = step(self.cell, self.weights, x, before)
        after = tuple(part.map(lambda number: active.select(number, 0.0)) for part in after)
        _assign(state, after)
        kept = [number for part in (*tape, *hidden_states(self.cell, before)) for number in part]
        for k, number in enumerate(kept):
            self.tape.store(token * self.values + k, number)

    def read(
        self, following: Value, state: list[Value], reading: _Reading, word_loss: Variable, loss: Callable
    ) -> None:
        """The readout after the token before `following`, whose state is given: write its errors, add its loss."""
        outputs = read(self.cell, self.weights, self.vectors(state))
        active = reading.active.get()
        value, errors = loss(outputs, Vector(target.get() for target in reading.targets))
        word_loss.set(word_loss.get() + active.select(value, 0.0))
        for k, error in enumerate(errors):
            place = following * self.values + (self.values - OUTPUTS + k)
            self.tape.store(place, active.select(error, 0.0))

    def backward(
        self,
        token: Value,
        scale: Value,
        letters: list[dict[str, list[Variable]]],
        shares: list[Variable],
        d_state: list[Variable],
        after: list[Variable],
    ) -> None:
        """One token backwards: add its shares to the sums; `after` holds h of every layer after the token."""
        closing, _ = self.masks(token)
        rows = [token] * (self.values - OUTPUTS) + [token + 1] * OUTPUTS
        kept = [self.tape.load(row * self.values + k) for k, row in enumerate(rows)]
        parts = self.vectors(kept[:-OUTPUTS])
        tape, before = parts[: -self.cell.layers], parts[-self.cell.layers :]
        here = self.vectors([variable.get() for variable in after])
        later = self.vectors([variable.get() for variable in d_state])
        d_outputs = Vector(kept[-OUTPUTS:]) * scale
        d_before, d_x, own = step_back(self.cell, self.weights, tape, before, here, d_outputs, later)
        for gate in self.cell.gates:
            for opened, shut, share in zip(letters[0][gate], letters[1][gate], d_x[gate], strict=True):
                shut.set(closing.select(shut.get() + share, shut.get()))
                opened.set(closing.select(opened.get(), opened.get() + share))
        _add(shares, own)
        _assign(d_state, d_before)
        _assign(after, before)

    def masks(self, token: Value) -> tuple[Value, Vector]:
        """Whether each lane's token closes, and the targets as 0 or 1."""
        function = self.function
        row = (token >> 5) * ROW
        bit = function.spread_integer(function.index(1) << (token & (CHUNK - 1)))
        masks = [(self.token_rows.load(row + column) & bit).differs(0) for column in range(ROW)]
        one, zero = function.lanes_of(1.0), function.lanes_of(0.0)
        return masks[0], Vector(mask.select(one, zero) for mask in masks[1:])


def _assign(variables: list[Variable], parts: tuple[Vector, ...]) -> None:
    for variable, number in zip(variables, (number for part in parts for number in part), strict=True):
        variable.set(number)


def _add(sums: list[Variable], shares: list[Value]) -> None:
    for variable, share in zip(sums, shares, strict=True):
        variable.set(variable.get() + share)
