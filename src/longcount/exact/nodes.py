"""Where a counter machine may stand, in finitely many places, and how letters lead from one to another.

A *place* is a state of the machine and a class of each counter: the count itself below a bound K, and from K on "K or
more". A counter that some letter raises by p > 1 has p such classes, by the remainder of count - K by p. By how much a
count exceeds the least one of its class is its *excess*: 0, p, 2p, ...

A *node* is a place and the letter that was read last. An *edge* leads from a place by a letter to a place; where a
counter goes down from "K or more" there are two, one for counts that stay there and one for the count that leaves.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from longcount.languages.machine import Configuration, Machine


@dataclass(frozen=True, eq=False)
class Graph:
    """Places P, counters C, letters L, edges E; edges in the order of the places that they leave."""

    machine: Machine
    bound: int
    """K."""
    places: list[Configuration | None]
    """State and classes; None for strings that have left the language."""
    counts: np.ndarray
    """float32 [C, P]: the least count of each class."""
    high: np.ndarray
    """bool [C, P]: whether counters are at K or more."""
    first: np.ndarray
    """int64 [P + 1]: the first edge that leaves each place."""
    source: np.ndarray
    """int64 [E]: the place that is left; `START` for the first letter of a word."""
    letter: np.ndarray
    """int64 [E]."""
    target: np.ndarray
    """int64 [E]: the place that is reached."""
    change: np.ndarray
    """float32 [C, E]: by how much the excess of a counter changes, or what it is where the counter was below K."""
    stays: np.ndarray
    """bool [C, E]: whether a counter is at K or more before and after."""
    least_difference: np.ndarray
    """float64 [C, C, P]: the least that the excess of counter i exceeds that of counter j by, minus infinity where that
    has no bound."""
    excess: np.ndarray
    """float64 [2, C, P]: the least and the greatest excess of a counter, infinity where that has no bound."""
    difference: np.ndarray
    """float64 [C, C, E]: by how much counter i exceeds counter j after the letter, where that is always the same; NaN
    where it is not."""

    @property
    def periods(self) -> list[int]:
        """Of the classes from K on, for each counter."""
        return _periods(self.machine)

    def place_of(self, configuration: Configuration) -> Configuration:
        """The classes of a configuration's counters."""
        classes = [
            count if count < self.bound else _class(count, self.bound, period)
            for count, period in zip(configuration.counters, self.periods, strict=True)
        ]
        return Configuration(configuration.state, tuple(classes))


START = -1

MOST_NODES = 50_000


@lru_cache(maxsize=64)
def graph(machine: Machine, bound: int, whole: bool) -> Graph | None:
    """The places that words reach; None where there would be more than `MOST_NODES` nodes.

    Args:
        machine: the language.
        bound: K, above all counters at the start.
        whole: whether strings outside the language are read, too.
    """
    periods = _periods(machine)
    least = least_differences(machine)
    places: dict[Configuration | None, int] = {}
    edges: list[tuple[int, int, Configuration | None, tuple[int, ...], tuple[bool, ...]]] = []

    def reach(number: int, place: Configuration | None, letter: str, least_only: bool) -> None:
        after = None if place is None else machine.step(place, letter)
        token = machine.letters.index(letter)
        if place is None or after is None:
            if whole:
                places.setdefault(None, len(places))
                edges.append((number, token, None, (0,) * machine.counters, (False,) * machine.counters))
            return
        ways = [
            _ways(before, count, bound, period, least_only)
            for before, count, period in zip(place.counters, after.counters, periods, strict=True)
        ]
        for way in itertools.product(*ways):
            target = Configuration(after.state, tuple(one.after for one in way))
            if _contradicts(least[target.state], target.counters, bound):
                continue
            places.setdefault(target, len(places))
            edges.append((number, token, target, tuple(one.change for one in way), tuple(one.stays for one in way)))

    for letter in machine.letters:
        reach(START, machine.start, letter, True)
    first = []
    known: list[Configuration | None] = []
    while len(known) < len(places):
        if len(places) * len(machine.letters) > MOST_NODES:
            return None
        for place in list(places)[len(known) :]:
            first.append(len(edges))
            for letter in machine.letters:
                reach(len(known), place, letter, False)
            known.append(place)
    first.append(len(edges))
    counts = np.array([(0,) * machine.counters if p is None else p.counters for p in known], np.float32).T
    differences = np.stack([least[None if place is None else place.state] for place in known], axis=-1)
    differences = differences - counts[:, None] + counts
    return Graph(
        machine,
        bound,
        known,
        counts,
        counts >= bound,
        np.array(first),
        np.array([edge[0] for edge in edges]),
        np.array([edge[1] for edge in edges]),
        np.array([places[edge[2]] for edge in edges]),
        np.array([edge[3] for edge in edges], np.float32).T,
        np.array([edge[4] for edge in edges]).T,
        differences,
        _excess(differences, counts >= bound),
        np.stack([_difference(machine, least, known, edge[0], machine.letters[edge[1]]) for edge in edges], axis=-1),
    )


