"""Which unit follows which counter: found by walking a network through the places of its language once.

From each place that a word reaches, letters are read on and what they do to each unit's counter is noted: whether it is
kept, and by how much it moves. Where counters stand at "K or more", a unit that follows them is

    slopes · counts + an offset of the state, the last letter and the counters' remainders (`longcount.exact.nodes`),

which gives a linear equation for every move. They are solved by least squares, moves within one offset first, without
those that contradict earlier ones.

Nothing here is part of a proof: wrong slopes make boxes that do not close.
"""

from __future__ import annotations

import numpy as np

from longcount.exact.many_states import Network, Part
from longcount.exact.nodes import START, Graph, within
from longcount.exact.reading import Reading

KEPT = 0.99
"""A gate from here on keeps."""

TOLERANCE = 1e-3
"""What is smaller is taken for 0 where equations are solved."""


class Walk:
    """One float32 state for each node, that of the first word found to reach it.

    Args:
        network: of one layer.
        places: of the language's machine.
        reading: what is right at each place.
    """

    def __init__(self, network: Network, places: Graph, reading: Reading):
        self.network, self.places, self.reading = network, places, reading
        self.equations: list[np.ndarray] = []
        """What each stretch of the walk saw: float64 [columns, S]; rows as `_note` says."""
        self.wrong: str | None = None
        """A word that is read wrong, where the walk met one."""
        states = {name: k for k, name in enumerate(places.machine.states)}
        self._states = np.array([len(states) if place is None else states[place.state] for place in places.places])
        letters, at = network.cell.letters, network.cell.state_names.index(network.cell.counter)
        edges = np.flatnonzero(places.source == START)
        seen = np.zeros(len(places.places) * letters, bool)
        state = tuple(np.repeat(part, len(edges), axis=1) for part in network.start)
        words = [""] * len(edges)
        real = np.ones(len(edges), bool)
        last = np.zeros(len(edges), int)
        with np.errstate(over="ignore", invalid="ignore"):
            while len(edges):
                after, gates = network.advance(places.letter[edges], state)
                self._note(last, edges, state[at], after[at], gates)
                node = places.target[edges] * letters + places.letter[edges]
                real &= places.certain[edges]
                words = [
                    word + places.machine.letters[letter]
                    for word, letter in zip(words, places.letter[edges], strict=True)
                ]
                bad = real & ~reading.right(network, after[0], places.target[edges])
                if bad.any():
                    self.wrong = words[int(np.argmax(bad))]
                    return
                order = np.argsort(~real, kind="stable")
                first = order[np.unique(node[order], return_index=True)[1]]
                first = first[~seen[node[first]]]
                seen[node[first]] = True
                place = places.target[edges][first]
                number = places.first[place + 1] - places.first[place]
                origin = np.repeat(np.arange(len(first)), number)
                last = places.letter[edges][first][origin]
                edges = places.first[place][origin] + within(number)
                before = first[origin]
                state = tuple(part[:, before] for part in after)
                words = [words[k] for k in before]
                real = real[before]

    def _note(self, last: np.ndarray, edges: np.ndarray, state: Part, after: Part, gates: dict[str, Part]) -> None:
        """Rows: the state before and after, where the offset stands before and after, for each counter whether it stays
        at "K or more", its step and the first of those that it differs from by a known number, then for each unit
        whether it is kept and its move."""
        stays = self.places.stays[:, edges]
        keep = stays.any(axis=0)
        if not keep.any():
            return
        edges, stays, last = edges[keep], stays[:, keep], last[keep]
        source, target, letter = self.places.source[edges], self.places.target[edges], self.places.letter[edges]
        counts = self.places.counts
        steps = (counts[:, target] + self.places.change[:, edges] - counts[:, source]) * stays
        kept = gates[str(self.network.cell.keeps)][:, keep] >= KEPT
        moves = np.where(kept, after[:, keep] - state[:, keep], 0)
        rows = (
            self._states[source][None],
            self._states[target][None],
            self._offset(source, last, stays)[None],
            self._offset(target, letter, stays)[None],
            stays,
            steps,
            self._known(edges),
            kept,
            moves,
        )
        self.equations.append(np.concatenate(rows))

    def _known(self, edges: np.ndarray) -> np.ndarray:
        """The first counter that each differs from by a known number after a letter, int64 [C, S]; -1 where the number
        itself is known: slopes may then change with the letter."""
        known = ~np.isnan(self.places.difference[:, :, edges])
        known |= np.eye(len(known), dtype=bool)[:, :, None]
        low = ~self.places.high[:, self.places.target[edges]]
        return np.where((known & low).any(axis=1), -1, known.argmax(axis=1))

    def _offset(self, place: np.ndarray, letter: np.ndarray, stays: np.ndarray) -> np.ndarray:
        """One number for state, last letter and the classes of the counters that stay high."""
        number = self._states[place] * self.network.cell.letters + letter
        for count, stay in zip(self.places.counts[:, place], stays, strict=True):
            number = number * 8 + np.where(stay, count - self.places.bound, 0).astype(int)
        return number

    def slopes(self) -> np.ndarray:
        """float32 [C, H, P]: the slope of each unit at each place."""
        counters, units = len(self.places.counts), self.network.cell.hidden_size
        states = len(self.places.machine.states)
        found = np.zeros((counters, units, states + 1), np.float32)
        if self.equations:
            rows = np.unique(np.round(np.concatenate(self.equations, axis=1), 3), axis=1)
            stays, steps = rows[4 : 4 + counters] > 0, rows[4 + counters : 4 + 2 * counters]
            known = rows[4 + 2 * counters : 4 + 3 * counters]
            kept, moves = rows[4 + 3 * counters :].reshape(2, units, -1)
            for unit in range(units):
                of_unit = kept[unit] > 0
                dropping = np.argwhere(stays & ~of_unit & (rows[0] == rows[1]))
                found[:, unit, :-1] = _solved(
                    states,
                    rows[:4, of_unit].astype(int),
                    stays[:, of_unit],
                    steps[:, of_unit],
                    known[:, of_unit].astype(int),
                    moves[unit, of_unit],
                    sorted({(k, int(rows[0, column])) for k, column in dropping}),
                )
        return found[:, :, self._states]


