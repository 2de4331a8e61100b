"""Words as one token array with offsets: what every other package reads.

Symbols: N words, T tokens in all.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from longcount.arguments import checked

OPEN, CLOSE = 0, 1
LETTERS = "()"


@dataclass(frozen=True, eq=False)
class Words:
    """N words over some letters, end to end in one array; word w is ``tokens[offsets[w]:offsets[w + 1]]``, and token
    k stands for ``letters[k]``.

    tokens: uint8 [T]; offsets: int64 [N + 1], from 0 to T, never falling. Both are made read-only; pass arrays that
    are not written to elsewhere. letters: see `check_letters`. They may be strings outside
    any language: membership is decided by `Language`. Raises ValueError where an array or the letters are not as said.

    >>> words = Words.from_strings(["(())", "", "()"])
    >>> len(words), words.tokens.tolist(), words.offsets.tolist()
    (3, [0, 0, 1, 1, 0, 1], [0, 4, 4, 6])
    >>> words.depths.tolist()
    [1, 2, 1, 0, 1, 0]
    >>> words == Words.from_strings(["(())", "", "()"]), words == words.select([2, 1, 0])
    (True, False)
    >>> Words.from_strings(["aab"], letters="abc").tokens.tolist()
    [0, 0, 1]
    """

    tokens: np.ndarray
    offsets: np.ndarray
    letters: str = LETTERS

    def __post_init__(self) -> None:
        tokens, offsets = self.tokens, self.offsets
        if not isinstance(tokens, np.ndarray) or tokens.dtype != np.uint8 or tokens.ndim != 1:
            raise ValueError("tokens must be a uint8 array of one dimension")
        if not isinstance(offsets, np.ndarray) or offsets.dtype != np.int64 or offsets.ndim != 1 or not len(offsets):
            raise ValueError("offsets must be an int64 array of one dimension with at least one element")
        if offsets[0] != 0 or offsets[-1] != len(tokens) or (np.diff(offsets) < 0).any():
            raise ValueError(f"offsets must rise from 0 to the number of tokens, {len(tokens)}")
        check_letters(self.letters)
        if tokens.size and tokens.max() >= len(self.letters):
            raise ValueError(
                f"tokens of words over {self.letters!r} must be below {len(self.letters)}, not {tokens.max()}"
            )
        object.__setattr__(self, "tokens", read_only(tokens))
        object.__setattr__(self, "offsets", read_only(offsets))

    @classmethod
    @checked
    def from_strings(cls, strings: Sequence[str], letters: str = LETTERS) -> Words:
        """Words from a list of strings over the letters.

        Raises:
            UserError: for anything but a list of strings, such as one bare string.
            ValueError: for any other letter, or where the letters cannot be such.
        """
        check_letters(letters)
        foreign = set().union(*strings) - set(letters)
        if foreign:
            raise ValueError(f"a word is made of {listed(letters, 'and')}, not {min(foreign)!r}")
        return cls(
            tokens_of(np.frombuffer("".join(strings).encode("ascii"), np.uint8), letters),
            offsets_of([len(string) for string in strings]),
            letters,
        )

    @classmethod
    @checked
    def concatenate(cls, parts: Sequence[Words]) -> Words:
        """All words of the parts, in order; words over ``()`` where there are no parts.

        Raises:
            ValueError: where parts differ in their letters.

        >>> Words.concatenate([Words.from_strings(["()"]), Words.from_strings(["(", ")"])]).strings()
        ['()', '(', ')']
        """
        letters = sorted({part.letters for part in parts}) or [LETTERS]
        if len(letters) > 1:
            raise ValueError(f"words over {letters[0]!r} and over {letters[1]!r} cannot be combined")
        empty = np.zeros(0, np.uint8)
        lengths = [part.lengths for part in parts]
        return cls(
            np.concatenate([empty, *(part.tokens for part in parts)]),
            offsets_of(np.concatenate([np.zeros(0, np.int64), *lengths])),
            letters[0],
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
        return (
            self.letters == other.letters
            and np.array_equal(self.offsets, other.offsets)
            and np.array_equal(self.tokens, other.tokens)
        )

    def __hash__(self) -> int:
        return hash((self.letters, self.sha256))

    def __repr__(self) -> str:
        return f"Words({len(self):,} words, {len(self.tokens):,} tokens)"

    @cached_property
    def lengths(self) -> np.ndarray:
        """Tokens of each word, int64 [N]."""
        return read_only(np.diff(self.offsets))

    @cached_property
    def depths(self) -> np.ndarray:
        """Depth after each token, ``(`` read so far less ``)`` read so far in the same word: int32 [T].

        ValueError for words over other letters than ``()``.
        """
        if self.letters != LETTERS:
            raise ValueError(f"depth is defined for words over {LETTERS!r} only, not over {self.letters!r}")
        return read_only(self.running_sums(1 - 2 * self.tokens.astype(np.int8)))

    @cached_property
    def sha256(self) -> str:
        """SHA-256, in hex, of the words as a file without labels, as ``sha256sum`` finds it.

        >>> Words.from_strings(["()"]).sha256 == hashlib.sha256(b"()\\n").hexdigest()
        True
        """
        return hashlib.sha256(self.lines()).hexdigest()

    def running_sums(self, steps: np.ndarray) -> np.ndarray:
        """The sum of the steps (bool or int [T]) from the word's first token up to each token, int32 [T].

        >>> Words.from_strings(["()", "()()"]).running_sums(np.ones(6, bool)).tolist()
        [1, 2, 1, 2, 3, 4]
        """
        running = np.zeros(len(steps) + 1, np.int32)
        np.cumsum(steps, dtype=np.int32, out=running[1:])
        return running[1:] - np.repeat(running[self.offsets[:-1]], self.lengths)

    @checked
    def select(self, indices: np.ndarray | Sequence[int]) -> Words:
        """The words at these indices, in that order, repeats allowed.

        Raises:
            ValueError: where indices are no whole numbers.
            IndexError: where there is no such word.

        >>> Words.from_strings(["()", "(())", ""]).select([1, 1, 0]).strings()
        ['(())', '(())', '()']
        """
        places = np.asarray(indices)
        if places.size and places.dtype.kind not in "iu":
            raise ValueError("indices of words must be whole numbers")
        chosen = np.arange(len(self))[places.astype(np.int64).ravel()]
        lengths = self.lengths[chosen]
        return Words(gather(self.tokens, self.offsets[chosen], lengths), offsets_of(lengths), self.letters)

    def text(self, word: int) -> str:
        """One word as a string.

        >>> Words.from_strings(["()", "(())"]).text(1)
        '(())'
        """
        return self._bytes_of(self[word]).decode("ascii")

    def strings(self) -> list[str]:
        """All words as strings."""
        text = self._bytes_of(self.tokens).decode("ascii")
        return [text[start:end] for start, end in itertools.pairwise(self.offsets.tolist())]

    def lines(self) -> bytes:
        """One word per line, each ended by a newline."""
        return "".join(f"{string}\n" for string in self.strings()).encode("ascii")

    def _bytes_of(self, tokens: np.ndarray) -> bytes:
        return np.frombuffer(self.letters.encode("ascii"), np.uint8)[tokens].tobytes()


def check_letters(letters: str) -> None:
    """ValueError where these cannot be the letters of words: at least one, each once, printable ASCII, neither a
    comma (which ends a word in a word file) nor a space.

    >>> check_letters("()[]")
    >>> check_letters("aba")
    Traceback (most recent call last):
        ...
    ValueError: 'aba' has a letter twice; letters are different from each other
    """
    if not letters:
        raise ValueError("words need at least one letter")
    for letter in letters:
        if letter == "," or not "!" <= letter <= "~":
            raise ValueError(f"{letter!r} cannot be a letter; letters are printable ASCII, no blank and no comma")
    if len(set(letters)) < len(letters):
        raise ValueError(f"{letters!r} has a letter twice; letters are different from each other")


def tokens_of(characters: np.ndarray, letters: str) -> np.ndarray:
    """Tokens of characters given as bytes (uint8, any shape): uint8, 255 for what is not a letter.

    >>> tokens_of(np.frombuffer(b"ba!", np.uint8), "ab").tolist()
    [1, 0, 255]
    """
    table = np.full(256, 255, np.uint8)
    table[np.frombuffer(letters.encode("ascii"), np.uint8)] = np.arange(len(letters))
    return table[characters]


def listed(letters: str, joined_by: str) -> str:
    """Letters as a sentence names them.

    >>> listed("abc", "or"), listed("()", "and"), listed("a", "or")
    ("'a', 'b' or 'c'", "'(' and ')'", "'a'")
    """
    quoted = [repr(letter) for letter in letters]
    return f" {joined_by} ".join([*([", ".join(quoted[:-1])] if quoted[1:] else []), quoted[-1]])


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
    """The slices ``array[start:start + length]`` (starts, lengths: int64 [N]) end to end.

    >>> gather(np.arange(10), np.array([7, 2]), np.array([3, 1])).tolist()
    [7, 8, 9, 2]
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return array[np.arange(total) + np.repeat(starts - (ends - lengths), lengths)]
