"""Intervals whose numbers grow with counters: every float32 number c with

    c = slopes · excess + offset,      offset in an interval,

where the excess of a counter is by how much it exceeds a stated count: any whole number from 0 on.

What the engine does to such a number is worked out without rounding where float32 does not round, and bounded where it
does; whatever is not sure to keep the form above is replaced by a plain interval, which holds it for every excess.

The form is kept

- by sums and products that are *multiples of a step*: where the exact result has one offset, and offset and slopes
  are multiples of a power of two q, it is a float32 number as long as it does not exceed 2^24 q. How far the counters
  may go for that is kept in `Reach`.
- by products with ±2^k, and by sums with 0.
- where a sum c ⊕ w of the number c that a state begins with is *swallowed*: |w| is below a quarter of the distance
  between numbers at the least |c|, and c ⊕ w = c.
- where such a sum is *settled*: all slopes are s or 0 with s = ±2^k, and w = ±s: see `settle`.
- by a rectifier that does not act.
- by a step (c ⊖ n) ⊗ z ⊕ n, where it is *kept by rounding*: see `kept_by_rounding`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from longcount.numbers import elementary
from longcount.numbers.intervals import Interval

MANTISSA = 2.0**24
"""All whole numbers up to here are float32 numbers, and the next is not."""

SMALLEST = 2.0**-60
"""Products that may be nearer to 0 are not taken for exact: float32 has fewer digits there."""

BLENDED = 2**22
"""A step that is kept by rounding is looked at for so many counts at the most."""


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


class Excesses(NamedTuple):
    """What is known of the excesses in S cases."""

    reach: Reach
    least: np.ndarray
    """float64 [S]: the least of the counts that are exceeded."""
    bounds: Callable[[np.ndarray], np.ndarray]
    """Of slopes [counters, ..., S]: bounds of slopes · excess, float64 [2, ..., S]."""

    def up_to(self, count: int) -> np.ndarray:
        """The most by which a counter exceeds its count where none is beyond this: float64 [S]."""
        return np.maximum(count - self.least, 0)

    def reaches(self, excess: np.ndarray, where: np.ndarray) -> np.ndarray:
        """bool [..., S]: where something that holds up to an excess, float64 [..., S], holds as far as is needed; there
        it is noted that it holds no farther."""
        reached = excess + self.least
        enough = where & (reached >= self.reach.least)
        if enough.any():
            self.reach.lower(reached[enough].min())
        return enough


class Affine(Interval):
    """See above; element by element. As an interval it is the range of all its numbers, and so for every operation
    that is not one of those above.

    Args:
        offset: float64 [2, ..., S].
        slopes: [counters, ..., S].
        excesses: of the S cases.
        beyond: bounds of slopes · excess where they are known, float64 [2, ..., S].
        fresh: bool [..., S]: whether the numbers are those of a state, to which nothing was added.
        step: float64 [..., S]: a number of which all are multiples where they are float32 numbers for no other reason,
            and so no farther than to 2^24 times it; infinity elsewhere.
    """

    __slots__ = ("beyond", "excesses", "fresh", "offset", "slopes", "step")

    def __init__(
        self,
        offset: np.ndarray,
        slopes: np.ndarray,
        excesses: Excesses,
        beyond: np.ndarray | None = None,
        fresh: np.ndarray | None = None,
        step: np.ndarray | None = None,
    ):
        self.offset, self.slopes, self.excesses = offset.astype(np.float64), slopes, excesses
        self.beyond = excesses.bounds(slopes) if beyond is None else beyond
        self.fresh = np.ones(offset.shape[1:], bool) if fresh is None else fresh
        self.step = np.full(offset.shape[1:], np.inf) if step is None else step
        super().__init__((self.offset + np.where(self.grows, self.beyond, 0)).astype(np.float32))

    @property
    def grows(self) -> np.ndarray:
        """bool [..., S]: whether there is a slope."""
        return (self.slopes != 0).any(axis=0)

    def rows(self, rows: slice | int) -> Affine:
        """Some rows of numbers [rows, S]."""
        parts = self.offset[:, rows], self.slopes[:, rows], self.excesses, self.beyond[:, rows]
        return Affine(*parts, self.fresh[rows], self.step[rows])

    def parts_of(self, number: Any, shape: tuple[int, ...]) -> tuple[np.ndarray, ...]:
        """Offset, slopes, beyond, fresh and step of a number of any kind, as many as a shape says."""
        if isinstance(number, Affine):
            grows = number.grows
            offset = np.where(grows, number.offset, number.ends)
            beyond = np.where(grows, number.beyond, 0)
            parts = offset, number.slopes, beyond, number.fresh[None], number.step[None]
        else:
            ends = number.ends if isinstance(number, Interval) else np.asarray(number, np.float32)[None]
            offset = np.broadcast_to(ends.astype(np.float64), (2, *ends.shape[1:]))
            none = np.zeros((1, 1))
            parts = offset, none.repeat(len(self.slopes), 0), none.repeat(2, 0), none == 0, none + np.inf
        offset, slopes, beyond, fresh, step = (_wide(part, shape) for part in parts)
        return offset, slopes, beyond, fresh[0], step[0]

    def __add__(self, other: Any) -> Interval:
        plain = super().__add__(other)
        shape = plain.ends.shape[1:]
        offset, slopes, beyond, fresh, step = self.parts_of(self, shape)
        more, more_slopes, more_beyond, _, more_step = self.parts_of(other, shape)
        grows, both = (slopes != 0).any(axis=0), (more_slopes != 0).any(axis=0)
        if not (grows | both).any():
            return plain
        mine = grows & ~both
        swallowed = mine & (_swallows(_wide(self.ends, shape), more) | (more == 0).all(axis=0))
        total, all_slopes = offset + more, slopes + more_slopes
        least = np.minimum(_step(offset[0]), _step(more[0]))
        sums = (np.abs(total[0]) <= 2.0**52 * least) & _sums_exactly(slopes, more_slopes)
        point = (offset[0] == offset[1]) & (more[0] == more[1])
        exact, together = self._exact(total[0], all_slopes, (grows | both) & ~swallowed & sums & point)
        exact &= self._within(offset, slopes, step, exact) & self._within(more, more_slopes, more_step, exact)
        settles = mine & fresh & ~swallowed & ~exact
        settled_offset, settled = self._settles(offset, slopes, more, settles)
        kept = swallowed | exact | settled
        new = np.where(settled, settled_offset + more[0], np.where(swallowed, offset, total))
        found = self.excesses.bounds(all_slopes) if (grows & both).any() else beyond + more_beyond
        return Affine(
            np.where(kept, new, plain.ends),
            np.where(kept, all_slopes, 0),
            self.excesses,
            found,
            np.where(kept, swallowed & fresh, True),
            np.where(exact, together, np.where(swallowed, step, np.inf)),
        )

    __radd__ = __add__

    def __neg__(self) -> Interval:
        return self * np.float32(-1)

    def __sub__(self, other: Any) -> Interval:
        return self + -other

    def __rsub__(self, other: Any) -> Interval:
        return -self + other

    def __mul__(self, other: Any) -> Interval:
        plain = super().__mul__(other)
        shape = plain.ends.shape[1:]
        offset, slopes, beyond, fresh, step = self.parts_of(self, shape)
        factors, more_slopes = self.parts_of(other, shape)[:2]
        factor = np.where((factors[0] == factors[1]) & ~(more_slopes != 0).any(axis=0), factors[0], 0)
        grows = (slopes != 0).any(axis=0) & (factor != 0)
        if not grows.any():
            return plain
        size = np.abs(factor)
        power = grows & (np.frexp(size)[0] == 0.5) & ((size == 1) | _far_from_zero(plain))
        new, all_slopes = np.sort(offset * factor, axis=0), slopes * factor
        point = offset[0] == offset[1]
        exact, together = self._exact(new[0], all_slopes, grows & ~power & point)
        exact &= self._within(offset, slopes, step, exact)
        kept = power | exact
        return Affine(
            np.where(kept, new, plain.ends),
            np.where(kept, all_slopes, 0),
            self.excesses,
            np.sort(beyond * factor, axis=0),
            np.where(kept, power & fresh, True),
            np.where(exact, together, np.where(power, step * size, np.inf)),
        )

    __rmul__ = __mul__

    def relu(self) -> Interval:
        """max(0, x)."""
        plain = super().relu()
        same = (self.ends[0] >= 0) & self.grows
        if not same.any():
            return plain
        parts = np.where(same, self.offset, plain.ends), np.where(same, self.slopes, 0), self.excesses, self.beyond
        return Affine(*parts, np.where(same, self.fresh, True), np.where(same, self.step, np.inf))

    def blended(self, n: Any, z: Any) -> Interval:
        """(x - n) z + n as the engine computes it."""
        plain = elementary.blend(Interval(self.ends), n, z)
        shape = plain.ends.shape[1:]
        offset, slopes, beyond, fresh, _ = self.parts_of(self, shape)
        (new, new_slopes), (kept, keep_slopes) = (self.parts_of(number, shape)[:2] for number in (n, z))
        point = (offset[0] == offset[1]) & (new[0] == new[1]) & (kept[0] == kept[1])
        flat = ~((new_slopes != 0) | (keep_slopes != 0)).any(axis=0)
        grows = (slopes != 0).any(axis=0) & point & flat & fresh
        moved, excess = np.zeros(shape), np.zeros(shape)
        if grows.any():
            unit = np.where(grows, _step_of(slopes), 1)
            ways = np.stack([unit * (beyond[1] > 0), -unit * (beyond[0] < 0)])[:, grows]
            rows = np.stack([offset[0][grows], new[0][grows], kept[0][grows], *ways])
            cases, case = np.unique(rows, axis=1, return_inverse=True)
            found = np.array([kept_by_rounding(*one) for one in cases.T.tolist()])[case.reshape(-1)]
            total = np.abs(slopes).sum(axis=0)[grows]
            moved[grows], excess[grows] = found[:, 0], found[:, 1] * unit[grows] / total
        held = self.excesses.reaches(excess, grows)
        if not held.any():
            return plain
        parts = np.where(held, offset + moved, plain.ends), np.where(held, slopes, 0), self.excesses, beyond
        return Affine(*parts, ~held)

    def _exact(self, offset: np.ndarray, slopes: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where exact results of one offset [..., S] are float32 numbers because all are multiples of a step; and the
        step."""
        step = np.minimum(_step(offset), _step_of(slopes))
        largest = np.abs(offset) + np.abs(slopes).sum(axis=0) * self.excesses.up_to(self.excesses.reach.least)
        holds = wanted & (largest <= MANTISSA * step) & (step >= SMALLEST)
        return holds, np.where(holds, step, np.inf)

    def _within(self, offset: np.ndarray, slopes: np.ndarray, step: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Where numbers that go on to be used are multiples of their step as far as is needed."""
        limited = wanted & np.isfinite(step) & (slopes != 0).any(axis=0)
        total = np.where(limited, np.abs(slopes).sum(axis=0), 1)
        room = MANTISSA * np.where(limited, step, 1) - np.abs(offset).max(axis=0)
        return wanted & (self.excesses.reaches(room / total, limited) | ~limited)

    def _settles(
        self, offset: np.ndarray, slopes: np.ndarray, more: np.ndarray, wanted: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The offsets widened by what rounding may do, and where that holds."""
        if not wanted.any():
            return offset, wanted
        steepest = np.abs(slopes).max(axis=0)
        alike = ((np.abs(slopes) == steepest) | (slopes == 0)).all(axis=0)
        one_way = (slopes >= 0).all(axis=0) | (slopes <= 0).all(axis=0)
        by_step = (more[0] == more[1]) & (np.abs(more[0]) == steepest) & (np.frexp(steepest)[0] == 0.5)
        sign = np.where((slopes < 0).any(axis=0), -1.0, 1.0)
        outward = (np.sign(offset) == sign).all(axis=0) & (np.abs(offset).min(axis=0) >= steepest)
        settles = wanted & alike & one_way & by_step & outward
        counters = (slopes != 0).sum(axis=0)
        offset = offset.copy()
        at = np.nonzero(settles)
        steps = counters * self.excesses.up_to(self.excesses.reach.wanted)
        scale, steps = (sign * steepest)[at], steps[at]
        ends = np.sort(offset[:, *at] / scale, axis=0)
        cases, case = np.unique(np.stack([*ends, steps]), axis=1, return_inverse=True)
        settled = [(settle(low, int(far), min), settle(high, int(far), max)) for low, high, far in cases.T.tolist()]
        found = np.array(settled).reshape(-1, 2)[case.reshape(-1)].T
        offset[:, *at] = np.sort(found * scale, axis=0)
        settles[at] = np.isfinite(found).all(axis=0)
        return offset, settles


def stacked(first: Interval, second: Interval) -> Interval:
    """Numbers [rows, S] of two, one above the other."""
    affine = next((number for number in (first, second) if isinstance(number, Affine)), None)
    if affine is None:
        return Interval(np.concatenate([first.ends, second.ends], axis=1))
    parts = [affine.parts_of(number, number.ends.shape[1:]) for number in (first, second)]
    offset, slopes, beyond = (np.concatenate([part[k] for part in parts], axis=1) for k in range(3))
    fresh, step = (np.concatenate([part[k] for part in parts]) for k in (3, 4))
    return Affine(offset, slopes, affine.excesses, beyond, fresh, step)


def _wide(numbers: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """[N, ...] numbers as [N, *shape]."""
    missing = len(shape) - (numbers.ndim - 1)
    return np.broadcast_to(numbers.reshape(len(numbers), *[1] * missing, *numbers.shape[1:]), (len(numbers), *shape))


def _swallows(ends: np.ndarray, more: np.ndarray) -> np.ndarray:
    least = np.where(ends[0] * ends[1] > 0, np.abs(ends).min(axis=0), 0)
    return np.abs(more).max(axis=0) < np.ldexp(np.float32(1), np.frexp(least)[1] - 26) * (least > 0)


def _sums_exactly(some: np.ndarray, more: np.ndarray) -> np.ndarray:
    """Where float64 adds slopes without rounding."""
    least = np.minimum(_step(some), _step(more))
    return np.asarray((np.abs(some + more) <= 2.0**52 * least).all(axis=0))


def _far_from_zero(number: Interval) -> np.ndarray:
    return (number.ends[0] * number.ends[1] > 0) & (np.abs(number.ends).min(axis=0) >= SMALLEST)


def _step_of(slopes: np.ndarray) -> np.ndarray:
    """The step of which all slopes are multiples."""
    return _step(slopes).min(axis=0)


def _step(numbers: np.ndarray) -> np.ndarray:
    """The greatest power of two that each is a multiple of; infinity for 0."""
    fraction, exponent = np.frexp(numbers.astype(np.float64))
    whole = np.abs(np.ldexp(fraction, 53)).astype(np.int64)
    lowest = (whole & -whole).astype(np.float64)
    return np.where(numbers == 0, np.inf, np.ldexp(lowest, exponent - 53))


@lru_cache(maxsize=1024)
def kept_by_rounding(offset: float, n: float, z: float, up: float, down: float) -> tuple[float, int]:
    """What (c - n) z + n adds to c in float32, the same for all c = offset + m up and c = offset + m down with m from 0
    on; and the greatest m up to which it does, `BLENDED` at the most.

    With n = 1 or -1, z = 1 - 2^-23 and multiples of 2^-23, for example: what c loses is below half a unit in the last
    place of (c - n) z, and rounding takes it away. This is not argued but computed, for every m.

    Args:
        offset: of c.
        n: the candidate.
        z: the gate.
        up: the distance of the numbers above the offset; 0 where there are none.
        down: of those below it, negative.
    """
    moved = float(elementary.blend(np.float32(offset), np.float32(n), np.float32(z))) - offset
    most, at_once = BLENDED, 1 << 16
    for way in (up, down):
        for first in range(0, BLENDED if way else 0, at_once):
            exact = offset + way * np.arange(first, first + at_once, dtype=np.float64)
            c = exact.astype(np.float32)
            after = elementary.blend(c, np.float32(n), np.float32(z)).astype(np.float64)
            kept = (c == exact) & (after == exact + moved)
            if not kept.all():
                most = min(most, first + int(np.argmin(kept)) - 1)
                break
    return moved, most


@lru_cache(maxsize=4096)
def settle(c: float, steps: int, extreme: Callable[..., Any]) -> float:
    """The end (the least or greatest: `extreme` is min or max) of c - n over all float32 numbers c that n steps up or
    down reach from a c at n = 0, where n never falls below 0 nor exceeds `steps`.

    Upwards c + 1 is rounded only where it enters a binade, whose numbers are farther apart, and at 2^24, where it is c;
    downwards c - 1 is always exact. So up to there c - n changes at binades only, and brought down again it is what it
    was; from there it goes up once more, until nothing changes. What moves by more than 1 is no count: infinity.

    Args:
        c: from 1 to 2^24.
        steps: above the count where c stands.
        extreme: min or max.
    """
    first = c
    while abs(c - first) <= 1:
        farthest, now, at = c, np.float32(c), 0
        while at < steps:
            if now >= MANTISSA:
                farthest = extreme(farthest, float(now) - steps)
                break
            inside = min(int(np.ceil(2.0 ** int(np.frexp(now)[1]) - float(now))) - 1, steps - at)
            now, at = np.float32(float(now) + inside), at + inside
            if at < steps:
                now, at = now + np.float32(1), at + 1
            farthest = extreme(farthest, float(now) - at)
        if farthest == c:
            return c
        c = farthest
    return extreme(-np.inf, np.inf)
