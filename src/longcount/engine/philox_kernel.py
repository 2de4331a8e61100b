"""The random bits of NumPy's Philox, as a program: pages draw the orders of the training words by it.

Philox4x64-10 of Salmon et al. 2011 (10.1145/2063384.2063405), from integer operations alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from longcount.engine.compiler import compiled
from longcount.engine.lanes import INDEX, Function, Value

ARGUMENTS = {
    "key": "pointer",  # int64 [2]
    "blocks": "index",
    "words": "pointer",  # int64 [blocks, 4], in the order in which NumPy gives them
}

ROUNDS = 10
MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
STEPS = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
HALF = 2**32 - 1


def philox_program() -> str:
    """The program in LLVM IR: a function `philox` of `ARGUMENTS`, for any target."""
    function = Function("philox", ARGUMENTS, lanes=1)
    key, words = function.memory("key", INDEX), function.memory("words", INDEX)
    keys = key.load(0), key.load(1)
    for block in function.range(0, function.index_argument("blocks")):
        counter = [block + 1, *[function.index(0)] * 3]  # NumPy counts up before it draws
        for turn in range(ROUNDS):
            counter = _turned(function, counter, [k + _signed(turn * s) for k, s in zip(keys, STEPS, strict=True)])
        for k, word in enumerate(counter):
            words.store(block * 4 + k, word)
    return function.finish()


@functools.cache
def philox_kernel() -> Callable[..., None]:
    """The program for this processor."""
    return compiled(philox_program(), "philox", ARGUMENTS)


def _turned(function: Function, counter: list[Value], keys: list[Value]) -> list[Value]:
    """One round."""
    (high_0, low_0), (high_1, low_1) = (
        _product(number, function.index(_signed(factor)))
        for number, factor in zip(counter[::2], MULTIPLIERS, strict=True)
    )
    return [high_1 ^ counter[1] ^ keys[0], low_1, high_0 ^ counter[3] ^ keys[1], low_0]


def _product(a: Value, b: Value) -> tuple[Value, Value]:
    """The higher and the lower half of the product of two unsigned 64-bit numbers."""
    low, cross_a, cross_b = (a & HALF) * (b & HALF), _upper(a) * (b & HALF), (a & HALF) * _upper(b)
    middle = _upper(low) + (cross_a & HALF) + (cross_b & HALF)
    return _upper(a) * _upper(b) + _upper(cross_a) + _upper(cross_b) + _upper(middle), a * b


def _upper(number: Value) -> Value:
    return (number >> 32) & HALF


def _signed(number: int) -> int:
    """The number of 64 bits with the same pattern that LLVM's text takes, -2^63 to 2^63 - 1."""
    return (number + 2**63) % 2**64 - 2**63
