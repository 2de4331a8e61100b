"""Where networks that count in float32 stop counting in another number format.

A counter in a format of p binary digits that counts by 1 is exact to 2^p: from there on adding 1 changes nothing. What
a network loses earlier, it loses by its gates and its readout.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from longcount.cells import Cell
from longcount.cells.network import initial_state, inputs_of_letters, read, split, step
from longcount.languages.machine import Machine
from longcount.numbers.rounded import Rounded
from longcount.training.problem import Problem


def first_failures(cell: Cell, weights: np.ndarray, tokens: np.ndarray, problem: Problem, form: str) -> np.ndarray:
    """The first token of a word after which each model answers wrongly, every operation rounded to a format.

    Args:
        cell: the cell.
        weights: float32 [M, P], rounded to the format, too.
        tokens: uint8 [T], a prefix of a word of the problem's language.
        problem: the language, and a task that asks after every token.
        form: a name of `longcount.numbers.rounded.FORMATS`.

    Returns:
        int64 [M]; T where there is no failure.
    """
    machine, question = problem.language, problem.question
    assert isinstance(machine, Machine)
    assert question.answers == "token"
    assert question.link == "sigmoid"
    network = split(cell, [Rounded(weights[:, k], form) for k in range(cell.size())])
    with np.errstate(all="ignore"):
        letters = inputs_of_letters(cell, network)
        state = initial_state(cell, network, Rounded(np.zeros(len(weights)), form))
        failures = np.full(len(weights), len(tokens), np.int64)
        configuration = machine.start
        for place, token in enumerate(tokens):
            following = machine.step(configuration, machine.letters[token])
            assert following is not None
            configuration = following
            state, _ = step(cell, network, letters[token], state)
            outputs = np.array([one.values for one in read(cell, network, state, question)])
            wrong = ((outputs >= question.threshold) != machine.targets_in(configuration)[:, None]).any(axis=0)
            failures[wrong & (failures == len(tokens))] = place
            if wrong.any() and (failures < len(tokens)).all():
                break
    return failures


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


def last_counts(fails: Callable[[int, np.ndarray], np.ndarray], models: int, largest: int) -> np.ndarray:
    """The greatest count up to which each model is right, int64 [M], by halving: right at one count is right below it.

    Args:
        fails: whether each of some models (their places) fails on the word of a count, bool.
        models: M.
        largest: the greatest count tried.
    """
    low, high = np.zeros(models, np.int64), np.full(models, largest + 1, np.int64)
    while (open_ := high - low > 1).any():
        middle = int((low[open_][0] + high[open_][0]) // 2)
        here = np.flatnonzero((low < middle) & (middle < high))
        wrong = fails(middle, here)
        high[here[wrong]], low[here[~wrong]] = middle, middle
    return low
