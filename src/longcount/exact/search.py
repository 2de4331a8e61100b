"""Words that a network reads wrong, on any language of counters, found by following real float32 states.

All words are read letter by letter, states that are equal kept once, as long as there are few enough of them: up to
there the search misses nothing. From then on a few states are kept for each configuration and last letter, those with
the least and greatest parts, and then words that repeat a few letters are tried.
"""

from __future__ import annotations

import heapq
import itertools
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from longcount import engine
from longcount.exact.many_states import Network
from longcount.exact.reading import answers, said, whole
from longcount.languages.machine import Configuration, Machine
from longcount.languages.words import Words
from longcount.training.problem import Problem

MOST_STATES = 1_000
"""As many states are followed at once."""

SEARCHED = 64
"""Tokens of the words whose states are followed."""

REPEATED = 3
"""Letters that words repeat, at most."""

COMPLETED = 100_000
"""Configurations tried to complete a word."""


class Found(NamedTuple):
    """What a search found."""

    lower: int
    """No word is read wrong before this token."""
    word: np.ndarray | None
    """uint8 [n + 1]: the last of its letters is the first that is read wrong; None where no such word was found."""


class Tables(NamedTuple):
    """A machine for many configurations at once; a code is a state and which of the C counters are above 0."""

    next: np.ndarray
    """int64 [codes, L]: the state after a letter; -1 where no word of the language continues with it."""
    steps: np.ndarray
    """int64 [codes, L, C]."""
    right: np.ndarray
    """bool [codes, outputs]."""


def tables(problem: Problem) -> Tables:
    """The tables of a problem's language; its last state is outside the language where that is asked about, too."""
    machine = _machine(problem)
    counters, letters, states = machine.counters, machine.letters, machine.states
    outside = len(states)
    codes = (outside + whole(problem)) << counters
    after = np.full((codes, len(letters)), outside if whole(problem) else -1)
    steps = np.zeros((codes, len(letters), counters), np.int64)
    right = np.zeros((codes, len(problem.outputs)), bool)
    for code in range(codes):
        state, bits = code >> counters, tuple(code >> k & 1 for k in range(counters))
        if state == outside:
            right[code] = answers(problem, machine, None)
            continue
        configuration = Configuration(states[state], bits)
        right[code] = answers(problem, machine, configuration)
        for letter, following in machine.following(configuration):
            token = letters.index(letter)
            after[code, token] = states.index(following.state)
            steps[code, token] = np.array(following.counters) - bits
    return Tables(after, steps, right)


def _machine(problem: Problem) -> Machine:
    assert isinstance(problem.language, Machine), "verdicts are about languages that counters decide"
    return problem.language


def search(network: Network, problem: Problem, limit: int) -> Found:
    """The first failure within `limit` tokens that is found, and before which token there is none."""
    found = _followed(network, problem, min(limit, SEARCHED))
    if found.word is None and limit > SEARCHED:
        return Found(found.lower, _repeated(network, problem, limit))
    return found


def _followed(network: Network, problem: Problem, limit: int) -> Found:
    machine, table = _machine(problem), tables(problem)
    counters, letters = machine.counters, len(machine.letters)
    bits = 1 << np.arange(counters)
    parts = tuple(np.array(part) for part in network.start)
    state = np.array([machine.states.index(machine.start.state)])
    counts = np.array(machine.start.counters, np.int64).reshape(1, counters)
    lower, complete = 0, True
    history: list[tuple[np.ndarray, np.ndarray]] = []
    with np.errstate(over="ignore", invalid="ignore"):
        for position in range(limit):
            code = (state << counters) | ((counts > 0) * bits).sum(axis=1)
            origin, token = np.nonzero(table.next[code] >= 0)
            if not len(origin):
                return Found(limit, None)
            state, counts = table.next[code[origin], token], counts[origin] + table.steps[code[origin], token]
            parts, _ = network.advance(token, tuple(part[:, origin] for part in parts))
            after = (state << counters) | ((counts > 0) * bits).sum(axis=1)
            h = parts[-len(network.cell.state_names)]
            wrong = (said(network.outputs(h), problem.question) != table.right[after].T).any(axis=0)
            if wrong.any():
                word = _way_back(history, origin, token, int(np.argmax(wrong)))
                return Found(position if complete else lower, word)
            kept = _different(state, counts, token, parts, letters)
            if len(kept) > MOST_STATES:
                complete, kept = False, _extreme(kept, state, counts, token, parts, letters)
            lower = position + 1 if complete else lower
            history.append((origin[kept], token[kept]))
            state, counts, parts = state[kept], counts[kept], tuple(part[:, kept] for part in parts)
    return Found(lower, None)


