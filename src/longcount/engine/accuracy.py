"""How exact the elementary functions are, measured over all 2^32 float32 inputs:

    python -m longcount.engine.accuracy

The engine's lanes evaluate each function on every bit pattern; NumPy's float64 function of the same input is the true
value (good to 10^-15, so to 10^-8 of the errors found). An error is counted in units in the last place of the true
value: ulp(y) = 2^(floor(log2 |y|) - 23), and 2^-149 where |y| is below the normal numbers. Where a function clips its
argument on purpose the difference is reported as an absolute error instead.

A function *falls* where a greater input gives a smaller value; how far is counted in float32 numbers from the greatest
value at any smaller input down to this one.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import track

from longcount.engine.compiler import compiled
from longcount.engine.lanes import Function
from longcount.numbers import elementary
from longcount.numbers.monotone import falls, ordinal

LANES = 32
CHUNK = 1 << 16
"""Inputs evaluated and compared at once: they stay in the processor's cache."""

INFINITY_PATTERN = 0x7F800000
SIGN = 0x80000000
THREADS = 2

ARGUMENTS = {"first": "index", "vectors": "index", "results": "pointer"}


class Truth(NamedTuple):
    """The function in float64, and where its float32 counterpart means to follow it."""

    function: Callable[[np.ndarray], np.ndarray]
    lowest: float
    highest: float


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


_CLIP = elementary.FLOAT32.largest_exponent
_GREATEST = float(np.finfo(np.float32).max)
_SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)

TRUTHS = {
    "exp": Truth(np.exp, -_CLIP, _CLIP),
    "sigmoid": Truth(_sigmoid, -_CLIP, _GREATEST),
    "tanh": Truth(np.tanh, -_GREATEST, _GREATEST),
    "log": Truth(np.log, _SMALLEST_NORMAL, _GREATEST),
}


class Place(NamedTuple):
    """A number and the input where it was found."""

    amount: float
    at: float


class Accuracy(NamedTuple):
    """The measurements of one function."""

    name: str
    inputs: int  # how many were evaluated
    largest_error: Place  # ulp
    clipped_error: Place  # absolute, at inputs that the function clips below its range; nan where there are none
    largest_fall: Place  # float32 numbers
    exactly_one_from: float  # from this input on the result is 1; nan if that never happens
    exactly_minus_one_to: float  # up to this input the result is -1; nan if that never happens
    nan_lost: int  # NaN inputs whose result is a number


class _Chunk(NamedTuple):
    error: Place
    clipped_error: Place
    fall: Place
    lowest: Place  # the results' places among the float32 numbers
    highest: Place
    last_below_one: float  # greatest |input| whose result is not the limit, in the direction of the chunk
    nan_lost: int


@functools.cache
def _kernel(name: str) -> Callable[..., None]:
    function = Function("values", ARGUMENTS, LANES)
    first = function.index_argument("first")
    results = function.memory("results", function.float_lanes)
    offsets = function.pack_integers([function.narrow(function.index(lane)) for lane in range(LANES)])
    for vector in function.range(0, function.index_argument("vectors")):
        patterns = function.spread_integer(first + vector * LANES) + offsets
        results.store(vector, getattr(elementary, name)(patterns.as_float()))
    return compiled(function.finish(), "values", ARGUMENTS)


