"""The parts that recipes are made of: each is one idea, acts by a rule fixed beforehand, and can be left out.

Epochs count from 1. What a part adds to the network while it trains (slopes, rescaled readouts) is a factor on
parameters, so the weights of every epoch fold into an ordinary network of the cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from longcount.cells import Cell
from longcount.engine.options import Options
from longcount.languages.words import Words
from longcount.numbers.elementary import sigmoid

Tensors = dict[str, np.ndarray]


def positions(cell: Cell, name: str, gates: Iterable[str] | None = None) -> np.ndarray:
    """Positions of a tensor, or of its rows of some gates, in the flat parameter vector: int [...].

    Gates of one letter may be given side by side, as "ifg".
    """
    start = 0
    for tensor, shape in cell.shapes().items():
        size = int(np.prod(shape))
        if tensor == name:
            block = np.arange(start, start + size).reshape(shape)
            if gates is None:
                return block
            rows = block.reshape(len(cell.gates), cell.hidden_size, *shape[1:])
            return rows[[cell.gates.index(gate) for gate in gates]]
        start += size
    raise KeyError(name)


def gate_rows(cell: Cell, gates: Iterable[str]) -> np.ndarray:
    """Positions of the weights and biases of some gates, one after another."""
    gates = tuple(gates)
    names = [name for name in cell.shapes() if name.startswith(("weight_ih", "weight_hh", "bias_ih", "bias_hh"))]
    return np.concatenate([positions(cell, name, gates).ravel() for name in names])


def _recurrent(cell: Cell) -> np.ndarray:
    """Positions of everything but the readout."""
    names = [name for name in cell.shapes() if not name.startswith("readout")]
    return np.concatenate([positions(cell, name).ravel() for name in names])


def power_of_two(numbers: np.ndarray) -> np.ndarray:
    """The power of two nearest in ratio, with the sign; 0 stays 0.

    >>> power_of_two(np.array([0.0, 1.03, -3.0, 5.5, 6.0], np.float32)).tolist()
    [0.0, 1.0, -4.0, 4.0, 8.0]
    """
    fraction, exponent = np.frexp(numbers)
    nearest = np.where(np.abs(fraction) < np.sqrt(0.5), 0.5, 1.0) * np.sign(fraction)
    return np.ldexp(nearest, exponent).astype(numbers.dtype)


@dataclass(frozen=True)
class Part:
    """One idea of a recipe. Methods that a part does not override change nothing."""

    two_letters: ClassVar[bool] = False
    """Whether it is only for languages of two letters, one that counts up and one that counts down."""

    def begin(self, cell: Cell, parameters: np.ndarray) -> None:
        """Change the initial parameters [runs, P] in place."""

    def options(self, cell: Cell, options: Options, epoch: int) -> Options:
        """The options of an epoch's updates."""
        return options

    def rate(self, rate: float, epoch: int) -> float:
        """The learning rate of an epoch."""
        return rate

    def reads(self, words: Words, epoch: int) -> np.ndarray:
        """Which of the training words are read in an epoch, bool [words]: at least one."""
        return np.ones(len(words), bool)

    def scale(self, cell: Cell, scales: np.ndarray, epoch: int) -> None:
        """Change the factors [P] between parameters and weights of an epoch, in place."""

    def before(self, cell: Cell, parameters: np.ndarray, epoch: int) -> None:
        """Change the parameters [runs, P] in place before an epoch."""

    def redraws(self, epoch: int) -> float | None:
        """The validation loss under `longcount.training.problem.Problem.allowed_targets` above which a run is restarted
        after this epoch, or None."""
        return None


@dataclass(frozen=True)
class CrossEntropy(Part):
    """Cross-entropy in place of the mean squared error: its gradient does not vanish at confident errors. A
    distribution is trained by it in any case."""

    def options(self, cell: Cell, options: Options, epoch: int) -> Options:
        """As `Part.options`."""
        return replace(options, loss="bce") if options.loss == "mse" else options


