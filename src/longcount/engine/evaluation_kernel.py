"""The evaluation kernels: loss and first point of failure of frozen weights on words of any length.

Two ways to fill the lanes. *Many models*: every lane has its own weights and all read the same word; words come in
lexicographic order, and each continues from the state that its predecessor had where the two part, so a prefix is
computed once however many words begin with it. *Many words*: every lane has weights and a word of its own, which
serves a few models on long words. Both give the same bits for the same model and word.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from longcount.cells import Cell
from longcount.cells.cell import Gates, State
from longcount.cells.network import LOSSES, Question, Weights, initial_state, inputs_of_letters, read, split, step
from longcount.engine.compiler import compiled
from longcount.engine.lanes import Function, Value, Variable
from longcount.engine.packed import CHUNK, CHUNK_BITS, Layout, PackedMemory, of_letter
from longcount.engine.training_kernel import layout_of
from longcount.numbers.vector import Vector

NO_FAILURE = 2**31 - 1

ARGUMENTS = {
    "parameters": "pointer",  # float [P, lanes]
    "rows": "pointer",
    "starts": "pointer",
    "lengths": "pointer",
    "groups": "pointer",  # int32 [groups, 1 or lanes]: the word, or the word of every lane
    "group_count": "index",
    "losses": "pointer",  # double [groups, lanes]: sum over tokens and outputs
    "failures": "pointer",  # int32 [groups, lanes]: first wrong token, or NO_FAILURE
    "token_rows": "pointer",  # int32 [letter bits + targets, lanes], scratch
}

SHARED_ARGUMENTS = {
    **ARGUMENTS,
    "parted": "pointer",  # int32 [groups]: the tokens shared with the word before
    "kept": "index",  # the largest of them
    "kept_numbers": "pointer",  # float [kept + 2, state and loss, lanes]: after that many tokens; given: after none
    "kept_failures": "pointer",  # int32 [kept + 2, lanes]
    "kept_totals": "pointer",  # double [chunks of kept + 2, lanes]: loss of the whole chunks before
}


class _Walk(NamedTuple):
    """The state that advances from token to token."""

    state: list[Variable]
    chunk_loss: Variable
    total: Variable
    failure: Variable


def evaluation_program(
    cell: Cell, question: Question, loss: str, lanes: int, shared_words: bool, dtype: str = "float32"
) -> str:
    """The kernel in LLVM IR: a function `evaluate` of `SHARED_ARGUMENTS` with `shared_words`, for many models, else of
    `ARGUMENTS`, for many words; for any target."""
    function = Function("evaluate", SHARED_ARGUMENTS if shared_words else ARGUMENTS, lanes, dtype)
    trace = _trace_many_models if shared_words else _trace_many_words
    trace(_Program(function, cell, question, loss))
    return function.finish()


@functools.cache
def evaluation_kernel(
    cell: Cell, question: Question, loss: str, lanes: int, shared_words: bool, dtype: str = "float32"
) -> Callable[..., None]:
    """The kernel for this processor."""
    text = evaluation_program(cell, question, loss, lanes, shared_words, dtype)
    return compiled(text, "evaluate", SHARED_ARGUMENTS if shared_words else ARGUMENTS)


class _Program:
    """What the parts of the kernel share."""

    def __init__(self, function: Function, cell: Cell, question: Question, loss: str):
        self.function = function
        self.cell = cell
        self.question = question
        self.loss = LOSSES[loss].function
        self.layout: Layout = layout_of(cell, question)
        self.packed = PackedMemory(function, self.layout)
        parameters = function.memory("parameters", function.float_lanes)
        self.weights: Weights = split(cell, [parameters.load(k) for k in range(cell.size())])
        self.letters = inputs_of_letters(cell, self.weights)
        self.start: State = initial_state(cell, self.weights, function.lanes_of(0.0))

    def x_of(self, masks: list[Value]) -> Gates:
        """The first layer's x of a token, from the bits of its row."""
        bits = masks[: self.layout.letter_bits]
        return {gate: of_letter(bits, [letter[gate] for letter in self.letters]) for gate in self.cell.gates}


def _trace_many_words(program: _Program) -> None:
    function, packed, row = program.function, program.packed, program.layout.row
    groups = function.memory("groups", function.integer_lanes.element)
    token_rows = function.memory("token_rows", function.integer_lanes)
    for group in function.range(0, function.index_argument("group_count")):
        words = [groups.load(group * function.lanes + lane).to_index() for lane in range(function.lanes)]
        lengths = function.pack_integers([packed.lengths.load(word) for word in words])
        longest = function.largest(lengths)
        walk = _start(program)
        for chunk in function.range(0, (longest + (CHUNK - 1)) >> CHUNK_BITS):
            packed.gather(words, chunk, token_rows, function.index(0))
            rows = [token_rows.load(column) for column in range(row)]
            start = chunk * CHUNK
            for offset in function.range(0, (longest - start).minimum(CHUNK)):
                bit = function.spread_integer(function.index(1) << offset)
                masks = [(integers & bit).differs(0) for integers in rows]
                token = function.spread_integer(start + offset)
                _advance(program, masks, token, lengths, walk, lengths > token)
            _end_chunk(function, walk)
        _store(function, group, walk)


