"""Intervals whose numbers grow with counters: every float32 number c with

    c = slopes · excess + offset + moved,      offset in the interval `ends`,

where the excess of a counter is by how much it exceeds a stated count: any whole number from 0 to `most`.

What the engine does to such a number is worked out without rounding where float32 does not round, and bounded where it
does; whatever is not sure to keep the form above is replaced by a plain interval, which holds it for every excess.

A sum c ⊕ w of float32 numbers keeps the form in three cases.

- *Multiples of a step.* Offset, slopes and w are multiples of a power of two q, and no c + w exceeds 2^24 q: then the
  sum is exact. How far the counters may go for that is kept in `reach`.
- *Swallowed.* |w| is below a quarter of the distance between numbers at the least |c|: then c ⊕ w = c.
- *Settled.* All slopes are s or 0 with s = ±2^k, and w = ±s: see `settle`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from longcount.numbers.intervals import Interval

MANTISSA = 2.0**24
"""All whole numbers up to here are float32 numbers, and the next is not."""


class Reach:
    """How far counters may go.

    Args:
        wanted: the largest count that is wanted.
        least: what has to be reached at the least; where a sum is exact only below, it does not count as exact.
    """

    def __init__(self, wanted: int, least: int):
        self.wanted, self.least, self.reached = wanted, least, wanted

    def lower(self, to: float) -> None:
        """Note that something holds only to this count."""
        self.reached = int(min(self.reached, to))


class Affine(Interval):
    """See above; element by element. As an interval it is the range of all its numbers, and so for every operation
    that is not one of those above."""

    __slots__ = ("beyond", "moved", "offset", "reach", "slopes", "step")

    def __init__(
        self,
        offset: np.ndarray,
        slopes: np.ndarray,
        reach: Reach,
        beyond: np.ndarray,
        moved: np.ndarray | None = None,
        step: np.ndarray | None = None,
    ):
        self.offset = offset  # float32 [2, ...]
        self.slopes = slopes  # float32 [counters, ...]
        self.reach = reach
        self.moved = np.zeros(offset.shape[1:], np.float32) if moved is None else moved
        self.step = np.full(offset.shape[1:], np.inf) if step is None else step
        """Where a sum is exact because all is a multiple of this: float64; infinity elsewhere."""
        self.beyond = beyond
        """Bounds of slopes · excess, float64 [2, ...]."""
        super().__init__((offset + np.where(self.grows, beyond, 0)).astype(np.float32) + self.moved)

    @property
    def grows(self) -> np.ndarray:
        """bool [...]: whether there is a slope."""
        return (self.slopes != 0).any(axis=0)

    def __add__(self, other: Any) -> Interval:
        plain = super().__add__(other)
        grows = self.grows & (self.moved == 0)
        if isinstance(other, Affine) or not grows.any():
            return plain
        more = other.ends if isinstance(other, Interval) else np.broadcast_to(np.float32(other), self.ends.shape)
        swallowed = self._swallows(more)
        step = self._common_step(more)
        exact = ~swallowed & np.isfinite(step)
        offset, settled = self._settles(more, grows & ~swallowed & ~exact)
        kept = grows & (swallowed | exact | settled)
        return Affine(
            np.where(kept, offset, plain.ends),
            np.where(kept, self.slopes, 0),
            self.reach,
            self.beyond,
            np.where(kept & ~swallowed, more[0], np.float32(0)),
            np.where(kept & exact, step, np.inf),
        )

    __radd__ = __add__

    def __mul__(self, other: Any) -> Interval:
        plain = super().__mul__(other)
        ends = other.ends if isinstance(other, Interval) else np.broadcast_to(np.float32(other), self.ends.shape)
        one = (ends == 1).all(axis=0)
        if not one.any():
            return plain
        return Affine(
            np.where(one, self.offset, plain.ends),
            np.where(one, self.slopes, 0),
            self.reach,
            self.beyond,
            np.where(one, self.moved, np.float32(0)),
            np.where(one, self.step, np.inf),
        )

    __rmul__ = __mul__

    def _swallows(self, more: np.ndarray) -> np.ndarray:
        least = np.where(self.ends[0] * self.ends[1] > 0, np.abs(self.ends).min(axis=0), 0)
        return np.abs(more).max(axis=0) < np.ldexp(np.float32(1), np.frexp(least)[1] - 26) * (least > 0)

    def _common_step(self, more: np.ndarray) -> np.ndarray:
        """The step of which all is a multiple; infinity where there is none, or float32 cannot count far with it."""
        step = np.minimum(_step(self.offset[0]), _step(more[0]))
        for slope in self.slopes:
            step = np.minimum(step, _step(slope))
        total = np.abs(self.slopes).sum(axis=0, dtype=np.float64)
        point = (self.offset[0] == self.offset[1]) & (more[0] == more[1])
        largest = np.abs(self.offset[0]) + np.abs(more[0]) + total * self.reach.least
        return np.where(point & (largest <= MANTISSA * step), step, np.inf)

    def _settles(self, more: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The offsets widened by what rounding may do, and where that holds."""
        if not wanted.any():
            return self.offset, wanted
        steepest = np.abs(self.slopes).max(axis=0)
        alike = ((np.abs(self.slopes) == steepest) | (self.slopes == 0)).all(axis=0)
        one_way = (self.slopes >= 0).all(axis=0) | (self.slopes <= 0).all(axis=0)
        by_step = (more[0] == more[1]) & (np.abs(more[0]) == steepest) & (np.frexp(steepest)[0] == 0.5)
        sign = np.where((self.slopes < 0).any(axis=0), -1.0, 1.0)
        outward = (np.sign(self.offset) == sign).all(axis=0) & (np.abs(self.offset).min(axis=0) >= steepest)
        settles = wanted & alike & one_way & by_step & outward
        counters = (self.slopes != 0).sum(axis=0)
        offset = self.offset.copy()
        at = np.nonzero(settles)
        scale, steps = (sign * steepest)[at], self.reach.wanted * counters[at]
        ends = np.sort(offset[:, *at] / scale, axis=0)
        cases, case = np.unique(np.stack([*ends, steps]), axis=1, return_inverse=True)
        settled = [(settle(low, int(far), min), settle(high, int(far), max)) for low, high, far in cases.T.tolist()]
        found = np.array(settled).reshape(-1, 2)[case.reshape(-1)].T
        offset[:, *at] = np.sort(found * scale, axis=0)
        settles[at] = np.isfinite(found).all(axis=0)
        return offset, settles


