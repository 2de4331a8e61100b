"""The backward pass through a cell, derived from its forward equations.

The equations run once on recorded numbers (`longcount.numbers.recorded`). The result is two programs over any kind of
vector, forward and backward, and the *tape*, the list of values passed from the one to the other.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

from longcount.cells.cell import Cell, Gates, State
from longcount.numbers.recorded import Recorded, Recording
from longcount.numbers.vector import Vector

Tape = tuple[Vector, ...]
"""Of one layer: h before the token, then the other values that its backward pass reads."""


class Shares(NamedTuple):
    """Gradients with respect to the arguments of a cell's equations; None where they are zero."""

    state: tuple[Any, ...]
    x: Gates
    y: Gates
    own: Gates


class Derivation:
    """A cell's equations as programs: `forward` keeps a tape, `backward` reads it."""

    def __init__(self, cell: Cell) -> None:
        recurrent = cell.gates if cell.recurrent else ()
        self._names = (cell.gates, recurrent, cell.state_names, cell.own)
        inputs = sum(len(names) for names in self._names)
        self.recording = Recording(inputs)
        numbers = iter(self.recording.number(place) for place in range(inputs))
        x, y, state, own = ({name: Vector([next(numbers)]) for name in names} for names in self._names)
        after, _ = cell.forward(x, y, tuple(state.values()), own)
        if len(after) != len(cell.state_names):
            raise ValueError(f"{cell.name}: forward returns {len(after)} parts of the state, not "
                             f"{', '.join(cell.state_names)}")  # fmt: skip
        self._after = [self._place(cell, part) for part in after]
        forward_end = len(self.recording.steps)

        seeds: dict[int, Recorded] = {}
        self._seeds = range(forward_end, forward_end + len(self._after))
        self.recording.steps += [None] * len(self._after)
        for place, seed in zip(self._after, self._seeds, strict=True):
            given = self.recording.number(seed)
            seeds[place] = seeds[place] + given if place in seeds else given
        found = self.recording.gradients(seeds, range(inputs))
        self._gradients = [None if number is None else number.place for number in found]
        wanted = [place for place in self._gradients if place is not None]
        self._back, read = self.recording.needed(wanted, lambda p: p < forward_end or p in self._seeds)
        h_before = len(cell.gates) + len(recurrent)
        self.kept = [h_before, *(place for place in read if place < forward_end and place != h_before)]
        ahead, _ = self.recording.needed([*self._after, *self.kept], lambda place: place < inputs)
        self._ahead = sorted(ahead)  # as the cell's equations stand

    @staticmethod
    def _place(cell: Cell, part: Vector) -> int:
        if not isinstance(part, Vector) or len(part) != 1 or not isinstance(part[0], Recorded):
            raise ValueError(f"{cell.name}: forward makes a part of the state that does not follow from its arguments")
        return part[0].place

    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Tape]:
        """The next state and the tape: the operations of the cell's `forward`, in its order."""
        given = [numbers[name] for numbers, names in ((x, self._names[0]), (y, self._names[1])) for name in names]
        given += [*state, *(own[name] for name in self._names[3])]
        values = dict(enumerate(given))
        self.recording.run(self._ahead, values)
        return tuple(values[place] for place in self._after), tuple(values[place] for place in self.kept)

    def backward(self, tape: Tape, d_state: Sequence[Vector]) -> Shares:
        """The gradients, from those with respect to the next state."""
        values = dict(zip(self.kept, tape, strict=True)) | dict(zip(self._seeds, d_state, strict=True))
        self.recording.run(self._back, values)
        found = iter([None if place is None else values[place] for place in self._gradients])

        def of(names: Sequence[str]) -> dict[str, Any]:
            return {name: next(found) for name in names}

        def or_nothing(shares: dict[str, Any]) -> Gates:
            return {name: d_state[0] * 0.0 if share is None else share for name, share in shares.items()}

        x, y, state, own = (of(names) for names in self._names)
        return Shares(tuple(state.values()), or_nothing(x), or_nothing(y), or_nothing(own))


@functools.cache
def works_unit_by_unit(cell: Cell) -> bool:
    """Whether a cell's equations, recorded at its own size, are for every unit those for one unit alone."""
    known: dict[Any, int] = {}
    one = _expressions(cell, 1, known)[0]
    return all(each == one for each in _expressions(cell, cell.hidden_size, known))


def _expressions(cell: Cell, units: int, known: dict[Any, int]) -> list[tuple[int, ...]]:
    """Of each unit, what its next state is: a number for each expression in the unit's own inputs."""
    recurrent = cell.gates if cell.recurrent else ()
    groups = (cell.gates, recurrent, cell.state_names, cell.own)
    recording = Recording(units * sum(map(len, groups)))
    numbers = iter(recording.number(place) for place in range(len(recording.steps)))
    x, y, state, own = ({name: Vector([next(numbers) for _ in range(units)]) for name in names} for names in groups)
    after, _ = cell.forward(x, y, tuple(state.values()), own)
    found = []
    for unit in range(units):
        numbered: list[int] = []
        for place, step in enumerate(recording.steps):
            key: Any = (place // units, place % units == unit)
            if step is not None:
                key = (step.operation, *(numbered[a] if isinstance(a, int) else (a,) for a in step.arguments))
            numbered.append(known.setdefault(key, len(known)))
        found.append(tuple(numbered[p[unit].place] if isinstance(p[unit], Recorded) else -1 for p in after))
    return found


@functools.cache
def derive(kind: type[Cell]) -> Derivation:
    """The derivation of a kind of cell; its equations are the same at every size."""
    return Derivation(kind())
