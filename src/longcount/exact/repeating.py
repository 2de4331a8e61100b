"""Words that repeat a few letters, far longer than those that are searched without exception."""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from longcount import engine
from longcount.cells import Cell
from longcount.exact.reading import whole
from longcount.languages.machine import Configuration, Machine
from longcount.languages.words import Words, offsets_of
from longcount.training.problem import Problem

REPEATED = 3
"""Letters that words repeat, at most."""

MOST_CYCLES, MOST_FAMILIES = 48, 24
"""As many are tried, those that repeat the fewest letters first."""

NUMBERS: dict[int, list[tuple[str, ...]]] = {0: [], 1: [("n",)], 2: [("n", "n"), ("n", "1"), ("1", "n")]}
"""Of words given by n, or by n and m, those that are tried."""

LEAST, RATIO = 16, 1.5
"""How often letters are repeated: so often, and each time so many times as often."""

BETWEEN = 8
"""So many numbers between two of these are tried at a time."""

NEVER = np.iinfo(np.int64).max
"""The place at which a word fails that does not."""


class Family(NamedTuple):
    """Strings that a number gives: the word of n, or letters repeated so often and then another one without end."""

    numbers: tuple[str, ...]
    """Which numbers of a word of the language it is, "n" or "1"; none of the other kind."""
    first: str
    """A letter before the others, or none."""
    cycle: str
    last: str

    def string(self, machine: Machine, number: int, limit: int) -> str:
        """That of a number, at most `limit` letters."""
        if self.numbers:
            return machine.word_of(*(number if name == "n" else 1 for name in self.numbers))[:limit]
        return (self.first + self.cycle * number + self.last * limit)[:limit]

    def most(self, machine: Machine, limit: int) -> int:
        """The largest number whose last letters are within `limit`."""
        if self.numbers:
            return limit // (len(self.string(machine, 2, limit)) - len(self.string(machine, 1, limit)))
        return (limit - 1) // len(self.cycle)


def failing_repetition(cell: Cell, flat: np.ndarray, problem: Problem, limit: int) -> np.ndarray | None:
    """A prefix, of at most `limit` tokens, of words that repeat a few letters whose last token is the first that a
    network reads wrong: the shortest that is found.

    Args:
        cell: the cell.
        flat: its weights, float32 [P].
        problem: the language and what is asked.
        limit: tokens.

    Returns:
        uint8 [n + 1], or None.
    """
    machine = problem.language
    assert isinstance(machine, Machine)
    words, origin = tried(machine, limit, whole(problem))
    first = _first_failures(cell, flat, problem, words)
    if not len(first) or first.min() == NEVER:
        return None
    best = int(first.argmin())
    word = words[best][: int(first[best]) + 1].copy()
    known = origin[best]
    return word if known is None else _nearest(cell, flat, problem, word, *known)


def _nearest(
    cell: Cell, flat: np.ndarray, problem: Problem, word: np.ndarray, family: Family, number: int
) -> np.ndarray:
    """The shortest failing prefix among words of smaller numbers, tried ever closer to the least that fails."""
    machine = problem.language
    assert isinstance(machine, Machine)
    low, high = int(number / RATIO) - 1, number
    while high - low > 1:
        numbers = np.unique(np.linspace(low, high, BETWEEN + 2).astype(int)[1:-1])
        numbers = numbers[(numbers > low) & (numbers < high)]
        texts = [family.string(machine, int(n), len(word)) for n in numbers]
        words = _within(machine, texts, whole(problem))
        first = _first_failures(cell, flat, problem, words)
        fails = np.flatnonzero(first < len(word) - 1)
        if not len(fails):
            low = int(numbers[-1])
            continue
        best = int(first.argmin())
        word = words[best][: int(first[best]) + 1].copy()
        low, high = (int(numbers[fails[0] - 1]) if fails[0] else low), int(numbers[fails[0]])
    return word


