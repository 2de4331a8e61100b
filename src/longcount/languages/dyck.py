"""Dyck-1: words of ``(`` and ``)`` in which every bracket is matched.

The task: after each token, say of each letter whether it may come next. ``(`` always may; ``)`` may while the depth
after the token is above 0.
"""

from collections.abc import Sequence

import numpy as np

from longcount.errors import UserError
from longcount.languages.words import CLOSE, OPEN, Words, offsets_of

ZIGZAG_HALF_PERIODS = (10, 20, 25, 50, 100, 125, 200, 250, 500, 1000)
ZIGZAG_LENGTH = 2000


def targets(words: Words) -> np.ndarray:
    """What may follow each token, uint8 [T, 2]: column 0 for ``(`` (always 1), column 1 for ``)`` (depth above 0).

    >>> targets(Words.from_strings(["(()())"]))[:, 1].tolist()
    [1, 1, 1, 1, 1, 0]
    >>> targets(Words.from_strings(["()()"])).tolist()
    [[1, 1], [1, 0], [1, 1], [1, 0]]
    """
    allowed = np.ones((len(words.tokens), 2), np.uint8)
    allowed[:, CLOSE] = words.depths > 0
    return allowed


def first_bad_tokens(words: Words) -> np.ndarray:
    """Where each word leaves Dyck-1, int64 [N]: the index of the first ``)`` that closes nothing, the word's length
    where brackets are open at its end, -1 where the word is balanced.

    >>> first_bad_tokens(Words.from_strings(["(())", "", "())(", "(()"])).tolist()
    [-1, -1, 2, 3]
    """
    first = np.full(len(words), -1, np.int64)
    full = np.flatnonzero(words.lengths)
    first[full] = np.where(words.depths[words.offsets[full + 1] - 1] != 0, words.lengths[full], -1)
    below = np.flatnonzero(words.depths < 0)
    owners, where = np.unique(np.searchsorted(words.offsets, below, side="right") - 1, return_index=True)
    first[owners] = below[where] - words.offsets[owners]
    return first


def complaint(words: Words, word: int) -> str:
    """What is wrong with a word that is not balanced, in one line (columns count from 1).

    >>> words = Words.from_strings(["())", "(()"])
    >>> complaint(words, 0)
    "')' at column 3 closes nothing"
    >>> complaint(words, 1)
    "the word is cut short or unbalanced: after column 3, its last, 1 '(' is still open"
    """
    position, length = int(first_bad_tokens(words.select([word]))[0]), int(words.lengths[word])
    if position < length:
        return f"')' at column {position + 1} closes nothing"
    still_open = int(words.depths[words.offsets[word + 1] - 1])
    verb = "is" if still_open == 1 else "are"
    return f"the word is cut short or unbalanced: after column {length}, its last, {still_open} '(' {verb} still open"


def check(words: Words) -> None:
    """UserError for the first word that is not balanced.

    >>> check(Words.from_strings(["()", "(()())"]))
    """
    bad = np.flatnonzero(first_bad_tokens(words) >= 0)
    if len(bad):
        raise UserError(f"word {bad[0] + 1}: {complaint(words, int(bad[0]))}")


def ramps(heights: Sequence[int]) -> Words:
    """One word that climbs to each height and comes down to 0 again.

    >>> ramps([1, 3]).strings()
    ['()((()))']
    """
    if any(height < 1 for height in heights):
        raise UserError(f"the heights of ramps must be at least 1, not {min(heights)}")
    runs = np.repeat(np.asarray(heights, np.int64), 2)
    tokens = np.repeat(np.tile(np.array([OPEN, CLOSE], np.uint8), len(heights)), runs)
    return Words(tokens, offsets_of([len(tokens)]))


def zigzag(half_period: int, length: int = ZIGZAG_LENGTH) -> Words:
    """One word: half_period times ``(``, then as many ``)``, and again up to the length, a multiple of the period.

    >>> zigzag(2, length=8).strings()
    ['(())(())']
    """
    if half_period < 1 or length < 1 or length % (2 * half_period):
        raise UserError(f"a zigzag word of half period {half_period} cannot be {length} tokens long; "
                        "the length must be a multiple of twice the half period")  # fmt: skip
    return ramps([half_period] * (length // (2 * half_period)))


def zigzag_words() -> Words:
    """The ten words of 2,000 tokens of the paper's Zigzag Set."""
    return Words.concatenate([zigzag(half_period) for half_period in ZIGZAG_HALF_PERIODS])


def shallow(length: int) -> Words:
    """One word that never gets deeper than 1.

    >>> shallow(6).strings()
    ['()()()']
    """
    return zigzag(1, length)
