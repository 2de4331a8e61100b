"""Words as the lanes read them: 32 tokens in the bits of a few integers, beside the targets' bits.

Of k letters a token takes the bits of its number, the lowest first, each in an integer of its own: one for two letters,
four for twelve.
"""

from __future__ import annotations

import functools
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from longcount.engine.lanes import Function, Memory, Value
from longcount.languages.words import Words
from longcount.numbers.vector import Vector

CHUNK_BITS = 5
CHUNK = 1 << CHUNK_BITS
"""Tokens per row."""


class Layout(NamedTuple):
    """The layout of a row's integers."""

    letters: int
    targets: int

    @property
    def letter_bits(self) -> int:
        """Integers for the tokens."""
        return max((self.letters - 1).bit_length(), 1)

    @property
    def row(self) -> int:
        """Integers per row."""
        return self.letter_bits + self.targets


class PackedWords(NamedTuple):
    """Rows of all words, one after another."""

    rows: np.ndarray  # int32 [rows, letter bits + targets]: bit k of an integer is of the row's token k
    starts: np.ndarray  # int32 [words + 2]: first row of every word; word number `words` is an empty one
    lengths: np.ndarray  # int32 [words + 1]: tokens of every word


def pack_words(words: Words, targets: np.ndarray, layout: Layout) -> PackedWords:
    """Pack words and their targets (uint8 [tokens, targets]); one more word, of length 0, serves idle lanes.

    The same words are packed once: every epoch needs them again.
    """
    return _pack(words, Content(targets.tobytes()), layout)


class Content(bytes):
    """Bytes to remember something by, told from others by comparing them: hashing every one would take longer."""

    def __hash__(self) -> int:
        return len(self)


@lru_cache(maxsize=16)
def _pack(words: Words, target_bytes: Content, layout: Layout) -> PackedWords:
    targets = np.frombuffer(target_bytes, np.uint8).reshape(-1, layout.targets)
    lengths = np.diff(words.offsets)
    rows_of = -(-lengths // CHUNK)
    starts = np.concatenate([[0], np.cumsum(rows_of)])
    total = int(starts[-1])
    within = np.arange(int(words.offsets[-1])) - np.repeat(words.offsets[:-1], lengths)
    place = np.repeat(starts[:-1], lengths) * CHUNK + within
    bits = np.zeros((layout.row, (total + 1) * CHUNK), np.uint8)
    for k in range(layout.letter_bits):
        bits[k, place] = (words.tokens >> np.uint8(k)) & np.uint8(1)
    bits[layout.letter_bits :, place] = targets.T
    rows = np.packbits(bits.reshape(layout.row, -1, CHUNK), axis=-1, bitorder="little").view("<i4")[..., 0]
    return PackedWords(
        np.ascontiguousarray(rows.T.astype(np.int32)),
        np.append(starts, total).astype(np.int32),
        np.concatenate([lengths, [0]]).astype(np.int32),
    )


class PackedMemory:
    """The same in the running program."""

    def __init__(self, function: Function, layout: Layout):
        self._function = function
        self._row = layout.row
        integer = function.integer_lanes.element
        self.rows: Memory = function.memory("rows", integer)
        self.starts: Memory = function.memory("starts", integer)
        self.lengths: Memory = function.memory("lengths", integer)

    def gather(self, words: list[Value], chunk: Value, target: Memory, place: Value) -> None:
        """Put rows `chunk` of every lane's word side by side at `target[place ...]`, one vector per column.

        A lane whose word has ended reads its last row again: its tokens are masked by length.
        """
        function = self._function
        single = Memory(function, target.pointer, function.integer_lanes.element)
        for lane, word in enumerate(words):
            start = self.starts.load(word).to_index()
            end = self.starts.load(word + 1).to_index()
            last = (end - 1 - start).maximum(function.index(0))
            row = start + (chunk > last).select(last, chunk)
            for column in range(self._row):
                bits = self.rows.load(row * self._row + column)
                single.store((place * self._row + column) * function.lanes + lane, bits)


def of_letter(bits: list[Value], of_letters: list[Any]) -> Any:
    """The value for a token's letter, by a tree of selections on the bits of its number, the lowest first.

    Args:
        bits: truth values.
        of_letters: one value per letter, a number or a `Vector`.
    """
    chosen = of_letters
    for bit in bits:
        pairs = [chosen[k : k + 2] for k in range(0, len(chosen), 2)]
        chosen = [_choose(bit, *reversed(pair)) if len(pair) == 2 else pair[0] for pair in pairs]
    return chosen[0]


def _choose(bit: Value, yes: Any, no: Any) -> Any:
    if isinstance(yes, Vector):
        return Vector(bit.select(a, b) for a, b in zip(yes, no, strict=True))
    return bit.select(yes, no)


def letter_masks(bits: list[Value], letters: int) -> list[Value]:
    """For each letter, whether a token is it."""
    masks = []
    for letter in range(letters):
        signs = [bit if letter >> k & 1 else ~bit for k, bit in enumerate(bits)]
        masks.append(functools.reduce(lambda a, b: a & b, signs))
    return masks
