"""The shortest prefixes of a language, as a tree."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from longcount.exact.search import Tables, tables
from longcount.languages.machine import Machine
from longcount.training.problem import Problem

MOST = 2_000
"""Levels of the tree are added until there are as many prefixes."""


class Prefixes(NamedTuple):
    """All prefixes P up to a length, shorter ones first; the first is empty."""

    last: np.ndarray
    """int64 [P]: the last letter; the number of letters for the empty prefix."""
    parent: np.ndarray
    """int64 [P]: the place of the prefix without its last letter; 0 for the empty one."""
    levels: tuple[slice, ...]
    """The places of the prefixes of 1 letter, of 2 letters, ..."""


@lru_cache(maxsize=16)
def shortest_prefixes(problem: Problem) -> Prefixes:
    """The shortest prefixes of a language's words; where whole strings are recognised, the shortest strings."""
    machine, table = problem.language, tables(problem)
    assert isinstance(machine, Machine)
    last, parent, levels = [np.array([len(machine.letters)])], [np.array([0])], [slice(0, 1)]
    state = np.array([machine.states.index(machine.start.state)])
    counts = np.array(machine.start.counters, np.int64).reshape(1, -1)
    while len(state) and levels[-1].stop < MOST:
        origin, token, state, counts = letters_after(table, state, counts)
        last.append(token)
        parent.append(origin + levels[-1].start)
        levels.append(slice(levels[-1].stop, levels[-1].stop + len(token)))
    return Prefixes(np.concatenate(last), np.concatenate(parent), tuple(levels[1:]))


def letters_after(table: Tables, state: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, ...]:
    """The letters that may follow configurations: of which, the letter, the state and the counters after it.

    Args:
        table: of the language.
        state: int64 [S].
        counts: int64 [S, C].
    """
    counters = counts.shape[1]
    code = (state << counters) | ((counts > 0) << np.arange(counters)).sum(axis=1)
    origin, token = np.nonzero(table.next[code] >= 0)
    return origin, token, table.next[code[origin], token], counts[origin] + table.steps[code[origin], token]
