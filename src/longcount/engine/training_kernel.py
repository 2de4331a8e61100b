"""The training kernel: online training of as many runs as there are lanes, each in its own order of the words.

A word at a time in every lane: forward over its tokens, backward, then an update. Lanes with a shorter word wait
at its end with their state at zero and their errors masked, which leaves every sum as it is, so a lane's bits do not
depend on what its neighbours do. The same kernel serves a shared order: then no lane ever waits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from longcount.cells import Cell
from longcount.cells.derivation import derive
from longcount.cells.network import (
    LOSSES,
    Question,
    Sizes,
    flat_gradient,
    hidden_states,
    initial_state,
    inputs_of_letters,
    number_of_shares,
    read,
    split,
    step_back,
    step_keeping,
)
from longcount.engine.compiler import compiled
from longcount.engine.lanes import Function, Value, Variable
from longcount.engine.options import Options
from longcount.engine.packed import CHUNK, CHUNK_BITS, Layout, PackedMemory, letter_masks, of_letter
from longcount.engine.update_kernel import step_parameters
from longcount.numbers.vector import Vector

ARGUMENTS = {
    "parameters": "pointer",  # float [P, lanes]
    "kept": "pointer",  # float [numbers kept by the optimiser, P, lanes]
    "rows": "pointer",
    "starts": "pointer",
    "lengths": "pointer",
    "orders": "pointer",  # int32 [words, lanes]
    "words": "index",
    "rates": "pointer",  # float [updates, 1 + rates]: see `Options.rates`
    "scales": "pointer",  # float [P]: weights are parameters times this; read only where scaled
    "total_loss": "pointer",  # double [lanes]
    "token_rows": "pointer",  # int32 [chunks, letter bits + targets, lanes], scratch
    "tape": "pointer",  # float [longest word, values, lanes], scratch
}


def tape_values(cell: Cell) -> int:
    """Numbers kept for each token between the forward and the backward pass."""
    return cell.layers * len(derive(type(cell)).kept) * cell.hidden_size + cell.outputs


def layout_of(cell: Sizes, question: Question) -> Layout:
    """How words and targets are packed: of a softmax, the letters allowed and then the one that comes."""
    return Layout(cell.letters, cell.outputs * (2 if question.link == "softmax" else 1))


def training_program(
    cell: Cell,
    question: Question,
    options: Options,
    lanes: int,
    dtype: str = "float32",
    scaled: bool = False,
    keep_gradient: bool = False,
) -> str:
    """The kernel in LLVM IR: a function `train` of `ARGUMENTS`, for any target.

    Args:
        cell: the cell, with its sizes.
        question: when the network answers, and how.
        options: how updates are made.
        lanes: runs side by side.
        dtype: "float32" or "float64".
        scaled: whether the weights are the parameters times `scales`.
        keep_gradient: for checks: leave each update's gradient in `kept`, [updates, P, lanes], instead of updating.
    """
    function = Function("train", ARGUMENTS, lanes, dtype)
    _trace(_Program(function, cell, question, options), scaled, keep_gradient)
    return function.finish()


@functools.cache
def training_kernel(*program: Any, **more: Any) -> Callable[..., None]:
    """The kernel for this processor; takes what `training_program` takes."""
    return compiled(training_program(*program, **more), "train", ARGUMENTS)


class _Program:
    """What the parts of the kernel share."""

    def __init__(self, function: Function, cell: Cell, question: Question, options: Options):
        self.function = function
        self.cell = cell
        self.question = question
        self.options = options
        self.layout = layout_of(cell, question)
        self.packed = PackedMemory(function, self.layout)
        self.token_rows = function.memory("token_rows", function.integer_lanes)
        self.total_memory = function.memory("total_loss", function.lanes_of(0.0).to_double().ir.type)
        self.total_loss = function.variable(self.total_memory.load(0))


def _trace(program: _Program, scaled: bool, keep_gradient: bool) -> None:
    function, cell, options = program.function, program.cell, program.options
    parameters = function.memory("parameters", function.float_lanes)
    scales = _scales(function, cell) if scaled else None
    size, batch, words = cell.size(), options.batch_size, function.index_argument("words")

    for update in function.range(0, (words + (batch - 1)) // batch):
        flat = [parameters.load(k) for k in range(size)]
        weights = flat if scales is None else [number * scale for number, scale in zip(flat, scales, strict=True)]
        gradient = _word(program, weights, update) if batch == 1 else _batch(program, weights, update)
        if scales is not None:
            gradient = [share * scale for share, scale in zip(gradient, scales, strict=True)]
        if keep_gradient:
            kept = function.memory("kept", function.float_lanes)
            for k, share in enumerate(gradient):
                kept.store(update * size + k, share)
        else:
            step_parameters(function, options, flat, gradient, parameters, update)
    program.total_memory.store(0, program.total_loss.get())


def _scales(function: Function, cell: Cell) -> list[Value]:
    single = function.memory("scales", function.float_lanes.element)
    return [function.spread(single.load(k), function.lanes) for k in range(cell.size())]


def _batch(program: _Program, weights: list[Value], update: Value) -> list[Value]:
    """The mean gradient over the update's words."""
    function, batch = program.function, program.options.batch_size
    sums = function.variables([function.lanes_of(0.0)] * len(weights))
    first = update * batch
    end = function.index_argument("words").minimum(first + batch)
    for position in function.range(first, end):
        _add(sums, _word(program, weights, position))
    share = 1.0 / function.to_float_lanes(function.spread_integer(end - first))
    return [total.get() * share for total in sums]