def _contradicts(least: np.ndarray, counts: tuple[int, ...], bound: int) -> bool:
    """Whether no counts of these classes differ as they must, by the least differences [C, C]."""
    numbers = np.array(counts, float)
    return bool((least > np.where(numbers < bound, numbers, np.inf)[:, None] - numbers).any())


def _excess(differences: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The least and greatest excess of each counter, [2, C, P]: that of counters below K is 0."""
    least = np.maximum(differences.max(axis=1), 0)
    most = np.where(high[:, None], np.inf, -differences).min(axis=0)
    return np.stack([np.where(high, least, 0), np.where(high, most, 0)])


class _Way(NamedTuple):
    after: int
    change: int
    stays: bool


def _ways(before: int, count: int, bound: int, period: int, least_only: bool) -> list[_Way]:
    """The classes that a counter may have after a letter, given its class before and the least count after."""
    if count < bound:
        low = _Way(count, 0, False)
        if before < bound or least_only:
            return [low]
        above = _class(count + period, bound, period)
        return [low, _Way(above, count - above, True)]
    after = _class(count, bound, period)
    return [_Way(after, count - after, before >= bound)]


def _periods(machine: Machine) -> list[int]:
    return [max(1, *(rule.steps[k] for rule in machine.table)) for k in range(machine.counters)]


def _class(count: int, bound: int, period: int) -> int:
    return bound + (count - bound) % period


def least_differences(machine: Machine) -> dict[str | None, np.ndarray]:
    """By state, the least that counter i exceeds counter j by, float64 [C, C], over all words; None: outside the
    language.

    The bounds that words of a few letters for each state show; those that longer words lower once more are taken for
    minus infinity, until no letter lowers any.
    """
    counters, states = machine.counters, machine.states
    start = np.array(machine.start.counters, float)
    bounds = {state: np.full((counters, counters), np.inf) for state in states}
    bounds[machine.start.state] = start[:, None] - start
    for round_ in itertools.count():
        lowered = False
        for rule in machine.table:
            steps = np.array(rule.steps, float)
            after = bounds[rule.state] + steps[:, None] - steps
            lower = after < bounds[rule.next]
            if lower.any():
                lowered = True
                known = bounds[rule.next]
                bounds[rule.next] = np.where(lower, after if round_ < 2 * len(states) else -np.inf, known)
        if not lowered:
            return {**bounds, None: np.full((counters, counters), -np.inf)}
    raise AssertionError


def _difference(
    machine: Machine,
    least: dict[str | None, np.ndarray],
    places: list[Configuration | None],
    source: int,
    letter: str,
) -> np.ndarray:
    """What counter i exceeds counter j by after a letter at a place, [C, C]; NaN where it is not always the same."""
    nowhere = np.full((machine.counters, machine.counters), np.nan)
    place = machine.start if source == START else places[source]
    after = None if place is None else machine.step(place, letter)
    if place is None or after is None:
        return nowhere
    before = least[place.state]
    if source == START:
        start = np.array(place.counters, float)
        before = start[:, None] - start
    steps = np.array(after.counters, float) - np.array(place.counters, float)
    return np.where(before == -before.T, before + steps[:, None] - steps, nowhere)


def within(numbers: np.ndarray) -> np.ndarray:
    """0, 1, ..., n - 1 for each n of int64 [S], one after the other."""
    starts = np.cumsum(numbers) - numbers
    return np.arange(numbers.sum()) - np.repeat(starts, numbers)
