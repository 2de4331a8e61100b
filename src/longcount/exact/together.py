"""A network and its program followed together: the proof that they are the same, token for token.

The boxes of the theorem about counter machines hold the program's registers beside the network's units. A rule is
applied only where the network's own counters stand to 0 as the registers do; and both answer right.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np

from longcount.cells import Cell
from longcount.cells.gru import GRU
from longcount.cells.hard import HardGRU
from longcount.cells.relu import ReLU
from longcount.exact.boxes import Model, View
from longcount.exact.closure import Boxes, Closure
from longcount.exact.machines import LARGEST, first_closed, graphs
from longcount.exact.many_states import Network
from longcount.exact.nodes import Graph
from longcount.exact.one_unit import prove_one_unit
from longcount.exact.program import Program
from longcount.exact.proof import Proof
from longcount.exact.reading import Reading
from longcount.languages.words import OPEN
from longcount.numbers.affine import Affine, Reach
from longcount.numbers.intervals import Interval
from longcount.training.problem import DYCK1, Problem

COUNTING_IN_STEPS = (ReLU, GRU, HardGRU)
"""Cells whose theorem says that the state is the depth times a step."""

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
        self.cell = Sizes(network.cell.letters, 2 * self.units, network.cell.state_names)
        self.start = [*network.start, np.array(program.start, np.float32)[:, None]]
        self.view = View(lambda state, gates: tuple(state), self._state)
        self.last = np.zeros(0, int)
        self.without_rule = False
        """Whether a case came up for which the program has no rule."""

    def _state(self, coordinates: tuple[Interval, ...]) -> tuple[Interval, ...]:
        of_network = tuple(_rows(number, slice(0, self.units)) for number in coordinates)
        return (*self.network.view.state(of_network), _rows(coordinates[0], slice(self.units, None)))

    def step(self, tokens: np.ndarray, state: tuple[Any, ...]) -> tuple[tuple[Interval, ...], dict[str, Interval]]:
        """See `Network.step`."""
        *before, registers = state
        at = self.network.cell.state_names.index(self.network.cell.counter)
        keep, add = self.program.actions(tokens, self.last, self.classes(before[at], registers))
        self.without_rule |= bool(np.isnan(keep).any())
        after, gates = self.network.step(tokens, tuple(before))
        kept, added = Interval.exactly(keep), Interval.exactly(add)
        moved = registers * kept + added
        other = Interval.exactly(np.zeros_like(keep))
        seen = {"i": Interval.exactly(np.ones_like(keep)), "f": kept, "g": added}
        coordinates = (_stacked(after[0], moved), *(_stacked(part, other) for part in after[1:]))
        return coordinates, {name: _stacked(gates[name], part) for name, part in seen.items()}

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
        counter = Affine(boxes.ends[:, 0], boxes.slopes, self.reach, self._beyond(boxes.slopes, place))
        classes = pair.classes(_rows(counter, units), _rows(counter, slice(pair.units, None)))
        said = pair.program.said(self.places.letter[edges], classes)
        return "" if (said == self.reading.wanted[:, place]).all() else "the program may say something else"


class Alone:
    """The registers of a program without its network, for `Closure`."""

    def __init__(self, program: Program):
        self.program = program
        self.cell = Sizes(len(program.letters), len(program.start), ("h",))
        self.start = [np.array(program.start, np.float32)[:, None]]
        self.view = View(lambda state, gates: tuple(state), tuple)
        self.last = np.zeros(0, int)
        self.without_rule = False

    def step(self, tokens: np.ndarray, state: tuple[Any, ...]) -> tuple[tuple[Interval, ...], dict[str, Interval]]:
        """See `Network.step`."""
        classes = self.program.fineness.classes(state[0].ends)
        keep, add = self.program.actions(tokens, self.last, np.where(classes[0] == classes[1], classes[0], UNKNOWN))
        self.without_rule |= bool(np.isnan(keep).any())
        kept, added = Interval.exactly(keep), Interval.exactly(add)
        return (state[0] * kept + added,), {"i": Interval.exactly(np.ones_like(keep)), "f": kept, "g": added}


class Multiples(Together):
    """Boxes of the one register of a program that has to be the depth times a sign, as the network's unit is in steps
    (theorems 1 and 3)."""

    def __init__(self, program: Program, places: Graph, reading: Reading, sign: float, reach: Reach):
        alone: Any = Alone(program)
        super().__init__(alone, places, reading, np.full((1, 1, len(places.places)), sign, np.float32), reach, 2.0**24)
        self.sign = sign

    def _wrong(self, edges: np.ndarray, boxes: Boxes) -> str:
        place = self.places.target[edges]
        counts, high = self.places.counts[0, place], self.places.high[0, place]
        follows = (boxes.ends[:, 0, 0] == self.sign * counts) & (boxes.slopes[0, 0] == self.sign * high)
        classes = self.network.program.fineness.classes(np.stack([counts, np.where(high, np.inf, counts)]) * self.sign)
        sure = np.where(classes[0] == classes[1], classes[0], UNKNOWN)[None]
        said = self.network.program.said(self.places.letter[edges], sure)
        right = (said == self.reading.wanted[:, place]).all()
        return "" if follows.all() and right else "the program may say something else"


def proved_equal(cell: Cell, flat: np.ndarray, program: Program, problem: Problem, depth: int, least: int) -> Proof:
    """A proof that a program is a network of one layer, and both are right; arguments as for `prove_machine`."""
    if problem == DYCK1 and type(cell) in COUNTING_IN_STEPS and (cell.hidden_size, cell.layers) == (1, 1):
        return _multiples(cell, flat, program, problem, depth)
    return _followed(cell, flat, program, problem, depth, least)


def _multiples(cell: Cell, flat: np.ndarray, program: Program, problem: Problem, depth: int) -> Proof:
    """Where the unit is a step times the depth: that the register is the depth."""
    if cell.learned_start:
        return Proof(0, "this is about networks whose state starts at 0, not at a learned one")
    model = Model(cell, flat)
    proof = prove_one_unit(model, depth)
    obstacle = proof.reason
    for places in graphs(problem) if proof.max_depth else ():
        sign = float(np.sign(model.step(OPEN, model.start())[0]))
        closure = Multiples(program, places, Reading(problem, places), sign, Reach(depth, 1))
        if closure.close():
            return proof
        obstacle = closure.obstacle
    return Proof(0, obstacle)


def _followed(cell: Cell, flat: np.ndarray, program: Program, problem: Problem, depth: int, least: int) -> Proof:
    """A proof that a program is an LSTM, and both are right."""

    def closure(network: Network, places: Graph, reading: Reading, slopes: np.ndarray, reach: Reach) -> Together:
        both, pair = np.concatenate([slopes, slopes], axis=1), cast(Any, Pair(network, program))
        return Together(pair, places, reading, both, reach, LARGEST[type(cell)])

    proof = first_closed(cell, flat, problem, (depth, least), closure)
    return proof._replace(reason="closed boxes of the network and the program") if proof.max_depth else proof


def _rows(number: Interval, rows: slice) -> Interval:
    if not isinstance(number, Affine):
        return Interval(number.ends[:, rows])
    return Affine(
        number.offset[:, rows],
        number.slopes[:, rows],
        number.reach,
        number.beyond[:, rows],
        number.moved[rows],
        number.step[rows],
    )


def _stacked(first: Interval, second: Interval) -> Interval:
    """Numbers [H, S] of two, one above the other."""
    affine = next((number for number in (first, second) if isinstance(number, Affine)), None)
    if affine is None:
        return Interval(np.concatenate([first.ends, second.ends], axis=1))
    parts = []
    for number in (first, second):
        if isinstance(number, Affine):
            parts.append((number.offset, number.slopes, number.beyond, number.moved, number.step))
        else:
            shape = number.ends.shape[1:]
            parts.append((number.ends, np.zeros((len(affine.slopes), *shape), np.float32), np.zeros((2, *shape)),
                          np.zeros(shape, np.float32), np.full(shape, np.inf)))  # fmt: skip
    offset, slopes, beyond = (np.concatenate([part[k] for part in parts], axis=1) for k in range(3))
    moved, step = (np.concatenate([part[k] for part in parts], axis=0) for k in (3, 4))
    return Affine(offset, slopes, affine.reach, beyond, moved, step)
