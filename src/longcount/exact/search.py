"""Words that a network reads wrong, on any language of counters, found by following real float32 states.

All words are read letter by letter, states that are equal kept once, as long as there are few enough of them: up to
there the search misses nothing. From then on a few states are kept for each configuration and last letter, those with
the least and greatest parts, and then words that repeat a few letters are tried (`longcount.exact.repeating`).

The same search finds strings outside the language that a network accepts. A recogniser accepts a string where it says
so after its last letter. Other networks are read as acceptors: they accept a string where they allowed every letter but
the first, before which nothing is asked, and, after the last, the end; where a language has no end among its outputs,
strings that no word begins with are looked for. As long as a network is right it allows what the language does, so the
strings that it has accepted so far are those that words begin with.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from longcount.exact.many_states import Network
from longcount.exact.reading import answers, said, whole
from longcount.exact.repeating import failing_repetition
from longcount.languages import tasks
from longcount.languages.language import END
from longcount.languages.machine import Configuration, Machine
from longcount.training.problem import Problem

MOST_STATES = 1_000
"""As many states are followed at once."""

SEARCHED = 64
"""Tokens of the words whose states are followed where they are more than that."""

FOLLOWED = 250_000
"""States that are followed in all where they are never more than that at once: of aⁿbⁿ, words of 1,000 tokens."""

COMPLETED = 100_000
"""Configurations tried to complete a word."""


class Found(NamedTuple):
    """What a search found."""

    lower: int = 0
    """No word is read wrong before this token."""
    word: np.ndarray | None = None
    """uint8 [n + 1]: the last of its letters is the first that is read wrong; None where no such word was found."""
    none_below: int | None = 1
    """No string outside the language that is accepted has fewer letters; None for a task that accepts no strings."""
    accepted: np.ndarray | None = None
    """uint8: a string outside the language that is accepted; None where none was found."""


class Tables(NamedTuple):
    """A machine for many configurations at once; a code is a state and which of the C counters are above 0."""

    next: np.ndarray
    """int64 [codes, L]: the state after a letter; -1 where no word of the language continues with it."""
    steps: np.ndarray
    """int64 [codes, L, C]."""
    right: np.ndarray
    """bool [codes, outputs]."""
    member: np.ndarray
    """bool [codes]: whether what has been read is a word."""


def tables(problem: Problem, outside: bool = False) -> Tables:
    """The tables of a problem's language; its last state is outside the language where that is asked about, or wanted.
    Nothing is right there for a task that does not ask."""
    machine = machine_of(problem)
    counters, letters, states = machine.counters, machine.letters, machine.states
    outside_too = outside or whole(problem)
    codes = (len(states) + outside_too) << counters
    after = np.full((codes, len(letters)), len(states) if outside_too else -1)
    steps = np.zeros((codes, len(letters), counters), np.int64)
    right, member = np.zeros((codes, len(problem.outputs)), bool), np.zeros(codes, bool)
    for code in range(len(states) << counters):
        state, bits = code >> counters, tuple(code >> k & 1 for k in range(counters))
        configuration = Configuration(states[state], bits)
        right[code], member[code] = answers(problem, machine, configuration), machine.may_end(configuration)
        for letter, following in machine.following(configuration):
            token = letters.index(letter)
            after[code, token] = states.index(following.state)
            steps[code, token] = np.array(following.counters) - bits
    return Tables(after, steps, right, member)


def machine_of(problem: Problem) -> Machine:
    """The language of a problem that verdicts are about."""
    assert isinstance(problem.language, Machine), "verdicts are about languages that counters decide"
    return problem.language


def search(network: Network, problem: Problem, limit: int) -> Found:
    """The first failure within `limit` tokens that is found, and before which token there is none; and the shortest
    string outside the language that is found to be accepted."""
    found = search_closely(network, problem, limit)
    if found.word is not None:
        return found
    return found._replace(word=failing_repetition(network.cell, network.flat, problem, limit))


def search_closely(network: Network, problem: Problem, limit: int) -> Found:
    """As `search`, without the words that repeat a few letters."""
    machine, table, found = machine_of(problem), tables(problem, outside=True), Found()
    recognises, outside = whole(problem), len(machine.states)
    inside = np.arange(len(table.member)) < outside << machine.counters
    asks_for_end = recognises or problem.outputs[-1] == END
    belongs = table.member if asks_for_end else inside
    if problem.task == tasks.CLASSIFY or (problem.task == tasks.NEXT_LETTERS and machine.expected):
        found = found._replace(none_below=None)

    def goes_on(code: np.ndarray, said: np.ndarray | None) -> np.ndarray:
        if recognises:
            return np.ones((len(code), len(machine.letters)), bool)
        if found.word is None or said is None:
            return table.next[code] != outside
        return said[: len(machine.letters)].T

    for arrived in followed(network, problem, table, goes_on, limit):
        if found.word is None:
            wrong = (arrived.said != table.right[arrived.code].T).any(axis=0)
            if wrong.any():
                word = arrived.word(int(np.argmax(wrong)))
                found = found._replace(lower=len(word) - 1 if arrived.complete else found.lower, word=word)
            elif arrived.complete:
                found = found._replace(lower=arrived.letters)
        if found.none_below is not None:
            wrong = ~belongs[arrived.code] & (arrived.said[-1] if asks_for_end else True)
            if wrong.any():
                string = arrived.word(int(np.argmax(wrong)))
                least = len(string) if arrived.complete else found.none_below
                return found._replace(accepted=string, none_below=least)
            found = found._replace(none_below=arrived.letters + 1 if arrived.complete else found.none_below)
        elif found.word is not None:
            return found
    return found


class Arrived(NamedTuple):
    """States S that strings of so many letters lead to."""

    letters: int
    complete: bool
    """Whether no string of so many letters was left out."""
    code: np.ndarray
    """int64 [S]: of `Tables`."""
    said: np.ndarray
    """bool [outputs, S]."""
    history: list[tuple[np.ndarray, np.ndarray]]
    """Of each letter: the states from which it led, int64 [S], and which it is, int64 [S]."""

    def word(self, at: int) -> np.ndarray:
        """The letters, uint8, that led to one of the states."""
        letters = []
        for origin, token in reversed(self.history):
            letters.append(int(token[at]))
            at = int(origin[at])
        return np.array(letters[::-1], np.uint8)


def followed(
    network: Network,
    problem: Problem,
    table: Tables,
    goes_on: Callable[[np.ndarray, np.ndarray | None], np.ndarray],
    limit: int,
) -> Iterator[Arrived]:
    """The states of a network after all strings of 1, 2, ... letters, up to `limit` or as long as there are few.

    Args:
        network: the network.
        problem: the language and what is asked.
        table: of the language.
        goes_on: which letters are followed, bool [S, L], in states of codes int64 [S] in which the network said bool
            [outputs, S], or None at the beginning.
        limit: letters.
    """
    machine = machine_of(problem)
    counters, outside = machine.counters, len(machine.states)
    parts = tuple(np.array(part) for part in network.start)
    state, counts = np.array([machine.states.index(machine.start.state)]), np.array([machine.start.counters], np.int64)
    counts, code, answered = counts.reshape(1, counters), _codes(state, counts), None
    history: list[tuple[np.ndarray, np.ndarray]] = []
    complete, total = True, 0
    for position in range(limit):
        origin, token = np.nonzero(goes_on(code, answered))
        total += len(origin)
        if not len(origin):  # no string has more letters
            assert answered is not None
            yield Arrived(limit, complete, code[:0], answered[:, :0], history)
            return
        if position >= SEARCHED and not (complete and total <= FOLLOWED):
            return
        with np.errstate(over="ignore", invalid="ignore"):
            parts, _ = network.advance(token, tuple(part[:, origin] for part in parts))
            answered = said(network.outputs(parts[-len(network.cell.state_names)]), problem.question)
        state, counts = table.next[code[origin], token], counts[origin] + table.steps[code[origin], token]
        counts[state == outside] = 0
        code = _codes(state, counts)
        history.append((origin, token))
        yield Arrived(position + 1, complete, code, answered, history)
        kept = _different(state, counts, token, parts)
        if len(kept) > MOST_STATES:
            complete, kept = False, _extreme(kept, state, counts, token, parts)
        history[-1] = origin[kept], token[kept]
        state, counts, parts = state[kept], counts[kept], tuple(part[:, kept] for part in parts)
        code, answered = code[kept], answered[:, kept]


def _codes(state: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return (state << counts.shape[1]) | ((counts > 0) << np.arange(counts.shape[1])).sum(axis=1)


def _different(state: np.ndarray, counts: np.ndarray, token: np.ndarray, parts: tuple[np.ndarray, ...]) -> np.ndarray:
    """The first of those that are equal, in order."""
    numbers = np.concatenate([part.T for part in parts], axis=1) + np.float32(0)
    rows = np.concatenate([state[:, None], counts, numbers.view(np.int32)], axis=1).astype(np.int64)
    # Equal rows have equal sums, by which they are sorted faster than by all their numbers.
    factors = np.random.default_rng(0).integers(1, 2**63, rows.shape[1], np.int64, endpoint=False) | 1
    order = np.argsort((rows * factors).sum(axis=1), kind="stable")
    again = (rows[order[1:]] == rows[order[:-1]]).all(axis=1)
    return np.sort(order[np.append(True, ~again)])


def _extreme(
    kept: np.ndarray, state: np.ndarray, counts: np.ndarray, token: np.ndarray, parts: tuple[np.ndarray, ...]
) -> np.ndarray:
    """Those with the least and greatest parts of each configuration and last letter; small counts first."""
    group = np.concatenate([counts.sum(axis=1)[:, None], state[:, None], counts, token[:, None]], axis=1)[kept]
    sorted_ = np.lexsort(group.T[::-1])
    number = np.empty(len(group), np.int64)
    number[sorted_] = np.append(0, np.cumsum((np.diff(group[sorted_], axis=0) != 0).any(axis=1)))
    chosen: list[np.ndarray] = []
    for row in np.concatenate(parts)[:, kept]:
        order = np.lexsort((row, number))
        edge = np.flatnonzero(np.append(True, number[order][1:] != number[order][:-1]))
        last = np.append(edge[1:], len(order)) - 1
        chosen += [order[edge], order[last]]
    found = np.unique(np.concatenate(chosen))
    if len(found) > MOST_STATES:
        found = found[np.argsort(number[found], kind="stable")[:MOST_STATES]]
    return kept[found]


def completed(machine: Machine, prefix: np.ndarray) -> np.ndarray:
    """A word of the language, uint8 tokens, that begins with the prefix: small counters are tried first."""
    configuration = machine.start
    for token in prefix:
        following = machine.step(configuration, machine.letters[token])
        assert following is not None, "the prefix belongs to no word"
        configuration = following
    before: dict[Configuration, tuple[Configuration, str] | None] = {configuration: None}
    waiting = [(sum(configuration.counters), 0, configuration)]
    while waiting and len(before) < COMPLETED:
        _, _, at = heapq.heappop(waiting)
        if machine.may_end(at):
            tail, step = [], before[at]
            while step is not None:
                tail.append(machine.letters.index(step[1]))
                step = before[step[0]]
            return np.concatenate([prefix, np.array(tail[::-1], np.uint8)]).astype(np.uint8)
        for letter, following in machine.following(at):
            if following not in before:
                before[following] = at, letter
                heapq.heappush(waiting, (sum(following.counters), len(before), following))
    return prefix