@dataclass(frozen=True)
class Slope(Part):
    """The slope of gates grows: all their parameters act times factor^(epoch - start), at least 1, at most `largest`.

    A sharper gate is nearer to saturation; an LSTM or GRU counts exactly where its gates are exactly 0, 1 or -1.
    """

    gates: str
    start: int
    factor: float = 2.0
    largest: float = 64.0

    def scale(self, cell: Cell, scales: np.ndarray, epoch: int) -> None:
        """As `Part.scale`."""
        scales[gate_rows(cell, self.gates)] *= min(max(self.factor ** (epoch - self.start), 1.0), self.largest)


@dataclass(frozen=True)
class Decay(Part):
    """The learning rate falls: it is multiplied by a factor after every epoch from `start` on."""

    start: int
    factor: float

    def rate(self, rate: float, epoch: int) -> float:
        """As `Part.rate`."""
        return rate * self.factor ** max(epoch - self.start, 0)


@dataclass(frozen=True)
class ShortWords(Part):
    """Words of at most so many tokens are read in each epoch, the last number from then on (or the shortest ones where
    none is as short), each in turn until as many have been read as there are training words.

    Counting is learned sooner from short words, whose end is a larger part of them.
    """

    most: tuple[int, ...]

    def reads(self, words: Words, epoch: int) -> np.ndarray:
        """As `Part.reads`."""
        most = self.most[min(epoch, len(self.most)) - 1]
        return words.lengths <= max(most, words.lengths.min())


@dataclass(frozen=True)
class LeaveOut(Part):
    """Tensors, or some gates' rows of them, are 0 and stay 0."""

    tensors: tuple[str, ...]
    gates: str | None = None

    def _where(self, cell: Cell) -> np.ndarray:
        return np.concatenate([positions(cell, name, self.gates).ravel() for name in self.tensors])

    def begin(self, cell: Cell, parameters: np.ndarray) -> None:
        """As `Part.begin`."""
        parameters[:, self._where(cell)] = 0

    def options(self, cell: Cell, options: Options, epoch: int) -> Options:
        """As `Part.options`."""
        return replace(options, frozen=options.frozen | frozenset(self._where(cell).tolist()))


@dataclass(frozen=True)
class ReadoutAlone(Part):
    """Everything but the readout stays as it was drawn: what a random recurrent layer is good for."""

    def options(self, cell: Cell, options: Options, epoch: int) -> Options:
        """As `Part.options`."""
        return replace(options, frozen=options.frozen | frozenset(_recurrent(cell).tolist()))


@dataclass(frozen=True)
class OppositeSteps(Part):
    """One parameter for both letters: what `)` adds to the counted gate is minus what `(` adds."""

    two_letters = True

    def options(self, cell: Cell, options: Options, epoch: int) -> Options:
        """As `Part.options`."""
        rows = positions(cell, "weight_ih_l0", (cell.counts,)).reshape(-1, 2)
        return replace(options, ties=options.ties + tuple((int(shut), int(opened), -1.0) for opened, shut in rows))


@dataclass(frozen=True)
class CountUp(Part):
    """Signs at the start: the counted gate goes up on `(`, and the readout allows `)` more where the count is high."""

    two_letters = True

    def begin(self, cell: Cell, parameters: np.ndarray) -> None:
        """As `Part.begin`."""
        opened = positions(cell, "weight_ih_l0", (cell.counts,)).reshape(-1, 2)[:, 0]
        chosen = np.concatenate([opened, positions(cell, "readout.weight")[1]])
        parameters[:, chosen] = np.abs(parameters[:, chosen])


@dataclass(frozen=True)
class KeepCount(Part):
    """The recurrent weight of the counted gate starts at 1 (Le et al. 2015)."""

    def begin(self, cell: Cell, parameters: np.ndarray) -> None:
        """As `Part.begin`."""
        square = positions(cell, "weight_hh_l0", (cell.counts,)).reshape(cell.hidden_size, cell.hidden_size)
        parameters[:, square.ravel()] = np.eye(cell.hidden_size, dtype=np.float32).ravel()


