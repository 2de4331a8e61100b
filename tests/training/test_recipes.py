"""Recipes: parts do what they say, runs are independent, and what comes out is an ordinary network that counts."""

import numpy as np
import pytest

from longcount import cells, engine
from longcount.errors import UserError
from longcount.languages import dyck
from longcount.languages.splits import make_splits
from longcount.languages.words import Words
from longcount.numbers.elementary import sigmoid
from longcount.papers import lan_2024
from longcount.training import engines, recipes, streams
from longcount.training.recipes.parts import gate_rows, positions
from longcount.training.recipes.recipe import LARGEST_REDRAWS
from longcount.training.study_files import build_study
from longcount.training.trained import Trained


@pytest.fixture(scope="module")
def splits() -> dict[str, Words]:
    return make_splits(0)


def _train(recipe: recipes.Recipe, runs: list[int], splits: dict[str, Words]) -> Trained:
    cell, words = cells.get(recipe.cell), splits["training"]
    return recipes.train(
        recipe,
        runs,
        lambda run, attempt: streams.initial_weights(0, recipe.cell, run, cell.size(), attempt),
        lambda run, epoch: streams.order(0, recipe.cell, run, epoch, len(words)),
        words,
        splits["validation"],
    )


@pytest.mark.parametrize("cell", list(recipes.EXACT))
def test_the_exact_recipes_count_far_beyond_their_training(cell: str, splits: dict[str, Words]) -> None:
    trained = _train(recipes.EXACT[cell], list(range(16 if cell in ("lstm", "relu", "gru") else 4)), splits)
    far = Words.concatenate([dyck.shallow(20_000), dyck.ramps([20_000]), dyck.zigzag_words(), splits["very_long"]])
    evaluation = engine.evaluate(cells.get(cell), trained.weights[:, -1], far, dyck.targets(far))
    assert evaluation.correct.all(axis=1).mean() >= 15 / 16
    assert (trained.draws >= 1).all()


@pytest.mark.parametrize(
    ("cell", "language", "runs"),
    [
        ("lstm", "an_b2n", 6),
        ("lstm", "shuffle2", 8),
        ("relu", "an_b2n", 8),
        ("relu", "shuffle2", 8),
        ("gru", "an_b2n", 8),
        ("gru", "shuffle2", 8),
    ],
)
def test_two_units_count_other_languages_far_beyond_their_training(cell: str, language: str, runs: int) -> None:
    study = {"cell": cell, "language": language, "hidden_size": 2, "recipe": "exact", "runs": runs}
    condition = build_study(study).conditions[0]
    asked = condition.problem()
    splits = make_splits(0, language=language, training_words=2_000, validation_words=500)
    weights = engines.train_runs(condition, range(runs), splits).weights[:, -1]
    if language == "shuffle2":
        heights = "(" * 3_000 + "[" * 2_000 + ")" * 3_000 + "()[]" * 100 + "]" * 2_000
        far = Words.from_strings([heights, "([)]" * 1_000, "[()]" * 1_000], asked.language.letters)
    else:
        far = Words.from_strings([asked.language.word_of(n) for n in (1, 2, 3, 60, 4_000)], asked.language.letters)
    evaluation = engine.evaluate(condition.built_in_cell(), weights, far, asked.targets(far))
    assert evaluation.correct.all(axis=1).mean() >= 0.75


@pytest.mark.parametrize("cell", ["lstm", "relu", "gru"])
def test_a_run_does_not_depend_on_its_neighbours(cell: str, splits: dict[str, Words]) -> None:
    few = {**splits, "training": splits["training"].select(np.arange(300))}
    together = _train(recipes.EXACT[cell], [3, 5, 9], few)
    alone = _train(recipes.EXACT[cell], [5], few)
    np.testing.assert_array_equal(together.weights[1], alone.weights[0])
    np.testing.assert_array_equal(together.online_losses[1], alone.online_losses[0])
    assert together.draws[1] == alone.draws[0]


