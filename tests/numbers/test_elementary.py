"""The elementary functions: NumPy's twin equals the lanes bit for bit, and both are as exact as the docstring says."""

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longcount.engine import accuracy
from longcount.numbers import elementary

MATH = {
    "exp": math.exp,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "log": math.log,
}

# Starts of 64 consecutive bit patterns: zeros, the least and greatest denormals, around 1, the clips at 87, the
# saturations, the greatest number, infinity with its first NaNs, the last NaNs; below each with its sign turned.
EDGES = [
    0x00000000, 0x007FFFC0, 0x00800000, 0x33000000, 0x3F7FFFE0, 0x3F800000, 0x41051000, 0x41102CB0, 0x41201000,
    0x418515C0, 0x42AE0000 - 32, 0x7F7FFFC0, 0x7F800000, 0x7FFFFFC0,
]  # fmt: skip


def twin(name: str, x: Any) -> Any:
    with np.errstate(all="ignore"):
        return getattr(elementary, name)(x)


def stated() -> dict[str, tuple[float, int]]:
    """Largest error in ulps and largest fall of every function, as the docstring has them."""
    rows = re.findall(r"^ +(\w+) +([\d.]+) ulp +\S+ +(\d+)", elementary.__doc__ or "", re.MULTILINE)
    return {name: (float(error), int(fall)) for name, error, fall in rows}


@pytest.mark.parametrize("name", ["exp", "sigmoid", "tanh", "log", "relu"])
def test_lanes_equal_twin(name):
    starts = [edge | sign for edge in EDGES for sign in (0, 0x80000000)]
    starts += np.random.default_rng(0).integers(0, 2**32 - 64, 400).tolist()
    for start in starts:
        lanes, x = accuracy.values(name, start, 64), accuracy.inputs(start, 64)
        np.testing.assert_array_equal(lanes, twin(name, x), err_msg=f"{name} from pattern {start:#x}")
        numbers = lanes == lanes  # no promise about which NaN
        assert (np.signbit(lanes) == np.signbit(twin(name, x)))[numbers].all()


@pytest.mark.parametrize("name", accuracy.TRUTHS)
def test_sampled_accuracy_is_within_what_is_stated(name):
    """A million inputs in runs of 256, an odd stride apart."""
    found = accuracy.measure(name, chunk=256, every=4099)
    error, fall = stated()[name]
    assert 0.5 * error <= found.largest_error.amount <= error + 0.0005
    assert found.largest_fall.amount <= fall
    if name in ("exp", "sigmoid"):
        assert found.clipped_error.amount < 1.6459e-38


@pytest.mark.slow
@pytest.mark.parametrize("name", accuracy.TRUTHS)
def test_accuracy_over_all_inputs_is_what_is_stated(name):
    found = accuracy.measure(name)
    assert found.inputs == 2**32
    line = accuracy.table([found]).splitlines()[1]
    assert line in (elementary.__doc__ or "").splitlines()
    thresholds = {"sigmoid": (16.6355324, np.nan), "tanh": (9.01091385, -8.49105358)}.get(name, (np.nan, np.nan))
    assert (found.exactly_one_from, found.exactly_minus_one_to) == pytest.approx(thresholds, rel=1e-8, nan_ok=True)


def test_error_is_counted_in_places_of_the_truth():
    truth = np.array([1.0, 1.5, 2.0, -1.0, 2.0**-130])
    results = truth + np.array([2.0**-23, 2.0**-22, 2.0**-22, -(2.0**-24), 2.0**-149])
    assert accuracy.error_in_ulps(results, truth).tolist() == [1.0, 2.0, 1.0, 0.5, 1.0]


def test_sigmoid_saturates_above_and_never_reaches_zero():
    one, before = np.float32(16.6355324), np.float32(16.6355305)
    assert elementary.sigmoid(one) == 1.0
    assert elementary.sigmoid(before) < 1.0
    assert elementary.sigmoid(np.float32(np.inf)) == 1.0
    assert 1.6458e-38 < elementary.sigmoid(np.float32(-np.inf)) < 1.6459e-38


def test_tanh_saturates_on_both_sides():
    above, below = np.float32(9.01091385), np.float32(-8.49105358)
    assert elementary.tanh(above) == 1.0 > elementary.tanh(np.nextafter(above, np.float32(0)))
    assert elementary.tanh(below) == -1.0 < elementary.tanh(np.nextafter(below, np.float32(0)))
    infinite = np.array([np.inf, -np.inf], np.float32)
    assert elementary.tanh(infinite).tolist() == [1.0, -1.0]


def test_special_values():
    zeros = np.array([0.0, -0.0], np.float32)
    assert elementary.exp(zeros).tolist() == [1.0, 1.0]
    assert elementary.sigmoid(zeros).tolist() == [0.5, 0.5]
    assert elementary.tanh(zeros).tolist() == [0.0, 0.0]
    assert elementary.log(zeros).tolist() == [-100.0, -100.0]
    assert elementary.log(np.float32(1)) == 0.0
    for function in (elementary.exp, elementary.sigmoid, elementary.tanh):
        assert np.isnan(twin(function.__name__, np.float32(np.nan)))


def test_relu_gives_a_positive_zero():
    result = elementary.relu(np.array([-0.0, 0.0, -3.0, np.nan, 2.0, np.inf], np.float32))
    np.testing.assert_array_equal(result, np.array([0, 0, 0, 0, 2, np.inf], np.float32))
    assert not np.signbit(result).any()


@pytest.mark.parametrize("name", MATH)
@given(x=st.floats(-700, 700))
def test_float64(name, x):
    """The float64 versions are good to 10^-15, as gradient checks need."""
    x = abs(x) + 1e-300 if name == "log" else x
    exact = MATH[name](np.float64(x))
    found = getattr(elementary, name)(np.float64(x))
    assert found.dtype == np.float64
    assert found == pytest.approx(exact, rel=1e-15, abs=2e-16 if name == "log" else 0)


@pytest.mark.parametrize("name", MATH)
@pytest.mark.parametrize("shape", [(), (1,), (3, 2), (0,)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_and_dtype_are_kept(name, shape, dtype):
    x = np.full(shape, 0.75, dtype)[()]
    result = getattr(elementary, name)(x)
    assert np.shape(result) == shape
    assert result.dtype == dtype


def test_plain_numbers_are_taken_as_float64():
    assert elementary.exp(1) == pytest.approx(math.e, rel=1e-15)
    assert elementary.relu(-2.0) == 0.0


@pytest.mark.parametrize("name", ["exp", "sigmoid", "tanh", "log", "relu"])
def test_a_number_with_a_method_answers_for_itself(name):
    number = type("Number", (), {name: lambda self: f"its own {name}"})()
    assert getattr(elementary, name)(number) == f"its own {name}"
