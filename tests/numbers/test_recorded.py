"""The derived backward pass, against finite differences and against what its rules say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longcount.cells import Cell
from longcount.cells.derivation import Derivation, derive
from longcount.numbers.recorded import OPERATIONS, Recording
from longcount.numbers.vector import (
    Vector,
    blend,
    exp,
    hard_sigmoid,
    hard_tanh,
    log,
    log_sigmoid,
    maximum,
    relu,
    sigmoid,
    softplus,
    sqrt,
    tanh,
)

EQUATIONS = {
    "add": lambda a, b: a + b + 1.0,
    "subtract": lambda a, b: (2.0 - a) - b,
    "multiply": lambda a, b: a * b * 3.0,
    "divide": lambda a, b: a / (b * b + 1.0) + 2.0 / (a * a + 0.5) + b / 4.0,
    "negate": lambda a, b: -a * b,
    "exp": lambda a, b: exp(a) * b,
    "log": lambda a, b: log(a * a + 1.0) * b,
    "sqrt": lambda a, b: sqrt(a * a + 1.0) * b,
    "sigmoid": lambda a, b: sigmoid(a) * b,
    "tanh": lambda a, b: tanh(a * b),
    "relu": lambda a, b: relu(a) * b,
    "hard_sigmoid": lambda a, b: hard_sigmoid(a * 2.0) * b,
    "hard_tanh": lambda a, b: hard_tanh(a) * b,
    "maximum": lambda a, b: maximum(a, b) * b + maximum(a, 0.25),
    "blend": lambda a, b: blend(a, b, sigmoid(a)),
    "softplus": lambda a, b: softplus(a) * log_sigmoid(b),
}


def test_every_operation_is_looked_at():
    """`where_positive` is what the backward pass of relu is made of."""
    assert set(OPERATIONS) - set(EQUATIONS) == {"where_positive"}


NUMBERS = st.floats(-3, 3).filter(lambda x: min(abs(x - k) for k in (0, 0.25, 1, 1.5, -1, -1.5)) > 0.01)


@pytest.mark.parametrize("name", EQUATIONS)
@given(a=NUMBERS, b=NUMBERS)
def test_gradients_are_finite_differences(name: str, a: float, b: float):
    equation = EQUATIONS[name]
    if name == "maximum" and abs(a - b) < 0.01:
        return
    recording = Recording(3)
    value = equation(*(Vector([recording.number(k)]) for k in range(2)))[0]
    gradients = [g.place for g in recording.gradients({value.place: recording.number(2)}, [0, 1]) if g is not None]
    places, _ = recording.needed([value.place, *gradients], lambda place: place < 3)
    values = {k: Vector([np.float64(x)]) for k, x in enumerate((a, b, 1.0))}
    recording.run(places, values)
    x = np.array([a, b])

    def at(point: np.ndarray) -> float:
        return float(equation(*(Vector([number]) for number in point))[0])

    assert values[value.place][0] == at(x)
    for k, place in enumerate(gradients):
        nudge = 1e-6 * np.eye(2)[k]
        assert values[place][0] == pytest.approx((at(x + nudge) - at(x - nudge)) / 2e-6, rel=1e-6, abs=1e-7)


class TwoParts(Cell):
    gates = ("a",)
    state_names = ("h", "s")
    own = ("used", "unused")


class Forgetful(TwoParts):
    """A cell that uses neither its input nor one of its own parameters."""

    name = "forgetful"

    def forward(self, x, y, state, own):
        _, s = state
        return (s * own["used"], s + 1.0), {}


def test_what_nothing_passes_through_gets_no_gradient():
    one = Vector([np.float64(2)])
    way = derive(Forgetful)
    (h, s), tape = way.forward({"a": one}, {"a": one}, (one, one), {"used": one, "unused": one})
    assert (h, s) == ((4.0,), (3.0,))
    shares = way.backward(tape, (one, one))
    assert shares.state == (None, (6.0,))
    assert (shares.x["a"], shares.y["a"], shares.own) == ((0.0,), (0.0,), {"used": (4.0,), "unused": (0.0,)})


def test_the_tape_holds_h_and_only_what_the_way_back_reads():
    """An LSTM's: h, c, four gates and tanh(c); a ReLU RNN's: its own value."""
    assert len(derive_kept("lstm")) == 7
    assert len(derive_kept("gru")) == 5
    assert len(derive_kept("relu")) == 2
    assert len(derive_kept("linear")) == 1


def derive_kept(name: str) -> list[int]:
    from longcount import cells

    return derive(type(cells.get(name))).kept


class TooFew(TwoParts):
    name = "too_few"

    def forward(self, x, y, state, own):
        return (state[0],), {}


class Constant(TwoParts):
    name = "constant"

    def forward(self, x, y, state, own):
        return (state[0], Vector([1.0])), {}


def test_equations_that_make_no_state_are_refused():
    with pytest.raises(ValueError, match="too_few: forward returns 1 parts of the state, not h, s"):
        Derivation(TooFew())
    with pytest.raises(ValueError, match="constant: forward makes a part of the state that does not follow"):
        Derivation(Constant())