def test_a_run_above_the_threshold_begins_again(splits: dict[str, Words]) -> None:
    few = {**splits, "training": splits["training"].select(np.arange(200))}
    hopeless = recipes.Recipe("hopeless", "relu", 2, 1e-9, (recipes.Redraw(1, 1e-12),))
    trained = _train(hopeless, [0, 1], few)
    assert (trained.draws == LARGEST_REDRAWS).all()
    easy = recipes.Recipe("easy", "relu", 2, 1e-9, (recipes.Redraw(1, 10.0),))
    assert (_train(easy, [0, 1], few).draws == 1).all()


def test_short_words_are_read_in_turn_until_as_many_have_been_as_there_are() -> None:
    words = Words.from_strings(["()", "(())", "()()()", "()", "(((())))"])
    part = recipes.ShortWords((2, 4))
    assert part.reads(words, 1).tolist() == [True, False, False, True, False]
    assert part.reads(words, 9).tolist() == [True, True, False, True, False]
    long = words.select([2, 4])
    assert part.reads(long, 1).tolist() == [True, False]

    def trained(order: list[int], *parts: recipes.Part) -> np.ndarray:
        recipe, cell = recipes.Recipe("short", "relu", 1, 0.01, parts), cells.get("relu")
        initial = streams.initial_weights(0, "relu", 0, cell.size())
        return recipes.train(recipe, [0], lambda *_: initial, lambda *_: np.array(order), words, words).weights

    np.testing.assert_array_equal(trained([0, 1, 2, 3, 4], recipes.ShortWords((2,))), trained([0, 3, 0, 3, 0]))
    np.testing.assert_array_equal(trained([4, 1, 2, 0, 3], recipes.ShortWords((9,))), trained([4, 1, 2, 0, 3]))


def test_decay_and_slope_follow_their_schedules() -> None:
    assert [recipes.Decay(2, 0.5).rate(0.8, epoch) for epoch in (1, 2, 3, 5)] == [0.8, 0.8, 0.4, 0.1]
    cell = cells.get("lstm", hidden_size=2)
    for epoch, factor in ((0, 1.0), (3, 1.0), (4, 4.0), (5, 16.0), (9, 100.0)):
        scales = np.ones(cell.size())
        recipes.Slope("fg", 3, 4.0, 100.0).scale(cell, scales, epoch)
        assert (scales[gate_rows(cell, "fg")] == factor).all()
        assert (scales[gate_rows(cell, "io")] == 1).all()


def test_a_rounded_gate_is_closed_half_open_or_open() -> None:
    cell = cells.get("lstm", 2, 1, letters=3)
    where = positions(cell, "weight_ih_l0", "i").reshape(2, 3)
    parameters = np.full((1, cell.size()), 0.25, np.float32)
    parameters[:, where] = [[3.0, -0.2, -5.0], [-2.0, -1.5, -2.9]]
    part = recipes.RoundGate("i", 4)
    before = parameters.copy()
    part.before(cell, parameters, 3)
    np.testing.assert_array_equal(parameters, before)
    part.before(cell, parameters, 4)
    opening = sigmoid(parameters[0, where])
    np.testing.assert_array_equal(opening[:, [0, 1]], np.array([[1, 0.5], [0.5, 1]], np.float32))
    assert opening[0, 2] < 2e-38
    assert opening[1, 2] == 0.5
    untouched = np.setdiff1d(np.arange(cell.size()), where)
    np.testing.assert_array_equal(parameters[:, untouched], before[:, untouched])
    assert part.options(cell, engine.Options(), 3).frozen == frozenset()
    assert part.options(cell, engine.Options(), 4).frozen == frozenset(where.ravel().tolist())


def _drawn(cell: cells.Cell) -> np.ndarray:
    """Parameters float32 [2, P] for parts to change."""
    return np.random.default_rng(5).uniform(-1, 1, (2, cell.size())).astype(np.float32)


