"""Proofs hold for what counts and are withheld from what nearly does."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longcount import cells, engine
from longcount.cells.lstm import LSTM
from longcount.cells.relu import ReLU
from longcount.errors import UserError
from longcount.exact.boxes import Model
from longcount.exact.certify import LEAST_EXACT_DEPTH, certify, prove
from longcount.exact.construct import construct
from longcount.exact.gru import GRU_STEP, UPDATE_BIAS
from longcount.exact.one_unit import SATURATED
from longcount.exact.proof import EXACT_INTEGERS
from longcount.languages import dyck
from longcount.languages.words import Words
from longcount.numbers import elementary
from longcount.numbers.monotone import SIGMOID, TANH

COUNTERS = ("lstm", "relu", "gru")
DEPTHS = {"lstm": 2**24, "relu": 2**24, "gru": 2**21}


def changed(name: str, **values: Any) -> np.ndarray:
    """The exact counter with parameters set, such as `bias_ih_l0_1=3` for the second row (or row and column)."""
    cell = cells.get(name)
    tensors = {tensor: array.copy() for tensor, array in cells.unpack(cell, construct(name)).items()}
    for key, value in values.items():
        tensor, *place = key.replace("readout_", "readout.").rsplit("__", 1)
        tensors[tensor][tuple(int(digit) for digit in place[0])] = value
    return cells.pack(cell, tensors)


def depth_of(name: str, flat: np.ndarray, depth: int = EXACT_INTEGERS) -> int:
    return prove(cells.get(name), flat, depth=depth).max_depth


def just_below(number: Any) -> np.float32:
    return np.nextafter(np.float32(number), np.float32(-np.inf))


def just_above(number: Any) -> np.float32:
    return np.nextafter(np.float32(number), np.float32(np.inf))


@pytest.mark.parametrize("name", COUNTERS)
def test_hand_built_counters_are_exact(name):
    certificate = certify(cells.get(name), construct(name))
    assert certificate.verdict == "exact"
    assert certificate.max_depth is not None
    assert DEPTHS[name] <= certificate.max_depth <= DEPTHS[name] + 1
    assert (certificate.upper_bound, certificate.witness, certificate.capped) == (None, None, False)


@pytest.mark.parametrize("name", COUNTERS)
def test_hand_built_counters_are_right_on_long_words(name):
    words = Words.concatenate([dyck.ramps([5, 300_000]), dyck.shallow(200_000), dyck.ramps([7] * 3000 + [90_000] * 2)])
    found = engine.evaluate(cells.get(name), construct(name)[None], words, dyck.targets(words))
    assert found.correct.all()


@pytest.mark.parametrize("name", COUNTERS)
def test_a_proof_to_a_depth_asked_for_is_exact(name):
    assert certify(cells.get(name), construct(name), depth=50).max_depth == 50
    assert depth_of(name, construct(name), 1000) == 1000


def test_a_shallow_proof_is_not_called_exact():
    """A step of 169 is counted exactly to 2^24 / 169, fewer than are needed."""
    cell, flat = cells.get("relu"), changed("relu", weight_ih_l0__00=169, weight_ih_l0__01=-169)
    assert LEAST_EXACT_DEPTH > 2**24 // 169
    assert certify(cell, flat, limit=30).verdict == "bounded"
    assert certify(cell, flat, depth=99_000).verdict == "exact"


@pytest.mark.parametrize("gate", [0, 1])
def test_an_lstm_gate_must_be_exactly_1(gate):
    assert depth_of("lstm", changed("lstm", **{f"bias_ih_l0__{gate}": SIGMOID.one_from})) == 2**24
    near = changed("lstm", **{f"bias_ih_l0__{gate}": just_below(SIGMOID.one_from)})
    assert depth_of("lstm", near) == 0
    assert elementary.sigmoid(just_below(SIGMOID.one_from)) == 1 - 2.0**-23


def test_an_lstm_candidate_must_be_exactly_1_and_minus_1():
    assert depth_of("lstm", changed("lstm", weight_ih_l0__20=TANH.one_from)) == 2**24
    assert depth_of("lstm", changed("lstm", weight_ih_l0__20=just_below(TANH.one_from))) == 0
    assert depth_of("lstm", changed("lstm", weight_ih_l0__21=TANH.minus_one_to)) == 2**24
    assert depth_of("lstm", changed("lstm", weight_ih_l0__21=just_above(TANH.minus_one_to))) == 0


def test_a_leak_of_1e_7_is_no_exact_lstm_and_does_fail():
    leak = float(np.log(1e7))  # f = 1 - 1e-7
    near = changed("lstm", bias_ih_l0__1=leak)
    certificate = certify(cells.get("lstm"), near, limit=30)
    assert (certificate.verdict, certificate.capped) == ("bounded", True)
    word = dyck.ramps([6000])
    assert not engine.evaluate(cells.get("lstm"), near[None], word, dyck.targets(word)).correct.any()


@pytest.mark.parametrize("name", COUNTERS)
def test_a_threshold_off_by_a_hair_withholds_the_proof(name):
    half = np.float32(SIGMOID.half_from)
    assert depth_of(name, changed(name, readout_bias__1=just_below(float(half)))) >= DEPTHS[name]
    refused = changed(name, readout_bias__1=half)  # at depth 0 the output is exactly 0.5: allowed
    assert depth_of(name, refused) == 0
    certificate = certify(cells.get(name), refused, limit=10)
    assert (certificate.lower_bound, certificate.upper_bound) == (1, 1)


@pytest.mark.parametrize("name", COUNTERS)
def test_the_first_output_must_hold_at_every_depth(name):
    cell = cells.get(name)
    falling = {"lstm": -20.0, "relu": -1e-5, "gru": -100.0}[name]  # from 10 it is below 0 at some depth
    depth = depth_of(name, changed(name, readout_weight__00=falling))
    assert depth < DEPTHS[name]
    if name == "relu":  # right up to the depth that was proved
        word = dyck.ramps([depth])
        flat = changed(name, readout_weight__00=falling)
        assert 800_000 < depth < 2**20
        assert engine.evaluate(cell, flat[None], word, dyck.targets(word)).correct.all()
        deeper = dyck.ramps([2**20])
        assert not engine.evaluate(cell, flat[None], deeper, dyck.targets(deeper)).correct.any()


def test_relu_needs_the_counter_indicator_conditions():
    one = np.float32(1)
    assert depth_of("relu", changed("relu", weight_hh_l0__00=just_below(1))) == 0
    assert depth_of("relu", changed("relu", weight_hh_l0__00=just_above(1))) == 0
    assert depth_of("relu", changed("relu", weight_ih_l0__01=-just_above(1))) == 0
    assert depth_of("relu", changed("relu", bias_ih_l0__0=1e-7)) == 0
    assert depth_of("relu", changed("relu", bias_ih_l0__0=1e-9)) == 2**24, "1 + 1e-9 is 1 in float32"
    assert depth_of("relu", changed("relu", weight_ih_l0__00=-one, weight_ih_l0__01=one)) == 0


@settings(max_examples=25)
@given(st.integers(1, 200), st.integers(-25, 5))
def test_relu_counts_exactly_to_the_depth_of_its_proof(mantissa, exponent):
    step = np.float32(mantissa * 2.0**exponent)
    scale = 20.0 / float(step)
    flat = changed("relu", weight_ih_l0__00=step, weight_ih_l0__01=-step, readout_weight__10=scale)
    odd = Fraction(float(step)).numerator
    while odd % 2 == 0:
        odd //= 2
    depth = 2**24 // odd
    assert depth_of("relu", flat, 50_000) == 50_000
    assert depth_of("relu", flat) == (depth if depth >= LEAST_EXACT_DEPTH else 0)
    random = np.random.default_rng(mantissa).integers(0, depth, 1000)
    places = np.concatenate([random, np.arange(min(depth, 100)), np.arange(max(depth - 100, 0), depth)])
    h = (places * float(step)).astype(np.float32)
    assert (h.astype(np.float64) == places * float(step)).all()
    assert ((h + step).astype(np.float64) == (places + 1) * float(step)).all()
    assert (((places + 1) * float(step)).astype(np.float32) - step == h).all()


@pytest.mark.parametrize("opened", [SATURATED, just_below(TANH.one_from)])
def test_the_rounded_gru_keeps_every_count_of_its_proof(opened):
    """The engine's own step, both ways, from every depth up to 2^21 - 1; also where n is a step of float32 below 1."""
    flat = changed("gru", weight_ih_l0__20=opened)
    model = Model(cells.get("gru"), flat)
    assert depth_of("gru", flat) >= 2**21 - 1
    for start in range(0, 2**21 - 1, 2**18):
        depths = np.arange(start, min(start + 2**18, 2**21 - 1))
        h, above = (depths * GRU_STEP).astype(np.float32), ((depths + 1) * GRU_STEP).astype(np.float32)
        assert np.array_equal(model.step(0, (h,))[0], above)
        assert np.array_equal(model.step(1, (above,))[0], h)


