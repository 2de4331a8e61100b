"""Which unit follows which counter: found by following a network along short words.

What each letter does to each unit's counter is noted: whether it is kept, and by how much it moves. Where counters
stand at "K or more", a unit that follows them is

    slopes · counts + an offset of the state, the last letter and the counters' remainders (`longcount.exact.nodes`),

which gives a linear equation for every move. They are solved one by one, moves within one offset first, without those
that contradict earlier ones.

Nothing here is part of a proof: wrong slopes make boxes that do not close.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from longcount.exact.many_states import Network, Part
from longcount.exact.nodes import Graph
from longcount.exact.reading import Reading
from longcount.exact.tree import Tree, tree

KEPT = 0.99
"""A gate from here on keeps."""

BEYOND, BEYOND_IN_ONE_STATE = 6, 3
"""Words are read in which counters are by so much larger than the count from which on units follow them."""

LEAST_STEP = 2.0**-26
"""Smaller moves of a counter are not taken for steps."""

TOLERANCE = 1e-3
"""What is smaller is taken for 0 where equations are solved."""


DROPS = ("first", "between", "last")
"""When letters are looked at that drop what a unit counted."""


def states_after(network: Network, words: Tree) -> tuple[Part, ...]:
    """Every part of the state after each short word, float32 [H, N]."""
    start = [np.repeat(part, len(words.letter) + 1, axis=1) for part in network.start]
    first = 0
    for length in range(1, int(words.length.max()) + 1):
        last = int(np.searchsorted(words.length, length, side="right"))
        parts = tuple(part[:, words.parent[first:last]] for part in start)
        with np.errstate(over="ignore", invalid="ignore"):
            after, _ = network.advance(words.letter[first:last], parts)
        for part, new in zip(start, after, strict=True):
            part[:, first:last] = new
        first = last
    return tuple(part[:, :-1] for part in start)


class Walk:
    """A float32 state for each configuration with small counters and last letter, that of the shortest word.

    Args:
        network: of one layer.
        places: of the language's machine.
        reading: what is right at each place.
    """

    def __init__(self, network: Network, places: Graph, reading: Reading):
        self.network, self.places = network, places
        self.scale = np.ones((network.cell.hidden_size, 1), np.float32)
        """By unit, the power of two below its least step, 1 at the most (so that no state divided by it is rounded),
        float32 [H, 1]: what its counter is measured in."""
        self.wrong: str | None = None
        """A word that is read wrong, where the walk met one."""
        states = {name: k for k, name in enumerate(places.machine.states)}
        self._states = np.array([len(states) if place is None else states[place.state] for place in places.places])
        words = tree(places, places.bound + (BEYOND if len(places.machine.states) > 1 else BEYOND_IN_ONE_STATE))
        state = states_after(network, words)
        wrong = ~reading.right(network, state[0], words.place)
        if wrong.any():
            self.wrong = _spelled(words, int(np.argmax(wrong)), places.machine.letters)
            return
        with np.errstate(over="ignore", invalid="ignore"):
            at = network.cell.counting
            before = tuple(part[:, words.source] for part in state)
            after, gates = network.advance(places.letter[words.edge], before)
            moves = after[at] - before[at]
            self.scale = np.exp2(np.floor(np.log2(steps_of(network, moves)))).clip(max=1)[:, None]
            kept = gates[network.cell.keeps] >= KEPT if network.cell.keeps in gates else np.ones(moves.shape, bool)
            self.equations = self._noted(words.letter[words.source], words.edge, moves / self.scale, kept)

    def _noted(self, last: np.ndarray, edges: np.ndarray, moves: Part, kept: np.ndarray) -> np.ndarray:
        """Rows, float64 [rows, S]: the state before and after, where the offset stands before and after, for each
        counter whether it stays at "K or more", its step and the first of those that it differs from by a known number,
        then for each unit whether it is kept and its move."""
        stays = self.places.stays[:, edges]
        keep = stays.any(axis=0)
        edges, stays, last = edges[keep], stays[:, keep], last[keep]
        source, target, letter = self.places.source[edges], self.places.target[edges], self.places.letter[edges]
        counts = self.places.counts
        steps = (counts[:, target] + self.places.change[:, edges] - counts[:, source]) * stays
        kept = kept[:, keep]
        moves = np.where(kept, moves[:, keep], 0)
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
        return np.concatenate(rows)

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

    def slopes(self) -> Iterator[np.ndarray]:
        """Slopes to try, float32 [C, H, P]: that of each unit at each place. Letters that drop what a unit counted go
        first, then between those that move it within a state and those that lead to another, then last: they may do so
        at one count alone."""
        tried: list[np.ndarray] = []
        for drops in DROPS:
            found = self._slopes(drops)
            if not any(np.array_equal(found, other) for other in tried):
                tried.append(found)
                yield found

    def _slopes(self, drops: str) -> np.ndarray:
        counters, units = len(self.places.counts), self.network.cell.hidden_size
        states = len(self.places.machine.states)
        found = np.zeros((counters, units, states + 1), np.float32)
        if self.equations.size:
            rows = _different(np.round(self.equations, 3))
            stays, steps = rows[4 : 4 + counters] > 0, rows[4 + counters : 4 + 2 * counters]
            known = rows[4 + 2 * counters : 4 + 3 * counters]
            kept, moves = rows[4 + 3 * counters :].reshape(2, units, -1)
            for unit in range(units):
                of_unit = kept[unit] > 0
                found[:, unit, :-1] = _solved(
                    states, rows[:4].astype(int), stays, steps, known.astype(int), of_unit, moves[unit], drops
                )
        return found[:, :, self._states]


def steps_of(network: Network, moves: np.ndarray) -> np.ndarray:
    """The least step of each unit's counter, float32 [H], from moves [H, S]; 1 of a unit without. Cells with a counter
    of their own move it by gates: by 1."""
    if network.cell.counting:
        return np.ones(len(moves), np.float32)
    sizes = np.abs(moves)
    least = np.where((sizes >= LEAST_STEP) & np.isfinite(sizes), sizes, np.inf).min(axis=1, initial=np.inf)
    return np.where(np.isfinite(least), least, 1).astype(np.float32)


def on_grid(slopes: np.ndarray) -> np.ndarray:
    """Slopes as the nearest multiples of 1 / 128, float32: a step of more digits is not counted exactly to 100,000."""
    return (np.round(slopes * 128) / 128).astype(np.float32)


def _different(columns: np.ndarray) -> np.ndarray:
    """Columns of float64 [rows, S], each once."""
    numbers = np.ascontiguousarray(columns.T + 0.0)  # one zero
    as_bytes = numbers.view(np.dtype((np.void, numbers.strides[0]))).reshape(-1)
    return numbers[np.sort(np.unique(as_bytes, return_index=True)[1])].T


def _spelled(words: Tree, number: int, letters: str) -> str:
    text = ""
    while number >= 0:
        text, number = letters[words.letter[number]] + text, int(words.parent[number])
    return text


def _solved(
    states: int,
    ends: np.ndarray,
    stays: np.ndarray,
    steps: np.ndarray,
    known: np.ndarray,
    kept: np.ndarray,
    moves: np.ndarray,
    drops: str,
) -> np.ndarray:
    """The slopes [C, states] of one unit: columns of `_noted`."""
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
    kept = kept & ~(_contradicting(rows, kept) & steps.any(axis=0))
    dropped, ties = [], []
    for column in np.flatnonzero(~kept | (before != after)):
        # Of counters that differ by known numbers, only the sum of the slopes says something.
        for one in sorted(set(known[stays[:, column], column].tolist()) - {-1}):
            tie = np.zeros(rows.shape[1])
            for k in np.flatnonzero(stays[:, column] & (known[:, column] == one)):
                tie[k * states + after[column]] = 1
                if kept[column]:
                    tie[k * states + before[column]] = -1
            (ties if kept[column] else dropped).append(tie)
    same = offset_before == offset_after
    inside = kept & ~same & (before == after)
    between = rows[kept & (before != after)]
    groups = {
        "first": [dropped, rows[same & kept], ties, rows[~same & kept]],
        "between": [rows[same & kept], rows[inside], dropped, ties, between],
        "last": [rows[same & kept], rows[inside], ties, between, dropped],
    }[drops]
    ordered = np.concatenate(
        [np.array(list(dict.fromkeys(map(tuple, group)))).reshape(-1, rows.shape[1]) for group in groups]
    )
    solution = _solution(ordered, counters * states)
    return on_grid(solution[: counters * states]).reshape(counters, states)


def _contradicting(rows: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """bool [S]: where a unit moves in several ways on the same step of the counters, such as up and down in turn."""
    lines, line = np.unique(rows[:, :-1], axis=0, return_inverse=True)
    line = line.reshape(-1)
    least, most = np.full(len(lines), np.inf), np.full(len(lines), -np.inf)
    np.minimum.at(least, line[kept], rows[kept, -1])
    np.maximum.at(most, line[kept], rows[kept, -1])
    return (most - least > TOLERANCE)[line]


def _solution(rows: np.ndarray, slopes: int) -> np.ndarray:
    """A solution of linear equations, the last column their right-hand sides, without those that contradict earlier
    ones. The first columns are the slopes; what the equations leave open is 0, slopes before offsets.

    Not the solution of least norm: it spreads a move over three counters that move together by thirds, and no float32
    number is a third.
    """
    basis = np.zeros((0, rows.shape[1]))
    pivots: list[int] = []
    for row in rows:
        rest = row - row[pivots] @ basis
        size = np.abs(rest[:-1])
        of_offsets = size[slopes:]
        pivot = slopes + int(of_offsets.argmax()) if of_offsets.max(initial=0) > TOLERANCE else int(size.argmax())
        if size[pivot] > TOLERANCE:
            rest = rest / rest[pivot]
            basis = np.concatenate([basis - basis[:, pivot, None] * rest, rest[None]])
            pivots.append(pivot)
    solution = np.zeros(rows.shape[1] - 1)
    solution[pivots] = basis[:, -1]
    return solution
