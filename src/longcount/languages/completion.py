"""The numbers of letters with which a prefix of a machine's word can be completed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from longcount.errors import UserError

LARGEST_TABLE = 250_000_000
"""Bytes of a table: words of some 10,000 letters."""


class Edge(NamedTuple):
    """A step of a machine, reduced to the state and one sum of counters."""

    state: int
    positive: int
    """How many of the counters in the sum are above zero; the sum is 0 where none is, and at least that many else."""
    next: int
    step: int
    """What is added to the sum."""


class Completion:
    """From which state and sum of counters a word may be completed with exactly that many letters.

    Where only one counter is summed, or where any counters of that sum do as well as any others, the answer is exact;
    otherwise True may be wrong, False never is.

    table: bool [letters left, state, sum], the last state being that of words that have left the language. The
    last sum stands for all greater ones: none of them is within reach of that many letters.
    """

    def __init__(
        self,
        name: str,
        states: int,
        counters: int,
        edges: Iterable[Edge],
        ends: Iterable[tuple[int, int]],
        longest: int,
    ) -> None:
        """Compute the table.

        Args:
            name: of the language, for messages.
            states: how many, S.
            counters: in the sum.
            edges: every step there is.
            ends: where a word may end: state, and how many counters of the sum are above zero.
            longest: the most letters left.

        Raises:
            UserError: the table would be too large.
        """
        distinct = set(edges)
        fastest = max([0, *(-edge.step for edge in distinct)])
        width = longest * fastest + counters + 1
        if (longest + 1) * (states + 1) * width > LARGEST_TABLE:
            raise UserError(f"{name}: words of {longest:,} letters are too long for a walk; take another sampler")
        self.longest = longest
        self.table = np.zeros((longest + 1, states + 1, width), bool)
        sums = np.arange(width)
        for state, positive in ends:
            self.table[0, state] |= sums >= positive if positive else sums == 0
        ways = []
        for edge in distinct:
            here = sums[edge.positive :] if edge.positive else sums[:1]
            ways.append((edge, here, np.minimum(here + edge.step, width - 1)))
        for before, after in zip(self.table, self.table[1:], strict=False):
            for edge, here, there in ways:
                after[edge.state, here] |= before[edge.next, there]

    def possible(self, left: np.ndarray | int, states: np.ndarray | int, sums: np.ndarray | int) -> np.ndarray:
        """Whether a word may be completed with that many letters: bool, of the arguments' joint shape."""
        return self.table[left, states, np.minimum(sums, self.table.shape[2] - 1)]
