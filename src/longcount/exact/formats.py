"""Where networks that count in float32 stop counting in another number format.

A counter in a format of p binary digits that counts by 1 is exact to 2^p: from there on adding 1 changes nothing. What
a network loses earlier, it loses by its gates and its readout.
"""

from __future__ import annotations

import numpy as np

from longcount.cells import Cell
from longcount.cells.cell import Gates
from longcount.cells.network import initial_state, inputs_of_letters, read, split, step
from longcount.languages.machine import Machine
from longcount.languages.words import Words
from longcount.numbers.rounded import Rounded
from longcount.numbers.vector import Vector
from longcount.training.problem import Problem


def first_failures(cell: Cell, weights: np.ndarray, words: Words, problem: Problem, form: str) -> np.ndarray:
    """The first token of each word after which each model answers wrongly, every operation rounded to a format.

    Args:
        cell: the cell.
        weights: float32 [M, P], rounded to the format, too.
        words: N prefixes of words of the problem's language.
        problem: the language, and a task that asks after every token.
        form: a name of `longcount.numbers.rounded.FORMATS`.

    Returns:
        int64 [M, N]; the length of the word where there is no failure.
    """
    question, lengths = problem.question, words.lengths
    assert question.answers == "token"
    assert question.link == "sigmoid"
    targets = problem.targets(words).astype(bool)
    network = split(cell, [Rounded(weights[:, k, None], form) for k in range(cell.size())])
    with np.errstate(all="ignore"):
        letters = inputs_of_letters(cell, network)
        state = initial_state(cell, network, Rounded(np.zeros((len(weights), len(words))), form))
        failures = np.tile(lengths, (len(weights), 1))
        for place in range(lengths.max(initial=0)):
            at = words.offsets[:-1] + np.minimum(place, lengths - 1)
            state, _ = step(cell, network, _chosen(letters, words.tokens[at], form), state)
            outputs = np.array([one.values for one in read(cell, network, state, question)])
            wrong = ((outputs >= question.threshold) != targets[at].T[:, None]).any(axis=0)
            failures[wrong & (place < failures)] = place
            if (failures <= place).all():
                break
    return failures


def _chosen(letters: list[Gates], tokens: np.ndarray, form: str) -> Gates:
    """Of numbers [M, 1] for each letter those of the words' letters: [M, N]."""

    def numbers(of_each: tuple[Rounded, ...]) -> Rounded:
        return Rounded(np.concatenate([one.values for one in of_each], axis=1)[:, tokens], form)

    return {gate: Vector(map(numbers, zip(*(letter[gate] for letter in letters), strict=True))) for gate in letters[0]}


def climbing_word(machine: Machine, count: int) -> np.ndarray:
    """A prefix of a word that takes a counter up to a count as fast as it goes, and all counters down again: uint8
    tokens.

    >>> from longcount import languages
    >>> "".join("abc"[token] for token in climbing_word(languages.get("an_bn_cn"), 2))
    'aabbcc'
    """
    configuration, tokens = machine.start, []
    following = machine.following(configuration)
    climbing = True
    while following and (climbing or any(configuration.counters)):
        up, state = 1 if climbing else -1, configuration.state
        # Of letters that are as good, one that stays where others rise, and one that goes on where others fall.
        letter, configuration = max(
            following, key=lambda pair: (up * sum(pair[1].counters), up * (pair[1].state == state))
        )
        tokens.append(machine.letters.index(letter))
        following = machine.following(configuration)
        climbing = climbing and max(configuration.counters) < count
    return np.array(tokens, np.uint8)


def first_failing_counts(
    cell: Cell, weights: np.ndarray, problem: Problem, form: str, largest: int, together: int = 256
) -> np.ndarray:
    """The least count on whose word (`climbing_word`) each model fails, int64 [M]; `largest` + 1 where none is known.

    Every count is tried: a network that counts in halves may fail at odd counts and be right at even ones.

    Args:
        cell: the cell.
        weights: float32 [M, P].
        problem: a language that counters decide, and a task that asks after every token.
        form: a name of `longcount.numbers.rounded.FORMATS`.
        largest: the greatest count tried.
        together: counts tried at once.
    """
    machine = problem.language
    assert isinstance(machine, Machine)
    found = np.full(len(weights), largest + 1, np.int64)
    for least in range(1, largest + 1, together):
        open_ = np.flatnonzero(found > largest)
        counts = range(least, min(least + together, largest + 1))
        tokens = [climbing_word(machine, count) for count in counts]
        ends = np.cumsum([0, *map(len, tokens)])
        words = Words(np.concatenate(tokens), ends, machine.letters)
        fails = first_failures(cell, weights[open_], words, problem, form) < words.lengths
        some = fails.any(axis=1)
        found[open_[some]] = least + fails.argmax(axis=1)[some]
    return found
