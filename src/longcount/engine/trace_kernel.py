"""The trace kernel: everything that happens inside a network on one word, token by token, in lanes.

It is what pages compute with; `longcount.engine.trace` is its slow twin.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from longcount.cells import Cell
from longcount.cells.network import Question, initial_state, inputs_of_letters, read, split, step
from longcount.engine.compiler import compiled
from longcount.engine.lanes import Function
from longcount.engine.packed import Layout, of_letter
from longcount.numbers.vector import Vector

ARGUMENTS = {
    "parameters": "pointer",  # float [P, lanes]
    "tokens": "pointer",  # int32 [length]
    "length": "index",
    "numbers": "pointer",  # float [length, states + gates + outputs, lanes]
}


class Traced(NamedTuple):
    """What the numbers of a token are called, which come in this order before the network's outputs."""

    states: list[str]
    gates: list[str]


@functools.cache
def trace_program(cell: Cell, question: Question, lanes: int, dtype: str = "float32") -> str:
    """The kernel in LLVM IR: a function `trace` of `ARGUMENTS`, for any target."""
    function = Function("trace", ARGUMENTS, lanes, dtype)
    parameters = function.memory("parameters", function.float_lanes)
    tokens = function.memory("tokens", function.integer_lanes.element)
    numbers = function.memory("numbers", function.float_lanes)
    weights = split(cell, [parameters.load(k) for k in range(cell.size())])
    letters = inputs_of_letters(cell, weights)
    start = initial_state(cell, weights, function.lanes_of(0.0))
    state = function.variables([number for part in start for number in part])
    bits = Layout(cell.letters, 0).letter_bits
    for token in function.range(0, function.index_argument("length")):
        letter = tokens.load(token)
        masks = [(letter & (1 << bit)).differs(0) for bit in range(bits)]
        x = {gate: of_letter(masks, [each[gate] for each in letters]) for gate in cell.gates}
        before = [variable.get() for variable in state]
        h = cell.hidden_size
        after, gates = step(cell, weights, x, tuple(Vector(before[k : k + h]) for k in range(0, len(before), h)))
        states = [number for part in after for number in part]
        for variable, number in zip(state, states, strict=True):
            variable.set(number)
        inner = [number for by_name in gates for part in by_name.values() for number in part]
        row = [*states, *inner, *read(cell, weights, after, question)]
        for k, number in enumerate(row):
            numbers.store(token * len(row) + k, number)
    return function.finish()


@functools.cache
def trace_kernel(cell: Cell, question: Question, lanes: int, dtype: str = "float32") -> Callable[..., None]:
    """The kernel for this processor."""
    return compiled(trace_program(cell, question, lanes, dtype), "trace", ARGUMENTS)


def traced(cell: Cell) -> Traced:
    """The names of a cell's states and gates: by part, with the layer and the unit where there are several."""
    nothing = np.zeros(cell.size(), np.float32)
    weights = split(cell, list(nothing))
    start = initial_state(cell, weights, np.float32(0))
    with np.errstate(all="ignore"):
        _, gates = step(cell, weights, inputs_of_letters(cell, weights)[0], start)
    by_layer = [dict.fromkeys(cell.state_names, start[0])] * cell.layers
    return Traced(_names(by_layer), _names(gates))


def _names(by_layer: list[dict[str, Vector]]) -> list[str]:
    return [
        f"{name}{'' if len(by_layer) == 1 else f'_l{layer}'}{'' if len(part) == 1 else f'_{unit}'}"
        for layer, parts in enumerate(by_layer)
        for name, part in parts.items()
        for unit in range(len(part))
    ]
