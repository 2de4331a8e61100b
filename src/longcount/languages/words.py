"""Words as one token array with offsets: what every other room reads.

Letters: N words, T tokens in all.
"""

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

OPEN, CLOSE = 0, 1
LETTERS = "()"
FIRST_LETTER = ord(LETTERS[OPEN])  # "(" and ")" are neighbours in ASCII, so token = byte - FIRST_LETTER


@dataclass(frozen=True, eq=False)
class Words:
    """N words over ``(`` (token 0) and ``)`` (token 1), end to end in one array; word w is
    ``tokens[offsets[w]:offsets[w + 1]]``.

    tokens: uint8 [T]; offsets: int64 [N + 1], from 0 to T, never falling. Both are made read-only; pass arrays that
    nobody else goes on writing. Words of a language or of none: whether they are balanced is the language's business.
    Raises ValueError where an array is not as said.

    >>> words = Words.from_strings(["(())", "", "()"])
    >>> len(words), words.tokens.tolist(), words.offsets.tolist()
    (3, [0, 0, 1, 1, 0, 1], [0, 4, 4, 6])
    >>> words.depths.tolist()
    [1, 2, 1, 0, 1, 0]
    >>> words == Words.from_strings(["(())", "", "()"]), words == words.select([2, 1, 0])
    (True, False)
    """

    tokens: np.ndarray
    offsets: np.ndarray

    def __post_init__(self) -> None:
        tokens, offsets = self.tokens, self.offsets
        if not isinstance(tokens, np.ndarray) or tokens.dtype != np.uint8 or tokens.ndim != 1:
            raise ValueError("tokens must be a uint8 array of one dimension")
        if not isinstance(offsets, np.ndarray) or offsets.dtype != np.int64 or offsets.ndim != 1 or not len(offsets):
            raise ValueError("offsets must be an int64 array of one dimension with at least one element")
        if offsets[0] != 0 or offsets[-1] != len(tokens) or (np.diff(offsets) < 0).any():
            raise ValueError(f"offsets must rise from 0 to the number of tokens, {len(tokens)}")
        if tokens.size and tokens.max() > CLOSE:
            raise ValueError(f"tokens must be {OPEN} or {CLOSE}, not {tokens.max()}")
        object.__setattr__(self, "tokens", read_only(tokens))
        object.__setattr__(self, "offsets", read_only(offsets))

    @classmethod
    def from_strings(cls, strings: Sequence[str]) -> "Words":
        """Words from strings of ``(`` and ``)``; ValueError for any other letter."""
        foreign = set().union(*strings) - set(LETTERS)
        if foreign:
            raise ValueError(f"a word is made of '(' and ')', not {min(foreign)!r}")
        letters = np.frombuffer("".join(strings).encode("ascii"), np.uint8)
        return cls(letters - np.uint8(FIRST_LETTER), offsets_of([len(string) for string in strings]))

    @classmethod
    def concatenate(cls, parts: Sequence["Words"]) -> "Words":
        """All words of the parts, in order.

        >>> Words.concatenate([Words.from_strings(["()"]), Words.from_strings(["(", ")"])]).strings()
        ['()', '(', ')']
        """
        empty = np.zeros(0, np.uint8)
        lengths = [part.lengths for part in parts]
        return cls(
            np.concatenate([empty, *(part.tokens for part in parts)]),
            offsets_of(np.concatenate([np.zeros(0, np.int64), *lengths])),
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, word: int) -> np.ndarray:
        """Tokens of one word, uint8 [length] (a read-only view); IndexError beyond the last."""
        if not -len(self) <= word < len(self):
            raise IndexError(f"word {word} of {len(self)}")
        word %= len(self)
        return self.tokens[self.offsets[word] : self.offsets[word + 1]]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[word] for word in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Words):
            return NotImplemented
        return np.array_equal(self.offsets, other.offsets) and np.array_equal(self.tokens, other.tokens)

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        return f"Words({len(self):,} words, {len(self.tokens):,} tokens)"

    @cached_property
    def lengths(self) -> np.ndarray:
        """Tokens of each word, int64 [N]."""
        return read_only(np.diff(self.offsets))

    @cached_property
    def depths(self) -> np.ndarray:
        """Depth after each token, ``(`` read so far less ``)`` read so far in the same word: int32 [T]."""
        running = np.zeros(len(self.tokens) + 1, np.int32)
        np.cumsum(1 - 2 * self.tokens.astype(np.int8), dtype=np.int32, out=running[1:])
        return read_only(running[1:] - np.repeat(running[self.offsets[:-1]], self.lengths))

    @cached_property
    def sha256(self) -> str:
        """SHA-256, in hex, of the words as a file without labels: what ``sha256sum`` says of `files.write_words`'s.

        >>> Words.from_strings(["()"]).sha256 == hashlib.sha256(b"()\\n").hexdigest()
        True
        """
        return hashlib.sha256(self.lines()).hexdigest()

    def select(self, indices: np.ndarray | Sequence[int]) -> "Words":
        """The words at these indices, in that order, repeats allowed.

        >>> Words.from_strings(["()", "(())", ""]).select([1, 1, 0]).strings()
        ['(())', '(())', '()']
        """
        chosen = np.arange(len(self))[np.asarray(indices, np.int64)]
        return Words(gather(self.tokens, self.offsets[chosen], self.lengths[chosen]), offsets_of(self.lengths[chosen]))

    def text(self, word: int) -> str:
        """One word as a string.

        >>> Words.from_strings(["()", "(())"]).text(1)
        '(())'
        """
        return (self[word] + np.uint8(FIRST_LETTER)).tobytes().decode("ascii")

    def strings(self) -> list[str]:
        """All words as strings."""
        letters = (self.tokens + np.uint8(FIRST_LETTER)).tobytes().decode("ascii")
        ends = self.offsets.tolist()
        return [letters[start:end] for start, end in itertools.pairwise(ends)]

    def lines(self) -> bytes:
        """One word a line, each ended by a newline."""
        return "".join(f"{string}\n" for string in self.strings()).encode("ascii")


def read_only(array: np.ndarray) -> np.ndarray:
    """The same array, contiguous, not to be written."""
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def offsets_of(lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    """Where words of these lengths (int [N]) begin and end, int64 [N + 1].

    >>> offsets_of([2, 0, 4]).tolist()
    [0, 2, 2, 6]
    """
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def gather(array: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The stretches ``array[start:start + length]`` (starts, lengths: int64 [N]) end to end.

    >>> gather(np.arange(10), np.array([7, 2]), np.array([3, 1])).tolist()
    [7, 8, 9, 2]
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return array[np.arange(total) + np.repeat(starts - (ends - lengths), lengths)]
