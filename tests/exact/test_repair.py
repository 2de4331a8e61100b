"""Repair: the smallest change that is proved exact, and none for what never learned."""

from functools import cache

import numpy as np
import pytest

from longcount import cells, engine, languages
from longcount.errors import UserError
from longcount.exact.certify import certify, prove
from longcount.exact.construct import construct
from longcount.exact.relu import nearest_step
from longcount.exact.repair import Wanted, changes, repair
from longcount.exact.rounding import multiplied
from longcount.exact.thresholds import with_thresholds
from longcount.languages import dyck
from longcount.languages.splits import make_splits
from longcount.languages.words import Words
from longcount.training.problem import Problem, problem

RUNS = 16  # the engine's narrowest block


@cache
def trained(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Weights float32 [RUNS, P] after a short training by the paper's protocol, and which have learned."""
    splits = make_splits(3, training_words=2500, validation_words=300, long_words=1, very_long_words=1)
    cell, training, validation = cells.get(name), splits["training"], splits["validation"]
    random = np.random.default_rng(8)
    state = engine.start(random.uniform(-1, 1, (RUNS, cell.size())).astype(np.float32))
    for _ in range({"lstm": 6, "relu": 6, "gru": 8}[name]):
        orders = np.stack([random.permutation(len(training)) for _ in range(RUNS)])
        engine.train(cell, state, training, dyck.targets(training), orders, 0.01)
    found = engine.evaluate(cell, state.parameters, validation, dyck.targets(validation))
    return state.parameters, found.correct.mean(axis=1) >= 0.5


def long_words() -> Words:
    return Words.concatenate([dyck.ramps([3, 20_000, 11]), dyck.shallow(50_000), dyck.ramps([17] * 1000)])


@pytest.mark.parametrize("name", ["lstm", "relu", "gru"])
def test_what_learned_is_repaired_and_counts(name):
    cell = cells.get(name)
    weights, learned = trained(name)
    assert learned.sum() >= 2
    done = [repair(cell, flat, learned=True) for flat in weights[learned][:4]]
    repaired = [one for one in done if one.repaired]
    assert len(repaired) >= 0.8 * len(done)
    words = long_words()
    found = engine.evaluate(cell, np.stack([one.weights for one in repaired]), words, dyck.targets(words))
    assert found.correct.all()
    for one in repaired:
        assert prove(cell, one.weights).max_depth >= one.max_depth >= 100_000


@pytest.mark.parametrize("name", ["lstm", "relu", "gru"])
def test_what_never_learned_is_left_alone(name):
    weights, _ = trained(name)
    done = repair(cells.get(name), weights[0], learned=False)
    assert not done.repaired
    assert "never learned" in done.reason
    assert np.array_equal(done.weights, weights[0])


def test_dead_relus_are_not_filled_with_the_answer():
    """Even where nobody says that they did not learn: a letter that does not move the count says so itself."""
    cell = cells.get("relu")
    dead = construct("relu")
    tensors = {name: tensor.copy() for name, tensor in cells.unpack(cell, dead).items()}
    tensors["weight_ih_l0"][0] = -1.0, -0.5
    done = repair(cell, cells.pack(cell, tensors))
    assert not done.repaired


def test_sharpening_scales_three_gates_and_moves_their_thresholds_alone():
    cell = cells.get("lstm")
    weights, learned = trained("lstm")
    sharpened = [(flat, one) for flat in weights[learned][:4] if (one := repair(cell, flat)).method == "sharpen"]
    assert sharpened
    for flat, one in sharpened:
        before, after = cells.unpack(cell, flat), cells.unpack(cell, one.weights)
        for name in before:
            factor = np.ones(len(before[name]), np.float32)
            if not name.startswith("readout"):
                factor[:3] = one.factor
            kept = slice(3 if name == "weight_ih_l0" else 0, None)
            if name != "readout.bias":
                assert np.array_equal(after[name].T[..., kept], (before[name].T * factor)[..., kept]), name
        assert one.factor is not None
        if one.factor > 4:
            assert not repair(cell, flat, Wanted("sharpen", one.factor / 8)).repaired


def test_what_is_exact_stays_as_it_is():
    for name in ("lstm", "relu", "gru"):
        done = repair(cells.get(name), construct(name))
        assert (done.method, done.repaired) == ("none", True)
        assert changes(cells.get(name), construct(name), done.weights) == {}


def test_changes_name_every_parameter_that_changed():
    cell = cells.get("relu")
    before = construct("relu")
    after = before.copy()
    after[1], after[8] = -2.0, 3.0
    assert changes(cell, before, after) == {"weight_ih_l0[0,1]": (-1.0, -2.0), "readout.bias[1]": (-10.0, 3.0)}


@pytest.mark.parametrize(
    ("step", "depth", "nearest"),
    [(0.7, 2**24, 0.5), (0.8, 2**24, 1.0), (1.4, 2**24, 1.0), (0.7, 100_000, 0.703125), (3.3, 1_000_000, 3.25)],
)
def test_steps_are_rounded_as_much_as_the_depth_needs(step, depth, nearest):
    assert nearest_step(step, depth) == nearest


def test_methods_belong_to_cells():
    with pytest.raises(UserError, match="gru is repaired by rescale, not by sharpen"):
        repair(cells.get("gru"), construct("gru"), Wanted("sharpen"))
    with pytest.raises(UserError, match="relu: project takes no factor; leave it out"):
        repair(cells.get("relu"), construct("relu"), Wanted(factor=4.0))
    with pytest.raises(UserError, match="no repair is known for tanh"):
        repair(cells.get("tanh"), np.zeros(cells.get("tanh").size(), np.float32))


def _two_counters() -> tuple[cells.Cell, np.ndarray, Problem]:
    """An LSTM whose units count the two pairs of Shuffle-2, all gates saturated."""
    cell, asked = cells.get("lstm", 2, 1, letters=4, outputs=4), problem(languages.get("shuffle2"))
    tensors = {name: np.zeros(shape, np.float32) for name, shape in cell.shapes().items()}
    tensors["weight_ih_l0"][0:2] = [[40, 40, -90, -90], [-90, -90, 40, 40]]  # i
    tensors["weight_ih_l0"][4:6] = [[40, -40, 0, 0], [0, 0, 40, -40]]  # g
    tensors["bias_ih_l0"][[2, 3, 6, 7]] = 40  # f and o
    tensors["readout.weight"][[1, 3], [0, 1]] = 20
    tensors["readout.bias"][:] = [10, -8, 10, -8]
    return cell, cells.pack(cell, tensors), asked


def test_several_units_are_sharpened_until_they_are_proved():
    cell, exact, asked = _two_counters()
    assert repair(cell, exact, problem=asked).method == "none"
    tensors = {name: tensor.copy() for name, tensor in cells.unpack(cell, exact).items()}
    for name in ("weight_ih_l0", "bias_ih_l0"):
        tensors[name][:6] /= 4
    soft = cells.pack(cell, tensors)
    done = repair(cell, soft, problem=asked)
    assert (done.method, done.factor) == ("sharpen", 2.0)
    assert done.max_depth == certify(cell, done.weights, asked).max_depth
    after = cells.unpack(cell, done.weights)
    for name, tensor in tensors.items():
        factor = np.ones(len(tensor), np.float32)
        if not name.startswith("readout"):
            factor[:6] = 2
        np.testing.assert_array_equal(after[name].T, tensor.T * factor)


def test_thresholds_are_set_anew_only_where_short_words_are_read_wrong():
    cell, exact, asked = _two_counters()
    np.testing.assert_array_equal(with_thresholds(cell, exact, asked), exact)
    wrong = exact.copy()
    wrong[-3:] = [-20, -10, -30]  # the biases of `)`, `[` and `]`
    refused = with_thresholds(cell, wrong, asked)
    assert refused is not None
    assert refused[-2] == -10, "`[` may always come: no word says where its threshold should be"
    assert prove(cell, refused, asked).max_depth == 0
    wrong[-2] = 10
    found = with_thresholds(cell, wrong, asked)
    assert found is not None
    assert prove(cell, found, asked).max_depth > 100_000
    np.testing.assert_allclose(found[[-3, -1]], -10 * np.tanh(1), rtol=1e-6)
    blind = exact.copy()
    blind[cells.pack(cell, {name: np.full(shape, name == "readout.weight", np.float32)
                            for name, shape in cell.shapes().items()}) == 1] = 0  # fmt: skip
    assert with_thresholds(cell, blind, asked) is None
    assert not repair(cell, blind, Wanted(factor=2.0), problem=asked).repaired


def _of_two_units(name: str, **rows: list[list[float]]) -> tuple[cells.Cell, np.ndarray, Problem]:
    """An LSTM of two units for a language of a and b: x for each gate, unit and letter, and what looks at unit 0."""
    asked = problem(languages.get(name))
    cell = cells.get("lstm", 2, 1, letters=2, outputs=3)
    tensors = {name: np.zeros(shape, np.float32) for name, shape in cell.shapes().items()}
    for number, gate in enumerate("ifgo"):
        tensors["weight_ih_l0"][2 * number : 2 * number + 2] = rows.get(gate, [[40, 40], [40, 40]])
    tensors["weight_hh_l0"][:, 0] = np.ravel(rows["h"])
    tensors["readout.weight"][:] = rows["readout"]
    tensors["readout.bias"][:] = np.ravel(rows["bias"])
    return cell, cells.pack(cell, tensors), asked


def _counting_from(first: float, threshold: float) -> tuple[cells.Cell, np.ndarray, Problem]:
    """aⁿbⁿ: unit 0 counts, from a first number on; unit 1 is -1 after a, 1 where a b was read at h0 < threshold."""
    return _of_two_units(
        "an_bn",
        i=[[6, 6], [20, 12 * threshold]],
        f=[[6, 6], [-9, -9]],
        g=[[np.arctanh(first), -12], [-6, 6]],
        h=[[0, -12, 0, 0, 6, 0, 0, 0]],
        readout=[[0, -20], [0, -20], [0, 20]],
        bias=[[-10, 10, -10]],
    )


def test_thresholds_of_gates_move_with_the_states_that_sharpening_moves():
    cell, flat, asked = _counting_from(0.7, 0.7)
    steep = [cells.pack(cell, multiplied(cell, cells.unpack(cell, flat), factor)) for factor in (8, 64)]
    assert not any(prove(cell, one, asked).max_depth for one in steep), "tanh(1) is more than 0.7"
    done = repair(cell, flat, problem=asked)
    assert (done.method, done.factor) == ("sharpen", 32.0)
    assert done.max_depth == prove(cell, done.weights, asked).max_depth >= 100_000
    (moved,) = set(changes(cell, flat, done.weights)) - set(_multiplied(cell, flat, done.weights, 32))
    assert moved == "weight_ih_l0[1,1]", "the threshold of unit 1 at b is between tanh(1) and tanh(2) now"


def _multiplied(cell: cells.Cell, before: np.ndarray, after: np.ndarray, factor: float) -> list[str]:
    return [name for name, (old, new) in changes(cell, before, after).items() if new == np.float32(old * factor)]


@pytest.mark.parametrize(("part", "repaired"), [(0.48, True), (0.2, False)])
def test_increments_near_a_half_become_halves(part: float, repaired: bool):
    """aⁿb²ⁿ: unit 0 counts an a and takes off a part of one at b."""
    cell, flat, asked = _of_two_units(
        "an_b2n",
        i=[[6, np.log(part / (1 - part))], [6, 6]],
        f=[[9, 9], [-9, -9]],
        g=[[4, -4], [-6, 6]],
        h=[[0] * 8],
        readout=[[0, -20], [30, 0], [-30, 0]],
        bias=[[-10, -8, 8]],
    )
    done = repair(cell, flat, problem=asked)
    assert done.repaired == repaired
    if repaired:
        assert done.max_depth == prove(cell, done.weights, asked).max_depth >= 100_000
        assert cells.unpack(cell, done.weights)["weight_ih_l0"][0].tolist() == [32, 0], "sigmoid(0) is a half"


@pytest.mark.parametrize(("closing", "repaired"), [(-5.3, True), (-2.0, False)])
def test_rectifiers_of_several_units_are_projected_on_multiples_of_a_step(closing: float, repaired: bool):
    cell, asked = cells.get("relu", 2, 1, letters=4, outputs=4), problem(languages.get("shuffle2"))
    tensors = {name: np.zeros(shape, np.float32) for name, shape in cell.shapes().items()}
    tensors["weight_ih_l0"][:] = [[5, closing + 0.1, -0.1, -0.2], [-0.3, -0.2, 4.1, -4.4]]
    tensors["bias_hh_l0"][0] = -0.1
    tensors["weight_hh_l0"][:] = [[0.995, -0.02], [0.01, 1.02]]
    tensors["readout.weight"][:] = [[1.5, 2], [5, -0.1], [2, 1], [-0.02, 6]]
    tensors["readout.bias"][:] = 10, -2, 10, -2
    done = repair(cell, cells.pack(cell, tensors), problem=asked)
    assert (done.repaired, done.factor) == (repaired, None)
    if repaired:
        assert (done.method, done.max_depth) == ("project", certify(cell, done.weights, asked).max_depth)
        after = cells.unpack(cell, done.weights)
        np.testing.assert_array_equal(after["weight_ih_l0"], [[4, -4, 0, 0], [0, 0, 4, -4]])
        np.testing.assert_array_equal(after["weight_hh_l0"], np.eye(2))
        assert (after["readout.weight"][[1, 3], [1, 0]] == 0).all()


def test_what_no_repair_is_known_for_is_refused():
    asked = problem(languages.get("shuffle2"))
    with pytest.raises(UserError, match="no repair is known for gru beyond one unit that starts at 0"):
        repair(cells.get("gru", 2, 1, 4, 4), np.zeros(4), problem=asked)
    with pytest.raises(UserError, match="one layer of at most 8 units"):
        repair(cells.get("lstm", 2, 2, 4, 4), np.zeros(4), problem=asked)
    with pytest.raises(UserError, match="lstm is repaired by sharpen, not by project"):
        repair(cells.get("lstm", 2, 1, 4, 4), np.zeros(4), Wanted("project"), problem=asked)
    with pytest.raises(UserError, match="only languages that counters decide"):
        repair(cells.get("lstm", 2, 1, 4, 4), np.zeros(4), problem=problem(languages.get("dyck2")))
