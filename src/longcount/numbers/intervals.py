"""Intervals of float32 numbers, sound for the engine's arithmetic as it is.

An `Interval` holds every float32 that a number of the engine may be. The cells' equations run on it unchanged.

Why its ends need no rounding outward: an IEEE operation gives the exact result rounded to nearest, and rounding never
reverses an order, so `+`, `-` and `*` in float32 are monotone in each argument exactly where the real operations are;
the float32 results at the ends of the arguments bound the float32 results in between. The elementary functions are
polynomials and may fall by a few steps of float32 where they should rise; `longcount.numbers.monotone` measures by how
many over all inputs, and an interval with more than one number in it is widened by that. An interval of a single
number stays one: it is what the engine computes.

Overflow is kept out: with no number above `LARGEST` among weights and states, no product or sum of a step can reach
infinity. Whoever uses intervals checks that (`in_range`). Where nothing is known of a result, its ends are NaN, which
every operation passes on and which is in no range.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from longcount.numbers import elementary
from longcount.numbers.monotone import EXP, LOG, SIGMOID, TANH, Facts

LARGEST = 2.0**60
"""Largest magnitude of weights and states that arithmetic on intervals is used for."""

_STEP = np.float32(2.0**-23)
_TINY = np.float32(2.0**-140)


class Interval:
    """All float32 numbers from `ends[0]` to `ends[1]`, element by element.

    >>> x = Interval.between(np.float32(-1), np.float32(2))
    >>> (x * x - 1.0), x.relu()
    ([-3.0, 3.0], [0.0, 2.0])
    """

    __slots__ = ("ends",)
    __array_ufunc__: ClassVar[None] = None  # NumPy numbers on the left leave the operation to us

    def __init__(self, ends: np.ndarray):
        self.ends = ends  # float32 [2, ...]

    @classmethod
    def between(cls, lower: Any, upper: Any) -> Interval:
        """From lower to upper (arrays or numbers of one shape), both included."""
        return cls(np.stack([np.asarray(lower, np.float32), np.asarray(upper, np.float32)]))

    @classmethod
    def exactly(cls, number: Any) -> Interval:
        """One number."""
        return cls.between(number, number)

    @classmethod
    def of(cls, number: Any) -> Interval:
        """A number of any kind, itself where it is an interval."""
        return number if isinstance(number, Interval) else cls.exactly(number)

    @property
    def lower(self) -> np.ndarray:
        """The least numbers, float32 [...]."""
        return self.ends[0]

    @property
    def upper(self) -> np.ndarray:
        """The greatest numbers, float32 [...]."""
        return self.ends[1]

    def __repr__(self) -> str:
        return f"[{self.lower}, {self.upper}]"

    def rows(self, rows: slice | int) -> Interval:
        """Some rows of numbers [rows, ...]."""
        return Interval(self.ends[:, rows])

    def __add__(self, other: Any) -> Interval:
        mine, theirs = _aligned(self, other)
        return Interval(mine + theirs)

    __radd__ = __add__

    def __neg__(self) -> Interval:
        return Interval(-self.ends[::-1])

    def __sub__(self, other: Any) -> Interval:
        mine, theirs = _aligned(self, other)
        return Interval(mine - theirs[::-1])

    def __rsub__(self, other: Any) -> Interval:
        mine, theirs = _aligned(self, other)
        return Interval(theirs - mine[::-1])

    def __mul__(self, other: Any) -> Interval:
        mine, theirs = _aligned(self, other)
        if len(theirs) == 1:  # one number, or one for each element
            products = mine * theirs
            if np.ndim(other) == 0:
                return Interval(products if other >= 0 else products[::-1])
            return Interval(np.stack([np.minimum(products[0], products[1]), np.maximum(products[0], products[1])]))
        low, high = mine[:1] * theirs, mine[1:] * theirs
        low, high = np.minimum(low, high), np.maximum(low, high)
        return Interval(np.stack([np.minimum(low[0], low[1]), np.maximum(high[0], high[1])]))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Interval:
        return _quotient(*_aligned(self, other))

    def __rtruediv__(self, other: Any) -> Interval:
        mine, theirs = _aligned(self, other)
        return _quotient(theirs, mine)

    # What `longcount.numbers.elementary` asks of a number.

    def sigmoid(self) -> Interval:
        """1 / (1 + exp(-x)) as the engine computes it."""
        return self._rising(elementary.sigmoid, SIGMOID)

    def tanh(self) -> Interval:
        """tanh(x) as the engine computes it."""
        return self._rising(elementary.tanh, TANH)

    def exp(self) -> Interval:
        """exp(x) as the engine computes it; nothing is known of what may be above `LARGEST`."""
        return self._rising(elementary.exp, EXP)._known()

    def log(self) -> Interval:
        """log(x) as the engine computes it; nothing is known of what may be below the least normal number."""
        found = self._rising(elementary.log, LOG)
        return Interval(np.where(self.ends[0] >= np.finfo(np.float32).tiny, found.ends, np.float32(np.nan)))

    def sqrt(self) -> Interval:
        """The square root, correctly rounded and so monotone."""
        return Interval(elementary.sqrt(self.ends))

    def maximum(self, other: Any) -> Interval:
        """The greater number; monotone in both."""
        return Interval(np.maximum(*_aligned(self, other)))

    def relu(self) -> Interval:
        """max(0, x); monotone as it is. Of an end that is not known the engine's own would make 0."""
        return Interval(np.where(np.isnan(self.ends), self.ends, elementary.relu(self.ends)))

    def _rising(self, function: Callable[[np.ndarray], np.ndarray], facts: Facts) -> Interval:
        value = function(self.ends)
        several = self.ends[0] != self.ends[1]
        if several.any():
            room = (np.abs(value) * (_STEP * np.float32(facts.falls + 1)) + _TINY) * several
            ends = np.float32(facts.least), np.float32(facts.greatest)
            lower, upper = (value[0] - room[0]).clip(*ends), (value[1] + room[1]).clip(*ends)
            if facts.one_from < np.inf:
                lower = np.where(self.ends[0] >= facts.one_from, np.float32(1), lower)
            if facts.minus_one_to is not None:
                upper = np.where(self.ends[1] <= facts.minus_one_to, np.float32(-1), upper)
            value = np.stack([lower, upper]).astype(np.float32)
        return Interval(value)

    def _known(self) -> Interval:
        """NaN, which is in no range, in the place of what may be so great that arithmetic overflows."""
        great = ~(np.abs(self.ends) <= LARGEST).all(axis=0)
        return Interval(np.where(great, np.float32(np.nan), self.ends))

    # Sets

    def is_exactly(self, number: float) -> bool:
        """Whether every element is an interval of this one number."""
        return bool((self.ends == np.float32(number)).all())

    def contains(self, number: np.ndarray) -> np.ndarray:
        """bool [...]: whether each number is inside."""
        return (self.lower <= number) & (number <= self.upper)

    def in_range(self) -> np.ndarray:
        """bool [...]: whether all numbers are finite and below `LARGEST`; also False for NaN."""
        return (self.lower >= -LARGEST) & (self.upper <= LARGEST)

    def pieces(self, count: int) -> Interval:
        """Cut into `count` intervals that share their ends, along a new last axis."""
        width = self.upper - self.lower
        inner = [self.lower + width * np.float32(k / count) for k in range(1, count)]
        inner = [np.minimum(np.maximum(edge, self.lower), self.upper) for edge in inner]
        return Interval.between(np.stack([self.lower, *inner], axis=-1), np.stack([*inner, self.upper], axis=-1))


def _quotient(above: np.ndarray, below: np.ndarray) -> Interval:
    """Of ends [2, ...] or plain numbers [1, ...]; monotone in each argument where no number below is 0."""
    with np.errstate(all="ignore"):
        some = np.stack([above[k] / below[j] for k in (0, -1) for j in (0, -1)])
        ends = np.stack([some.min(axis=0), some.max(axis=0)])
    crosses = (below[0] <= 0) & (below[-1] >= 0)
    return Interval(np.where(crosses, np.float32(np.nan), ends))._known()


def _aligned(interval: Interval, other: Any) -> tuple[np.ndarray, np.ndarray]:
    """The ends [2, ...] of an interval, and of another or of plain numbers [1, ...], with as many axes each."""
    mine = interval.ends
    theirs = other.ends if isinstance(other, Interval) else np.asarray(other, np.float32)[None]
    missing = theirs.ndim - mine.ndim
    if missing > 0:
        mine = mine.reshape(2, *[1] * missing, *mine.shape[1:])
    elif missing < 0:
        theirs = theirs.reshape(len(theirs), *[1] * -missing, *theirs.shape[1:])
    return mine, theirs