def values(name: str, first: int, count: int) -> np.ndarray:
    """The engine's float32 [count] results at the inputs whose bit patterns are first, first + 1, ..."""
    vectors = -(-count // LANES)
    results = np.empty(vectors * LANES, np.float32)
    _kernel(name)(first, vectors, results)
    return results[:count]


def inputs(first: int, count: int) -> np.ndarray:
    """Those inputs, float32 [count]."""
    return (np.arange(count, dtype=np.uint32) + np.uint32(first)).view(np.float32)


def error_in_ulps(results: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """|results - truth| in units in the last place of the truth (both float64 or the results float32)."""
    power = (truth.view(np.int64) & np.int64(0x7FF0000000000000)).view(np.float64)  # 2^floor(log2 |truth|)
    return np.abs(results - truth) / (np.maximum(power, _SMALLEST_NORMAL) * 2.0**-23)


def measure(name: str, chunk: int = CHUNK, every: int = 1) -> Accuracy:
    """Measure one function in chunks (a power of two) of inputs: all of them, or one in every `every`."""
    starts = range(0, 1 << 32, chunk * every)
    with ThreadPoolExecutor(THREADS) as threads:
        chunks = threads.map(functools.partial(_examine, name, count=chunk), starts)
        shown = track(chunks, name, len(starts), console=Console(stderr=True), disable=every > 1)
        return _summary(name, list(starts), list(shown), chunk)


def _examine(name: str, first: int, count: int) -> _Chunk:
    x, results = inputs(first, count), values(name, first, count)
    nowhere = Place(np.nan, np.nan)
    if (first & ~SIGN) >= INFINITY_PATTERN:
        lost = int((np.isnan(x) & ~np.isnan(results)).sum())
        return _Chunk(nowhere, nowhere, nowhere, nowhere, nowhere, np.nan, lost)

    truth = TRUTHS[name]
    followed = slice(None) if _all_within(truth, x) else (x >= truth.lowest) & (x <= truth.highest)
    error = clipped_error = fall = lowest = highest = nowhere
    if x[followed].size:
        exact = truth.function(x[followed].astype(np.float64))
        error = _largest(error_in_ulps(results[followed], exact), x[followed])
    if name in ("exp", "sigmoid") and x[-1] < truth.lowest:
        below = x < truth.lowest
        with np.errstate(over="ignore"):
            exact = truth.function(x[below].astype(np.float64))
        clipped_error = _largest(np.abs(results[below] - exact), x[below])
    if name != "log" or _all_within(truth, x):
        upwards = 1 if first < SIGN else -1  # patterns with a sign count downwards
        fall = _largest(falls(results * np.float32(upwards)), x)
        places = ordinal(results)
        lowest, highest = (Place(float(place), float(x[0])) for place in (places.min(), places.max()))
    limit = 1.0 if first < SIGN else -1.0
    last_other = x[-1] if results[-1] != limit else max(x[results != limit], key=abs, default=np.nan)
    return _Chunk(error, clipped_error, fall, lowest, highest, abs(float(last_other)), 0)


def _all_within(truth: Truth, x: np.ndarray) -> bool:
    """Whether the function is followed on a whole chunk, whose ends are its extremes."""
    return bool(min(x[0], x[-1]) >= truth.lowest and max(x[0], x[-1]) <= truth.highest)


def _largest(amounts: np.ndarray, at: np.ndarray) -> Place:
    place = int(amounts.argmax())
    return Place(float(amounts[place]), float(at[place]))


def _worst(places: Iterable[Place]) -> Place:
    return max((place for place in places if place.amount == place.amount), default=Place(np.nan, np.nan))


def _summary(name: str, starts: list[int], chunks: list[_Chunk], count: int) -> Accuracy:
    fallen = [chunk.fall for chunk in chunks]
    ascending = [chunk for start, chunk in zip(starts, chunks, strict=True) if start >= SIGN][::-1]
    ascending += [chunk for start, chunk in zip(starts, chunks, strict=True) if start < SIGN]
    greatest = Place(-np.inf, np.nan)
    for chunk in ascending:
        if chunk.lowest.amount == chunk.lowest.amount:
            fallen.append(Place(max(greatest.amount - chunk.lowest.amount, 0.0), chunk.lowest.at))
            greatest = max(greatest, chunk.highest)
    return Accuracy(
        name,
        len(chunks) * count,
        _worst(chunk.error for chunk in chunks),
        _worst(chunk.clipped_error for chunk in chunks),
        _worst(fallen),
        _first_at_limit(chunk.last_below_one for start, chunk in zip(starts, chunks, strict=True) if start < SIGN),
        -_first_at_limit(chunk.last_below_one for start, chunk in zip(starts, chunks, strict=True) if start >= SIGN),
        sum(chunk.nan_lost for chunk in chunks),
    )


def _first_at_limit(last_others: Iterable[float]) -> float:
    """The next float32 number after the last input whose result is not the limit; nan where that is the last one."""
    last = np.nanmax(list(last_others))
    return float(np.nextafter(np.float32(last), np.float32(np.inf))) if last < _GREATEST else float("nan")


def table(found: list[Accuracy]) -> str:
    """The figures as lines of text, as they stand in `longcount.numbers.elementary`."""
    rows = [("function", "largest error", "at x =", "falls by at most", "at x =")]
    for one in found:
        error, fall = one.largest_error, one.largest_fall
        fall_at = f"{fall.at:.9g}" if fall.amount else ""
        rows.append((one.name, f"{error.amount:.3f} ulp", f"{error.at:.9g}", f"{fall.amount:.0f}", fall_at))
    return "\n".join("    " + "".join(cell.ljust(18) for cell in row).rstrip() for row in rows)


def main() -> None:
    """Measure all functions and print what was found."""
    found = [measure(name) for name in TRUTHS]
    print(table(found))
    for one in found:
        print(one)


if __name__ == "__main__":
    sys.exit(main())
