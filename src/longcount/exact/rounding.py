"""Rounding: the gates i, f and g of an LSTM opened and closed for good, as they nearly are after training.

Sharpening alone multiplies the rows of the gates, and the states between counts move with it: a count that began at
0.7 begins at 1, and a gate that opened at -0.2 does not open at 0. So the trained network is followed along short words
first, which says what each gate is close to; then the counts are followed that such gates make, and the threshold of
each gate, for each letter, is moved where that is needed to open and close it as it should, midway between the two.

What a gate is close to is asked in a few ways (`ALIKE`). An input gate that is near 1/2 at a letter, where an increment
is half of another, is tried at 1/2, by a pre-activation of 0: its row then depends on letters alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from longcount import cells
from longcount.cells import Cell
from longcount.exact.following import states_after
from longcount.exact.many_states import Network
from longcount.exact.nodes import Graph
from longcount.exact.repairer import Tensors, copied
from longcount.exact.tree import Tree

ALIKE = ("state", "letter and last letter", "letter")
"""A gate is rounded as in each state, or as in most of those after the same letters."""

LEAST_MARGIN = 0.02
"""Pre-activations of a gate that are nearer to each other are not told apart by a threshold."""

MARGIN = 0.5
"""A gate that is always open, or closed, at a letter is moved to this far from its threshold if it is nearer."""


class Rounded(NamedTuple):
    """A network whose gates are rounded once its rows are multiplied by a factor."""

    tensors: Tensors
    margin: float
    """The least distance of a pre-activation from its threshold."""

    def sharpened(self, cell: Cell, factor: float) -> np.ndarray:
        """float32 [P]: the rows of i, f and g times a factor."""
        return cells.pack(cell, multiplied(cell, self.tensors, factor))


def multiplied(cell: Cell, tensors: Tensors, factor: float) -> Tensors:
    """An LSTM's tensors with the rows of i, f and g times a factor."""
    found = dict(tensors)
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
        found[name] = tensors[name].copy()
        found[name][: 3 * cell.hidden_size] *= np.float32(factor)
    return found


def roundings(cell: Cell, flat: np.ndarray, places: Graph, words: Tree) -> Iterator[Rounded]:
    """Ways to round an LSTM's gates, the smaller change first.

    Args:
        cell: an LSTM of one layer.
        flat: its weights, float32 [P].
        places: of the language's machine.
        words: short ones.
    """
    follower = _Follower(cell, flat, places, words)
    known: list[np.ndarray] = []
    for halves, alike in itertools.product((False, True), ALIKE):
        levels = follower.levels(alike, halves)
        if not any(np.array_equal(levels, other) for other in known):
            known.append(levels)
            found = follower.rounded(levels)
            if found is not None:
                yield found


