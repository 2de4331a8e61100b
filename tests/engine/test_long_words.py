"""Words of a million tokens: sums lose nothing, and the first failure is found where it is."""

import math

import numpy as np
import pytest

from longcount import cells, engine
from longcount.cells import Cell
from longcount.languages import dyck
from longcount.languages.words import Words

MILLION = 1_000_000


def ramp(tokens: int) -> Words:
    """Half of the tokens open, the others close."""
    half = np.repeat(np.array([0, 1], np.uint8), tokens // 2)
    return Words(half, np.array([0, tokens], np.int64))


def counter() -> tuple[Cell, np.ndarray]:
    """A ReLU network that counts: h is the depth, and `)` may come where h - 0.5 > 0."""
    cell = cells.get("relu")
    tensors = {
        "weight_ih_l0": np.array([[1.0, -1.0]]),
        "weight_hh_l0": np.array([[1.0]]),
        "bias_ih_l0": np.zeros(1),
        "bias_hh_l0": np.zeros(1),
        "readout.weight": np.array([[0.0], [1.0]]),
        "readout.bias": np.array([1.0, -0.5]),
    }
    return cell, cells.pack(cell, tensors).astype(np.float32)


@pytest.mark.parametrize("models", [1, 9])
def test_first_failure(models):
    cell, weights = counter()
    words = ramp(MILLION)
    targets = dyck.targets(words).copy()
    right = engine.evaluate(cell, np.tile(weights, (models, 1)), words, targets)
    assert (right.first_failure == MILLION).all()
    assert right.correct.all()
    for place in (999_999, 777_777):
        targets[place, 1] ^= 1
        assert (engine.evaluate(cell, np.tile(weights, (models, 1)), words, targets).first_failure == place).all()


@pytest.mark.parametrize("loss", ["mse", "bce"])
@pytest.mark.parametrize("models", [1, 9])
def test_loss_of_constant_outputs(models, loss):
    """The mean of a million equal terms is that term, to the rounding of 32 additions in float32."""
    cell = cells.get("gru")
    weights = np.zeros(cell.size(), np.float32)
    weights[-2:] = 0.3, -1.7
    words = ramp(MILLION)
    targets = np.ones((MILLION, 2), np.uint8)
    y = [1 / (1 + math.exp(-float(bias))) for bias in weights[-2:]]
    exact = sum((1 - p) ** 2 if loss == "mse" else -math.log(p) for p in y) / 2
    result = engine.evaluate(cell, np.tile(weights, (models, 1)), words, targets, loss)
    assert result.loss == pytest.approx(np.full((models, 1), exact), rel=1e-6)


def test_loss_of_changing_outputs():
    """Against the float64 sum of the twin's float32 outputs."""
    cell = cells.get("lstm")
    weights = np.random.default_rng(3).uniform(-1, 1, cell.size()).astype(np.float32)
    words = ramp(4_000)
    targets = dyck.targets(words)
    outputs = engine.trace(cell, weights, words[0])["outputs"].astype(np.float64)
    exact = math.fsum(((outputs - targets) ** 2).ravel()) / outputs.size
    assert engine.evaluate(cell, weights[None], words, targets).loss[0, 0] == pytest.approx(exact, rel=1e-6)


def test_prefixes_longer_than_those_that_are_shared():
    """Words alike for 10,040 tokens: states are kept for the first 10,000 only, and the rest is computed again."""
    cell = cells.get("gru")
    start = "()((" * 2_510
    words = Words.from_strings([start + "((", start, start + "))", start + "(("])
    targets = dyck.targets(words)
    weights = np.random.default_rng(4).uniform(-1, 1, (9, cell.size())).astype(np.float32)
    many = engine.evaluate(cell, weights, words, targets)
    few = engine.evaluate(cell, weights[4:5], words, targets)
    np.testing.assert_array_equal(many.loss[4:5], few.loss)
    np.testing.assert_array_equal(many.first_failure[4:5], few.first_failure)
