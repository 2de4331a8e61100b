"""Parts for networks whose first units count letters, and whose other units read the letter and the counts before it.

A *counter* keeps what it has and adds a number that depends on the letter alone. A *reader* keeps nothing. That is
enough for languages where a threshold of sums of counts and readers says what may come.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from longcount.cells import Cell
from longcount.engine.options import Options
from longcount.numbers.elementary import tanh
from longcount.training.recipes.parts import Part, positions, power_of_two


def counters(cell: Cell) -> int:
    """How many units count, the first ones: one for two letters, or all where there are not so many."""
    return min(cell.hidden_size, (cell.letters + 1) // 2)


def _steps(cell: Cell) -> np.ndarray:
    """Positions [H, letters] of what letters add to the gate that counts."""
    return positions(cell, "weight_ih_l0", (cell.counts,)).reshape(cell.hidden_size, cell.letters)


def _recurrent(cell: Cell) -> np.ndarray:
    """Positions [H, H] of the recurrent weights of the gate that counts."""
    return positions(cell, "weight_hh_l0", (cell.counts,)).reshape(cell.hidden_size, cell.hidden_size)


def _frozen(options: Options, *places: np.ndarray) -> Options:
    return replace(options, frozen=options.frozen.union(*(place.ravel().tolist() for place in places)))


def halves(steps: np.ndarray) -> np.ndarray:
    """Steps [..., letters] over the largest of them, in halves, rounded: -2 to 2.

    >>> halves(np.array([[0.9, -1.0, 0.1], [2.0, 0.8, -1.7]])).tolist()
    [[2, -2, 0], [2, 1, -2]]
    """
    most = np.abs(steps).max(axis=-1, keepdims=True)
    return np.rint(2 * steps / np.where(most > 0, most, 1)).astype(int)


@dataclass(frozen=True)
class CountersAndReaders(Part):
    """Recurrent weights of the gate that counts: fixed for counters (`kept` of their own, 0 of others), and 0 between
    readers. Readers begin with the counts turned down: they fall with a count."""

    kept: float

    def begin(self, cell: Cell, parameters: np.ndarray) -> None:
        """As `Part.begin`."""
        square, count = _recurrent(cell), counters(cell)
        parameters[:, square[:count]] = np.eye(cell.hidden_size, dtype=np.float32)[:count] * np.float32(self.kept)
        parameters[:, square[count:, count:]] = 0
        parameters[:, square[count:, :count]] = -np.abs(parameters[:, square[count:, :count]])

    def options(self, cell: Cell, options: Options, epoch: int) -> Options:
        """As `Part.options`."""
        square, count = _recurrent(cell), counters(cell)
        return _frozen(options, square[:count], square[count:, count:])


@dataclass(frozen=True)
class OwnLetters(Part):
    """Counter k begins with letters 2k and 2k + 1, up and down, and for some epochs it sees no others.

    Otherwise two counters soon hold the sum and the difference of two counts, and float32 weights of a readout undo
    that for small counts only.
    """

    epochs: int

    def _others(self, cell: Cell) -> np.ndarray:
        count, steps = counters(cell), _steps(cell)
        return steps[:count][np.arange(cell.letters) // 2 != np.arange(count)[:, None]]

    def begin(self, cell: Cell, parameters: np.ndarray) -> None:
        """As `Part.begin`."""
        steps = _steps(cell)
        for k in range(counters(cell)):
            own = steps[k, 2 * k : 2 * k + 2]
            parameters[:, own] = np.abs(parameters[:, own]) * np.array([1, -1], np.float32)[: len(own)]
        parameters[:, self._others(cell)] = 0

    def options(self, cell: Cell, options: Options, epoch: int) -> Options:
        """As `Part.options`."""
        return _frozen(options, self._others(cell)) if epoch <= self.epochs else options


@dataclass(frozen=True)
class FallingReaders(Part):
    """Readers fall with every count or do not depend on it: before each epoch, recurrent weights above 0 become 0. A
    rectifier that rises with a count has no bound."""

    def before(self, cell: Cell, parameters: np.ndarray, epoch: int) -> None:
        """As `Part.before`."""
        count = counters(cell)
        where = _recurrent(cell)[count:, :count]
        parameters[:, where] = np.minimum(parameters[:, where], 0)


@dataclass(frozen=True)
class Sparse(Part):
    """An L1 penalty until an epoch, so that what is not needed becomes small."""

    penalty: float
    until: int

    def options(self, cell: Cell, options: Options, epoch: int) -> Options:
        """As `Part.options`."""
        return replace(options, l1=self.penalty) if epoch < self.until else options


@dataclass(frozen=True)
class RoundSteps(Part):
    """From an epoch on, what a counter adds at each letter is 0, half or all of a power of two, up or down, and no
    longer trained. For rectifiers, whose sums are then exact."""

    epoch: int

    def before(self, cell: Cell, parameters: np.ndarray, epoch: int) -> None:
        """As `Part.before`."""
        if epoch == self.epoch:
            where = _steps(cell)[: counters(cell)]
            steps = parameters[:, where]
            largest = power_of_two(np.abs(steps).max(axis=-1, keepdims=True))
            parameters[:, where] = largest * (halves(steps) / 2).astype(steps.dtype)

    def options(self, cell: Cell, options: Options, epoch: int) -> Options:
        """As `Part.options`."""
        return options if epoch < self.epoch else _frozen(options, _steps(cell)[: counters(cell)])


@dataclass(frozen=True)
class SlowSteps(Part):
    """Counters of a GRU add (1 - z) n at each letter: z from a bias alone, n from the letter. Of readers z is 0.

    From an epoch on n is 1 or -1, and z is 1 - 2^-22 at letters that move the counter most, 1 - 2^-23 at those that
    move it half as much, where rounding removes the leak of (h - n) z + n, and exactly 1 at the others; neither is
    trained any longer. Readout and readers see h / (1 - z), the count in units of the largest step.
    """

    epoch: int
    bias: float = 7.0

    last_bias: ClassVar[float] = float(np.log(2.0**22 - 1))
    half: ClassVar[float] = float(np.log(2.0**23 - 1)) - last_bias
    saturated: ClassVar[float] = 40.0
    closed: ClassVar[float] = -90.0
    """The sigmoid is the least float32 number that it takes."""

    def _gate(self, cell: Cell, name: str) -> np.ndarray:
        return positions(cell, name, "z")[0]

    def _bias(self, epoch: int) -> float:
        return self.bias if epoch < self.epoch else self.last_bias

    def begin(self, cell: Cell, parameters: np.ndarray) -> None:
        """As `Part.begin`."""
        count, bias = counters(cell), self._gate(cell, "bias_ih_l0")
        for name in ("weight_ih_l0", "weight_hh_l0", "bias_hh_l0"):
            parameters[:, self._gate(cell, name).ravel()] = 0
        parameters[:, bias[:count]] = self.bias
        parameters[:, bias[count:]] = self.closed

    def before(self, cell: Cell, parameters: np.ndarray, epoch: int) -> None:
        """As `Part.before`."""
        if epoch != self.epoch:
            return
        count = counters(cell)
        where, square = _steps(cell)[:count], _recurrent(cell)
        moves = tanh(parameters[:, where])
        found, most = halves(moves), np.abs(moves).max(axis=-1)
        parameters[:, where] = (np.sign(found) * self.saturated).astype(parameters.dtype)
        by_half = np.array([self.saturated, self.half, 0], parameters.dtype)
        parameters[:, self._gate(cell, "weight_ih_l0")[:count]] = by_half[np.abs(found)]
        parameters[:, self._gate(cell, "bias_ih_l0")[:count]] = self.last_bias
        for reads in (positions(cell, "readout.weight")[:, :count], square[count:, :count]):
            parameters[:, reads] *= most[:, None, :]

    def options(self, cell: Cell, options: Options, epoch: int) -> Options:
        """As `Part.options`."""
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        options = _frozen(options, *(self._gate(cell, name) for name in names))
        return options if epoch < self.epoch else _frozen(options, _steps(cell)[: counters(cell)])

    def scale(self, cell: Cell, scales: np.ndarray, epoch: int) -> None:
        """As `Part.scale`."""
        count = counters(cell)
        for reads in (positions(cell, "readout.weight")[:, :count], _recurrent(cell)[count:, :count]):
            scales[reads.ravel()] *= 1.0 + np.exp(self._bias(epoch))


@dataclass(frozen=True)
class DropSmall(Part):
    """From an epoch on, the readout's weights and those with which readers see counts are no longer trained; of each
    row, those through which a step changes less than some share of what its largest part may, are 0.

    However small a weight, it decides where a count is large.
    """

    epoch: int
    share: float

    def before(self, cell: Cell, parameters: np.ndarray, epoch: int) -> None:
        """As `Part.before`."""
        if epoch != self.epoch:
            return
        count, letters = counters(cell), np.abs(parameters[:, _steps(cell)]).max(axis=-1)
        size = letters if cell.counts == "h" else np.ones_like(letters)  # of a step; else what reads is scaled to it
        readout, bias = positions(cell, "readout.weight"), np.abs(parameters[:, positions(cell, "readout.bias")])
        self._drop(parameters, readout, size, bias)
        self._drop(parameters, _recurrent(cell)[count:, :count], size[:, :count], letters[:, count:])

    def _drop(self, parameters: np.ndarray, where: np.ndarray, size: np.ndarray, beside: np.ndarray) -> None:
        """Of weights at `where` [rows, units] that see numbers of a size [runs, units] beside others [runs, rows]."""
        parts = np.abs(parameters[:, where]) * size[:, None, :]
        most = np.maximum(parts.max(axis=-1, initial=0), beside)
        parameters[:, where] = np.where(parts < self.share * most[..., None], 0, parameters[:, where])

    def options(self, cell: Cell, options: Options, epoch: int) -> Options:
        """As `Part.options`."""
        if epoch < self.epoch:
            return options
        count = counters(cell)
        return _frozen(options, positions(cell, "readout.weight"), _recurrent(cell)[count:, :count])
