"""Programs that networks have become: a register for each unit, and what each letter does to it.

A letter adds a number to a register or sets it to one, by the letter before and where registers stand to 0; what is
answered follows from the last letter and where the registers stand after it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

LAST = -1
"""As a feature: the letter before. The others are numbers of units."""

NEAR_ZERO = 0.25
"""A register is taken for 0 up to here."""


class Fineness(NamedTuple):
    """How finely registers are looked at: up to which multiple of a part."""

    parts: int
    most: int

    def classes(self, numbers: np.ndarray) -> np.ndarray:
        """int64, as many as numbers: 0 near 0, 1, 2, ... and -1, -2, ... away from it; never falls where they rise."""
        steps = np.ceil(np.minimum(np.abs(numbers) * self.parts, 2.0 * self.most) - NEAR_ZERO)
        return (np.sign(numbers) * np.clip(steps, 0, self.most)).astype(np.int64)

    def described(self, name: str, found: frozenset[int], seen: frozenset[int]) -> str:
        """The classes of a register in words, where no others than those seen come up."""
        least, most = min(found), max(found)
        if found != {one for one in seen if least <= one <= most}:
            return " or ".join(self.described(name, frozenset({one}), seen) for one in sorted(found))
        if least == most == 0:
            return f"{name} = 0"
        texts = []
        if least > min(seen):
            bound = self._end(least - 1) if least > 0 else self._end(least)
            texts.append(f"{name} {'>' if least > 0 else '≥'} {bound}")
        if most < max(seen):
            bound = self._end(most + 1) if most < 0 else self._end(most)
            texts.append(f"{name} {'<' if most < 0 else '≤'} {bound}")
        return " and ".join(texts)

    def _end(self, found: int) -> str:
        return _number(found / self.parts)


FINENESSES = (Fineness(1, 1), Fineness(1, 2), Fineness(2, 4), Fineness(2, 8))
"""Signs alone first."""


class Action(NamedTuple):
    """What a letter does to a register."""

    sets: bool
    """Whether the number takes its place or is added."""
    number: float

    def times(self, sign: int) -> Action:
        """What it does to a register that counts the other way where the sign is -1."""
        return Action(self.sets, self.number * sign + 0.0)

    def __str__(self) -> str:
        if self.sets:
            return f"= {_number(self.number)}"
        return f"{'−' if self.number < 0 else '+'}{_number(abs(self.number))}" if self.number else "hold"


@dataclass(frozen=True)
class Choice:
    """Something that depends on a few features."""

    features: tuple[int, ...]
    table: dict[tuple[int, ...], Any]

    def of(self, last: np.ndarray, classes: np.ndarray) -> list[Any]:
        """For S states what is chosen, None where no case is known: last letters [S] and classes [H, S]."""
        rows = [last if feature == LAST else classes[feature] for feature in self.features]
        if not rows:
            return [self.table[()]] * len(last)
        return [self.table.get(case) for case in zip(*(row.tolist() for row in rows), strict=True)]


IDLE = Choice((), {(): Action(True, 0.0)})
"""Of a register that nothing depends on."""


@dataclass(frozen=True)
class Program:
    """Registers H, letters L, outputs O."""

    letters: str
    outputs: tuple[str, ...]
    fineness: Fineness
    start: tuple[float, ...]
    """The registers before the first letter; the letter before it is L."""
    steps: tuple[float, ...]
    """By how much a unit's counter differs where its register differs by 1: 1 for cells with a counter of their own."""
    moves: tuple[tuple[Choice, ...], ...]
    """[L][H]: actions, from the letter before and the registers before."""
    answers: tuple[tuple[Choice, ...], ...]
    """[L][O]: whether an output says yes after a letter, from the registers after it."""
    idle: tuple[int, ...] = ()
    """Registers of units that are no part of the program: nothing depends on them."""

    @property
    def largest_step(self) -> float:
        """The largest number that is added or set, in units of a unit's counter."""
        numbers = [
            max((abs(action.number) for action in choice.table.values()), default=0.0) * abs(step)
            for of_letter in self.moves
            for choice, step in zip(of_letter, self.steps, strict=True)
        ]
        return max(numbers, default=0.0)

    @property
    def needed(self) -> set[int]:
        """The registers that answers depend on, if only through others."""
        found: set[int] = set()
        looked = {feature for choice in itertools.chain(*self.answers) for feature in choice.features} - {LAST}
        while looked - found:
            found |= looked
            choices = [of_letter[unit] for of_letter in self.moves for unit in found]
            looked = {feature for choice in choices for feature in choice.features} - {LAST}
        return found

    def without(self, units: set[int]) -> Program:
        """The same program with registers idle that it does not need."""
        moves = tuple(
            tuple(IDLE if unit in units else choice for unit, choice in enumerate(of_letter))
            for of_letter in self.moves
        )
        return replace(self, moves=moves, idle=tuple(sorted(units)))

    def arranged(self, order: Sequence[int], signs: Sequence[int]) -> Program:
        """The same program with register `order[k]` times `signs[k]` (1 or -1) as register k; nothing may depend on the
        registers that are left out."""
        place = {unit: k for k, unit in enumerate(order)}

        def moved(choice: Choice, sign: int = 1) -> Choice:
            features = sorted(choice.features, key=lambda f: (f == LAST, place.get(f)))
            at = [choice.features.index(f) for f in features]
            turned = [1 if f == LAST else signs[place[f]] for f in features]
            table = {
                tuple(case[k] * turn for k, turn in zip(at, turned, strict=True)): value.times(sign)
                if isinstance(value, Action)
                else value
                for case, value in choice.table.items()
            }
            return Choice(tuple(LAST if f == LAST else place[f] for f in features), table)

        return Program(
            self.letters,
            self.outputs,
            self.fineness,
            tuple(self.start[unit] * sign + 0.0 for unit, sign in zip(order, signs, strict=True)),
            tuple(self.steps[unit] * sign for unit, sign in zip(order, signs, strict=True)),
            tuple(
                tuple(moved(choices[unit], sign) for unit, sign in zip(order, signs, strict=True))
                for choices in self.moves
            ),
            tuple(tuple(moved(choice) for choice in choices) for choices in self.answers),
        )

    def actions(self, tokens: np.ndarray, last: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What letters [S] do to registers in classes [H, S]: float32 [2, H, S], what the register is multiplied by (0
        or 1) and what is added; NaN where no rule is known."""
        found = np.full((2, len(self.start), len(tokens)), np.nan, np.float32)
        for token in np.unique(tokens):
            at = np.flatnonzero(tokens == token)
            for unit, choice in enumerate(self.moves[token]):
                chosen = choice.of(last[at], classes[:, at])
                found[:, unit, at] = np.array(
                    [(np.nan, np.nan) if one is None else (not one.sets, one.number) for one in chosen], np.float32
                ).T
        return found[0], found[1]

    def said(self, tokens: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Answers after letters [S] with registers in classes [H, S]: int64 [O, S], -1 where no rule is known."""
        found = np.full((len(self.outputs), len(tokens)), -1)
        for token in np.unique(tokens):
            at = np.flatnonzero(tokens == token)
            for output, choice in enumerate(self.answers[token]):
                chosen = choice.of(tokens[at], classes[:, at])
                found[output, at] = [-1 if one is None else int(one) for one in chosen]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """What each letter does in each case: condition, letter, and the action on each register; None for a unit that
        is no part of the program."""
        found = []
        for letter, choices in zip(self.letters, self.moves, strict=True):
            together = _together(choices)
            for actions, condition in self._conditions(together):
                shown = [None if unit in self.idle else str(action) for unit, action in enumerate(actions)]
                found.append({"condition": condition or "always", "letter": letter, "actions": shown})
        return found

    def text(self) -> str:
        """The program as a person reads it."""
        used = [unit for unit in range(len(self.start)) if unit not in self.idle]
        lines = [f"r{unit} = {_number(self.start[unit])}" for unit in used]
        for letter, moves, answers in zip(self.letters, self.moves, self.answers, strict=True):
            lines.append(f"{letter}:")
            for unit in used:
                lines += [f"    r{unit} {action}{' if ' * bool(condition)}{condition}"
                          for action, condition in self._conditions(moves[unit]) if str(action) != "hold"]  # fmt: skip
            said: dict[str, list[str]] = {}
            for output, choice in zip(self.outputs, answers, strict=True):
                for yes, condition in self._conditions(choice):
                    if yes:
                        said.setdefault(condition, []).append(output)
            lines += [
                f"    say {' '.join(told)}{' if ' * bool(condition)}{condition}" for condition, told in said.items()
            ]
        return "\n".join(lines)

    def _conditions(self, choice: Choice) -> list[tuple[Any, str]]:
        """Each thing that may be chosen and when it is, as few words as will do; empty where it always is."""
        seen = [frozenset(case[k] for case in choice.table) for k in range(len(choice.features))]
        by_value: dict[Any, list[tuple[frozenset[int], ...]]] = {}
        for case, value in sorted(choice.table.items()):
            by_value.setdefault(value, []).append(tuple(frozenset({one}) for one in case))
        if len(by_value) == 1:
            return [(value, "") for value in by_value]
        return [
            (value, " or ".join(self._condition(choice.features, case, seen) for case in _merged(cases)))
            for value, cases in by_value.items()
        ]

    def _condition(
        self, features: tuple[int, ...], case: tuple[frozenset[int], ...], seen: list[frozenset[int]]
    ) -> str:
        texts = []
        for feature, found, of_feature in zip(features, case, seen, strict=True):
            if found == of_feature:
                continue
            if feature == LAST:
                names = [
                    f"after {self.letters[k]}" if k < len(self.letters) else "at the beginning" for k in sorted(found)
                ]
                texts.append(" or ".join(names))
            else:
                texts.append(self.fineness.described(f"r{feature}", found, of_feature))
        return " and ".join(texts)


def _together(choices: tuple[Choice, ...]) -> Choice:
    """One choice of all that several choose, in the cases in which all of them are known."""
    features = tuple(sorted({feature for choice in choices for feature in choice.features}))
    seen = [
        sorted({case[c.features.index(f)] for c in choices if f in c.features for case in c.table}) for f in features
    ]
    table = {}
    for case in itertools.product(*seen):
        known = dict(zip(features, case, strict=True))
        chosen = tuple(choice.table.get(tuple(known[f] for f in choice.features)) for choice in choices)
        if None not in chosen:
            table[case] = chosen
    return Choice(features, table)


def _merged(cases: list[tuple[frozenset[int], ...]]) -> list[tuple[frozenset[int], ...]]:
    """Cases that differ in one feature alone, put together."""
    for one, other in itertools.combinations(cases, 2):
        differing = [k for k in range(len(one)) if one[k] != other[k]]
        if len(differing) == 1:
            k = differing[0]
            rest = [case for case in cases if case not in (one, other)]
            return _merged([*rest, (*one[:k], one[k] | other[k], *one[k + 1 :])])
    return cases


def _number(number: float) -> str:
    return f"{number:.6g}".replace("-", "−")