def _trace_many_models(program: _Program) -> None:
    function, packed, row = program.function, program.packed, program.layout.row
    integer = function.integer_lanes.element
    groups, parted = function.memory("groups", integer), function.memory("parted", integer)
    kept = function.index_argument("kept")
    kept_numbers = function.memory("kept_numbers", function.float_lanes)
    kept_failures = function.memory("kept_failures", function.integer_lanes)
    kept_totals = function.memory("kept_totals", function.lanes_of(0.0).to_double().ir.type)
    for group in function.range(0, function.index_argument("group_count")):
        word = groups.load(group).to_index()
        length, first_row = packed.lengths.load(word).to_index(), packed.starts.load(word).to_index()
        first = parted.load(group).to_index()
        walk = _start(program)
        numbers = [*walk.state, walk.chunk_loss]
        for k, variable in enumerate(numbers):
            variable.set(kept_numbers.load(first * len(numbers) + k))
        walk.failure.set(kept_failures.load(first))
        walk.total.set(kept_totals.load(first >> CHUNK_BITS))

        for chunk in function.range(first >> CHUNK_BITS, (length + (CHUNK - 1)) >> CHUNK_BITS):
            rows = [packed.rows.load((first_row + chunk) * row + column) for column in range(row)]
            start = chunk * CHUNK
            for token in function.range(first.maximum(start), length.minimum(start + CHUNK)):
                bit = function.narrow(function.index(1) << (token - start))
                masks = [(integers & bit).differs(0) for integers in rows]
                here, lengths = function.spread_integer(token), function.spread_integer(length)
                _advance(program, masks, here, lengths, walk, None)
                place = (token + 1).minimum(kept + 1)
                for k, variable in enumerate(numbers):
                    kept_numbers.store(place * len(numbers) + k, variable.get())
                kept_failures.store(place, walk.failure.get())
            _end_chunk(function, walk)
            boundary = (start + CHUNK).minimum(kept + 1)
            kept_numbers.store(boundary * len(numbers) + len(numbers) - 1, walk.chunk_loss.get())
            kept_totals.store((start + CHUNK).minimum(kept + CHUNK) >> CHUNK_BITS, walk.total.get())
        _store(function, group, walk)


def _start(program: _Program) -> _Walk:
    function = program.function
    zero = function.lanes_of(0.0)
    return _Walk(
        function.variables([number for part in program.start for number in part]),
        function.variable(zero),
        function.variable(zero.to_double()),
        function.variable(function.integers_of(NO_FAILURE)),
    )


def _advance(
    program: _Program, masks: list[Value], token: Value, lengths: Value, walk: _Walk, active: Value | None
) -> None:
    """One token: state, loss and first failure. Lanes without an answer here, or not active, add nothing.

    Args:
        program: the network and its question.
        masks: the bits of the token's row, of a single row or lane by lane.
        token: its index in the word.
        lengths: of the words.
        walk: the state, updated.
        active: lanes whose word continues; None where all do.
    """
    function, cell, question = program.function, program.cell, program.question
    h, outputs = cell.hidden_size, cell.outputs
    numbers = [variable.get() for variable in walk.state]
    before: State = tuple(Vector(numbers[k : k + h]) for k in range(0, len(numbers), h))
    after, _ = step(cell, program.weights, program.x_of(masks), before)
    for variable, number in zip(walk.state, (number for part in after for number in part), strict=True):
        variable.set(number)
    found = read(cell, program.weights, after, question)
    targets = [function.in_every_lane(mask) for mask in masks[program.layout.letter_bits :]]
    one, zero = function.lanes_of(1.0), function.lanes_of(0.0)
    value, _ = program.loss(found, Vector(mask.select(one, zero) for mask in targets[-outputs:]))
    wrong = walk.failure.get() > token
    limit = question.threshold
    says_yes = [output >= limit if question.link == "sigmoid" else output > limit for output in found]
    differs = [yes ^ allowed for yes, allowed in zip(says_yes, targets[:outputs], strict=True)]
    wrong = wrong & functools.reduce(lambda a, b: a | b, differs)
    asked = ~lengths.differs(token + 1) if question.answers == "word" else active
    if asked is not None:
        value, wrong = asked.select(value, 0.0), wrong & asked
    walk.chunk_loss.set(walk.chunk_loss.get() + value)
    walk.failure.set(wrong.select(token, walk.failure.get()))


def _end_chunk(function: Function, walk: _Walk) -> None:
    """Every 32 tokens the float32 sum is added to the float64 sum, so long words lose no precision."""
    walk.total.set(walk.total.get() + walk.chunk_loss.get().to_double())
    walk.chunk_loss.set(function.lanes_of(0.0))


def _store(function: Function, group: Value, walk: _Walk) -> None:
    function.memory("losses", walk.total.get().ir.type).store(group, walk.total.get())
    function.memory("failures", function.integer_lanes).store(group, walk.failure.get())
