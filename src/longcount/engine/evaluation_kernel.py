"""The evaluation kernels: loss and first point of failure of frozen weights on words of any length.

Two ways to fill the lanes. *Many models*: every lane has its own weights and all read the same word; words come in
lexicographic order, and each goes on from the state that its predecessor left where the two part, so a prefix is
computed once however many words begin with it. *Many words*: every lane has weights and a word of its own, which
serves a few models on long words. Both give the same bits for the same model and word.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from longcount.cells import OUTPUTS, Cell
from longcount.cells.network import LOSSES, State, Weights, inputs_of_letters, read, split, step
from longcount.cells.vector import Vector
from longcount.engine.lanes import Function, Value, Variable
from longcount.engine.machine import compiled
from longcount.engine.packed import CHUNK, ROW, PackedMemory

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
    "token_rows": "pointer",  # int32 [1 + outputs, lanes], scratch
}

SHARED_ARGUMENTS = {
    **ARGUMENTS,
    "parted": "pointer",  # int32 [groups]: the tokens shared with the word before
    "kept": "index",  # the largest of them
    "kept_numbers": "pointer",  # float [kept + 2, state and loss, lanes]: after so many tokens
    "kept_failures": "pointer",  # int32 [kept + 2, lanes]
    "kept_totals": "pointer",  # double [chunks of kept + 2, lanes]: loss of the whole chunks before
}


class _Walk(NamedTuple):
    """What advances from token to token."""

    state: list[Variable]
    chunk_loss: Variable
    total: Variable
    failure: Variable


@functools.cache
def evaluation_kernel(
    cell: Cell, loss: str, lanes: int, shared_words: bool, dtype: str = "float32"
) -> Callable[..., None]:
    """The compiled kernel: with `shared_words` for many models, else for many words."""
    arguments = SHARED_ARGUMENTS if shared_words else ARGUMENTS
    function = Function("evaluate", arguments, lanes, dtype)
    if shared_words:
        _trace_many_models(function, cell, loss)
    else:
        _trace_many_words(function, cell, loss)
    return compiled(function.finish(), "evaluate", arguments)


def _trace_many_words(function: Function, cell: Cell, loss: str) -> None:
    weights, letters = _load_weights(function, cell)
    packed = PackedMemory(function)
    groups = function.memory("groups", function.integer_lanes.element)
    token_rows = function.memory("token_rows", function.integer_lanes)
    for group in function.range(0, function.index_argument("group_count")):
        words = [groups.load(group * function.lanes + lane).to_index() for lane in range(function.lanes)]
        lengths = function.pack_integers([packed.lengths.load(word) for word in words])
        longest = function.largest(lengths)
        walk = _start(function, cell)
        for chunk in function.range(0, (longest + (CHUNK - 1)) >> 5):
            packed.gather(words, chunk, token_rows, function.index(0))
            rows = [token_rows.load(column) for column in range(ROW)]
            start = chunk * CHUNK
            for offset in function.range(0, (longest - start).minimum(CHUNK)):
                bit = function.spread_integer(function.index(1) << offset)
                closing, *allowed = [(row & bit).differs(0) for row in rows]
                x = {
                    gate: Vector(closing.select(b, a) for a, b in zip(letters[0][gate], letters[1][gate], strict=True))
                    for gate in cell.gates
                }
                token = function.spread_integer(start + offset)
                _advance(function, cell, loss, weights, x, allowed, token, walk, lengths > token)
            _end_chunk(function, walk)
        _store(function, group, walk)


def _trace_many_models(function: Function, cell: Cell, loss: str) -> None:
    weights, letters = _load_weights(function, cell)
    integer = function.integer_lanes.element
    packed = PackedMemory(function)
    groups, parted = function.memory("groups", integer), function.memory("parted", integer)
    kept = function.index_argument("kept")
    kept_numbers = function.memory("kept_numbers", function.float_lanes)
    kept_failures = function.memory("kept_failures", function.integer_lanes)
    kept_totals = function.memory("kept_totals", function.lanes_of(0.0).to_double().ir.type)
    for group in function.range(0, function.index_argument("group_count")):
        word = groups.load(group).to_index()
        length, first_row = packed.lengths.load(word).to_index(), packed.starts.load(word).to_index()
        first = parted.load(group).to_index()
        walk = _start(function, cell)
        numbers = [*walk.state, walk.chunk_loss]
        for k, variable in enumerate(numbers):
            variable.set(kept_numbers.load(first * len(numbers) + k))
        walk.failure.set(kept_failures.load(first))
        walk.total.set(kept_totals.load(first >> 5))

        for chunk in function.range(first >> 5, (length + (CHUNK - 1)) >> 5):
            rows = [packed.rows.load((first_row + chunk) * ROW + column) for column in range(ROW)]
            start = chunk * CHUNK
            for token in function.range(first.maximum(start), length.minimum(start + CHUNK)):
                bit = function.narrow(function.index(1) << (token - start))
                closing, *allowed = [(row & bit).differs(0) for row in rows]
                x = {
                    gate: Vector(closing.select(b, a) for a, b in zip(letters[0][gate], letters[1][gate], strict=True))
                    for gate in cell.gates
                }
                everywhere = [function.spread(mask, function.lanes) for mask in allowed]
                _advance(function, cell, loss, weights, x, everywhere, function.spread_integer(token), walk, None)
                place = (token + 1).minimum(kept + 1)
                for k, variable in enumerate(numbers):
                    kept_numbers.store(place * len(numbers) + k, variable.get())
                kept_failures.store(place, walk.failure.get())
            _end_chunk(function, walk)
            boundary = (start + CHUNK).minimum(kept + 1)
            kept_numbers.store(boundary * len(numbers) + len(numbers) - 1, walk.chunk_loss.get())
            kept_totals.store((start + CHUNK).minimum(kept + CHUNK) >> 5, walk.total.get())
        _store(function, group, walk)


def _load_weights(function: Function, cell: Cell) -> tuple[Weights, list[dict[str, Vector]]]:
    parameters = function.memory("parameters", function.float_lanes)
    weights = split(cell, [parameters.load(k) for k in range(cell.size())])
    return weights, inputs_of_letters(cell, weights)


def _start(function: Function, cell: Cell) -> _Walk:
    zero = function.lanes_of(0.0)
    state = [number for part in cell.initial_state(zero) for number in part]
    return _Walk(
        function.variables(state),
        function.variable(zero),
        function.variable(zero.to_double()),
        function.variable(function.integers_of(NO_FAILURE)),
    )


def _advance(
    function: Function,
    cell: Cell,
    loss: str,
    weights: Weights,
    x: dict[str, Vector],
    allowed: list[Value],
    token: Value,
    walk: _Walk,
    active: Value | None,
) -> None:
    """One token: state, loss and first failure. Lanes that are not active add nothing."""
    h = cell.hidden_size
    numbers = [variable.get() for variable in walk.state]
    before: State = tuple(Vector(numbers[k : k + h]) for k in range(0, len(numbers), h))
    after, _ = step(cell, weights, x, before)
    for variable, number in zip(walk.state, (number for part in after for number in part), strict=True):
        variable.set(number)
    outputs = read(cell, weights, after)
    one, zero = function.lanes_of(1.0), function.lanes_of(0.0)
    value, _ = LOSSES[loss].function(outputs, Vector(mask.select(one, zero) for mask in allowed))
    wrong = walk.failure.get() > token
    differs = (outputs[0] >= 0.5) ^ allowed[0]
    for k in range(1, OUTPUTS):
        differs = differs | ((outputs[k] >= 0.5) ^ allowed[k])
    wrong = wrong & differs
    if active is not None:
        value, wrong = active.select(value, 0.0), wrong & active
    walk.chunk_loss.set(walk.chunk_loss.get() + value)
    walk.failure.set(wrong.select(token, walk.failure.get()))


def _end_chunk(function: Function, walk: _Walk) -> None:
    """Every 32 tokens the float32 sum goes into the float64 sum: long words lose nothing."""
    walk.total.set(walk.total.get() + walk.chunk_loss.get().to_double())
    walk.chunk_loss.set(function.lanes_of(0.0))


def _store(function: Function, group: Value, walk: _Walk) -> None:
    function.memory("losses", walk.total.get().ir.type).store(group, walk.total.get())
    function.memory("failures", function.integer_lanes).store(group, walk.failure.get())