@pytest.mark.parametrize(("name", "kept"), [("relu", 1.0), ("gru", 0.0)])
def test_counters_keep_their_count_and_readers_see_counts_alone(name: str, kept: float) -> None:
    cell = cells.get(name, 4, 1, letters=4)
    parameters = _drawn(cell)
    square = positions(cell, "weight_hh_l0", (cell.counts,)).reshape(4, 4)
    part = recipes.CountersAndReaders(kept)
    part.begin(cell, parameters)
    np.testing.assert_array_equal(parameters[:, square[:2]], np.tile(kept * np.eye(4)[:2], (2, 1, 1)))
    assert (parameters[:, square[2:, :2]] < 0).all()
    assert (parameters[:, square[2:, 2:]] == 0).all()
    assert set(square.ravel()) - part.options(cell, engine.Options(), 1).frozen == set(square[2:, :2].ravel())
    alone = cells.get(name)
    assert part.options(alone, engine.Options(), 1).frozen == {positions(alone, "weight_hh_l0", alone.counts).item()}


def test_readers_never_rise_with_a_count() -> None:
    cell = cells.get("relu", 3, 1, letters=2)
    parameters = _drawn(cell)
    read = positions(cell, "weight_hh_l0")[1:, :1]
    parameters[0, read] = [[0.5], [-0.5]]
    before = parameters.copy()
    recipes.FallingReaders().before(cell, parameters, 3)
    assert parameters[0, read].tolist() == [[0.0], [-0.5]]
    others = np.setdiff1d(np.arange(cell.size()), read)
    np.testing.assert_array_equal(parameters[:, others], before[:, others])


def test_counters_begin_with_letters_of_their_own() -> None:
    cell = cells.get("relu", 3, 1, letters=3)
    parameters = _drawn(cell)
    part = recipes.OwnLetters(2)
    part.begin(cell, parameters)
    steps = positions(cell, "weight_ih_l0")
    assert np.sign(parameters[0, steps[:2]]).tolist() == [[1, -1, 0], [0, 0, 1]]
    assert (parameters[:, steps[2]] != 0).all()
    others = {*steps[0, 2:].tolist(), *steps[1, :2].tolist()}
    assert part.options(cell, engine.Options(), 2).frozen == others
    assert part.options(cell, engine.Options(), 3).frozen == frozenset()


def test_rounded_steps_are_halves_and_wholes_of_a_power_of_two() -> None:
    cell = cells.get("relu", 2, 1, letters=3)
    parameters = _drawn(cell)
    steps = positions(cell, "weight_ih_l0")
    parameters[0, steps] = [[2.9, -1.2, 0.5], [0.3, 0.2, 0.1]]
    parameters[1, steps[0]] = 0
    before = parameters.copy()
    part = recipes.RoundSteps(4)
    part.before(cell, parameters, 3)
    np.testing.assert_array_equal(parameters, before)
    part.before(cell, parameters, 4)
    assert parameters[0, steps[0]].tolist() == [4.0, -2.0, 0.0]
    assert np.abs(np.frexp(parameters[0, steps[1]])[0]).tolist() == [0.5, 0.5, 0.5]
    assert (parameters[1, steps[0]] == 0).all()
    assert part.options(cell, engine.Options(), 3).frozen == frozenset()
    assert part.options(cell, engine.Options(), 4).frozen == set(steps.ravel().tolist())


