"""Where the engine's elementary functions fail to be monotone, measured over every float32 input.

`python -m longcount.numbers.monotone` measures (some minutes) and says whether the constants here hold. The proofs of
`longcount.exact` rest on these facts and on nothing else about the functions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from longcount.numbers import elementary


@dataclass(frozen=True)
class Facts:
    """Facts about a function over all float32 inputs."""

    falls: int
    """For x <= y, f(x) lies at most that many steps of float32 above f(y)."""
    least: float
    """The least value."""
    one_from: float
    """f(x) is exactly 1 for every x from here on, and not for the number below; infinite where it keeps rising."""
    minus_one_to: float | None
    """f(x) is exactly -1 for every x up to here, and not for the number above; None where it never is."""
    half_from: float | None
    """f(x) >= 0.5 exactly where x is at least this, which makes the threshold of an output one of its pre-activation;
    None where there is no such threshold."""
    greatest: float = 1.0
    """The greatest value."""


SIGMOID = Facts(1, 1.6458115938842401e-38, 16.63553237915039, None, -1.7881390590446244e-07)
TANH = Facts(3, -1.0, 9.010913848876953, -8.491053581237793, 0.5493061542510986)
EXP = Facts(1, 1.6458114537543937e-38, np.inf, None, -0.6931471824645996, 6.076029840339376e37)
LOG = Facts(0, -87.3365478515625, np.inf, None, 1.6487213373184204, 88.72283935546875)
_EXPONENT, _NUMBERS = elementary.FLOAT32.largest_exponent, np.finfo(np.float32)
FUNCTIONS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[float, float], Facts]] = {
    "sigmoid": (elementary.sigmoid, (-_EXPONENT, _EXPONENT), SIGMOID),
    "tanh": (elementary.tanh, (-elementary.FLOAT32.saturation, elementary.FLOAT32.saturation), TANH),
    "exp": (elementary.exp, (-_EXPONENT, _EXPONENT), EXP),
    "log": (elementary.log, (float(_NUMBERS.tiny), float(_NUMBERS.max)), LOG),
}
"""Each function, the arguments beyond which it is constant or (log) not used, and the facts."""


def ordinal(number: np.ndarray | np.floating) -> np.ndarray:
    """The rank of float32 numbers in increasing order, int64: 0 for both zeros, 1 for the least positive number."""
    pattern = np.asarray(number, np.float32).view(np.int32).astype(np.int64)
    return np.where(pattern >= 0, pattern, -(pattern & 0x7FFFFFFF))


def at(place: np.ndarray | int) -> np.ndarray:
    """The float32 numbers of these ranks: the inverse of `ordinal`."""
    place = np.asarray(place, np.int64)
    return np.where(place >= 0, place, -place | 0x80000000).astype(np.uint32).view(np.float32)


def falls(values: np.ndarray) -> np.ndarray:
    """How many float32 numbers each of float32 values [N] lies below the greatest before it, int64 [N].

    >>> falls(np.array([1.0, 2.0, np.nextafter(np.float32(2), np.float32(0)), 3.0], np.float32)).tolist()
    [0, 0, 1, 0]
    """
    places = ordinal(values)
    return np.maximum.accumulate(places) - places


def inputs(least: float, most: float, at_once: int = 1 << 18) -> Iterator[np.ndarray]:
    """Every float32 from least to most, ascending, in chunks."""
    first, last = int(ordinal(np.float32(least))), int(ordinal(np.float32(most)))
    for start in range(first, last + 1, at_once):
        yield at(np.arange(start, min(start + at_once, last + 1)))


def measure(function: Callable[[np.ndarray], np.ndarray], least: float, most: float) -> Facts:
    """The facts over every float32 input from least to most.

    Args:
        function: float32 [N] to float32 [N].
        least, most: the range.
    """
    highest, farthest, smallest = np.float32(-np.inf), 0, np.inf
    nowhere = np.float32(np.nan)
    last_below_one = last_below_half = first_above_minus_one = first_from_half = nowhere
    for x in inputs(least, most):
        value = function(x)
        farthest = max(farthest, int(falls(np.append(highest, value)).max()))
        highest = max(highest, value.max())
        smallest = min(smallest, float(value.min()))
        last_below_one = _last(x, value < 1, last_below_one)
        last_below_half = _last(x, value < 0.5, last_below_half)
        first_above_minus_one = _first(x, value > -1, first_above_minus_one)
        first_from_half = _first(x, value >= 0.5, first_from_half)
    clean = at(ordinal(last_below_half) + 1) == first_from_half
    return Facts(
        farthest,
        smallest,
        float(at(ordinal(last_below_one) + 1)) if highest == 1 else np.inf,
        float(at(ordinal(first_above_minus_one) - 1)) if smallest == -1 else None,
        float(first_from_half) if clean else None,
        float(highest),
    )


def _last(x: np.ndarray, holds: np.ndarray, before: np.float32) -> np.float32:
    return np.float32(x[np.flatnonzero(holds)[-1]]) if holds.any() else before


def _first(x: np.ndarray, holds: np.ndarray, before: np.float32) -> np.float32:
    return np.float32(x[np.argmax(holds)]) if np.isnan(before) and holds.any() else before


def main() -> int:
    """Measure every function and compare; the exit status, 0 where all facts hold as written."""
    held = True
    for name, (function, (least, most), facts) in FUNCTIONS.items():
        measured = measure(function, least, most)
        held &= measured == facts
        print(f"{name}: {measured}{'' if measured == facts else f', not {facts}'}", flush=True)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