def _word(program: _Program, weights: list[Value], position: Value) -> list[Value]:
    """The gradient of the word at a position of every lane's order; its loss is added to the total."""
    function, cell = program.function, program.cell
    zero = function.lanes_of(0.0)
    loss = LOSSES[program.options.loss]
    lengths, longest = _gather(program, position)
    walk = _Walk(program, weights, lengths)
    word_loss = function.variable(zero)
    state = function.variables([number for part in initial_state(cell, walk.weights, zero) for number in part])
    reading = _Reading(function, cell.outputs)
    for token in function.range(0, longest):
        before = [variable.get() for variable in state]
        walk.forward(token, state)
        walk.read(token, before, reading, word_loss, loss.function)
        reading.set(walk.targets(token), walk.asked(token))
    walk.read(longest, [variable.get() for variable in state], reading, word_loss, loss.function)

    per_term = _one_in_terms(program, lengths)
    program.total_loss.set(program.total_loss.get() + (word_loss.get() * per_term).to_double())

    scale = per_term * loss.factor
    letters = [
        {gate: function.variables([zero] * cell.hidden_size) for gate in cell.gates} for _ in range(cell.letters)
    ]
    shares = function.variables([zero] * number_of_shares(cell))
    d_state = function.variables([zero] * len(state))
    last = hidden_states(cell, walk.vectors([variable.get() for variable in state]))
    after = function.variables([number for h in last for number in h])
    for token in function.range_down(0, longest):
        walk.backward(token, scale, letters, shares, d_state, after)
    sums = [{gate: [v.get() for v in vector] for gate, vector in letter.items()} for letter in letters]
    d_start = walk.vectors([variable.get() for variable in d_state])
    return flat_gradient(cell, sums, [variable.get() for variable in shares], d_start)


def _one_in_terms(program: _Program, lengths: Value) -> Value:
    """One in the number of terms of a word's mean loss."""
    function, terms = program.function, LOSSES[program.options.loss].terms(program.cell)
    if program.question.answers == "word":
        return function.lanes_of(1.0) / float(terms)
    return 1.0 / (function.to_float_lanes(lengths) * float(terms))


def _gather(program: _Program, position: Value) -> tuple[Value, Value]:
    """Gather the next word of every lane; returns the lanes' lengths and the longest."""
    function, packed = program.function, program.packed
    orders = function.memory("orders", function.integer_lanes.element)
    words = [orders.load(position * function.lanes + lane).to_index() for lane in range(function.lanes)]
    lengths = function.pack_integers([packed.lengths.load(word) for word in words])
    longest = function.largest(lengths)
    for chunk in function.range(0, (longest + (CHUNK - 1)) >> CHUNK_BITS):
        packed.gather(words, chunk, program.token_rows, chunk)
    return lengths, longest


class _Reading:
    """The data of a token's readout, which is computed alongside the next token's step.

    Each step depends on the one before it; the readout, on which no step depends, fills the pipeline meanwhile.
    """

    def __init__(self, function: Function, outputs: int):
        zero = function.lanes_of(0.0)
        self.active = function.variable(zero > zero)
        self.targets = function.variables([zero] * outputs)

    def set(self, targets: Vector, active: Value) -> None:
        self.active.set(active)
        for variable, target in zip(self.targets, targets, strict=True):
            variable.set(target)


