"""The interface of a language, and everything that follows from how it reads a word letter by letter.

A language reads a word through *configurations*: one after each prefix that some word of the language begins with. Two
prefixes with the same configuration can be continued in the same ways. The configuration of a counter machine is its
state and its counters (`longcount.languages.machine`), that of Dyck-2 a stack.

Symbols: N words, T tokens in all, L letters of the language.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from longcount.errors import UserError
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words, check_letters, listed, offsets_of

END = "end"
"""The name of the output that says whether the word may end."""

LARGEST_COUNT = 1_000_000
"""Configurations, one for each number of letters left, that counting words may visit: a minute at most."""


@dataclass(frozen=True, kw_only=True)
class Language(ABC):
    """A set of words, and what may follow each of their prefixes.

    Raises ValueError where the letters cannot be letters of words.
    """

    name: str
    letters: str
    description: str
    """The set, in one line."""
    source: str = ""
    """Where it was introduced: author, year and number of the paper."""
    has_end: bool = False
    """Whether the end of the word is an output of the next-letters task."""

    def __post_init__(self) -> None:
        check_letters(self.letters)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle what the language is, not what has been computed from it."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    # What a language defines

    @property
    @abstractmethod
    def start(self) -> Any:
        """The configuration before the first letter."""

    @abstractmethod
    def following(self, configuration: Any) -> list[tuple[str, Any]]:
        """Each letter that may come next, in the order of the letters, with the configuration after it."""

    @abstractmethod
    def may_end(self, configuration: Any) -> bool:
        """Whether the word may end here."""

    @abstractmethod
    def allowed(self, words: Words) -> np.ndarray:
        """What may follow each token, uint8 [T, L + 1]: each letter, then the end; all 0 from the token on with which
        a word leaves the language."""

    @abstractmethod
    def depths(self, words: Words) -> np.ndarray:
        """The depth after each token, int32 [T]: the largest counter, or the height of the stack."""

    @property
    def counters(self) -> int:
        """How many counters decide the language; UserError where no number of counters does."""
        raise UserError(f"{self.name} needs a stack: no counters decide it")

    def counts_after(self, words: Words) -> np.ndarray:
        """Counters after each token, int32 [T, counters]; UserError where no counters decide the language."""
        raise UserError(f"{self.name} needs a stack: it has no counters to show")

    @property
    def numbers(self) -> int:
        """How many whole numbers from 1 on give a word: 1 where there is a word for each n, 2 for each n and m, 0
        where words are not given by numbers."""
        return 0

    @property
    def indexed(self) -> bool:
        """Whether there is one word for each n from 1 on."""
        return self.numbers == 1

    def word_of(self, *numbers: int) -> str:
        """The word of n, or of n and m, for languages whose words are given so; UserError for others."""
        raise UserError(f"{self.name} has no single word for each n")

    def representative(self, configuration: Any) -> Hashable:
        """A configuration that can be continued in as many ways as this one: counting visits representatives only."""
        return configuration

    def letters_due(self, configuration: Any) -> int:
        """A number of letters without which the word cannot end; need not be the largest such number."""
        return 0

    def may_complete(self, configuration: Any, left: int) -> bool:
        """Whether a word can be completed with exactly that many letters. False is always right, True need not be."""
        return self.letters_due(configuration) <= left and (left > 0 or self.may_end(configuration))

    # What follows

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs of the next-letters task: the letters, then the end where the language has it."""
        return (*self.letters, END) if self.has_end else tuple(self.letters)

    def step(self, configuration: Any, letter: str) -> Any | None:
        """The configuration after one more letter; None where no word of the language continues like this."""
        return dict(self.following(configuration)).get(letter)

    @cached_property
    def allowed_at_start(self) -> np.ndarray:
        """What a word may begin with, uint8 [L + 1]: each letter, then the end, for the empty word."""
        first = [letter in dict(self.following(self.start)) for letter in self.letters]
        return np.array([*first, self.may_end(self.start)], np.uint8)

    def targets(self, words: Words) -> np.ndarray:
        """Targets of the next-letters task after each token, uint8 [T, outputs]."""
        return np.ascontiguousarray(self.allowed(words)[:, : len(self.outputs)])

    def first_bad_tokens(self, words: Words) -> np.ndarray:
        """Where each word leaves the language, int64 [N]: the index of the first letter that no word of the language
        continues with, the word's length where it merely stops too early, -1 for members."""
        allowed = self.allowed(words)
        first = np.full(len(words), -1, np.int64)
        full = np.flatnonzero(words.lengths)
        first[full] = np.where(allowed[words.offsets[full + 1] - 1, -1], -1, words.lengths[full])
        first[words.lengths == 0] = -1 if self.allowed_at_start[-1] else 0
        outside = np.flatnonzero(~allowed.any(axis=1))
        owners, where = np.unique(np.searchsorted(words.offsets, outside, side="right") - 1, return_index=True)
        first[owners] = outside[where] - words.offsets[owners]
        return first

    def members(self, words: Words) -> np.ndarray:
        """Which words belong to the language, bool [N]."""
        return self.first_bad_tokens(words) < 0

    def complaint(self, words: Words, word: int) -> str:
        """What is wrong with a word that is not a member, in one line (columns count from 1)."""
        alone = words.select([word])
        bad, length = int(self.first_bad_tokens(alone)[0]), int(alone.lengths[0])
        before = self.allowed(alone)[bad - 1] if bad else self.allowed_at_start
        if bad == length:
            expected = self._expected(before)
            return f"the word is cut short: after column {length}, its last, {expected} must follow" if length else (
                f"the word is empty; a word begins with {expected}"
            )  # fmt: skip
        letter = alone.text(0)[bad]
        where = f"after column {bad}" if bad else "at the beginning"
        return f"{letter!r} at column {bad + 1} cannot stand there: {where}, {self._expected(before)} must follow"

    def check(self, words: Words) -> None:
        """UserError for the first word that is not a member."""
        bad = np.flatnonzero(~self.members(words))
        if len(bad):
            raise UserError(f"word {bad[0] + 1}: {self.complaint(words, int(bad[0]))}")

    def _expected(self, allowed: np.ndarray) -> str:
        letters = "".join(letter for letter, may in zip(self.letters, allowed, strict=False) if may)
        return " or ".join([*([listed(letters, "or")] if letters else []), *(["the end"] if allowed[-1] else [])])

    def own(self, words: Words) -> Words:
        """The same words; ValueError where they are over other letters than the language."""
        if words.letters != self.letters:
            raise ValueError(f"{self.name} reads words over {self.letters!r}, not over {words.letters!r}")
        return words

    # The words of a length

    def count(self, length: int) -> int:
        """How many words of a length there are, exactly.

        By dynamic programming over configurations. UserError where it would visit more than `LARGEST_COUNT` of them.
        """
        if length < 0:
            raise ValueError(f"a length is at least 0, not {length}")
        start, tables = self.representative(self.start), self._completions
        if length >= len(tables) or start not in tables[length]:
            self._count_completions(length)
        return tables[length][start]

    def enumerate(self, length: int) -> Iterator[str]:
        """All words of a length, in the order of the language's letters; UserError as for `count`."""
        if not self.count(length):
            return
        waiting = [("", self.start)]
        while waiting:
            prefix, configuration = waiting.pop()
            left = length - len(prefix)
            if left == 0:
                yield prefix
                continue
            for letter, following, completions in reversed(self._choices(configuration, left)):
                if completions:
                    waiting.append((prefix + letter, following))

    def word_at(self, length: int, place: int) -> str:
        """The word at a place, counted from 0, of `enumerate`'s list; IndexError beyond its end.

        A uniform random place gives a uniform random word.
        """
        if not 0 <= place < self.count(length):
            raise IndexError(f"{self.name} has {self.count(length):,} words of {length} letters, no word {place:,}")
        word, configuration = [], self.start
        for left in range(length, 0, -1):
            for letter, following, completions in self._remembered_choices(configuration, left):
                if place < completions:
                    word.append(letter)
                    configuration = following
                    break
                place -= completions
        return "".join(word)

    def draw(self, length: int, uniforms: Uniforms) -> str:
        """A word of a length, each as likely as any other, exactly; UserError where there is none."""
        if not self.count(length):
            raise UserError(f"{self.name} has no word of {length} letters")
        return self.word_at(length, uniforms.below(self.count(length)))

    def _choices(self, configuration: Any, left: int) -> list[tuple[str, Any, int]]:
        """Each letter that may come next, the configuration after it, and how many words of that many letters left to
        come go on so; `count` has been asked before."""
        table = self._completions[left - 1]
        return [
            (letter, following, table.get(self.representative(following), 0))
            for letter, following in self.following(configuration)
        ]

    @cached_property
    def _remembered_choices(self) -> Callable[[Any, int], list[tuple[str, Any, int]]]:
        return lru_cache(100_000)(self._choices)

    @cached_property
    def _completions(self) -> list[dict[Hashable, int]]:
        """[left][representative]: in how many ways a word can be completed with that many letters; those that
        `letters_due` excludes are left out. Grows with use."""
        return []

    def _count_completions(self, length: int) -> None:
        """Fill `_completions` with what words of a length pass through."""
        tables = self._completions
        while len(tables) <= length:
            tables.append({})
        waiting = [(length, self.start)]
        visited = 0
        while waiting:
            left, configuration = waiting[-1]
            representative = self.representative(configuration)
            if representative in tables[left]:
                waiting.pop()
                continue
            ways, missing = int(self.may_end(configuration)) if left == 0 else 0, []
            for _, following in self.following(configuration) if left else ():
                if self.letters_due(following) < left:
                    completions = tables[left - 1].get(self.representative(following))
                    if completions is None:
                        missing.append((left - 1, following))
                    else:
                        ways += completions
            if missing:
                waiting += missing
                continue
            tables[left][representative] = ways
            waiting.pop()
            visited += 1
            if visited > LARGEST_COUNT:
                raise UserError(
                    f"{self.name} has too many configurations to count its words of {length:,} letters: more than "
                    f"{LARGEST_COUNT:,}; ask for shorter words"
                )

    def walk(self, lengths: np.ndarray, uniforms: Uniforms) -> tuple[Words, np.ndarray]:
        """Strings of these lengths (int64 [N]), letter by letter: each as likely as any other of those that may come
        next and after which the word may be completed (`may_complete`).

        One number is taken for each letter of each string, first letters first, of the longest string first.

        Returns:
            The strings, and which of them came to an end of the language, bool [N]; the others ran into a dead end.
        """
        order = np.argsort(-lengths, kind="stable").tolist()
        texts: list[list[int]] = [[] for _ in order]
        reached: list[Any] = [self.start] * len(order)
        for position in range(int(lengths.max(initial=0))):
            active = [word for word in order if lengths[word] > position]
            following = [self.following(reached[word]) if reached[word] is not None else [] for word in active]
            options = np.zeros((len(active), len(self.letters)), bool)
            for row, (word, choices) in enumerate(zip(active, following, strict=True)):
                left = int(lengths[word]) - position - 1
                for letter, configuration in choices:
                    options[row, self.letters.index(letter)] = self.may_complete(configuration, left)
            for word, choices, letter in zip(active, following, uniforms.choices(options).tolist(), strict=True):
                reached[word] = dict(choices)[self.letters[letter]] if letter >= 0 else None
                texts[word].append(max(letter, 0))
        tokens = np.array([token for text in texts for token in text], np.uint8)
        ended = [configuration is not None and self.may_end(configuration) for configuration in reached]
        return Words(tokens, offsets_of(lengths), self.letters), np.array(ended, bool)
