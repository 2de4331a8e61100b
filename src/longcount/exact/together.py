"""A network and its program followed together: the proof that they are the same, token for token.

The boxes of the theorem about counter machines hold the program's registers beside the network's units. A rule is
applied only where the network's own counters stand to 0 as the registers do; and both answer right.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np

from longcount.cells import Cell
from longcount.exact.boxes import View
from longcount.exact.closure import Boxes, Closure
from longcount.exact.following import on_grid
from longcount.exact.machines import first_closed, largest
from longcount.exact.many_states import Network
from longcount.exact.nodes import Graph
from longcount.exact.program import Program
from longcount.exact.proof import Proof
from longcount.exact.reading import Reading
from longcount.numbers.affine import Affine, Reach, stacked
from longcount.numbers.intervals import Interval
from longcount.training.problem import Problem

UNKNOWN = 99
"""The class of registers that may be in several, or in another than their unit."""


class Sizes(NamedTuple):
    """What boxes need to know of a cell."""

    letters: int
    hidden_size: int
    state_names: tuple[str, ...]


class Pair:
    """A network with as many registers as it has units, for `Closure`.

    Args:
        network: of one layer.
        program: what it is said to be.
    """

    def __init__(self, network: Network, program: Program):
        self.network, self.program = network, program
        self.units = network.cell.hidden_size
        self.steps = np.array(program.steps, np.float32)[:, None]
        self.cell = Sizes(network.cell.letters, 2 * self.units, network.cell.state_names)
        self.start = [*network.start, np.array(program.start, np.float32)[:, None]]
        self.view = View(lambda state, gates: tuple(state), self._state)
        self.last = np.zeros(0, int)
        self.without_rule = False
        """Whether a case came up for which the program has no rule."""

    def _state(self, coordinates: tuple[Interval, ...]) -> tuple[Interval, ...]:
        of_network = tuple(number.rows(slice(0, self.units)) for number in coordinates)
        return (*self.network.view.state(of_network), coordinates[0].rows(slice(self.units, None)))

    def step(self, tokens: np.ndarray, state: tuple[Any, ...]) -> tuple[Interval, ...]:
        """See `Network.step`."""
        *before, registers = state
        at = self.network.cell.counting
        keep, add = self.program.actions(tokens, self.last, self.classes(before[at] / self.steps, registers))
        self.without_rule |= bool(np.isnan(keep).any())
        after = self.network.step(tokens, tuple(before))
        other = Interval.exactly(np.zeros_like(keep))
        return stacked(after[0], registers * keep + add), *(stacked(part, other) for part in after[1:])

    def classes(self, counters: Interval, registers: Interval) -> np.ndarray:
        """int64 [H, S]: the class of a register, where its unit is surely in the same."""
        ends = np.concatenate([counters.ends, registers.ends])
        found = self.program.fineness.classes(np.nan_to_num(ends))
        sure = np.isfinite(ends).all(axis=0) & (found == found[0]).all(axis=0)
        return np.where(sure, found[0], UNKNOWN)


class Together(Closure):
    """Boxes of a network and a program; arguments as for `Closure`."""

    network: Any
    """A `Pair`."""

    def _arrive(self, edges: np.ndarray, states: tuple[Interval, ...], slopes: np.ndarray) -> None:
        self.network.last = self.last
        super()._arrive(edges, states, slopes)
        if self.network.without_rule:
            self.obstacle = "the program has no rule for a case that comes up"

    def _wrong(self, edges: np.ndarray, boxes: Boxes) -> str:
        pair, place = self.network, self.places.target[edges]
        units = slice(0, pair.units)
        of_network = Boxes(boxes.node, boxes.ends[:, :, units], boxes.slopes[:, units])
        whole, self.network = self.network, pair.network
        wrong = super()._wrong(edges, of_network)
        self.network = whole
        if wrong:
            return wrong
        counter = Affine(boxes.ends[:, 0], boxes.slopes, self._excesses(place))
        counters = counter.rows(units) * (pair.network.scale / pair.steps)
        classes = pair.classes(counters, counter.rows(slice(pair.units, None)))
        said = pair.program.said(self.places.letter[edges], classes)
        return "" if (said == self.reading.wanted[:, place]).all() else "the program may say something else"


def proved_equal(cell: Cell, flat: np.ndarray, program: Program, problem: Problem, depth: int, least: int) -> Proof:
    """A proof that a program is a network of one layer, and both are right; arguments as for `prove_machine`."""

    def closure(network: Network, places: Graph, reading: Reading, slopes: np.ndarray, reach: Reach) -> Together:
        registers = slopes * network.scale / np.array(program.steps, np.float32)[:, None]
        both, pair = np.concatenate([slopes, on_grid(registers)], axis=1), cast(Any, Pair(network, program))
        # what bounds a unit's counter bounds a register that moves by no more
        most = largest(cell) if program.largest_step <= 1 else np.inf
        return Together(pair, places, reading, both.astype(np.float32), reach, most)

    proof = first_closed(cell, flat, problem, (depth, least), closure)
    return proof._replace(reason="closed boxes of the network and the program") if proof.max_depth else proof
