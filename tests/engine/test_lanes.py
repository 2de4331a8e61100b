"""Traced programs do what NumPy does: arithmetic, comparisons, loops and memory."""

import operator
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longcount.engine.compiler import compiled
from longcount.engine.lanes import Function, Value

LANES = 16
ARGUMENTS = {"x": "pointer", "y": "pointer", "result": "pointer", "count": "index"}
FLOATS = st.lists(st.floats(width=32), min_size=LANES, max_size=LANES)


def lane_by_lane(equation: Callable[[Value, Value], Value]) -> Callable[..., np.ndarray]:
    function = Function("apply", ARGUMENTS, LANES)
    x, y, result = (function.memory(name, function.float_lanes) for name in ("x", "y", "result"))
    result.store(0, equation(x.load(0), y.load(0)))
    kernel = compiled(function.finish(), "apply", ARGUMENTS)

    def call(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        answer = np.empty(LANES, np.float32)
        kernel(a, b, answer, 1)
        return answer

    return call


EQUATIONS: dict[str, tuple[Callable, Callable]] = {
    name: (operation, operation)
    for name, operation in {
        "add": operator.add,
        "subtract": operator.sub,
        "multiply": operator.mul,
        "divide": operator.truediv,
        "negate": lambda x, y: -x,
        "number on the left": lambda x, y: 0.1 - 0.3 * x + 1.0 / y,
        "scalar of NumPy on the left": lambda x, y: np.float32(0.1) * x + np.float32(3) / y,
        "nothing is fused": lambda x, y: x * y + x,
    }.items()
} | {
    "square root": (lambda x, y: x.sqrt(), lambda x, y: np.sqrt(x)),
    "less": (lambda x, y: (x < y).select(1.0, x), lambda x, y: np.where(x < y, np.float32(1), x)),
    "at least": (lambda x, y: (x >= y).select(x, y), lambda x, y: np.where(x >= y, x, y)),
    "both": (
        lambda x, y: ((x > 0.0) & ~(y <= 2.0)).select(x, y),
        lambda x, y: np.where((x > 0) & ~(y <= 2), x, y),
    ),
    "either": (
        lambda x, y: ((x > 0.0) ^ ((y > 0.0) | (y > x))).select(x, y),
        lambda x, y: np.where((x > 0) ^ ((y > 0) | (y > x)), x, y),
    ),
}


@pytest.fixture(scope="module")
def kernels() -> dict[str, Callable[..., np.ndarray]]:
    return {name: lane_by_lane(traced) for name, (traced, _) in EQUATIONS.items()}


@given(FLOATS, FLOATS)
def test_lanes_do_what_numpy_does(kernels, a: list[float], b: list[float]):
    x, y = np.array(a, np.float32), np.array(b, np.float32)
    for name, (_, numpy_equation) in EQUATIONS.items():
        with np.errstate(all="ignore"):
            expected = numpy_equation(x, y)
        result = kernels[name](x, y)
        np.testing.assert_array_equal(result, expected, name)
        numbers = result == result  # no promise about the sign of a NaN
        np.testing.assert_array_equal(np.signbit(result)[numbers], np.signbit(expected)[numbers], name)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_loops_and_variables(count):
    """Horner's rule forwards and the plain sum backwards over `count` vectors, in nested use of a variable."""
    function = Function("sums", ARGUMENTS, LANES)
    x, result = function.memory("x", function.float_lanes), function.memory("result", function.float_lanes)
    end = function.index_argument("count")
    horner, down = function.variables([function.lanes_of(0.0)] * 2)
    for place in function.range(0, end):
        horner.set(horner.get() * 2.0 + x.load(place))
    for place in function.range_down(0, end):
        for _ in function.range(0, place):
            down.set(down.get() + x.load(place))
    result.store(0, horner.get())
    result.store(1, down.get())
    kernel = compiled(function.finish(), "sums", ARGUMENTS)

    numbers = np.random.default_rng(0).integers(-9, 9, (count, LANES)).astype(np.float32)
    answer = np.empty((2, LANES), np.float32)
    kernel(numbers, numbers, answer, count)
    np.testing.assert_array_equal(answer[0], sum(row * 2.0 ** (count - 1 - k) for k, row in enumerate(numbers)))
    np.testing.assert_array_equal(answer[1], sum(row * k for k, row in enumerate(numbers)))


def test_descending_loop_descends():
    function = Function("fill", ARGUMENTS, LANES)
    single = function.float_lanes.element
    result, latest = function.memory("result", function.float_lanes), function.variable(function.lanes_of(0.0))
    numbers = function.memory("x", single)
    for place in function.range_down(2, function.index_argument("count")):
        latest.set(latest.get() * 10.0 + function.spread(numbers.load(place), LANES))
    result.store(0, latest.get())
    answer = np.empty(LANES, np.float32)
    digits = np.arange(9, dtype=np.float32)
    compiled(function.finish(), "fill", ARGUMENTS)(digits, digits, answer, 6)
    assert (answer == 5432.0).all()


def test_the_stack_begins_on_a_line_of_the_cache():
    function = Function("nothing", ARGUMENTS, LANES)
    assert "alignstack(64)" in function.finish()


def test_numbers_are_divided_by_one_slash_and_integers_by_two():
    function = Function("apply", {"x": "pointer", "count": "index"}, LANES)
    memory = function.memory("x", function.integer_lanes)
    integers = memory.load(0)
    memory.store(0, integers // 3)
    with pytest.raises(TypeError, match="by //"):
        operator.truediv(integers, 3)
    with pytest.raises(TypeError, match="by //"):
        operator.truediv(3, integers)
    with pytest.raises(TypeError, match="by /"):
        operator.floordiv(function.lanes_of(1.0), 2.0)
    kernel = compiled(function.finish(), "apply", {"x": "pointer", "count": "index"})
    numbers = np.arange(LANES, dtype=np.int32)
    kernel(numbers, 1)
    np.testing.assert_array_equal(numbers, np.arange(LANES) // 3)