class _Follower:
    """A network on M letters: each that may follow a short word, and the first ones of words."""

    def __init__(self, cell: Cell, flat: np.ndarray, places: Graph, words: Tree):
        self.cell, self.flat, self.words = cell, flat, words
        self.network = Network(cell, flat)
        first = words.parent < 0
        self.source = np.concatenate([np.full(first.sum(), -1), words.source])
        """int64 [M]: the word that is read before; -1 for none."""
        self.letter = np.concatenate([words.letter[first], places.letter[words.edge]])
        number = self.source * cell.letters + self.letter
        order = np.argsort(number)
        self.of_word = order[np.searchsorted(number[order], words.parent * cell.letters + words.letter)]
        """int64 [N]: which of these letters each word ends with."""
        self.start = [np.repeat(part, len(words.letter) + 1, axis=1) for part in self.network.start]
        h, c = (
            np.concatenate([part, start[:, -1:]], axis=1)
            for part, start in zip(states_after(self.network, words), self.start, strict=True)
        )
        gates = self.network.advance(self.letter, (h[:, self.source], c[:, self.source]))[1]
        self.gates = np.concatenate([gates["i"], gates["f"], (gates["g"] + 1) / 2])
        """float32 [3 H, M]: from 0 to 1, g from -1 to 1."""

    def levels(self, alike: str, halves: bool) -> np.ndarray:
        """float64 [3 H, M]: what each gate is rounded to, 0, 1/2 or 1; see `ALIKE`."""
        found = (self.gates >= 0.5).astype(float)
        last = np.append(self.words.letter, self.cell.letters)[self.source]
        groups = {
            "state": np.arange(len(self.letter)),
            "letter and last letter": self.letter + self.cell.letters * last,
            "letter": self.letter,
        }[alike]
        for group in np.unique(groups) if alike != "state" else ():
            found[:, groups == group] = found[:, groups == group].mean(axis=1, keepdims=True) >= 0.5
        for row in range(self.cell.hidden_size if halves else 0):
            mean = np.bincount(self.letter, self.gates[row]) / np.bincount(self.letter)
            rounded = np.round(2 * mean) / 2
            if (rounded == 0.5).any():
                found[row] = rounded[self.letter]
        return found

    def rounded(self, levels: np.ndarray) -> Rounded | None:
        """The network with thresholds by which gates are rounded so, float64 [3 H, M]; None where none do."""
        h, c = self._followed(levels)
        tensors, units = copied(self.cell, self.flat), self.cell.hidden_size
        sums = (
            tensors["weight_ih_l0"].astype(float)[:, self.letter]
            + (tensors["bias_ih_l0"].astype(float) + tensors["bias_hh_l0"])[:, None]
            + tensors["weight_hh_l0"].astype(float) @ h[:, self.source]
        )[: 3 * units]
        matters = np.ones(levels.shape, bool)
        matters[units : 2 * units] = c[:, self.source] != 0
        matters[2 * units :] = levels[:units] > 0
        margin = np.inf
        for row, letter in np.ndindex(3 * units, self.cell.letters):
            here = (self.letter == letter) & matters[row]
            if (levels[row] == 0.5).any():
                for name in ("weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
                    tensors[name][row] = 0
                tensors["weight_ih_l0"][row, letter] = 2 * levels[row, here].mean() - 1 if here.any() else 0
                margin = min(margin, 1.0)
            elif here.any():
                shift, distance = _threshold(sums[row, here], levels[row, here] > 0)
                if distance < LEAST_MARGIN:
                    return None
                tensors["weight_ih_l0"][row, letter] += np.float32(shift)
                margin = min(margin, distance)
        return Rounded(tensors, margin)

    def _followed(self, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """h and c after each short word, float32 [H, N + 1], the last before any letter, with gates rounded so."""
        h, c = (part.copy() for part in self.start)
        i, f, g = levels[:, self.of_word].astype(np.float32).reshape(3, self.cell.hidden_size, -1)
        first = 0
        for length in range(1, int(self.words.length.max()) + 1):
            last = int(np.searchsorted(self.words.length, length, side="right"))
            parent = self.words.parent[first:last]
            o = self.network.advance(self.words.letter[first:last], (h[:, parent], c[:, parent]))[1]["o"]
            new = slice(first, last)
            c[:, new] = f[:, new] * c[:, parent] + i[:, new] * (2 * g[:, new] - 1)
            h[:, new] = o * np.tanh(c[:, new])
            first = last
        return h, c


def _threshold(sums: np.ndarray, opened: np.ndarray) -> tuple[float, float]:
    """What to add to pre-activations, float64 [M], for them to be above 0 where a gate is open, bool [M], and below
    where it is closed: 0 where they are; and how far from 0 all of them are then, negative where nothing does."""
    above, below = sums[opened].min(initial=np.inf), sums[~opened].max(initial=-np.inf)
    if min(above, -below) >= MARGIN:
        return 0.0, min(above, -below)
    if opened.all() or not opened.any():
        shift = max(MARGIN - above, 0) if opened.all() else min(-MARGIN - below, 0)
        return shift, MARGIN
    return -(above + below) / 2, (above - below) / 2
