"""When two programs are the same: a form that does not depend on which unit does what, nor on what it counts in.

What a register holds counts only as far as something depends on it. After a letter its number is looked at, by answers
and by what other registers do, in a few *ranges*. Within a range the number itself *matters* where it decides, beside
all else that is looked at, what the register comes to. Two prefixes with the same last letter are *told apart* by a
register where its ranges differ, or its numbers in a range in which they matter. Registers that tell the same prefixes
apart do the same, whatever they hold; programs are the same whose answers are the same and whose registers can be
paired so that each pair does the same.
"""

from __future__ import annotations

import hashlib
import itertools
from typing import NamedTuple

import numpy as np

from longcount.exact.prefixes import Prefixes, shortest_prefixes
from longcount.exact.program import LAST, Choice, Program
from longcount.training.problem import Problem

UNKNOWN = 1e9
"""What a register holds where the program has no rule."""


class NormalForm(NamedTuple):
    """A program without what it does not depend on."""

    key: str
    """The same for programs that are the same, else another: 12 hexadecimal digits."""
    text: str
    """The program with the registers that matter alone, numbered in the order in which they tell prefixes apart; each
    first moves up."""


def normal_form(program: Program, problem: Problem) -> NormalForm:
    """The form in which programs are compared, on the shortest prefixes of the language; see the module.

    Args:
        program: the program.
        problem: the language whose words it reads, and what is asked.
    """
    prefixes = shortest_prefixes(problem)
    numbers, classes = _followed(program, prefixes)
    needed = sorted(program.needed)
    told = {unit: _told_apart(program, prefixes, needed, unit, numbers, classes) for unit in needed}
    order = sorted(needed, key=lambda unit: (_first(told[unit] > 0), told[unit].tobytes()))
    signs = [-1 if numbers[unit, _first(numbers[unit] != 0) % len(prefixes.last)] < 0 else 1 for unit in order]
    said = program.said(prefixes.last[1:], classes[:, 1:])
    parts = sorted({one.tobytes() for one in told.values() if one.any()})
    key = hashlib.sha256(b"".join([said.astype(np.int64).tobytes(), *parts])).hexdigest()[:12]
    return NormalForm(key, program.arranged(order, signs).text())


def _followed(program: Program, prefixes: Prefixes) -> tuple[np.ndarray, np.ndarray]:
    """What the registers hold after each prefix, float64 [H, P], and their classes, int64 [H, P]."""
    numbers = np.repeat(np.array(program.start, float)[:, None], len(prefixes.last), axis=1)
    classes = program.fineness.classes(numbers)
    for level in prefixes.levels:
        of = prefixes.parent[level]
        keep, add = program.actions(prefixes.last[level], prefixes.last[of], classes[:, of])
        numbers[:, level] = np.nan_to_num(numbers[:, of] * keep + add, nan=UNKNOWN)
        classes[:, level] = program.fineness.classes(numbers[:, level])
    return np.round(numbers, 6), classes


def _told_apart(
    program: Program,
    prefixes: Prefixes,
    needed: list[int],
    unit: int,
    numbers: np.ndarray,
    classes: np.ndarray,
) -> np.ndarray:
    """int64 [P]: prefixes with the same last letter have different numbers, from 0 up, where a register tells them
    apart."""
    ranges = np.zeros(len(prefixes.last), np.int64)
    for letter in np.unique(prefixes.last):
        at = prefixes.last == letter
        ranges[at] = np.searchsorted(_ends(program, needed, unit, int(letter)), classes[unit, at])
    ranges = _numbered(np.stack([prefixes.last, ranges]))
    parent = prefixes.parent[1:]
    others = [other for other in needed if other != unit]
    before = _numbered(np.stack([prefixes.last[1:], ranges[parent], *classes[others][:, parent]]))
    number = _numbered(numbers[unit : unit + 1])
    matters = np.zeros(ranges.max() + 1, bool)
    while True:
        entry = _numbered(np.stack([ranges, np.where(matters[ranges], number, 0)]))
        first = np.unique(before, return_index=True)[1]
        undecided = entry[1:] != entry[1:][first][before]
        more = np.unique(ranges[parent][undecided])
        if matters[more].all():
            break
        matters[more] = True
    found = np.zeros_like(entry)
    for letter in np.unique(prefixes.last):
        at = prefixes.last == letter
        found[at] = _numbered(entry[None, at])
    return found


def _ends(program: Program, needed: list[int], unit: int, last: int) -> list[int]:
    """The last class of every range but the highest of a register, as it is looked at after a letter."""
    lookers = [*program.answers[last]] if last < len(program.answers) else []
    lookers += [of_letter[other] for of_letter in program.moves for other in needed if other != unit]
    return sorted(set().union(*(_ends_of(choice, unit, last) for choice in lookers)))


def _ends_of(choice: Choice, unit: int, last: int) -> set[int]:
    if unit not in choice.features:
        return set()
    at = choice.features.index(unit)
    by_others: dict[tuple[int, ...], list[tuple[int, object]]] = {}
    for case, value in choice.table.items():
        if LAST not in choice.features or case[choice.features.index(LAST)] == last:
            by_others.setdefault((*case[:at], *case[at + 1 :]), []).append((case[at], value))
    ends = set()
    for known in by_others.values():
        for (low, value), (high, other) in itertools.pairwise(sorted(known, key=lambda one: one[0])):
            ends |= {low, high - 1} if value != other else set()  # both: what is between is not known to be like either
    return ends


def _numbered(rows: np.ndarray) -> np.ndarray:
    """Columns by number, equal ones alike, in the order in which they first come: int64 [P]."""
    _, first, inverse = np.unique(rows, axis=1, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse.reshape(-1)]


def _first(holds: np.ndarray) -> int:
    """The first place at which something holds; their number where it holds nowhere."""
    return int(np.argmax(holds)) if holds.any() else len(holds)
