"""Every way to make an update: bit for bit the twin's, and near PyTorch's own optimisers and clipping."""

import numpy as np
import pytest
import torch

from longcount import cells, engine
from longcount.cells import Cell
from longcount.cells.network import inputs_of_letters, read, split, step
from longcount.engine import Options, twin
from longcount.languages.words import Words

torch.set_num_threads(1)  # its threads wait for each other on networks this small

LENGTHS = (5, 33, 2, 9, 4, 7, 3)
RATE = 0.02

OPTIONS = {
    "batches": Options(batch_size=3),
    "one batch": Options(batch_size=100, loss="bce"),
    "clipped norm": Options(clip_norm=0.05),
    "clipped values": Options(clip_value=0.01),
    "weight decay": Options(weight_decay=0.3),
    "l2": Options(l2=0.05),
    "l1": Options(l1=0.02),
    "frozen": Options(frozen=frozenset({0, 3, 8})),
    "ties": Options(ties=((1, 0, -1.0), (7, 2, 0.5))),
    "all": Options("bce", 2, 0.1, 0.02, 0.1, 0.01, 0.01, frozenset({4}), ((1, 0, -1.0),)),
}


def shuffled(updates: int, runs: int) -> np.ndarray:
    return np.array([np.random.default_rng(run).permutation(updates) for run in range(runs)])


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_updates_are_the_twins(options, scaled, random_words, random_weights):
    cell = cells.get("relu")
    words, targets = random_words(LENGTHS)
    fast, slow = engine.start(random_weights(cell, 3)), engine.start(random_weights(cell, 3))
    scales = np.linspace(0.5, 3.0, cell.size()).astype(np.float32) if scaled else None
    for state in (fast, slow):
        engine.tie(state, options)
    orders = shuffled(len(words), 3)
    for _ in range(2):
        fast_loss = engine.train(cell, fast, words, targets, orders, RATE, options, scales)
        slow_loss = twin.train(cell, slow, words, targets, orders, RATE, options, scales)
        np.testing.assert_array_equal(fast_loss, slow_loss)
    for name in ("parameters", "first_moment", "second_moment"):
        np.testing.assert_array_equal(getattr(fast, name), getattr(slow, name))
    assert fast.updates == slow.updates == 2 * -(-len(words) // options.batch_size)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_all_options_at_once_on_wide_cells(name, random_words, random_weights):
    cell = cells.get(name, hidden_size=2)
    words, targets = random_words((5, 33, 2))
    fast, slow = engine.start(random_weights(cell, 2)), engine.start(random_weights(cell, 2))
    scales = np.linspace(0.5, 3.0, cell.size()).astype(np.float32)
    engine.train(cell, fast, words, targets, shuffled(3, 2), RATE, OPTIONS["all"], scales)
    twin.train(cell, slow, words, targets, shuffled(3, 2), RATE, OPTIONS["all"], scales)
    np.testing.assert_array_equal(fast.parameters, slow.parameters)
    np.testing.assert_array_equal(fast.second_moment, slow.second_moment)


def torch_outputs(cell: Cell, flat: torch.Tensor, tokens: np.ndarray) -> torch.Tensor:
    """The cell's forward equations on tensors, which `tests/cells` compares with the modules of torch.nn."""
    weights = split(cell, list(flat))
    inputs, state = inputs_of_letters(cell, weights), cell.initial_state(torch.zeros((), dtype=flat.dtype))
    outputs = []
    for token in tokens:
        state, _ = step(cell, weights, inputs[token], state)
        outputs.append(torch.stack(tuple(read(cell, weights, state))))
    return torch.stack(outputs)


def torch_trained(
    cell: Cell, initial: np.ndarray, words: Words, targets: np.ndarray, options: Options, scales: np.ndarray
) -> np.ndarray:
    """Parameters after PyTorch's training: its autograd, clipping and optimiser, in float64."""
    parameters = torch.tensor(initial, requires_grad=True)
    kind = torch.optim.AdamW if options.weight_decay else torch.optim.Adam
    optimiser = kind([parameters], lr=RATE, weight_decay=options.weight_decay or options.l2)
    loss = {"mse": torch.nn.functional.mse_loss, "bce": torch.nn.functional.binary_cross_entropy}[options.loss]
    start = parameters.detach().clone()
    for first in range(0, len(words), options.batch_size):
        batch = range(first, min(first + options.batch_size, len(words)))
        optimiser.zero_grad()
        total = torch.zeros((), dtype=torch.float64)
        for word in batch:
            goal = torch.from_numpy(targets[words.offsets[word] : words.offsets[word + 1]]).double()
            total = total + loss(torch_outputs(cell, parameters * torch.from_numpy(scales), words[word]), goal)
        (total / len(batch) + options.l1 * parameters.abs().sum()).backward()
        assert parameters.grad is not None
        if options.clip_value is not None:
            torch.nn.utils.clip_grad_value_([parameters], options.clip_value)
        if options.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_([parameters], options.clip_norm)
        optimiser.step()
        with torch.no_grad():
            for position in options.frozen:
                parameters[position] = start[position]
    return parameters.detach().numpy()


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("name", ["batches", "one batch", "clipped norm", "clipped values", "weight decay", "l2", "l1"])
def test_updates_are_near_pytorchs(name, scaled, random_words, random_weights):
    cell, options = cells.get("relu"), OPTIONS[name]
    words, targets = random_words(LENGTHS)
    initial = random_weights(cell, 1, "float64")
    scales = np.linspace(0.5, 2.0, cell.size()) if scaled else np.ones(cell.size())
    state = engine.start(initial)
    engine.train(cell, state, words, targets, np.arange(len(words)), RATE, options, scales)
    exact = torch_trained(cell, initial[0], words, targets, options, scales)
    np.testing.assert_allclose(state.parameters[0], exact, rtol=0, atol=1e-9)
    assert np.abs(exact - initial[0]).max() > RATE / 2


def test_frozen_parameters_stay(random_words, random_weights):
    cell, options = cells.get("gru"), OPTIONS["frozen"]
    words, targets = random_words(LENGTHS)
    initial = random_weights(cell, 2, "float64")
    state = engine.start(initial)
    engine.train(cell, state, words, targets, np.arange(len(words)), RATE, options)
    frozen = sorted(options.frozen)
    np.testing.assert_array_equal(state.parameters[:, frozen], initial[:, frozen])
    exact = torch_trained(cell, initial[0], words, targets, options, np.ones(cell.size()))
    np.testing.assert_allclose(state.parameters[0], exact, rtol=0, atol=1e-9)


def test_tied_parameters_follow_their_sources(random_words, random_weights):
    """The gradient of a source is that of the function of the free parameters: checked by finite differences."""
    cell, options = cells.get("lstm"), OPTIONS["ties"]
    words, targets = random_words((20,))
    state = engine.start(random_weights(cell, 1, "float64"))
    engine.tie(state, options)
    start = state.parameters.copy()
    engine.train(cell, state, words, targets, np.array([0]), RATE, options)
    for position, source, factor in options.ties:
        assert state.parameters[0, position] == state.parameters[0, source] * factor
        slope = state.first_moment[0, source] / 0.1  # after one update: (1 - beta1) gradient
        losses = []
        for step_by in (1e-6, -1e-6):
            moved = start.copy()
            moved[0, source] += step_by
            moved[0, position] = moved[0, source] * factor
            losses.append(engine.evaluate(cell, moved, words, targets).loss[0, 0])
        assert slope == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-5)


def test_scales_fold_into_ordinary_weights(random_words, random_weights):
    cell = cells.get("relu")
    words, targets = random_words(LENGTHS)
    scales = np.linspace(0.5, 2.0, cell.size()).astype(np.float32)
    state = engine.start(random_weights(cell, 2))
    online = engine.train(cell, state, words, targets, np.arange(len(words)), 0.0, Options(), scales)
    weights = engine.folded(state, scales)
    assert weights.dtype == np.float32
    loss = engine.evaluate(cell, weights, words, targets).loss.mean(axis=1)
    np.testing.assert_allclose(online, loss, rtol=1e-5)
    np.testing.assert_array_equal(engine.folded(state), state.parameters)
    assert not np.shares_memory(engine.folded(state), state.parameters)
