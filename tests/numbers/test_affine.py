"""Numbers that grow with counters, against the float32 numbers that they stand for."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longcount.numbers import elementary
from longcount.numbers.affine import Affine, Excesses, Reach, kept_by_rounding, settle
from longcount.numbers.intervals import Interval

WANTED = 2**24
EXCESSES = np.array([0, 1, 2, 3, 7, 100, 4_095, 99_000])
"""Of two counters each: what is proved holds to 100,000 at the least."""

OFFSETS = st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, 3.25, 0.1, -7.3, 16.000002, 1e-8])
SLOPES = st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 0.3])
ADDED = st.sampled_from([0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 1e-9, -1e-9, 0.3, 1e-3])
FACTORS = st.sampled_from([1.0, -1.0, 0.5, 2.0, -4.0, 3.0, 0.0, 0.9, 1.0000001])


def bounds_of(wanted: int) -> Any:
    """Of slopes · excess, excesses from 0 to a number."""

    def bounds(slopes: np.ndarray) -> np.ndarray:
        slopes = slopes.astype(np.float64)
        return np.stack([np.minimum(slopes, 0).sum(axis=0), np.maximum(slopes, 0).sum(axis=0)]) * wanted

    return bounds


def affine(offset: float, slopes: tuple[float, float], wanted: int = WANTED, width: float = 0.0) -> Affine:
    excesses = Excesses(Reach(wanted, 100_000), np.zeros(1), bounds_of(wanted))
    ends = np.array([offset, offset + width], np.float32).reshape(2, 1, 1)
    return Affine(ends, np.array(slopes, np.float32).reshape(2, 1, 1), excesses)


def growth_of(number: Affine, one: int, other: int) -> float:
    return float(number.slopes[0, 0, 0]) * one + float(number.slopes[1, 0, 0]) * other


def numbers_of(number: Affine, one: int, other: int) -> list[np.float32]:
    """The float32 numbers nearest to both ends for some excesses, if they are of the form."""
    growth = growth_of(number, one, other)
    found = [np.float32(end + growth) for end in number.offset[:, 0, 0]]
    return [c for c in found if number.offset[0, 0, 0] <= float(c) - growth <= number.offset[1, 0, 0]]


def holds(result: Interval, c: np.float32, one: int, other: int) -> bool:
    """Whether a result holds a number that comes of these excesses."""
    if not isinstance(result, Affine) or not result.grows[0, 0]:
        return bool(result.ends[0, 0, 0] <= c <= result.ends[1, 0, 0])
    rest = float(c) - growth_of(result, one, other)
    return bool(result.offset[0, 0, 0] <= rest <= result.offset[1, 0, 0])


@given(OFFSETS, st.tuples(SLOPES, SLOPES), ADDED, FACTORS, st.sampled_from([0.0, 0.25]))
def test_sums_and_products_hold_what_the_engine_computes(offset, slopes, added, factor, width):
    number, w, k = affine(offset, slopes, width=width), np.float32(added), np.float32(factor)
    operations = {
        "c + w": (lambda c: c + w),
        "k c": (lambda c: c * k),
        "k c + w": (lambda c: c * k + w),
        "w - c": (lambda c: w - c),
        "(c + w) k + w": (lambda c: (c + w) * k + w),
        "max(0, c + w)": (lambda c: elementary.relu(c + w)),
        "c k + c": (lambda c: c * k + c),
        "c - 3 c": (lambda c: c - c * np.float32(3)),
    }
    for name, operation in operations.items():
        result = operation(number)
        for one in EXCESSES:
            for other in EXCESSES[::3]:
                for c in numbers_of(number, one, other):
                    assert holds(result, operation(c), one, other), (name, one, other)


@given(st.sampled_from([1, 2, 3, 5]), st.sampled_from([1.0, -1.0]), st.integers(0, 30))
def test_rounding_keeps_steps_of_2_to_the_minus_23(start, n, odd):
    step, z = 2.0**-23, np.float32(1 - 2.0**-23)
    number = affine(start * step, (step, step), wanted=2**20)
    result = elementary.blend(number, np.float32(n), z)
    assert isinstance(result, Affine)
    assert result.grows.all()
    for one in (*EXCESSES.tolist(), odd):
        (c,) = {*numbers_of(number, one, odd)}
        assert holds(result, elementary.blend(c, np.float32(n), z), one, odd)


def test_what_leaks_is_not_kept_by_rounding():
    z = float(np.float32(1 - 2.0**-23))
    moved, most = kept_by_rounding(2.0**-23, 1.0, z, 2.0**-23, 0.0)
    assert (moved, most) == (2.0**-23, 2**21 - 1)
    assert kept_by_rounding(2.0**-22, 1.0, float(np.float32(1 - 2.0**-22)), 2.0**-22, 0.0)[1] < 2**21
    assert kept_by_rounding(0.01, 1.0, float(np.float32(0.99)), 0.01, 0.0)[1] < 2
    leaking = elementary.blend(affine(0.01, (0.01, 0.0)), np.float32(1), np.float32(0.99))
    assert not (isinstance(leaking, Affine) and leaking.grows.any())


@pytest.mark.parametrize(
    ("factor", "grows"), [(1.0, True), (0.5, True), (3.0, True), (0.9, False), (1.0000001, False), (0.0, False)]
)
def test_products_keep_the_form_where_they_are_exact(factor, grows):
    found = affine(2.0, (1.0, 0.0)) * np.float32(factor)
    assert (isinstance(found, Affine) and bool(found.grows.any())) is grows


def test_how_far_sums_are_exact_is_noted():
    number = affine(2.0, (1.0, 0.0))
    doubled = number * np.float32(3) + np.float32(1)
    assert isinstance(doubled, Affine)
    assert doubled.grows.all()
    assert number.excesses.reach.reached == (2**24 - 6) // 3
    assert doubled.step[0, 0] == 1.0
    far = affine(2.0, (1.0, 0.0)) * np.float32(1 + 2.0**-20) + np.float32(1)
    assert not (isinstance(far, Affine) and far.grows.any())


def test_an_interval_is_no_single_number_even_where_sums_of_its_ends_are_equal():
    """1 - 1 + w may be anything from 0 to w, which float64 does not tell from 0 beside 1."""
    found = affine(1.0, (-1.0, 0.0)) + Interval.between(np.zeros((1, 1)), np.full((1, 1), np.float32(1e-30)))
    assert not (isinstance(found, Affine) and found.grows.any())


def moved(c: float, steps: int) -> np.ndarray:
    """How far c stands from where it would be after 0 to so many sums c + 1, in float32."""
    climbing = np.add.accumulate(np.concatenate([[c], np.ones(steps)]).astype(np.float32))
    return climbing.astype(np.float64) - np.arange(steps + 1)


@given(st.floats(1.0, 40.0, width=32), st.integers(20, 3000))
def test_settling_holds_every_excursion(start, steps):
    """Random walks above a count, in float32, stay between the ends that `settle` gives."""
    low, high = settle(start, steps, min), settle(start, steps, max)
    random = np.random.default_rng(steps)
    now = start
    for top in [*random.integers(0, steps + 1, 4).tolist(), steps]:
        found = moved(now, top)
        assert low <= found.min() <= found.max() <= high
        now = float(found[-1])  # steps down are exact
        assert float(np.float32(now)) == now


@pytest.mark.parametrize("start", [3.3125, 18.0])
def test_settling_knows_where_counts_end(start):
    """At 2^24, c + 1 is c: what is lost there is missing on the way down."""
    found = moved(start, 2**24)
    for steps in 2**24 - np.array([20, 18, 17, 14, 3, 2, 1, 0]):
        low, least = settle(start, int(steps), min), found[: steps + 1].min()
        assert low <= least
        assert np.isfinite(low) == (least >= start - 1)


def test_an_integer_count_settles_where_it_is():
    for steps in (100, 2**20, 2**24 - 16):
        assert settle(16.0, steps, min) == 16 == settle(16.0, steps, max)
