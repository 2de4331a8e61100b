"""The rules of a counter machine: a checked table, and how it reads one letter at a time.

Symbols: L letters, C counters, S states. A *code* is a state and which counters are above zero in one number,
``state << C | bits`` with bit k for counter k; state S is that of words that have left the language.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Sequence
from functools import cached_property
from operator import add
from typing import NamedTuple

MOST_COUNTERS = 12
"""The arrays have 2^C rows per state."""

CHECKED = 64
"""How many configurations, the first that words reach, are checked for a way to an end in a new table."""

TRIED = 10_000
"""How many more configurations may be tried to find such a way."""


class Rule(NamedTuple):
    """One line of a machine's table."""

    state: str
    letters: str
    """The rule holds for each of them."""
    counters: str
    """The condition: for each counter ``0`` (zero), ``+`` (above zero) or ``*`` (either)."""
    next: str
    """The state afterwards."""
    steps: tuple[int, ...]
    """What is added to each counter; −1 at the least, and that only where the counter is above zero."""


class Configuration(NamedTuple):
    """The state and the counters of a machine."""

    state: str
    counters: tuple[int, ...]


class Rules:
    """The table of the machine `name`; the other arguments are the fields of `longcount.languages.machine.Machine`."""

    def __init__(
        self,
        name: str,
        letters: str,
        rules: Sequence[tuple[str, str, str, str, tuple[int, ...]]],
        ends: Sequence[tuple[str, str]],
        start_counters: Sequence[int],
        expected: Sequence[tuple[str, str, str]],
    ) -> None:
        self.name, self.letters = name, letters
        self.lines = tuple(Rule(*rule) for rule in rules)
        self.ends, self.start_counters, self.expected = ends, tuple(start_counters), expected

    @property
    def counters(self) -> int:
        """How many counters there are, C."""
        return len(self.lines[0].counters)

    @cached_property
    def states(self) -> tuple[str, ...]:
        """All states, in the order of the rules, then of the ends."""
        return tuple(dict.fromkeys([*(rule.state for rule in self.lines), *(state for state, _ in self.ends)]))

    @property
    def start(self) -> Configuration:
        """The configuration before the first letter."""
        return Configuration(self.lines[0].state, self.start_counters or (0,) * self.counters)

    def following(self, configuration: Configuration) -> list[tuple[str, Configuration]]:
        """Each letter that may come next, with the configuration after it."""
        counters = configuration.counters
        return [
            (letter, Configuration(rule.next, tuple(map(add, counters, rule.steps))))
            for letter, rule in self._rules_of[self.code(configuration)]
        ]

    def may_end(self, configuration: Configuration) -> bool:
        """Whether the word may end here."""
        return self.code(configuration) in self.end_codes

    def code(self, configuration: Configuration) -> int:
        """The code of a configuration."""
        code = self.state_numbers[configuration.state]
        for k, count in enumerate(configuration.counters):
            if count:
                code |= 1 << k
        return code

    @cached_property
    def state_numbers(self) -> dict[str, int]:
        """The code of each state with all counters zero."""
        return {state: number << self.counters for number, state in enumerate(self.states)}

    def codes_of(self, state: str, signs: str) -> list[int]:
        """The codes of a state in which the counters are as the signs say."""
        bits = [{"0": (0,), "+": (1,), "*": (0, 1)}[sign] for sign in signs]
        number = self.state_numbers[state]
        return [number | sum(bit << k for k, bit in enumerate(chosen)) for chosen in itertools.product(*bits)]

    @cached_property
    def cases(self) -> dict[tuple[int, str], Rule]:
        """The rule for each (code, letter) that has one; ValueError where two rules hold for the same case."""
        cases: dict[tuple[int, str], Rule] = {}
        for rule in self.lines:
            for case in itertools.product(self.codes_of(rule.state, rule.counters), rule.letters):
                if case in cases:
                    raise ValueError(f"{self.name}: {tuple(cases[case])} and {tuple(rule)} hold for the same case")
                cases[case] = rule
        return cases

    @cached_property
    def _rules_of(self) -> list[list[tuple[str, Rule]]]:
        """For each code, the letters that have a rule, and the rule."""
        codes = range(len(self.states) << self.counters)
        found = [[(letter, self.cases.get((code, letter))) for letter in self.letters] for code in codes]
        return [[(letter, rule) for letter, rule in row if rule is not None] for row in found]

    @cached_property
    def end_codes(self) -> set[int]:
        """The codes in which a word may end."""
        return {code for state, signs in self.ends for code in self.codes_of(state, signs)}

    @cached_property
    def zero_at_ends(self) -> list[int]:
        """The counters that are zero wherever a word may end."""
        return [k for k in range(self.counters) if all(signs[k] == "0" for _, signs in self.ends)]

    def check(self) -> None:
        """Raise ValueError for a table that makes no sense (see `Machine`)."""
        self._refuse_broken_lines()
        self._refuse_unknown_states()
        self._refuse_dead_configurations()

    def _refuse_broken_lines(self) -> None:
        if not self.lines or not self.ends:
            raise ValueError(f"{self.name}: a machine needs at least one rule and one end")
        if self.counters > MOST_COUNTERS:
            raise ValueError(f"{self.name}: {self.counters} counters; there may be at most {MOST_COUNTERS}")
        if len(self.start_counters) not in (0, self.counters) or any(count < 0 for count in self.start_counters):
            raise ValueError(f"{self.name}: the counters at the start must be {self.counters} numbers of at least 0")
        signs = [rule.counters for rule in self.lines] + [end[1] for end in self.ends]
        letters = [rule.letters for rule in self.lines]
        for _, counters, expected in self.expected:
            signs.append(counters)
            letters.append(expected)
        for sign in signs:
            if len(sign) != self.counters or set(sign) - set("0+*"):
                raise ValueError(f"{self.name}: {sign!r} should be {self.counters} of the signs 0, + and *")
        for letter in "".join(letters):
            if letter not in self.letters:
                raise ValueError(f"{self.name}: a rule for {letter!r}, which is none of its letters {self.letters!r}")
        for rule in self.lines:
            if len(rule.steps) != self.counters or not all(isinstance(step, int) for step in rule.steps):
                raise ValueError(f"{self.name}: {rule.steps} should be {self.counters} steps, whole numbers")
            for sign, step in zip(rule.counters, rule.steps, strict=True):
                if step < -1 or (step == -1 and sign != "+"):
                    raise ValueError(
                        f"{self.name}: in {tuple(rule)} a counter could fall below zero; −1 is the least step, and "
                        "only where the counter is above zero (+)"
                    )

    def _refuse_unknown_states(self) -> None:
        reached = {self.lines[0].state, *(rule.next for rule in self.lines)}
        for state in reached - set(self.states):
            raise ValueError(f"{self.name}: no rule and no end for state {state!r}")
        for state in [*self.states, *(state for state, _, _ in self.expected)]:
            if state not in reached:
                raise ValueError(f"{self.name}: no rule leads to state {state!r}")

    def _refuse_dead_configurations(self) -> None:
        completed: set[Configuration] = set()
        for configuration in self._first_configurations():
            way = self._way_to_end(configuration, completed)
            if way is None:
                state, counters = configuration
                raise ValueError(f"{self.name}: no word can be completed from state {state!r} with counters {counters}")
            completed.update(way)

    def _first_configurations(self) -> list[Configuration]:
        """The first `CHECKED` configurations that words reach, short words first."""
        found = {self.start: None}
        waiting = [self.start]
        while waiting and len(found) < CHECKED:
            for _, following in self.following(waiting.pop(0)):
                if following not in found:
                    found[following] = None
                    waiting.append(following)
        return list(found)

    def _way_to_end(self, start: Configuration, completed: set[Configuration]) -> list[Configuration] | None:
        """Configurations on a way to one where the word may end or that can be completed; None where none is found.
        Those with small counters are tried first."""
        before: dict[Configuration, Configuration | None] = {start: None}
        waiting = [(sum(start.counters), 0, start)]
        while waiting and len(before) < TRIED:
            _, _, configuration = heapq.heappop(waiting)
            if configuration in completed or self.may_end(configuration):
                way, at = [], configuration
                while at is not None:
                    way.append(at)
                    at = before[at]
                return way
            for _, following in self.following(configuration):
                if following not in before:
                    before[following] = configuration
                    heapq.heappush(waiting, (sum(following.counters), len(before), following))
        return None