@pytest.mark.parametrize("depth", [1, 1000, 100_000])
def test_the_other_form_of_the_gru_leaks(depth):
    """(1 - z) n + z h is the same in exact arithmetic, and in float32 neither reaches the next count nor comes back."""
    z, n = np.float32(1 - GRU_STEP), np.float32(1)
    h = np.float32(depth * GRU_STEP)
    up = (1 - z) * n + z * h
    down = (1 - z) * -n + z * up
    assert up < np.float32((depth + 1) * GRU_STEP)
    assert down < h
    kept = (h - n) * z + n
    assert kept == np.float32((depth + 1) * GRU_STEP)
    assert (kept + n) * z - n == h


def test_a_gru_needs_exact_gates():
    near = {
        "update gate too low": {"bias_ih_l0__1": 10.0},
        "update gate that depends on h": {"weight_hh_l0__10": 1e3},
        "candidate not -1": {"weight_ih_l0__21": just_above(TANH.minus_one_to)},
        "no update at all": {"bias_ih_l0__1": SATURATED},
        "candidate of the same sign": {"weight_ih_l0__21": SATURATED},
    }
    for what, change in near.items():
        flat = changed("gru", **change)
        assert depth_of("gru", flat) < LEAST_EXACT_DEPTH, what
        assert certify(cells.get("gru"), flat, limit=5).verdict == "bounded", what
    assert depth_of("gru", changed("gru", bias_ih_l0__1=UPDATE_BIAS)) >= 2**21


