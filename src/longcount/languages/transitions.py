"""A counter machine's table as arrays: many words are read, or drawn at random, in parallel, one letter at a time.

Symbols: N words, T tokens in all, L letters, C counters, S states, K = (S + 1) << C codes (see
`longcount.languages.rules`).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from longcount.languages.completion import Completion, Edge
from longcount.languages.rules import Configuration, Rules
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words, offsets_of

FEW = 16
"""Up to that many words are read faster one by one than in parallel."""


class Transitions:
    """The rules for every code and letter."""

    def __init__(self, rules: Rules) -> None:
        self.rules, self.letters, self.counters = rules, rules.letters, rules.counters

    @cached_property
    def _number_of_codes(self) -> int:
        return (len(self.rules.states) + 1) << self.counters

    @cached_property
    def _next_codes(self) -> np.ndarray:
        """The state after each (code, letter), int64 [K L], as a code without bits."""
        outside = len(self.rules.states) << self.counters
        table = np.full((self._number_of_codes, len(self.letters)), outside, np.int64)
        for (code, letter), rule in self.rules.cases.items():
            table[code, self.letters.index(letter)] = self.rules.state_numbers[rule.next]
        return table.ravel()

    @cached_property
    def _steps(self) -> np.ndarray:
        """What each (code, letter) adds to each counter, int32 [C, K L]."""
        table = np.zeros((self.counters, self._number_of_codes, len(self.letters)), np.int32)
        for (code, letter), rule in self.rules.cases.items():
            table[:, code, self.letters.index(letter)] = rule.steps
        return table.reshape(self.counters, self._number_of_codes * len(self.letters))

    @cached_property
    def allowed(self) -> np.ndarray:
        """What may follow each code, uint8 [K, L + 1]."""
        table = np.zeros((self._number_of_codes, len(self.letters) + 1), np.uint8)
        for code, letter in self.rules.cases:
            table[code, self.letters.index(letter)] = 1
        table[list(self.rules.end_codes), -1] = 1
        return table

    @cached_property
    def expected(self) -> np.ndarray:
        """Targets of the next-letters task after each code, uint8 [K, L + 1]."""
        table = self.allowed.copy()
        for state, signs, letters in self.rules.expected:
            table[self.rules.codes_of(state, signs), :-1] = [letter in letters for letter in self.letters]
        return table

    def read(self, words: Words) -> tuple[np.ndarray, np.ndarray]:
        """The code after each token, int64 [T], and the counters, int32 [C, T]. Counters do not change once a word
        has left the language.

        One letter of every word at a time; once only a few words are left, those one by one.
        """
        tokens = words.tokens
        codes = np.empty(len(tokens), np.int64)
        counts = np.empty((self.counters, len(tokens)), np.int32)
        order = np.argsort(-words.lengths, kind="stable")
        starts, lengths = words.offsets[order], words.lengths[order]
        code = np.full(len(words), self.rules.code(self.rules.start), np.int64)
        now = np.repeat(np.array(self.rules.start.counters, np.int32)[:, None], len(words), axis=1)
        longest = int(lengths.max(initial=0))
        longer = np.searchsorted(-lengths, -np.arange(longest))  # words with more letters than 0, 1, ...
        for position, active in enumerate(longer.tolist()):
            if active <= FEW:
                for word in range(active):
                    here = slice(starts[word] + position, starts[word] + lengths[word])
                    codes[here], counts[:, here] = self._read_on(tokens[here], int(code[word]), now[:, word])
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

    def _read_on(self, tokens: np.ndarray, code: int, before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`read` for one word, from a code and counters [C] on."""
        now = before.tolist()
        next_codes, moves = self._lists
        cases = []
        bits = sum(1 << k for k, count in enumerate(now) if count)
        for token in tokens.tolist():
            case = (code | bits) * len(self.letters) + token
            code = next_codes[case]
            for k, step in moves[case]:
                now[k] += step
                bits = bits | 1 << k if now[k] else bits & ~(1 << k)
            cases.append(case)
        steps = self._steps[:, cases]
        counts = before[:, None] + np.cumsum(steps, axis=1, dtype=np.int32)
        positive = (counts > 0).astype(np.int64) << np.arange(self.counters)[:, None]
        return self._next_codes[cases] | positive.sum(axis=0), counts

    @cached_property
    def _lists(self) -> tuple[list[int], list[list[tuple[int, int]]]]:
        """By case, the next code with all counters zero, and the counters that change, by how much."""
        changes = [[(k, step) for k, step in enumerate(steps) if step] for steps in self._steps.T.tolist()]
        return self._next_codes.tolist(), changes

    def may_complete(self, configuration: Configuration, left: int) -> bool:
        """Whether a word can be completed with exactly that many letters. False is always right; True is where one
        counter, or the sum of several, decides (see `Completion`)."""
        state = self.rules.state_numbers[configuration.state] >> self.counters
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
        code = np.full(len(lengths), self.rules.code(self.rules.start), np.int64)
        counts = np.repeat(np.array(self.rules.start.counters, np.int32)[:, None], len(lengths), axis=1)
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
        ended[order] = self.allowed[code, -1]
        return Words(tokens, offsets, self.letters), ended

    @cached_property
    def _summed(self) -> list[int]:
        """The counters whose sum the look-ahead uses: those that must be zero at an end, or all where none must."""
        return self.rules.zero_at_ends or list(range(self.counters))

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
                    self.rules.state_numbers[rule.next] >> self.counters,
                    sum(rule.steps[k] for k in self._summed),
                )
                for (code, _), rule in self.rules.cases.items()
            )
            ends = ((code >> self.counters, positive(code)) for code in self.rules.end_codes)
            tables[:] = [Completion(self.rules.name, len(self.rules.states), len(self._summed), edges, ends, longest)]
        return tables[0]
