"""What the kernels would misread is refused before they run, by train, gradients and evaluate alike."""

from collections.abc import Callable

import numpy as np
import pytest

from longcount import cells, engine
from longcount.engine import Options
from longcount.languages.words import Words

CELL = cells.get("relu")
WORDS = Words.from_strings(["()", "(())"])
TARGETS = np.ones((6, 2), np.uint8)
WEIGHTS = np.zeros((3, CELL.size()), np.float32)


def train(weights: np.ndarray, targets: np.ndarray, loss: str) -> None:
    engine.train(CELL, engine.start(weights), WORDS, targets, np.array([0, 1]), 0.01, Options(loss))


def gradients(weights: np.ndarray, targets: np.ndarray, loss: str) -> None:
    engine.gradients(CELL, weights, WORDS, targets, Options(loss))


def evaluate(weights: np.ndarray, targets: np.ndarray, loss: str) -> None:
    engine.evaluate(CELL, weights, WORDS, targets, loss)


@pytest.mark.parametrize("work", [train, gradients, evaluate])
def test_arrays_and_losses(work: Callable[[np.ndarray, np.ndarray, str], None]):
    work(WEIGHTS, TARGETS, "mse")
    with pytest.raises(ValueError, match="the network has 9 parameters, not 8"):
        work(WEIGHTS[:, :8], TARGETS, "mse")
    with pytest.raises(ValueError, match=r"targets are uint8 \[6, 2\], not uint8\(5, 2\)"):
        work(WEIGHTS, TARGETS[:5], "mse")
    with pytest.raises(ValueError, match=r"targets are uint8 \[6, 2\], not float64"):
        work(WEIGHTS, TARGETS.astype(np.float64), "mse")
    with pytest.raises(ValueError, match="losses of a sigmoid are mse, bce, not 'mae'"):
        work(WEIGHTS, TARGETS, "mae")


@pytest.mark.parametrize("orders", [[0, 2], [-1, 0], [[0, 1], [1, 0], [0, 2]]])
def test_orders_beyond_the_words(orders):
    state = engine.start(WEIGHTS)
    with pytest.raises(ValueError, match="from 0 to 1"):
        engine.train(CELL, state, WORDS, TARGETS, np.array(orders), 0.01)
    assert state.updates == 0


def test_orders_of_unequal_length_without_empty_words():
    words = Words.from_strings(["()", "", "(())"])
    with pytest.raises(ValueError, match="different numbers of empty words"):
        engine.train(CELL, engine.start(WEIGHTS[:2]), words, TARGETS, np.array([[0, 1, 2], [0, 2, 0]]), 0.01)


def test_rates_must_fit_the_updates():
    with pytest.raises(ValueError, match="broadcast"):
        engine.train(CELL, engine.start(WEIGHTS), WORDS, TARGETS, np.array([0, 1]), np.array([0.1, 0.1, 0.1]))


@pytest.mark.parametrize("weights", [np.zeros(9, np.float32), np.zeros((3, 9), np.int32), np.zeros((3, 9), np.float16)])
def test_weights_of_another_kind(weights):
    with pytest.raises(ValueError, match="in float32 or float64"):
        engine.start(weights)
    with pytest.raises(ValueError, match="in float32 or float64"):
        engine.evaluate(CELL, weights, WORDS, TARGETS)