@dataclass(frozen=True)
class RoundAndFreeze(Part):
    """From an epoch on, recurrent parameters are rounded to powers of two and no longer trained.

    The readout continues to train at `readout_rate`. With a step that is a power of two and a recurrent weight of 1,
    float32 counts exactly to depth 2^24.
    """

    epoch: int
    readout_rate: float

    def before(self, cell: Cell, parameters: np.ndarray, epoch: int) -> None:
        """As `Part.before`."""
        if epoch == self.epoch:
            where = _recurrent(cell)
            parameters[:, where] = power_of_two(parameters[:, where])

    def options(self, cell: Cell, options: Options, epoch: int) -> Options:
        """As `Part.options`."""
        if epoch < self.epoch:
            return options
        everything = _recurrent(cell).tolist()
        return replace(options, frozen=options.frozen | frozenset(everything), ties=())

    def rate(self, rate: float, epoch: int) -> float:
        """As `Part.rate`."""
        return rate if epoch < self.epoch else self.readout_rate


@dataclass(frozen=True)
class RoundGate(Part):
    """From an epoch on, a gate that sees the letter alone is exactly 0, 1/2 or 1, and no longer trained: in each unit,
    what it is at a letter over the most that it is at any, rounded to the nearest of the three.

    Where it is the input gate, all steps of a counter are then halves or wholes of one step, so that a letter may count
    twice as much as another. For gates without recurrent weights and biases (see `LeaveOut`) and without `Slope`.
    """

    gate: str
    epoch: int

    closed: ClassVar[float] = -90.0
    opened: ClassVar[float] = 32.0
    """The sigmoid is the least float32 number that it takes, about 1.6e-38, and exactly 1; at 0 it is exactly 1/2."""

    def _where(self, cell: Cell) -> np.ndarray:
        return positions(cell, "weight_ih_l0", self.gate).reshape(-1, cell.letters)

    def before(self, cell: Cell, parameters: np.ndarray, epoch: int) -> None:
        """As `Part.before`."""
        if epoch == self.epoch:
            where = self._where(cell)
            opening = sigmoid(parameters[:, where])
            halves = np.rint(2 * (opening / opening.max(axis=-1, keepdims=True))).astype(int)
            parameters[:, where] = np.array([self.closed, 0, self.opened], parameters.dtype)[halves]

    def options(self, cell: Cell, options: Options, epoch: int) -> Options:
        """As `Part.options`."""
        if epoch < self.epoch:
            return options
        return replace(options, frozen=options.frozen | frozenset(self._where(cell).ravel().tolist()))


@dataclass(frozen=True)
class SlowGate(Part):
    """The GRU's update gate is its bias alone, and a schedule: z = sigmoid(min(start + step epoch, largest)).

    The readout reads h / (1 - z), the count in units of one step. At the end z = 1 - 2^-23, the float32 nearest to 1
    but one, where rounding removes the leak of (h - n) z + n.
    """

    start: float
    step: float
    largest: float = 15.942385

    def _bias(self, epoch: int) -> float:
        return min(self.start + self.step * epoch, self.largest)

    def before(self, cell: Cell, parameters: np.ndarray, epoch: int) -> None:
        """As `Part.before`."""
        parameters[:, positions(cell, "bias_ih_l0", "z").ravel()] = self._bias(epoch)

    def begin(self, cell: Cell, parameters: np.ndarray) -> None:
        """As `Part.begin`."""
        self.before(cell, parameters, 1)

    def options(self, cell: Cell, options: Options, epoch: int) -> Options:
        """As `Part.options`."""
        bias = positions(cell, "bias_ih_l0", "z").ravel().tolist()
        return replace(options, frozen=options.frozen | frozenset(bias))

    def scale(self, cell: Cell, scales: np.ndarray, epoch: int) -> None:
        """As `Part.scale`."""
        scales[positions(cell, "readout.weight").ravel()] *= 1.0 + np.exp(self._bias(max(epoch, 1)))


@dataclass(frozen=True)
class Redraw(Part):
    """A run whose validation loss after an epoch is above a threshold is restarted from its next draw. Of a
    distribution it is the loss under which all that may come counts alike: nearly 0 of a network that is right."""

    epoch: int
    threshold: float

    def redraws(self, epoch: int) -> float | None:
        """As `Part.redraws`."""
        return self.threshold if epoch == self.epoch else None
