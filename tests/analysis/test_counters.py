"""Counters of networks whose steps are known by hand."""

import numpy as np
import pytest

from longcount import cells
from longcount.analysis.counters import counter_indicator, counters, saturated_shares
from longcount.cells.network import inputs_of_letters, split, step


def relu_weights(up, down, recurrent, slope=4.0, offset=-2.0):
    """A ReLU RNN that adds ``up`` on ``(`` and takes ``down`` on ``)``; it reads sigmoid(slope h + offset)."""
    tensors = {
        "weight_ih_l0": [[up, -down]],
        "weight_hh_l0": [[recurrent]],
        "bias_ih_l0": [0.0],
        "bias_hh_l0": [0.0],
        "readout.weight": [[0.0], [slope]],
        "readout.bias": [5.0, offset],
    }
    return cells.pack(cells.get("relu"), {name: np.array(value, np.float32) for name, value in tensors.items()})


def lstm_weights(gates, recurrent=0.0):
    """An LSTM whose gates are sigmoid or tanh of (value at ``(``, value at ``)``), untouched by h."""
    tensors = {
        "weight_ih_l0": [gates[name] for name in "ifgo"],
        "weight_hh_l0": [[recurrent]] * 4,
        "bias_ih_l0": [0.0] * 4,
        "bias_hh_l0": [0.0] * 4,
        "readout.weight": [[0.0], [10.0]],
        "readout.bias": [5.0, -3.0],
    }
    return cells.pack(cells.get("lstm"), {name: np.array(value, np.float32) for name, value in tensors.items()})


def test_exact_relu_counter():
    found = counters(cells.get("relu"), relu_weights(0.5, 0.5, 1.0)[None], depths=20)
    assert found.counter[:, 0].tolist() == [0.5 * depth for depth in range(20)]
    assert (found.increment == 0.5).all()
    assert (found.decrement[1:] == 0.5).all()
    assert found.decrement[0, 0] == 0.0
    assert found.leak(10).tolist() == [0.0]
    assert found.imbalance(10).tolist() == [0.0]


def test_leaking_relu_counter():
    found = counters(cells.get("relu"), relu_weights(0.5, 0.5, 0.75)[None], depths=60)
    assert found.leak(50) == pytest.approx([0.25])
    assert found.increment[1, 0] == pytest.approx(0.5 - 0.25 * 0.5)
    assert found.decrement[1, 0] == pytest.approx(0.5)
    assert found.counter[-1, 0] == pytest.approx(2.0, abs=1e-4)


def test_leak_of_an_lstm_is_what_its_forget_gate_forgets():
    gates = {"i": [20.0, 20.0], "f": [2.0, 3.0], "g": [20.0, -20.0], "o": [20.0, 20.0]}
    found = counters(cells.get("lstm"), lstm_weights(gates)[None], depths=60)
    sigmoid = 1 / (1 + np.exp(-np.array([2.0, 3.0])))
    assert found.leak() == pytest.approx([1 - sigmoid.mean()])
    assert found.increment[0] == pytest.approx([1.0])
    assert found.gates["f"][:, 7, 0] == pytest.approx(sigmoid)


@pytest.mark.parametrize("name", cells.names())
def test_many_models_at_once_step_as_each_alone(name):
    cell = cells.get(name)
    weights = np.random.default_rng(1).uniform(-1, 1, (5, cell.size())).astype(np.float32)
    together = counters(cell, weights, depths=30)
    for model, flat in enumerate(weights):
        parts = split(cell, list(flat))
        letters = inputs_of_letters(cell, parts)
        state = cell.initial_state(np.float32(0))
        at = cell.state_names.index(cell.counter)
        for depth in range(30):
            opened, _ = step(cell, parts, letters[0], state)
            closed, _ = step(cell, parts, letters[1], state)
            assert together.counter[depth, model] == state[at][0]
            assert together.increment[depth, model] == opened[at][0] - state[at][0]
            assert together.decrement[depth, model] == state[at][0] - closed[at][0]
            state = opened


def test_counter_indicator_conditions():
    found = counter_indicator(np.stack([relu_weights(0.5, 0.25, 0.875), relu_weights(1.0, 1.0, 1.0, slope=-1.0)]))
    assert found.recurrent.tolist() == [0.875, 1.0]
    assert found.step_up.tolist() == [0.5, 1.0]
    assert found.step_down.tolist() == [0.25, 1.0]
    assert found.threshold.tolist() == [0.5, -2.0]
    assert found.separates.tolist() == [True, False]


def test_saturation_of_gates_that_stand_still():
    gates = {"i": [20.0, 20.0], "f": [20.0, 2.0], "g": [20.0, -20.0], "o": [0.0, 0.0]}
    shares = saturated_shares(counters(cells.get("lstm"), lstm_weights(gates)[None]), (0.01, 0.2))
    assert shares["i"][:, 0].tolist() == [1.0, 1.0]
    assert shares["f"][:, 0].tolist() == [0.5, 1.0]
    assert shares["g"][:, 0].tolist() == [1.0, 1.0]
    assert shares["o"][:, 0].tolist() == [0.0, 0.0]
