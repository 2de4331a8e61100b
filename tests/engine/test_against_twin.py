"""The compiled engine and the slow NumPy twin do the same operations in the same order: every bit must agree."""

import numpy as np
import pytest

from longcount import cells, engine
from longcount.engine import Options, TrainingState, twin

LENGTHS = (1, 31, 32, 33, 64, 65, 100)
PAPERS_CELLS = ("lstm", "relu", "gru")


def assert_equal_states(one: TrainingState, other: TrainingState) -> None:
    np.testing.assert_array_equal(one.parameters, other.parameters)
    np.testing.assert_equal(one.kept, other.kept)
    assert one.updates == other.updates


def assert_trains_like_twin(cell, initial, words, targets, orders, rate=0.01, options=None):
    fast, slow = engine.start(initial), engine.start(initial)
    options = options or Options()
    for part in np.array_split(orders, 2, axis=-1):  # in two calls: moments and update counts carry over
        fast_loss = engine.train(cell, fast, words, targets, part, rate, options)
        slow_loss = twin.train(cell, slow, words, targets, part, rate, options)
        np.testing.assert_array_equal(fast_loss, slow_loss)
    assert_equal_states(fast, slow)
    assert not np.array_equal(fast.parameters, initial)


def assert_evaluates_like_twin(cell, weights, words, targets, loss):
    fast, slow = (
        engine.evaluate(cell, weights, words, targets, loss),
        twin.evaluate(cell, weights, words, targets, loss),
    )
    np.testing.assert_array_equal(fast.loss, slow.loss)
    np.testing.assert_array_equal(fast.first_failure, slow.first_failure)
    np.testing.assert_array_equal(fast.lengths, words.lengths)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["mse", "bce"])
@pytest.mark.parametrize("name", PAPERS_CELLS)
def test_training(name, loss, dtype, random_words, random_weights):
    cell = cells.get(name)
    words, targets = random_words(LENGTHS)
    orders = np.array([np.random.default_rng(run).permutation(len(words)) for run in range(3)])
    assert_trains_like_twin(cell, random_weights(cell, 3, dtype), words, targets, orders, options=Options(loss))


@pytest.mark.parametrize("name", PAPERS_CELLS)
@pytest.mark.parametrize("runs", [1, 5, 16, 17, 33])
def test_training_any_number_of_runs(name, runs, random_words, random_weights):
    cell = cells.get(name)
    words, targets = random_words((3, 33, 1, 8))
    orders = np.array([np.random.default_rng(run).permutation(len(words)) for run in range(runs)])
    assert_trains_like_twin(cell, random_weights(cell, runs), words, targets, orders)


@pytest.mark.parametrize("name", PAPERS_CELLS)
def test_training_in_a_shared_order_with_a_rate_an_update(name, random_words, random_weights):
    cell = cells.get(name)
    words, targets = random_words((40, 2, 7, 32))
    fast, slow = engine.start(random_weights(cell, 2)), engine.start(random_weights(cell, 2))
    order, rates = np.array([2, 0, 3, 1, 1]), np.array([0.1, 0.0, 0.01, 0.5, 0.02])
    fast_loss = engine.train(cell, fast, words, targets, order, rates)
    slow_loss = twin.train(cell, slow, words, targets, order, rates)
    np.testing.assert_array_equal(fast_loss, slow_loss)
    assert_equal_states(fast, slow)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("name", PAPERS_CELLS)
def test_training_wide_and_deep(name, layers, random_words, random_weights):
    cell = cells.get(name, hidden_size=3, layers=layers)
    words, targets = random_words((5, 33))
    orders = np.array([[1, 0], [0, 1]])
    assert_trains_like_twin(cell, random_weights(cell, 2), words, targets, orders)
    assert_evaluates_like_twin(cell, random_weights(cell, 2), words, targets, "mse")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["mse", "bce"])
@pytest.mark.parametrize("name", PAPERS_CELLS)
@pytest.mark.parametrize("models", [2, 9])
def test_evaluation(name, models, loss, dtype, random_words, random_weights):
    cell = cells.get(name)
    words, targets = random_words((0, *LENGTHS))
    assert_evaluates_like_twin(cell, random_weights(cell, models, dtype), words, targets, loss)


@pytest.mark.parametrize("name", PAPERS_CELLS)
@pytest.mark.parametrize("models", [1, 3, 7, 16, 17, 33])
def test_evaluation_of_any_number_of_models(name, models, random_words, random_weights):
    cell = cells.get(name)
    words, targets = random_words((2, 33, 40, 1, 1, 64, 5, 6, 7, 8, 9, 10, 11))
    assert_evaluates_like_twin(cell, random_weights(cell, models), words, targets, "mse")


@pytest.mark.parametrize("models", [1, 8])
@pytest.mark.parametrize("name", PAPERS_CELLS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers(name, models, bad, random_words, random_weights):
    """A lost model gets the twin's verdict and leaves its neighbours alone."""
    cell = cells.get(name)
    words, targets = random_words((5, 33, 12))
    weights = random_weights(cell, models + 1)
    weights[0] = bad
    assert_evaluates_like_twin(cell, weights, words, targets, "mse")
    lost, alone = engine.evaluate(cell, weights, words, targets), engine.evaluate(cell, weights[1:], words, targets)
    np.testing.assert_array_equal(lost.loss[1:], alone.loss)
    np.testing.assert_array_equal(lost.first_failure[1:], alone.first_failure)


@pytest.mark.parametrize("name", PAPERS_CELLS)
def test_a_run_that_is_lost_leaves_the_others_alone(name, random_words, random_weights):
    cell = cells.get(name)
    words, targets = random_words((5, 33, 12))
    initial = random_weights(cell, 3)
    initial[1, 0] = np.nan
    together, alone = engine.start(initial), engine.start(initial[[0, 2]])
    order = np.array([2, 0, 1])
    engine.train(cell, together, words, targets, order, 0.01)
    engine.train(cell, alone, words, targets, order, 0.01)
    np.testing.assert_array_equal(together.parameters[[0, 2]], alone.parameters)
    assert np.isnan(together.parameters[1]).any()


def test_trace_is_what_the_engine_computes(random_words, random_weights):
    """The outputs of `trace` give the engine's losses and failures."""
    cell = cells.get("gru")
    words, targets = random_words((20,))
    weights = random_weights(cell, 1)
    outputs = engine.trace(cell, weights[0], words[0])["outputs"]
    assert outputs.shape == (20, 2)
    assert outputs.dtype == np.float32
    result = engine.evaluate(cell, weights, words, targets)
    errors = (outputs - targets).astype(np.float64) ** 2
    assert result.loss[0, 0] == pytest.approx(errors.mean(), rel=1e-6)
    wrong = ((outputs >= 0.5) != (targets == 1)).any(axis=1)
    assert result.first_failure[0, 0] == (wrong.argmax() if wrong.any() else 20)
