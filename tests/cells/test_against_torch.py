"""Outputs, gradients and trajectories against PyTorch: the modules it ships, its autograd, its Adam."""

import numpy as np
import pytest
import torch

from longcount import cells, engine
from longcount.cells.network import Question
from longcount.engine import Options, twin
from longcount.languages.words import Words

LENGTHS = (1, 2, 3, 32, 33, 65)


def random_words(lengths=LENGTHS, seed=0) -> tuple[Words, np.ndarray]:
    random = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    tokens = random.integers(0, 2, offsets[-1], dtype=np.uint8)
    return Words(tokens, offsets), random.integers(0, 2, (len(tokens), 2), dtype=np.uint8)


def targets_of(words: Words, targets: np.ndarray, word: int, dtype: torch.dtype) -> torch.Tensor:
    return torch.from_numpy(targets[words.offsets[word] : words.offsets[word + 1]]).to(dtype)


def relative_error(found: np.ndarray, exact: np.ndarray) -> float:
    """Distance over length: the gradient as one vector."""
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


def random_weights(cell: cells.Cell, runs: int, seed: int) -> np.ndarray:
    """Weights [runs, P] with which the unbounded states of linear and ReLU cells do not grow until outputs saturate."""
    unbounded = cell.name in ("linear", "relu")
    return np.random.default_rng(seed).uniform(-1, 1, (runs, cell.size())) * (0.5 if unbounded else 1.0)


@pytest.mark.parametrize(
    ("hidden_size", "layers", "loss", "answers"),
    [(1, 1, "mse", "token"), (2, 1, "bce", "word"), (2, 2, "mse", "token")],
    ids=["1 unit", "2 units, recogniser", "2 layers"],
)
@pytest.mark.parametrize("name", cells.names())
def test_gradients_equal_autograd(name, hidden_size, layers, loss, answers, torch_network, torch_loss):
    cell = cells.get(name, hidden_size, layers)
    words, targets = random_words()
    weights = random_weights(cell, 2, seed=1)
    gradients = engine.gradients(cell, weights, words, targets, Options(loss), Question(answers=answers))
    asked = slice(None) if answers == "token" else slice(-1, None)
    for run in range(2):
        network = torch_network(cell, weights[run])
        for word in range(len(words)):
            network.zero_grad()
            goals = targets_of(words, targets, word, torch.float64)
            torch_loss(loss)(network(words[word])[asked], goals[asked]).backward()
            exact = network.flat({name: parameter.grad for name, parameter in network.tensors().items()})
            assert relative_error(gradients[run, word], exact) < 1e-10


@pytest.mark.parametrize(("name", "loss"), [*((name, "mse") for name in cells.names()), ("lstm", "bce")])
def test_the_twins_gradient_is_the_engines(name, loss):
    cell = cells.get(name)
    words, targets = random_words((40,))
    weights = np.random.default_rng(2).uniform(-1, 1, (1, cell.size()))
    _, gradient = twin.word_gradient(cell, weights[0], words[0], targets, loss)
    np.testing.assert_array_equal(engine.gradients(cell, weights, words, targets, Options(loss))[0, 0], gradient)


@pytest.mark.parametrize(("hidden_size", "layers"), [(1, 1), (3, 1), (2, 2)])
@pytest.mark.parametrize("name", cells.names())
def test_outputs_equal_the_modules(name, hidden_size, layers, torch_network):
    """In float32 both round differently: outputs within 2e-6 over 200 tokens."""
    cell = cells.get(name, hidden_size, layers)
    words, _ = random_words((200,))
    for weights in random_weights(cell, 2, seed=4).astype(np.float32):
        ours = engine.trace(cell, weights, words[0])["outputs"]
        with torch.no_grad():
            theirs = torch_network(cell, weights)(words[0]).numpy()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-6)


@pytest.mark.parametrize("loss", ["mse", "bce"])
@pytest.mark.parametrize("name", ["lstm", "relu", "gru"])
def test_trajectory_of_200_updates(name, loss, torch_network, torch_loss):
    """Weights within 1e-4 of torch.optim.Adam's, in float32, over the words of an epoch."""
    cell = cells.get(name)
    words, targets = random_words(np.random.default_rng(5).integers(2, 21, 200), seed=6)
    initial = np.random.default_rng(7).uniform(-1, 1, cell.size()).astype(np.float32)
    order = np.random.default_rng(8).permutation(200)
    state = engine.start(initial[None])
    online_loss = engine.train(cell, state, words, targets, order, 0.01, Options(loss))
    network = torch_network(cell, initial)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    total = 0.0
    for word in order:
        optimiser.zero_grad()
        value = torch_loss(loss)(network(words[word]), targets_of(words, targets, word, torch.float32))
        value.backward()
        optimiser.step()
        total += value.item()
    np.testing.assert_allclose(state.parameters[0], network.flat(dict(network.tensors())), rtol=0, atol=1e-4)
    assert online_loss[0] == pytest.approx(total / 200, rel=1e-4)


@pytest.mark.parametrize("name", cells.names())
def test_the_equations_run_on_tensors(name, torch_network):
    """A cell's equations take PyTorch tensors as they take lanes: one step equals the module's."""
    from longcount.cells.network import inputs_of_letters, read, split, step

    cell = cells.get(name, hidden_size=2)
    flat = torch.from_numpy(np.random.default_rng(9).uniform(-1, 1, cell.size()))
    weights = split(cell, list(flat))
    inputs = inputs_of_letters(cell, weights)
    state = cell.initial_state(torch.zeros((), dtype=torch.float64))
    tokens = np.array([0, 0, 1, 0, 1, 1], np.uint8)
    outputs = []
    for token in tokens:
        state, _ = step(cell, weights, inputs[token], state)
        outputs.append(torch.stack(tuple(read(cell, weights, state))))
    exact = torch_network(cell, flat.numpy())(tokens).detach().numpy()
    np.testing.assert_allclose(torch.stack(outputs).numpy(), exact, rtol=1e-13)