def _different(
    state: np.ndarray, counts: np.ndarray, token: np.ndarray, parts: tuple[np.ndarray, ...], letters: int
) -> np.ndarray:
    """One of those that are equal."""
    numbers = np.concatenate([part.T for part in parts], axis=1) + np.float32(0)
    rows = np.concatenate([state[:, None], counts, numbers.view(np.int32)], axis=1).astype(np.int64)
    return np.sort(np.unique(rows, axis=0, return_index=True)[1])


def _extreme(
    kept: np.ndarray,
    state: np.ndarray,
    counts: np.ndarray,
    token: np.ndarray,
    parts: tuple[np.ndarray, ...],
    letters: int,
) -> np.ndarray:
    """Those with the least and greatest parts of each configuration and last letter; small counts first."""
    group = np.concatenate([counts.sum(axis=1)[:, None], state[:, None], counts, token[:, None]], axis=1)[kept]
    _, number = np.unique(group, axis=0, return_inverse=True)
    number = number.reshape(-1)
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


def _way_back(
    history: list[tuple[np.ndarray, np.ndarray]], origin: np.ndarray, token: np.ndarray, at: int
) -> np.ndarray:
    letters = [int(token[at])]
    at = int(origin[at])
    for before, tokens in reversed(history):
        letters.append(int(tokens[at]))
        at = int(before[at])
    return np.array(letters[::-1], np.uint8)


def _repeated(network: Network, problem: Problem, limit: int) -> np.ndarray | None:
    """The shortest prefix that is read wrong of words that repeat a few letters, up to `limit` tokens."""
    words = repeating(_machine(problem), limit)
    if problem.question.answers == "word":  # every prefix is a string of its own: those of some lengths
        texts = words.strings()
        lengths = sorted({2**k + d for k in range(7, limit.bit_length()) for d in (0, 1)})
        words = Words.from_strings([text[:n] for text in texts for n in lengths if n <= len(text)], words.letters)
    found = engine.evaluate(
        network.cell,
        network.flat[None],
        words,
        problem.targets(words),
        "ce" if problem.question.link == "softmax" else "mse",
        problem.question,
    )
    first = np.where(found.correct[0], limit + 1, found.first_failure[0])
    if not len(first) or first.min() > limit:
        return None
    return words[int(first.argmin())][: int(first.min()) + 1].copy()


@lru_cache(maxsize=8)
def repeating(machine: Machine, limit: int) -> Words:
    """Prefixes of words, up to `limit` tokens: those of n, and a few letters repeated, then one of them alone."""
    texts = set()
    if machine.numbers:
        sizes = [*range(1, 65), *(2**k for k in range(7, limit.bit_length()))]
        texts = {machine.word_of(*[n] * machine.numbers) for n in sizes}
        texts = {text for text in texts if len(text) <= limit}
    for length in range(1, REPEATED + 1):
        cycles = map("".join, itertools.product(machine.letters, repeat=length))
        for first, cycle in itertools.product(("", *machine.letters), cycles):
            climbs = _repeats(machine, first, cycle)
            if climbs is not None:
                texts.add(first + cycle * ((limit - 1) // length))
                top = first + cycle * (limit // (STEEP * length))
                texts |= {top + letter * _times(machine, top, letter) for letter in machine.letters if climbs}
    longest = sorted(texts, key=lambda text: (-len(text), text))
    return Words.from_strings(longest[:MOST_WORDS], machine.letters)


def _repeats(machine: Machine, first: str, cycle: str) -> bool | None:
    """Whether letters repeated without end raise a counter; None where they cannot be repeated."""
    passed = [_configuration(machine, first + cycle * times) for times in (1, 2, 3)]
    if any(configuration is None for configuration in passed):
        return None
    _, before, after = passed
    assert before is not None
    assert after is not None
    rises = [more - less for less, more in zip(before.counters, after.counters, strict=True)]
    return None if before.state != after.state or min(rises, default=0) < 0 else any(rises)


def _times(machine: Machine, text: str, letter: str) -> int:
    """How often a letter may follow a text, up to as often as the text has letters."""
    configuration = _configuration(machine, text)
    for times in range(len(text)):
        configuration = None if configuration is None else machine.step(configuration, letter)
        if configuration is None:
            return times
    return len(text)


def _configuration(machine: Machine, text: str) -> Configuration | None:
    configuration: Configuration | None = machine.start
    for letter in text:
        configuration = None if configuration is None else machine.step(configuration, letter)
    return configuration


STEEP = 8
"""Ramps take one of so many tokens on their way up."""

MOST_WORDS = 96


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
