"""Where every run's randomness comes from: one stream for each (seed, cell, run, purpose, epoch).

Run 7 of 10 is run 7 of 1,000, and the same run under another rate, loss or recipe starts from the same weights and
sees the same orders, so comparisons are paired. Streams are Philox counters keyed by `numpy.random.SeedSequence`; only
their raw 64-bit words are used, because NumPy promises those for ever and its `Generator` methods not.
"""

import hashlib
from functools import lru_cache

import numpy as np
from numpy.random import Philox, SeedSequence

# What a stream is for. Numbers are part of every stored result: never renumber, only append.
INITIAL_WEIGHTS, ORDER, SHARED_ORDER, LAST_VALIDATION_WORD = range(4)


@lru_cache
def cell_key(cell_name: str) -> tuple[int, ...]:
    """What stands for a cell in the keys of its streams: 4 numbers of 32 bits."""
    digest = hashlib.sha256(cell_name.encode()).digest()
    return tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))


def _raw(count: int, seed: int, cell_name: str, run: int, purpose: int, epoch: int) -> np.ndarray:
    key = SeedSequence(seed, spawn_key=(*cell_key(cell_name), run, purpose, epoch))
    return Philox(key).random_raw(count)


def _permutation(raw: np.ndarray, size: int) -> np.ndarray:
    """The order that sorts `size` 32-bit random keys, ties (one in 2^32 pairs) by index.

    Two stable passes over 16 bits, because NumPy sorts 16-bit keys by counting: half the time of sorting 64-bit keys.
    """
    halves = raw.astype("<u8").view("<u2").reshape(-1, 2)[:size]
    order = np.argsort(np.ascontiguousarray(halves[:, 0]), kind="stable")
    high = halves[:, 1][order]
    return order[np.argsort(high, kind="stable")].astype(np.int32)


def initial_weights(seed: int, cell_name: str, run: int, size: int, attempt: int = 0) -> np.ndarray:
    """Uniform float32 [size] in [-1, 1), multiples of 2^-23; PyTorch's default initialisation at hidden size 1.

    Attempts above 0 are for runs that a recipe's rule restarts.

    A draw of `size` values is the beginning of every longer draw of the same run.

    >>> bool((initial_weights(0, "lstm", 7, 24)[:9] == initial_weights(0, "lstm", 7, 9)).all())
    True
    """
    raw = _raw(size, seed, cell_name, run, INITIAL_WEIGHTS, attempt)
    return (raw >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)


def order(seed: int, cell_name: str, run: int, epoch: int, number_of_words: int) -> np.ndarray:
    """The permutation int32 [number_of_words] in which this run reads the training words in this epoch (from 1)."""
    return _permutation(_raw(-(-number_of_words // 2), seed, cell_name, run, ORDER, epoch), number_of_words)


def shared_order(seed: int, cell_name: str, epoch: int, number_of_words: int) -> np.ndarray:
    """The permutation int32 [number_of_words] that all runs of a cell share in this epoch (from 1)."""
    return _permutation(_raw(-(-number_of_words // 2), seed, cell_name, 0, SHARED_ORDER, epoch), number_of_words)


def last_validation_word(seed: int, cell_name: str, run: int, epoch: int, number_of_words: int) -> int:
    """Index of the validation word that comes last when a shuffled loader reads the split after this epoch.

    The paper's released code takes that one word's loss for the validation loss. Only the last place of the loader's
    permutation matters, and it is uniform over the words.

    >>> 0 <= last_validation_word(0, "gru", 3, 12, 5000) < 5000
    True
    """
    return int(_raw(1, seed, cell_name, run, LAST_VALIDATION_WORD, epoch)[0] % np.uint64(number_of_words))