class _Walk:
    """Forward and backward over a word, in lanes."""

    def __init__(self, program: _Program, weights: list[Value], lengths: Value):
        self.program = program
        self.function = program.function
        self.cell = program.cell
        self.weights = split(self.cell, weights)
        self.letters = inputs_of_letters(self.cell, self.weights)
        self.tape = self.function.memory("tape", self.function.float_lanes)
        self.lengths = lengths
        self.values = tape_values(self.cell)

    def vectors(self, numbers: list[Value]) -> tuple[Vector, ...]:
        """Numbers one after another as vectors [H]."""
        h = self.cell.hidden_size
        return tuple(Vector(numbers[k : k + h]) for k in range(0, len(numbers), h))

    def forward(self, token: Value, state: list[Variable]) -> None:
        """One token: advance the state, write the tape."""
        bits = self.letter_bits(token)
        active = self.lengths > self.function.spread_integer(token)
        x = {gate: of_letter(bits, [letter[gate] for letter in self.letters]) for gate in self.cell.gates}
        before = self.vectors([variable.get() for variable in state])
        after, tapes = step_keeping(self.cell, self.weights, x, before)
        after = tuple(part.map(lambda number: active.select(number, 0.0)) for part in after)
        _assign(state, after)
        kept = [number for tape in tapes for part in tape for number in part]
        for k, number in enumerate(kept):
            self.tape.store(token * self.values + k, number)

    def read(
        self, following: Value, state: list[Value], reading: _Reading, word_loss: Variable, loss: Callable
    ) -> None:
        """The readout after the token before `following`, whose state is given: write its errors, add its loss."""
        outputs = read(self.cell, self.weights, self.vectors(state), self.program.question)
        active = reading.active.get()
        value, errors = loss(outputs, Vector(target.get() for target in reading.targets))
        word_loss.set(word_loss.get() + active.select(value, 0.0))
        for k, error in enumerate(errors):
            place = following * self.values + (self.values - self.cell.outputs + k)
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
        masks = letter_masks(self.letter_bits(token), self.cell.letters)
        outputs = self.cell.outputs
        rows = [token] * (self.values - outputs) + [token + 1] * outputs
        kept = [self.tape.load(row * self.values + k) for k, row in enumerate(rows)]
        parts = self.vectors(kept[:-outputs])
        height = len(parts) // self.cell.layers
        tapes = [parts[first : first + height] for first in range(0, len(parts), height)]
        here = self.vectors([variable.get() for variable in after])
        later = self.vectors([variable.get() for variable in d_state])
        d_outputs = Vector(kept[-outputs:]) * scale
        d_before, d_x, own = step_back(self.cell, self.weights, tapes, here, d_outputs, later)
        for mask, letter in zip(masks, letters, strict=True):
            for gate, sums in letter.items():
                for total, share in zip(sums, d_x[gate], strict=True):
                    total.set(mask.select(total.get() + share, total.get()))
        _add(shares, own)
        _assign(d_state, d_before)
        _assign(after, tuple(tape[0] for tape in tapes))

    def letter_bits(self, token: Value) -> list[Value]:
        """The bits of each lane's token."""
        return self._masks(token, range(self.program.layout.letter_bits))

    def targets(self, token: Value) -> Vector:
        """The targets of the loss, as 0 or 1: the last ones."""
        row = self.program.layout.row
        one, zero = self.function.lanes_of(1.0), self.function.lanes_of(0.0)
        return Vector(mask.select(one, zero) for mask in self._masks(token, range(row - self.cell.outputs, row)))

    def asked(self, token: Value) -> Value:
        """Whether each lane's network answers after the token."""
        if self.program.question.answers == "word":
            return ~self.lengths.differs(self.function.spread_integer(token + 1))
        return self.lengths > self.function.spread_integer(token)

    def _masks(self, token: Value, columns: range) -> list[Value]:
        function, rows = self.function, self.program.token_rows
        row = (token >> CHUNK_BITS) * self.program.layout.row
        bit = function.spread_integer(function.index(1) << (token & (CHUNK - 1)))
        return [(rows.load(row + column) & bit).differs(0) for column in columns]


def _assign(variables: list[Variable], parts: tuple[Vector, ...]) -> None:
    for variable, number in zip(variables, (number for part in parts for number in part), strict=True):
        variable.set(number)


def _add(sums: list[Variable], shares: list[Value]) -> None:
    for variable, share in zip(sums, shares, strict=True):
        variable.set(variable.get() + share)