@pytest.mark.parametrize("name", COUNTERS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_weights_that_are_no_numbers_prove_nothing(name, bad):
    certificate = certify(cells.get(name), changed(name, readout_bias__0=bad), limit=5)
    assert (certificate.verdict, certificate.lower_bound) == ("bounded", 0)


def test_hard_gates_reach_their_ends_at_3_and_1():
    """A hard LSTM of small weights counts exactly; one whose forget gate ends a hair before 1 does not."""
    cell = cells.get("hard_lstm")
    tensors = {name: np.zeros(shape, np.float32) for name, shape in cell.shapes().items()}
    tensors["bias_ih_l0"][[0, 1, 3]] = 3.0
    tensors["weight_ih_l0"][2] = 1.0, -1.0
    tensors["readout.weight"][1], tensors["readout.bias"][:] = 4.0, (4.0, -2.0)
    flat = cells.pack(cell, tensors)
    assert certify(cell, flat).verdict == "exact"
    word = dyck.ramps([60_000])
    assert engine.evaluate(cell, flat[None], word, dyck.targets(word)).correct.all()
    tensors["bias_ih_l0"][1] = 2.99999
    leaking = certify(cell, cells.pack(cell, tensors), limit=50)
    assert leaking.verdict == "bounded"
    assert "may be read wrong" in leaking.reason


def test_cells_of_which_nothing_is_known_are_bounded_or_proved():
    for name in ("tanh", "linear"):
        certificate = certify(cells.get(name), np.full(cells.get(name).size(), 0.5, np.float32), limit=20)
        assert certificate.verdict == "bounded"
    cell, flat = cells.get("linear"), construct("relu")
    assert certify(cell, flat, limit=20).verdict == "exact"
    assert certify(cell, flat * np.float32(0.99), limit=20).verdict == "bounded"


def test_the_boxes_of_one_unit_refuse_more():
    cell = cells.get("lstm", hidden_size=2)
    with pytest.raises(UserError, match="one unit in one layer"):
        Model(cell, np.zeros(cell.size(), np.float32))


def test_a_name_proves_nothing():
    """A cell that calls itself a ReLU network and leaks is not proved as one."""

    class Impostor(ReLU):
        def forward(self, x, y, state, own):
            (h,), gates = super().forward(x, y, state, own)
            return (h * 0.9999,), gates

    assert Impostor.name == "relu"
    assert certify(Impostor(), construct("relu"), limit=20).verdict == "bounded"
    assert certify(cells.get("relu"), construct("relu"), limit=20).verdict == "exact"


def test_other_letters_and_outputs_are_refused_and_another_start_is_no_counter():
    for cell, message in (
        (cells.get("lstm", letters=4), "needs 2 letters and 2 outputs, not 4 and 2"),
        (cells.get("lstm", outputs=3), "needs 2 letters and 2 outputs, not 2 and 3"),
    ):
        with pytest.raises(UserError, match=message):
            certify(cell, np.zeros(cell.size(), np.float32))
    start = LSTM(learned_start=True)
    assert certify(start, np.zeros(start.size(), np.float32), limit=20).verdict == "bounded"


@pytest.mark.parametrize("start", [1.7, 4.2])
def test_no_count_is_proved_beyond_what_the_state_can_hold(start):
    """c starts above 0 and stands still at 2^24, less deep than 2^24: what is not added there is missing at the end."""
    cell = LSTM(learned_start=True)
    tensors = {name: np.zeros(shape, np.float32) for name, shape in cell.shapes().items()}
    tensors["bias_ih_l0"][[0, 1, 3]] = SATURATED
    tensors["weight_ih_l0"][2] = SATURATED, -SATURATED
    tensors["c_0_l0"][:], tensors["h_0_l0"][:] = start, np.tanh(start)
    tensors["readout.weight"][1], tensors["readout.bias"][:] = 1e6, (10, -1e6 * np.tanh(start + 0.45))
    assert LEAST_EXACT_DEPTH <= prove(cell, cells.pack(cell, tensors)).max_depth < 2**24 - 4
