"""Languages that counters decide: a table of rules, from which everything else follows.

A machine reads a word letter by letter in one of a few *states*, with a few *counters*, whole numbers from 0 on. Which
rule applies depends on the state, the letter, and which counters are zero; it gives the next state and a step for each
counter. A letter without a rule ends the reading: no word of the language continues like this. A word belongs to the
language where the whole of it can be read and it may end in the configuration reached. This is the deterministic
real-time counter machine of Fischer, Meyer and Rosenberg (1968, "Counter machines and counter languages").

Letters: N words, T tokens in all, L letters, C counters, S states. A *code* is a state and which counters are above
zero in one number, ``state << C | bits`` with bit k for counter k; state S is that of words that have left the
language. There are K = (S + 1) << C codes.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import add
from typing import NamedTuple

import numpy as np

from longcount.errors import UserError
from longcount.languages.completion import Completion, Edge
from longcount.languages.language import Language
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words, offsets_of

MOST_COUNTERS = 12
"""The tables have 2^C rows per state."""

CHECKED = 64
"""In how many configurations, the first that words reach, a new machine is checked for a way to an end."""

TRIED = 10_000
"""How many more configurations may be tried to find such a way."""

FEW = 16
"""So few words are read faster one by one than one letter of each at a time."""


class Rule(NamedTuple):
    """One line of a machine's table."""

    state: str
    letters: str
    """The rule holds for each of them."""
    counters: str
    """When it applies: for each counter ``0`` (zero), ``+`` (above zero) or ``*`` (either)."""
    next: str
    """The state afterwards."""
    steps: tuple[int, ...]
    """What is added to each counter; −1 at the least, and that only where the counter is above zero."""


