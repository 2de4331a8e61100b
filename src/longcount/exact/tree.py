"""Short words of a counter machine, one for each configuration and last letter."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from longcount.exact.nodes import START, Graph
from longcount.languages.machine import Configuration

MOST_WORDS = 4_000


class Tree(NamedTuple):
    """Short words N that reach each configuration and last letter once, the shortest first, and the letters that may
    follow them."""

    parent: np.ndarray
    """int64 [N]: the word without its last letter; -1 for words of one letter."""
    letter: np.ndarray
    """int64 [N]: the last letter."""
    length: np.ndarray
    """int64 [N]."""
    place: np.ndarray
    """int64 [N]."""
    source: np.ndarray
    """int64 [M]: words that a letter follows."""
    edge: np.ndarray
    """int64 [M]: the edge of the graph that it takes."""


@lru_cache(maxsize=16)
def tree(places: Graph, most: int) -> Tree:
    """Words by which counters come to a number at most, the `MOST_WORDS` shortest.

    Args:
        places: of a machine.
        most: counters that are larger are not followed.
    """
    machine = places.machine
    numbers = {place: number for number, place in enumerate(places.places)}
    ends = zip(places.source.tolist(), places.letter.tolist(), places.target.tolist(), strict=True)
    edges = {end: edge for edge, end in enumerate(ends)}

    words: list[tuple[int, int, int, int]] = []
    followed: list[tuple[int, int]] = []
    seen: set[tuple[Configuration | None, int]] = set()
    waiting: list[tuple[int, Configuration | None]] = [(-1, machine.start)]
    for number, configuration in waiting:
        place = START if number < 0 else words[number][3]
        for token, letter in enumerate(machine.letters):
            after = None if configuration is None else machine.step(configuration, letter)
            if after is None and None not in numbers:
                continue
            target = numbers[None if after is None else places.place_of(after)]
            if number >= 0:
                followed.append((number, edges[place, token, target]))
            large = len(words) == MOST_WORDS or (after is not None and max(after.counters) > most)
            if large or (after, token) in seen:
                continue
            seen.add((after, token))
            waiting.append((len(words), after))
            words.append((number, token, 1 if number < 0 else words[number][2] + 1, target))
    return Tree(*np.array(words).T, *np.array(followed).T)