def _first_failures(cell: Cell, flat: np.ndarray, problem: Problem, words: Words) -> np.ndarray:
    """Where each word is first read wrong, int64 [N]: every prefix of a string is a string."""
    targets, question = problem.targets(words), problem.question
    if whole(problem):
        targets = np.ascontiguousarray(problem.language.allowed(words)[:, -1:])
        question = question._replace(answers="token")
    found = engine.evaluate(cell, flat[None], words, targets, problem.loss, question)
    return np.where(found.correct[0], NEVER, found.first_failure[0])


@lru_cache(maxsize=8)
def tried(machine: Machine, limit: int, outside: bool) -> tuple[Words, list[tuple[Family, int] | None]]:
    """Prefixes of words, up to `limit` tokens, that repeat a few letters; and the family and number that each is of.

    Args:
        machine: the language.
        limit: tokens.
        outside: whether strings outside the language are tried, too.
    """
    cycles = _cycles(machine)
    families = [Family(names, "", "", "") for names in NUMBERS[machine.numbers]]
    families += [
        Family((), first, cycle, last)
        for (first, cycle), climbs in cycles.items()
        for last in machine.letters
        if climbs and _lowers(machine, first + cycle * LEAST, last)
    ]
    texts: dict[str, tuple[Family, int] | None] = {}
    for first, cycle in itertools.islice(cycles, MOST_CYCLES):
        texts[(first + cycle * limit)[:limit]] = None
    for family in families[:MOST_FAMILIES]:
        number, most = LEAST, family.most(machine, limit)
        while number <= most:
            texts.setdefault(family.string(machine, number, limit), (family, number))
            number = int(number * RATIO)
    longest = sorted(texts, key=lambda text: (-len(text), text))
    return _within(machine, longest, outside), [texts[text] for text in longest]


def _within(machine: Machine, texts: list[str], outside: bool) -> Words:
    """Strings as far as they may begin a word, unless those outside the language are wanted, too."""
    words = Words.from_strings(texts, machine.letters)
    if outside:
        return words
    left = machine.first_bad_tokens(words)
    ends = np.where(left < 0, words.lengths, left)
    kept = np.concatenate([np.zeros(0, np.uint8), *(word[:end] for word, end in zip(words, ends, strict=True))])
    return Words(kept, offsets_of(ends), machine.letters)


def _cycles(machine: Machine) -> dict[tuple[str, str], bool]:
    """Letters that may be repeated without end, few first, after one letter or none: whether that raises a counter."""
    found = {}
    for length in range(1, REPEATED + 1):
        cycles = ["".join(letters) for letters in itertools.product(machine.letters, repeat=length)]
        cycles = [cycle for cycle in cycles if cycle not in (cycle + cycle)[1:-1]]  # none that repeats a shorter one
        for cycle, first in itertools.product(cycles, ("", *machine.letters)):
            climbs = _climbs(machine, first, cycle)
            if climbs is not None:
                found[first, cycle] = climbs
    return found


def _climbs(machine: Machine, first: str, cycle: str) -> bool | None:
    """Whether letters repeated without end raise a counter; None where they cannot be repeated."""
    passed = [_configuration(machine, first + cycle * times) for times in (1, 2, 3)]
    if any(configuration is None for configuration in passed):
        return None
    _, before, after = passed
    assert before is not None
    assert after is not None
    rises = [more - less for less, more in zip(before.counters, after.counters, strict=True)]
    return None if before.state != after.state or min(rises, default=0) < 0 else any(rises)


def _lowers(machine: Machine, text: str, letter: str) -> bool:
    """Whether a letter may follow and brings counters down."""
    before, after = _configuration(machine, text), _configuration(machine, text + letter)
    return before is not None and after is not None and sum(after.counters) < sum(before.counters)


def _configuration(machine: Machine, text: str) -> Configuration | None:
    configuration: Configuration | None = machine.start
    for letter in text:
        configuration = None if configuration is None else machine.step(configuration, letter)
    return configuration