class Configuration(NamedTuple):
    """Where a machine stands: its state and its counters."""

    state: str
    counters: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Machine(Language):
    """A language that counters decide. It starts in the state of the first rule.

    Raises ValueError, when it is made, for a table that makes no sense: unknown letters or states, two rules for one
    case, a counter that could fall below zero, no end, or a configuration from which no word can be completed. The
    last is checked in the first `CHECKED` configurations that words reach, by trying at most `TRIED` others (whether
    it holds in all of them no program can decide): a way to an end that is longer counts as none.

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
    """The table: lines as `Rule` says."""
    ends: Sequence[tuple[str, str]]
    """Where a word may end: a state, and for each counter ``0``, ``+`` or ``*``."""
    start_counters: tuple[int, ...] = ()
    """The counters before the first letter; all 0 by default."""
    expected: Sequence[tuple[str, str, str]] = ()
    """(state, counters as in a rule, letters): the letters that `targets` asks for there. Elsewhere they are the
    letters with a rule. For languages that read letters which the task does not expect."""
    index: Sequence[tuple[str, str]] = ()
    """For languages whose words are given by n, or by n and m: parts of the word, each with how often it stands there:
    "n", "m" or, for n + m, "nm". (("a", "n"), ("bb", "n")) are the words a...abb...bb with n times a and n times bb."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("rules", "ends", "start_counters", "expected", "index"):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        self._refuse_broken_lines()
        self._refuse_unknown_states()
        self._refuse_dead_configurations()
        self._refuse_broken_index()

    # The table and what is wrong with it

    @property
    def counters(self) -> int:
        """How many counters there are, C."""
        return len(self.rules[0][2])

    @cached_property
    def table(self) -> tuple[Rule, ...]:
        """The rules by their names."""
        return tuple(Rule(*rule) for rule in self.rules)

    @cached_property
    def states(self) -> tuple[str, ...]:
        """All states, in the order of the rules, then of the ends."""
        return tuple(dict.fromkeys([*(rule.state for rule in self.table), *(state for state, _ in self.ends)]))

    def _refuse_broken_lines(self) -> None:
        if not self.rules or not self.ends:
            raise ValueError(f"{self.name}: a machine needs at least one rule and one end")
        if self.counters > MOST_COUNTERS:
            raise ValueError(f"{self.name}: {self.counters} counters; there may be at most {MOST_COUNTERS}")
        if len(self.start_counters) not in (0, self.counters) or any(count < 0 for count in self.start_counters):
            raise ValueError(f"{self.name}: the counters at the start must be {self.counters} numbers from 0 on")
        signs = [rule.counters for rule in self.table] + [end[1] for end in self.ends]
        letters = [rule.letters for rule in self.table]
        for _, counters, expected in self.expected:
            signs.append(counters)
            letters.append(expected)
        for sign in signs:
            if len(sign) != self.counters or set(sign) - set("0+*"):
                raise ValueError(f"{self.name}: {sign!r} should be {self.counters} of the signs 0, + and *")
        for letter in "".join(letters):
            if letter not in self.letters:
                raise ValueError(f"{self.name}: a rule for {letter!r}, which is none of its letters {self.letters!r}")
        for rule in self.table:
            if len(rule.steps) != self.counters or not all(isinstance(step, int) for step in rule.steps):
                raise ValueError(f"{self.name}: {rule.steps} should be {self.counters} steps, whole numbers")
            for sign, step in zip(rule.counters, rule.steps, strict=True):
                if step < -1 or (step == -1 and sign != "+"):
                    raise ValueError(
                        f"{self.name}: in {tuple(rule)} a counter could fall below zero; −1 is the least step, and "
                        "only where the counter is above zero (+)"
                    )

    def _refuse_unknown_states(self) -> None:
        reached = {self.table[0].state, *(rule.next for rule in self.table)}
        for state in reached - set(self.states):
            raise ValueError(f"{self.name}: no rule and no end for state {state!r}")
        for state in [*self.states, *(state for state, _, _ in self.expected)]:
            if state not in reached:
                raise ValueError(f"{self.name}: no rule leads to state {state!r}")

    def _refuse_broken_index(self) -> None:
        for part, times in self.index:
            if not part or times not in ("n", "m", "nm") or set(part) - set(self.letters):
                raise ValueError(f"{self.name}: {(part, times)} in its index should be letters, and n, m or nm")
        if self.index and not any("n" in times for _, times in self.index):
            raise ValueError(f"{self.name}: its index says m, and nowhere n")
        tried = itertools.product((1, 2, 3), repeat=self.numbers) if self.index else ()
        if any(self._reads(self.word_of(*numbers)) is None for numbers in tried):
            raise ValueError(f"{self.name}: the words of its index are not words of the language")

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

    # One letter at a time

    @property
    def start(self) -> Configuration:
        """The configuration before the first letter."""
        return Configuration(self.table[0].state, self.start_counters or (0,) * self.counters)

    def following(self, configuration: Configuration) -> list[tuple[str, Configuration]]:
        """Each letter that may come next, with the configuration after it."""
        counters = configuration.counters
        return [
            (letter, Configuration(rule.next, tuple(map(add, counters, rule.steps))))
            for letter, rule in self._rules_of[self._code(configuration)]
        ]

    def may_end(self, configuration: Configuration) -> bool:
        """Whether the word may end here."""
        return self._code(configuration) in self._end_codes

    def _reads(self, word: str) -> Configuration | None:
        """The configuration after a whole word; None where it is not a member."""
        configuration = self.start
        for letter in word:
            following = self.step(configuration, letter)
            if following is None:
                return None
            configuration = following
        return configuration if self.may_end(configuration) else None

    def _code(self, configuration: Configuration) -> int:
        code = self._state_numbers[configuration.state]
        for k, count in enumerate(configuration.counters):
            if count:
                code |= 1 << k
        return code

    @cached_property
    def _state_numbers(self) -> dict[str, int]:
        return {state: number << self.counters for number, state in enumerate(self.states)}

    def _codes_of(self, state: str, signs: str) -> list[int]:
        """The codes of a state in which the counters are as the signs say."""
        bits = [{"0": (0,), "+": (1,), "*": (0, 1)}[sign] for sign in signs]
        number = self._state_numbers[state]
        return [number | sum(bit << k for k, bit in enumerate(chosen)) for chosen in itertools.product(*bits)]

    @cached_property
    def _cases(self) -> dict[tuple[int, str], Rule]:
        """The rule for each (code, letter) that has one; ValueError where two rules hold for the same case."""
        cases: dict[tuple[int, str], Rule] = {}
        for rule in self.table:
            for case in itertools.product(self._codes_of(rule.state, rule.counters), rule.letters):
                if case in cases:
                    raise ValueError(f"{self.name}: {tuple(cases[case])} and {tuple(rule)} hold for the same case")
                cases[case] = rule
        return cases

    @cached_property
    def _rules_of(self) -> list[list[tuple[str, Rule]]]:
        """For each code, the letters that have a rule, and the rule."""
        codes = range(len(self.states) << self.counters)
        found = [[(letter, self._cases.get((code, letter))) for letter in self.letters] for code in codes]
        return [[(letter, rule) for letter, rule in row if rule is not None] for row in found]

    @cached_property
    def _end_codes(self) -> set[int]:
        return {code for state, signs in self.ends for code in self._codes_of(state, signs)}

    # All words at once

    @cached_property
    def _number_of_codes(self) -> int:
        return (len(self.states) + 1) << self.counters

    @cached_property
    def _next_codes(self) -> np.ndarray:
        """The state after each (code, letter), int64 [K L], as a code without bits."""
        table = np.full((self._number_of_codes, len(self.letters)), len(self.states) << self.counters, np.int64)
        for (code, letter), rule in self._cases.items():
            table[code, self.letters.index(letter)] = self._state_numbers[rule.next]
        return table.ravel()

    @cached_property
    def _steps(self) -> np.ndarray:
        """What each (code, letter) adds to each counter, int32 [C, K L]."""
        table = np.zeros((self.counters, self._number_of_codes, len(self.letters)), np.int32)
        for (code, letter), rule in self._cases.items():
            table[:, code, self.letters.index(letter)] = rule.steps
        return table.reshape(self.counters, self._number_of_codes * len(self.letters))

    @cached_property
    def _allowed(self) -> np.ndarray:
        """What may follow each code, uint8 [K, L + 1]."""
        table = np.zeros((self._number_of_codes, len(self.letters) + 1), np.uint8)
        for code, letter in self._cases:
            table[code, self.letters.index(letter)] = 1
        table[list(self._end_codes), -1] = 1
        return table

    @cached_property
    def _asked(self) -> np.ndarray:
        """What the next-letters task asks for after each code, uint8 [K, outputs]."""
        table = self._allowed.copy()
        for state, signs, letters in self.expected:
            table[self._codes_of(state, signs), :-1] = [letter in letters for letter in self.letters]
        return np.ascontiguousarray(table[:, : len(self.outputs)])

    def _read(self, words: Words) -> tuple[np.ndarray, np.ndarray]:
        """The code after each token, int64 [T], and the counters, int32 [C, T]. Counters stand still once a word has
        left the language.

        One letter of every word at a time; once only a few words are left, those one by one.
        """
        tokens = self.own(words).tokens
        codes = np.empty(len(tokens), np.int64)
        counts = np.empty((self.counters, len(tokens)), np.int32)
        order = np.argsort(-words.lengths, kind="stable")
        starts, lengths = words.offsets[order], words.lengths[order]
        code = np.full(len(words), self._code(self.start), np.int64)
        now = np.repeat(np.array(self.start.counters, np.int32)[:, None], len(words), axis=1)
        longest = int(lengths.max(initial=0))
        longer = np.searchsorted(-lengths, -np.arange(longest))  # words with more letters than 0, 1, ...
        for position, active in enumerate(longer.tolist()):
            if active <= FEW:
                for word in range(active):
                    here = slice(starts[word] + position, starts[word] + lengths[word])
                    codes[here], counts[:, here] = self._read_on(tokens[here], int(code[word]), now[:, word].tolist())
                break
            at = starts[:active] + position
            cases = code[:active] * len(self.letters) + tokens[at]
            code = self._next_codes[cases]
            for k in range(self.counters):
                count = now[k, :active]
                count += self._steps[k][cases]
                code |= (count > 0).astype(np.int64) << k
                counts[k, at] = count
            codes[at] = code
        return codes, counts

    def _read_on(self, tokens: np.ndarray, code: int, now: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """`_read` of one word, from a code and counters on."""
        next_codes, steps = self._lists
        codes, counts = [], []
        bits = [1 << k for k in range(self.counters)]
        for token in tokens.tolist():
            case = code * len(self.letters) + token
            code = next_codes[case]
            now = [count + step for count, step in zip(now, steps[case], strict=True)]
            for bit, count in zip(bits, now, strict=True):
                if count:
                    code |= bit
            codes.append(code)
            counts.append(now)
        return np.array(codes, np.int64), np.array(counts, np.int32).reshape(len(tokens), self.counters).T

    @cached_property
    def _lists(self) -> tuple[list[int], list[list[int]]]:
        return self._next_codes.tolist(), self._steps.T.tolist()

    def allowed(self, words: Words) -> np.ndarray:
        """What may follow each token, uint8 [T, L + 1]: each letter, then the end."""
        return self._allowed[self._read(words)[0]]

    def targets(self, words: Words) -> np.ndarray:
        """What the next-letters task asks for after each token, uint8 [T, outputs]."""
        return self._asked[self._read(words)[0]]

    def counts_after(self, words: Words) -> np.ndarray:
        """Counters after each token, int32 [T, C]; they stand still once a word has left the language."""
        return np.ascontiguousarray(self._read(words)[1].T)

    def depths(self, words: Words) -> np.ndarray:
        """The largest counter after each token, int32 [T]."""
        return self._read(words)[1].max(axis=0, initial=0)

    # Words by n and by length

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
        """The table without the names of letters, two counters having changed places: how many letters have the same
        rules, and the ends."""
        places = list(range(self.counters))
        places[first], places[second] = second, first
        rules_of = {letter: set() for letter in self.letters}
        for (code, letter), rule in self._cases.items():
            bits = tuple(code >> place & 1 for place in places)
            rules_of[letter].add((rule.state, bits, rule.next, tuple(rule.steps[place] for place in places)))
        ends = {(code >> self.counters, *(code >> place & 1 for place in places)) for code in self._end_codes}
        return Counter(frozenset(rules) for rules in rules_of.values()), ends

    def letters_due(self, configuration: Configuration) -> int:
        """At least that many letters are still to come: counters that are zero at every end have to come down."""
        if not self._fastest_descent:
            return 0
        return -(-sum(configuration.counters[k] for k in self._zero_at_ends) // self._fastest_descent)

    @cached_property
    def _zero_at_ends(self) -> list[int]:
        return [k for k in range(self.counters) if all(signs[k] == "0" for _, signs in self.ends)]

    @cached_property
    def _fastest_descent(self) -> int:
        """The most by which one letter brings the counters that must be zero at an end down, together."""
        return max(0, *(-sum(rule.steps[k] for k in self._zero_at_ends) for rule in self.table))

    # Walks

    def may_complete(self, configuration: Configuration, left: int) -> bool:
        """Whether a word can be completed with exactly that many letters. A no is always right; a yes is where one
        counter, or the sum of several, decides (see `Completion`)."""
        state = self._state_numbers[configuration.state] >> self.counters
        total = sum(configuration.counters[k] for k in self._summed)
        return bool(self._completion(left).possible(left, state, total))

    def walk(self, lengths: np.ndarray, uniforms: Uniforms) -> tuple[Words, np.ndarray]:
        """As `Language.walk` says: one letter of every string at a time."""
        order = np.argsort(-lengths, kind="stable")
        ordered, longest = lengths[order], int(lengths.max(initial=0))
        offsets = offsets_of(lengths)
        starts = offsets[order]
        tokens = np.zeros(int(offsets[-1]), np.uint8)
        completion, letters = self._completion(longest), np.arange(len(self.letters))
        summed = self._steps[self._summed].sum(axis=0)
        code = np.full(len(lengths), self._code(self.start), np.int64)
        counts = np.repeat(np.array(self.start.counters, np.int32)[:, None], len(lengths), axis=1)
        longer = np.searchsorted(-ordered, -np.arange(longest))
        for position, active in enumerate(longer.tolist()):
            cases = code[:active, None] * len(self.letters) + letters
            left = ordered[:active, None] - position - 1
            sums = counts[self._summed, :active].sum(axis=0)[:, None] + summed[cases]
            options = completion.possible(left, self._next_codes[cases] >> self.counters, sums)
            letter = np.maximum(uniforms.choices(options), 0)  # where there is none, the end is not reached
            tokens[starts[:active] + position] = letter
            case = cases[np.arange(active), letter]
            counts[:, :active] += self._steps[:, case]
            bits = (counts[:, :active] > 0).astype(np.int64) << np.arange(self.counters)[:, None]
            code[:active] = self._next_codes[case] | bits.sum(axis=0)
        ended = np.empty(len(lengths), bool)
        ended[order] = self._allowed[code, -1]
        return Words(tokens, offsets, self.letters), ended

    @cached_property
    def _summed(self) -> list[int]:
        """The counters whose sum is looked at ahead: those that must be zero at an end, or all where none must."""
        return self._zero_at_ends or list(range(self.counters))

    @cached_property
    def _completions_ahead(self) -> list[Completion]:
        """The table for the longest words so far."""
        return []

    def _completion(self, longest: int) -> Completion:
        tables = self._completions_ahead
        if not tables or tables[0].longest < longest:

            def positive(code: int) -> int:
                return sum(code >> k & 1 for k in self._summed)

            edges = (
                Edge(
                    code >> self.counters,
                    positive(code),
                    self._state_numbers[rule.next] >> self.counters,
                    sum(rule.steps[k] for k in self._summed),
                )
                for (code, _), rule in self._cases.items()
            )
            ends = ((code >> self.counters, positive(code)) for code in self._end_codes)
            tables[:] = [Completion(self.name, len(self.states), len(self._summed), edges, ends, longest)]
        return tables[0]
