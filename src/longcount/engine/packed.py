"""Words as the lanes read them: 32 tokens in the bits of one integer, beside the targets' bits."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from longcount.cells import OUTPUTS
from longcount.engine.lanes import Function, Memory, Value
from longcount.languages.words import Words

CHUNK = 32
"""Tokens a row."""

ROW = 1 + OUTPUTS
"""Integers a row: the tokens, and the targets of every output."""


class PackedWords(NamedTuple):
    """Rows of all words, one after another."""

    rows: np.ndarray  # int32 [rows, 1 + outputs]: bit k of a row is its token k
    starts: np.ndarray  # int32 [words + 2]: first row of every word; word number `words` is an empty one
    lengths: np.ndarray  # int32 [words + 1]: tokens of every word


def pack_words(words: Words, targets: np.ndarray) -> PackedWords:
    """Pack words and their targets (uint8 [tokens, outputs]); one more word, of length 0, serves idle lanes.

    The same words are packed once: an epoch asks for them again and again.
    """
    return _pack(words, targets.tobytes())


@lru_cache(maxsize=16)
def _pack(words: Words, target_bytes: bytes) -> PackedWords:
    targets = np.frombuffer(target_bytes, np.uint8).reshape(-1, OUTPUTS)
    lengths = np.diff(words.offsets)
    rows_of = -(-lengths // CHUNK)
    starts = np.concatenate([[0], np.cumsum(rows_of)])
    total = int(starts[-1])
    within = np.arange(int(words.offsets[-1])) - np.repeat(words.offsets[:-1], lengths)
    place = np.repeat(starts[:-1], lengths) * CHUNK + within
    bits = np.zeros((ROW, (total + 1) * CHUNK), np.uint8)
    bits[0, place] = words.tokens
    bits[1:, place] = targets.T
    rows = np.packbits(bits.reshape(ROW, -1, CHUNK), axis=-1, bitorder="little").view("<i4")[..., 0]
    return PackedWords(
        np.ascontiguousarray(rows.T.astype(np.int32)),
        np.append(starts, total).astype(np.int32),
        np.concatenate([lengths, [0]]).astype(np.int32),
    )


class PackedMemory:
    """The same in the running program."""

    def __init__(self, function: Function):
        self._function = function
        integer = function.integer_lanes.element
        self.rows: Memory = function.memory("rows", integer)
        self.starts: Memory = function.memory("starts", integer)
        self.lengths: Memory = function.memory("lengths", integer)

    def gather(self, words: list[Value], chunk: Value, target: Memory, place: Value) -> None:
        """Put rows `chunk` of every lane's word side by side at `target[place ...]`, one vector a column.

        A lane whose word has ended reads its last row again: its tokens are masked by length.
        """
        function = self._function
        single = Memory(function, target.pointer, function.integer_lanes.element)
        for lane, word in enumerate(words):
            start = self.starts.load(word).to_index()
            end = self.starts.load(word + 1).to_index()
            last = (end - 1 - start).maximum(function.index(0))
            row = start + (chunk > last).select(last, chunk)
            for column in range(ROW):
                bits = self.rows.load(row * ROW + column)
                single.store((place * ROW + column) * function.lanes + lane, bits)