def test_slow_steps_keep_a_grus_counts_and_let_readers_forget() -> None:
    cell = cells.get("gru", 3, 1, letters=3)
    parameters, part = _drawn(cell), recipes.SlowSteps(4)
    part.begin(cell, parameters)
    steps, kept = (positions(cell, "weight_ih_l0", gate)[0] for gate in "nz")
    parameters[0, steps[:2]] = [[2.0, -0.5, 0.05], [-0.1, 0.1, 0.1]]
    readout = positions(cell, "readout.weight")
    weight = parameters[0, readout[0, 0]]
    part.before(cell, parameters, 4)
    bias = parameters[0, positions(cell, "bias_ih_l0", "z")[0]]
    z = sigmoid(parameters[0, kept] + bias[:, None])
    assert (1 - z[0].astype(float)).tolist() == [2.0**-22, 2.0**-23, 0.0]
    assert (1 - z[1].astype(float)).tolist() == [2.0**-22] * 3
    assert (z[2] < 2e-38).all()
    assert parameters[0, steps[0]].tolist() == [40.0, -40.0, 0.0]
    assert parameters[0, readout[0, 0]] == weight * np.tanh(np.float32(2))
    for epoch, step in ((3, 1 / (1 + np.exp(7.0))), (4, 2.0**-22)):
        scales = np.ones(cell.size())
        part.scale(cell, scales, epoch)
        np.testing.assert_allclose(scales[readout], np.tile([1 / step, 1 / step, 1], (2, 1)))


def test_small_weights_that_see_counts_are_dropped() -> None:
    cell = cells.get("relu", 2, 1, letters=2)
    parameters, part = _drawn(cell), recipes.DropSmall(4, 0.25)
    parameters[:, positions(cell, "weight_ih_l0")] = [[4.0, -4.0], [1.0, 0.5]]
    read, readout = positions(cell, "weight_hh_l0")[1, 0], positions(cell, "readout.weight")
    parameters[:, read] = -0.06, -0.07
    parameters[:, readout] = [[1.0, 0.9], [0.3, 5.0]]
    parameters[:, positions(cell, "readout.bias")] = 0.5
    part.before(cell, parameters, 3)
    assert (parameters[:, readout] != 0).all()
    part.before(cell, parameters, 4)
    assert (parameters[:, read] != 0).tolist() == [False, True]
    assert parameters[0, readout].tolist() == [[1.0, 0.0], [0.0, 5.0]]
    assert part.options(cell, engine.Options(), 4).frozen == {int(read), *readout.ravel().tolist()}


def test_the_exact_recipe_of_a_language() -> None:
    assert recipes.get("exact", "lstm") is recipes.get("exact", "lstm", language="dyck1") is recipes.EXACT["lstm"]
    assert recipes.get("exact", "lstm", language="an_bn") is recipes.COUNTING["lstm"]
    assert recipes.get("annealed", "lstm", language="an_bn") is recipes.get("annealed", "lstm")


def test_a_predictor_begins_again_where_it_allows_what_may_not_come() -> None:
    (given,) = lan_2024.built()
    cell, asked = given.condition.built_in_cell(), given.condition.problem()
    words = make_splits(0, language="an_bn", training_words=8, validation_words=1, training_n=(1, 4))["training"]

    def starts(initial: np.ndarray) -> int:
        recipe = recipes.Recipe("still", "lstm", 1, 1e-9, (recipes.Redraw(1, 0.01),))
        order = np.arange(len(words))
        made = recipes.train(recipe, [0], lambda *_: initial, lambda *_: order, words, words, None, cell, asked)
        return int(made.draws[0])

    loss = engine.evaluate(cell, given.weights[None], words, asked.targets(words), "ce", asked.question).loss.mean()
    assert loss > 0.1, "how many letters come is chance"
    assert starts(given.weights) == 1
    assert starts(np.zeros_like(given.weights)) == LARGEST_REDRAWS


def test_a_readout_alone_is_trained(splits: dict[str, Words]) -> None:
    few = {**splits, "training": splits["training"].select(np.arange(20))}
    weights = _train(recipes.RECIPES["readout"]["lstm"], [0], few).weights[0]
    still = gate_rows(cells.get("lstm"), "ifgo")
    changed = np.setdiff1d(np.arange(weights.shape[1]), still)
    assert (weights[:, still] == weights[0, still]).all()
    assert (weights[-1, changed] != weights[0, changed]).all()