def _step(numbers: np.ndarray) -> np.ndarray:
    """The greatest power of two that each is a multiple of; infinity for 0."""
    fraction, exponent = np.frexp(numbers.astype(np.float64))
    whole = np.abs(np.ldexp(fraction, 53)).astype(np.int64)
    lowest = (whole & -whole).astype(np.float64)
    return np.where(numbers == 0, np.inf, np.ldexp(lowest, exponent - 53))


@lru_cache(maxsize=4096)
def settle(c: float, steps: int, extreme: Callable[..., Any]) -> float:
    """The end (the least or greatest: `extreme` is min or max) of c - n over all float32 numbers c that n steps up or
    down reach from a c at n = 0, where n never falls below 0 nor exceeds `steps`.

    Upwards c + 1 is rounded only where it enters a binade, whose numbers are farther apart; downwards c - 1 is always
    exact. So c - n changes at binades only, and brought down again it is what it was; from there it goes up once more,
    until nothing changes. What moves by more than 1 is no count: infinity.

    Args:
        c: at least 1.
        steps: above the count where c stands.
        extreme: min or max.
    """
    first = c
    while abs(c - first) <= 1:
        farthest, now, at = c, np.float32(c), 0
        while at < steps:
            inside = min(int(np.ceil(2.0 ** int(np.frexp(now)[1]) - float(now))) - 1, steps - at)
            now, at = np.float32(float(now) + inside), at + inside
            if at < steps:
                now, at = now + np.float32(1), at + 1
            farthest = extreme(farthest, float(now) - at)
        if farthest == c:
            return c
        c = farthest
    return extreme(-np.inf, np.inf)
