"""Intervals hold whatever the engine may compute from numbers inside their arguments."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from longcount.numbers import elementary
from longcount.numbers.intervals import LARGEST, Interval

numbers = (
    st.floats(-100, 100, width=32)
    | st.floats(-(2.0**50), 2.0**50, width=32)
    | st.floats(-(2.0**-100), 2.0**-100, width=32)
)


@st.composite
def inside(draw):
    """An interval and float32 numbers inside it, many of them."""
    ends = sorted([draw(numbers), draw(numbers)])
    lower, upper = np.float32(ends[0]), np.float32(ends[1])
    if draw(st.booleans()):  # a narrow one, where rounding and falling functions matter most
        upper = lower
        for _ in range(draw(st.integers(0, 40))):
            upper = np.nextafter(upper, np.float32(np.inf))
    points = np.linspace(lower, upper, 41, dtype=np.float64).astype(np.float32).clip(lower, upper)
    return Interval.between(lower, upper), points


@given(inside(), inside())
def test_sums_and_products_stay_inside(first, second):
    (a, points_a), (b, points_b) = first, second
    x, y = points_a[:, None], points_b[None, :]
    for interval, values in ((a + b, x + y), (a - b, x - y), (a * b, x * y), (-a, -x)):
        assert interval.contains(values).all()


@given(inside(), numbers)
def test_operations_with_plain_numbers_stay_inside(first, number):
    a, x = first
    weight = np.float32(number)
    pairs = (
        (a * weight, x * weight),
        (weight * a, weight * x),
        (a + weight, x + weight),
        (1.0 - a, np.float32(1) - x),
        (a - weight, x - weight),
        (a * np.array([weight, -weight]), x[:, None] * np.array([weight, -weight])),
    )
    for interval, values in pairs:
        assert interval.contains(values).all()


@given(inside(), inside())
def test_intervals_of_other_shapes_meet_element_by_element(first, second):
    (a, x), (b, y) = first, second
    row = Interval.between(np.array([b.lower, -b.upper]), np.array([b.upper, -b.lower]))
    values = np.stack([y, -y], axis=-1)
    assert (a + row).contains(x[:, None] + values).all()
    assert (row - a).contains(values - x[:, None]).all()
    assert (a * row).contains(x[:, None] * values).all()


@given(inside())
def test_elementary_functions_stay_inside(first):
    a, x = first
    for function in (elementary.sigmoid, elementary.tanh, elementary.relu):
        assert function(a).contains(function(x)).all()


@given(inside(), inside())
def test_what_other_cells_compute_stays_inside_or_is_not_known(first, second):
    """exp, log, roots, quotients and the greater of two, and what is made of them afterwards."""
    (a, points_a), (b, points_b) = first, second
    x, y = points_a[:, None], points_b[None, :]
    with np.errstate(all="ignore"):
        found = (
            (elementary.maximum(a, b), np.maximum(x, y)),
            (elementary.exp(a), elementary.exp(x)),
            (elementary.log(a), elementary.log(x)),
            (elementary.sqrt(a), elementary.sqrt(x)),
            (a / b, x / y),
            (1.0 / a, np.float32(1) / x),
            (a / np.float32(3), x / np.float32(3)),
            (elementary.relu(a / b - 1.0), elementary.relu(x / y - np.float32(1))),
            (elementary.sigmoid(elementary.exp(a) * b), elementary.sigmoid(elementary.exp(x) * y)),
        )
    for interval, values in found:
        known = ~np.isnan(interval.ends).any(axis=0)
        assert (interval.contains(values) | ~known).all()
        assert not (interval.in_range() & ~known).any()


def test_where_results_are_known():
    """What is not known is an exception: of these, everything is."""
    a = Interval.between(np.float32(0.5), np.float32(2))
    functions = (elementary.exp, elementary.log, elementary.sqrt)
    for interval in (*(function(a) for function in functions), a / a, 1.0 / a, elementary.maximum(a, 1.0)):
        assert interval.in_range()
    for lost in (a / (a - 1.0), 1.0 / (a - 0.5), elementary.exp(a * 50.0), elementary.log(a - 1.0)):
        assert np.isnan(lost.ends).all()


@given(numbers)
def test_one_number_stays_what_the_engine_computes(number):
    x = np.float32(number)
    for function in (elementary.sigmoid, elementary.tanh, elementary.relu):
        assert function(Interval.exactly(x)).is_exactly(function(x))
    if x > 0:
        for function in (elementary.sqrt, elementary.log):
            assert function(Interval.exactly(x)).is_exactly(function(x)) or x < np.finfo(np.float32).tiny


@given(inside(), st.integers(1, 9))
def test_pieces_cover_and_share_ends(first, count):
    a, x = first
    pieces = a.pieces(count)
    assert pieces.ends.shape == (2, count)
    assert pieces.contains(x[:, None]).any(axis=1).all()
    assert np.array_equal(pieces.upper[:-1], pieces.lower[1:])
    assert pieces.lower[0] == a.lower
    assert pieces.upper[-1] == a.upper


def test_consecutive_numbers_where_tanh_falls_are_all_inside():
    x = np.float32(-0.125)
    points = [x]
    for _ in range(3000):
        points.append(np.nextafter(points[-1], np.float32(0)))
    points = np.array(points)
    for start in range(0, 3000, 7):
        for width in (1, 2, 5, 50):
            some = points[start : start + width + 1]
            assert Interval.between(some[0], some[-1]).tanh().contains(elementary.tanh(some)).all()


def test_what_is_no_number_is_never_in_range():
    ends = np.array([[0, -np.inf, np.nan, -LARGEST], [np.nan, 0, 1, LARGEST]], np.float32)
    assert Interval(ends).in_range().tolist() == [False, False, False, True]
