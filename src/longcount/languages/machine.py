"""Languages that counters decide: a table of rules, from which everything else follows.

A machine reads a word letter by letter in one of a few *states*, with a few *counters*, whole numbers from 0 on. Which
rule applies depends on the state, the letter, and which counters are zero; it gives the next state and a step for each
counter. A letter without a rule ends the reading: no word of the language continues like this. A word belongs to the
language where the whole of it can be read and it may end in the configuration reached. This is the deterministic
real-time counter machine of Fischer, Meyer and Rosenberg (1968, "Counter machines and counter languages").
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from longcount.errors import UserError
from longcount.languages.language import Language
from longcount.languages.rules import Configuration, Rule, Rules
from longcount.languages.transitions import Transitions
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words


@dataclass(frozen=True, kw_only=True)
class Machine(Language):
    """A language that counters decide. It starts in the state of the first rule.

    Raises ValueError, when it is made, for a table that makes no sense: unknown letters or states, two rules for one
    case, a counter that could fall below zero, no end, or a configuration from which no word can be completed. The
    last is checked in the first `longcount.languages.rules.CHECKED` configurations that words reach, by trying at most
    `TRIED` others (no program can decide whether it holds in all of them): a longer way to an end counts as none.

    >>> even = Machine(
    ...     name="even_as",
    ...     letters="ab",
    ...     description="strings with an even number of a",
    ...     rules=(("even", "a", "", "odd", ()), ("even", "b", "", "even", ()),
    ...            ("odd", "a", "", "even", ()), ("odd", "b", "", "odd", ())),
    ...     ends=(("even", ""),),
    ... )
    >>> list(even.enumerate(2)), even.count(100) == 2**99
    (['aa', 'bb'], True)
    """

    rules: Sequence[tuple[str, str, str, str, tuple[int, ...]]]
    """The table: one `longcount.languages.rules.Rule` per line."""
    ends: Sequence[tuple[str, str]]
    """Where a word may end: a state, and for each counter ``0``, ``+`` or ``*``."""
    start_counters: tuple[int, ...] = ()
    """The counters before the first letter; all 0 by default."""
    expected: Sequence[tuple[str, str, str]] = ()
    """(state, counters as in a rule, letters): the letters that `targets` asks for there. Elsewhere they are the
    letters with a rule. For languages that read letters which the task does not expect."""
    classes: Sequence[tuple[str, str, str]] = ()
    """(name, state, counters as in a rule): the class of a string that is read to there, for the task `classify`. Each
    configuration has one class, and each string is read to its end."""
    index: Sequence[tuple[str, str]] = ()
    """For languages whose words are given by n, or by n and m: parts of the word, each with its number of repetitions:
    "n", "m" or, for n + m, "nm". (("a", "n"), ("bb", "n")) are the words a...abb...bb with n times a and n times bb."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("rules", "ends", "start_counters", "expected", "classes", "index"):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        self._rules.check()
        self._refuse_broken_classes()
        self._refuse_broken_index()

    @cached_property
    def _rules(self) -> Rules:
        return Rules(self.name, self.letters, self.rules, self.ends, self.start_counters, self.expected)

    @cached_property
    def _transitions(self) -> Transitions:
        return Transitions(self._rules)

    @property
    def counters(self) -> int:
        """How many counters there are, C."""
        return self._rules.counters

    @property
    def table(self) -> tuple[Rule, ...]:
        """The rules by their names."""
        return self._rules.lines

    @property
    def states(self) -> tuple[str, ...]:
        """All states, in the order of the rules, then of the ends."""
        return self._rules.states

    @property
    def start(self) -> Configuration:
        """The configuration before the first letter."""
        return self._rules.start

    def following(self, configuration: Configuration) -> list[tuple[str, Configuration]]:
        """Each letter that may come next, with the configuration after it."""
        return self._rules.following(configuration)

    def may_end(self, configuration: Configuration) -> bool:
        """Whether the word may end here."""
        return self._rules.may_end(configuration)

    # All words at once

    def _read(self, words: Words) -> tuple[np.ndarray, np.ndarray]:
        """See `Transitions.read`."""
        return self._transitions.read(self.own(words))

    def allowed(self, words: Words) -> np.ndarray:
        """What may follow each token, uint8 [T, L + 1]: each letter, then the end."""
        return self._transitions.allowed[self._read(words)[0]]

    def targets(self, words: Words) -> np.ndarray:
        """Targets of the next-letters task after each token, uint8 [T, outputs]."""
        return self._targets[self._read(words)[0]]

    def targets_in(self, configuration: Configuration) -> np.ndarray:
        """Targets of the next-letters task in a configuration, uint8 [outputs]."""
        return self._targets[self._rules.code(configuration)]

    @cached_property
    def _targets(self) -> np.ndarray:
        return np.ascontiguousarray(self._transitions.expected[:, : len(self.outputs)])

    # Classes of strings

    def _refuse_broken_classes(self) -> None:
        codes = [code for _, state, signs in self.classes for code in self._rules.codes_of(state, signs)]
        known = list(range(len(self.states) << self.counters))
        if codes and (sorted(codes) != known or len(self._rules.cases) < len(known) * len(self.letters)):
            raise ValueError(f"{self.name}: each state and choice of counters above zero needs one class and all rules")

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in order; none where there are no classes."""
        return tuple(dict.fromkeys(name for name, _, _ in self.classes))

    @cached_property
    def _classes(self) -> np.ndarray:
        """bool [K, classes]: the class of each code."""
        table = np.zeros((len(self.states) + 1 << self.counters, len(self.class_names)), bool)
        for name, state, signs in self.classes:
            table[self._rules.codes_of(state, signs), self.class_names.index(name)] = True
        return table

    def classes_after(self, words: Words) -> np.ndarray:
        """The class of what has been read, after each token, uint8 [T, classes]: one 1 in each row."""
        return self._classes[self._read(words)[0]].astype(np.uint8)

    def class_in(self, configuration: Configuration) -> np.ndarray:
        """The class in a configuration, bool [classes]."""
        return self._classes[self._rules.code(configuration)]

    def counts_after(self, words: Words) -> np.ndarray:
        """Counters after each token, int32 [T, C]; they do not change once a word has left the language."""
        return np.ascontiguousarray(self._read(words)[1].T)

    def depths(self, words: Words) -> np.ndarray:
        """The largest counter after each token, int32 [T]."""
        return self._read(words)[1].max(axis=0, initial=0)

    def may_complete(self, configuration: Configuration, left: int) -> bool:
        """See `Transitions.may_complete`."""
        return self._transitions.may_complete(configuration, left)

    def walk(self, lengths: np.ndarray, uniforms: Uniforms) -> tuple[Words, np.ndarray]:
        """See `Language.walk`."""
        return self._transitions.walk(lengths, uniforms)

    # Words by n and m

    def _refuse_broken_index(self) -> None:
        for part, times in self.index:
            if not part or times not in ("n", "m", "nm") or set(part) - set(self.letters):
                raise ValueError(f"{self.name}: {(part, times)} in its index should be letters, and n, m or nm")
        if self.index and not any("n" in times for _, times in self.index):
            raise ValueError(f"{self.name}: its index uses m but not n")
        tried = itertools.product((1, 2, 3), repeat=self.numbers) if self.index else ()
        words = Words.from_strings([self.word_of(*numbers) for numbers in tried], self.letters)
        if not self.members(words).all():
            raise ValueError(f"{self.name}: the words of its index are not words of the language")

    @property
    def numbers(self) -> int:
        """How many whole numbers give a word: 1 for n, 2 for n and m, 0 where there is no index."""
        return len(set("".join(times for _, times in self.index)))

    def word_of(self, *numbers: int) -> str:
        """The word of n, or of n and m; UserError where words are not given so, or a number is below 1."""
        if not self.numbers:
            return super().word_of(*numbers)
        given = dict(zip("nm", numbers, strict=False))
        if len(numbers) != self.numbers or min(numbers) < 1:
            wanted = " and ".join("nm"[: self.numbers])
            said = ", ".join(f"{name} = {number}" for name, number in given.items())
            raise UserError(f"{self.name} has a word for each {wanted} from 1 on, not for {said or 'nothing'}")
        return "".join(part * sum(given[name] for name in times) for part, times in self.index)

    def representative(self, configuration: Configuration) -> Hashable:
        """The same configuration with the counters that may change places in order."""
        if not self._interchangeable:
            return configuration
        counters = list(configuration.counters)
        for group in self._interchangeable:
            if len(group) == len(counters):
                return configuration.state, tuple(sorted(counters))
            for k, count in zip(group, sorted(counters[k] for k in group), strict=True):
                counters[k] = count
        return configuration.state, tuple(counters)

    @cached_property
    def _interchangeable(self) -> list[list[int]]:
        """Groups of two or more counters that may change places: with them, some letters change places, and the table
        is the same again. Each type of bracket of a shuffle has such a counter."""
        groups: list[list[int]] = []
        for k in range(self.counters):
            group = next((group for group in groups if self._swapped(group[0], k) == self._swapped(k, k)), None)
            if group is None:
                groups.append([k])
            else:
                group.append(k)
        return [group for group in groups if len(group) > 1]

    def _swapped(self, first: int, second: int) -> tuple[Counter, set]:
        """The table without the names of letters, two counters exchanged: how many letters have the same rules, and
        the ends."""
        places = list(range(self.counters))
        places[first], places[second] = second, first
        rules_of = {letter: set() for letter in self.letters}
        for (code, letter), rule in self._rules.cases.items():
            bits = tuple(code >> place & 1 for place in places)
            rules_of[letter].add((rule.state, bits, rule.next, tuple(rule.steps[place] for place in places)))
        ends = {(code >> self.counters, *(code >> place & 1 for place in places)) for code in self._rules.end_codes}
        return Counter(frozenset(rules) for rules in rules_of.values()), ends

    def letters_due(self, configuration: Configuration) -> int:
        """A lower bound on the letters still to come: counters that are zero at every end have to come down."""
        if not self._fastest_descent:
            return 0
        return -(-sum(configuration.counters[k] for k in self._rules.zero_at_ends) // self._fastest_descent)

    @cached_property
    def _fastest_descent(self) -> int:
        """The most by which one letter brings the counters that must be zero at an end down, together."""
        return max(0, *(-sum(rule.steps[k] for k in self._rules.zero_at_ends) for rule in self.table))