@pytest.mark.parametrize(
    ("name", "gate"), [("lstm", "g"), ("hard_lstm", "g"), ("gru", "n"), ("hard_gru", "n"), ("relu", "h"), ("tanh", "h")]
)
def test_parts_act_on_the_gate_that_steps_the_counter(name: str, gate: str) -> None:
    cell = cells.get(name)
    opened, shut = positions(cell, "weight_ih_l0", gate).ravel().tolist()
    assert recipes.OppositeSteps().options(cell, engine.Options(), 1).ties == ((shut, opened, -1.0),)
    parameters = np.full((1, cell.size()), -0.5, np.float32)
    recipes.CountUp().begin(cell, parameters)
    assert parameters[0, opened] == 0.5
    assert parameters[0, shut] == -0.5
    recipes.KeepCount().begin(cell, parameters)
    assert parameters[0, positions(cell, "weight_hh_l0", gate)].item() == 1.0


def test_positions_follow_the_flat_parameter_vector() -> None:
    cell = cells.get("lstm", hidden_size=2)
    flat = np.arange(cell.size())
    tensors = cells.unpack(cell, flat)
    np.testing.assert_array_equal(positions(cell, "weight_hh_l0"), tensors["weight_hh_l0"])
    np.testing.assert_array_equal(positions(cell, "weight_ih_l0", "g")[0], tensors["weight_ih_l0"][4:6])
    assert sorted(gate_rows(cell, "ifgo").tolist()) == list(range(cell.size() - 2 * 2 - 2))
    with pytest.raises(KeyError):
        positions(cell, "weight_ih_l1")


def test_relu_keeps_its_constraints_after_every_update(splits: dict[str, Words]) -> None:
    few = {**splits, "training": splits["training"].select(np.arange(300))}
    weights = _train(recipes.EXACT["relu"], [0, 1, 2], few).weights
    tensors = cells.unpack(cells.get("relu"), weights)
    assert (tensors["bias_ih_l0"] == 0).all()
    assert (tensors["bias_hh_l0"] == 0).all()
    np.testing.assert_array_equal(tensors["weight_ih_l0"][..., 1], -tensors["weight_ih_l0"][..., 0])
    np.testing.assert_array_equal(np.abs(np.frexp(tensors["weight_ih_l0"][:, -1])[0]), 0.5)
    np.testing.assert_array_equal(tensors["weight_hh_l0"][:, 11], tensors["weight_hh_l0"][:, 13])
    assert (tensors["readout.bias"][:, 11] != tensors["readout.bias"][:, 13]).any()


def test_what_training_adds_is_folded_in(splits: dict[str, Words]) -> None:
    few = {**splits, "training": splits["training"].select(np.arange(300))}
    recipe = recipes.EXACT["gru"]
    tensors = cells.unpack(cells.get("gru"), _train(recipe, [0], few).weights[:, -1])
    assert tensors["bias_ih_l0"][0, 1] == np.float32(15.942385)
    assert (tensors["weight_ih_l0"][0, 1] == 0).all()
    from longcount.numbers.elementary import sigmoid

    assert sigmoid(tensors["bias_ih_l0"][0, 1]) == np.float32(1 - 2**-23)


def test_leaving_a_part_out() -> None:
    recipe = recipes.EXACT["relu"]
    for part in recipe.parts:
        without = recipe.without(part)
        assert len(without.parts) == len(recipe.parts) - 1
        assert type(part).__name__ in without.name


def test_unknown_recipes_are_refused() -> None:
    with pytest.raises(UserError, match="no recipe is called 'exakt'"):
        recipes.get("exakt", "lstm")
    with pytest.raises(UserError, match="not for tanh"):
        recipes.get("exact", "tanh")