def _solved(
    states: int,
    ends: np.ndarray,
    stays: np.ndarray,
    steps: np.ndarray,
    known: np.ndarray,
    moves: np.ndarray,
    dropped: list[tuple[int, int]],
) -> np.ndarray:
    """The slopes [C, states] of one unit; 0 for each counter and state in which a letter drops what was counted."""
    counters = len(stays)
    before, after = ends[:2]
    offsets, which = np.unique(ends[2:], return_inverse=True)
    offset_before, offset_after = which.reshape(2, -1)
    number = np.arange(len(moves))
    rows = np.zeros((len(moves), counters * states + len(offsets) + 1))
    for k in range(counters):
        rows[number, k * states + after] = steps[k]
    np.add.at(rows, (number, counters * states + offset_after), 1)
    np.add.at(rows, (number, counters * states + offset_before), -1)
    rows[:, -1] = moves
    ties = []
    for column in np.flatnonzero(before != after):
        for one in sorted(set(known[stays[:, column], column].tolist()) - {-1}):
            tie = np.zeros(rows.shape[1])
            for k in np.flatnonzero(stays[:, column] & (known[:, column] == one)):
                tie[k * states + before[column]], tie[k * states + after[column]] = 1, -1
            if not any((tie == other).all() for other in ties):
                ties.append(tie)
    zero = np.zeros((len(dropped), rows.shape[1]))
    for line, (k, state) in zip(zero, dropped, strict=True):
        line[k * states + state] = 1
    same = offset_before == offset_after
    ordered = np.concatenate([rows[same], zero, np.array(ties).reshape(-1, rows.shape[1]), rows[~same]])
    basis = _consistent(ordered)
    solution = np.linalg.lstsq(basis[:, :-1], basis[:, -1], rcond=None)[0]
    return np.round(solution[: counters * states] * 64).reshape(counters, states).astype(np.float32) / 64


def _consistent(rows: np.ndarray) -> np.ndarray:
    """Linear equations, the last column their right-hand sides, without those that contradict earlier ones."""
    basis = np.zeros((0, rows.shape[1]))
    pivots: list[int] = []
    for row in rows:
        rest = row - row[pivots] @ basis
        pivot = int(np.abs(rest[:-1]).argmax())
        if abs(rest[pivot]) > TOLERANCE:
            rest = rest / rest[pivot]
            basis = np.concatenate([basis - basis[:, pivot, None] * rest, rest[None]])
            pivots.append(pivot)
    return basis
