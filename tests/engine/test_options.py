"""Every way to make an update: bit for bit the twin's, and near PyTorch's own optimisers and clipping."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

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
    "rmsprop": Options(optimiser="rmsprop"),
    "sgd": Options(optimiser="sgd"),
}
for name, momentum in (("rmsprop", 0.5), ("sgd", 0.9)):
    OPTIONS[f"{name} with momentum"] = Options(optimiser=name, momentum=momentum)
    OPTIONS[f"all of {name}"] = dataclasses.replace(OPTIONS["all"], optimiser=name, momentum=momentum)


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
    np.testing.assert_array_equal(fast.parameters, slow.parameters)
    np.testing.assert_equal(fast.kept, slow.kept)
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
    np.testing.assert_equal(fast.kept, slow.kept)


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


P = cells.get("relu").size()

any_optimiser = st.just({}) | st.fixed_dictionaries(
    {"optimiser": st.sampled_from(["rmsprop", "sgd"]), "momentum": st.sampled_from([0.0, 0.3, 0.9])}
)
anything_else = st.fixed_dictionaries(
    {
        "loss": st.sampled_from(["mse", "bce"]),
        "batch_size": st.integers(1, 3),
        "clip_norm": st.sampled_from([None, 0.05, 0.5]),
        "clip_value": st.sampled_from([None, 0.02, 0.2]),
        "weight_decay": st.sampled_from([0.0, 0.2]),
        "l2": st.sampled_from([0.0, 0.02]),
        "l1": st.sampled_from([0.0, 0.01]),
        "frozen": st.frozensets(st.sampled_from([3, 5, 6]), max_size=2),
        "ties": st.sampled_from([(), ((1, 0, -1.0), (7, 2, 0.5))]),
    }
)


def torch_updated(
    initial: np.ndarray, words: Words, targets: np.ndarray, rates: np.ndarray, options: Options, scales: np.ndarray
) -> np.ndarray:
    """Parameters [P] after updates of `torch.optim`, with its clipping and autograd's penalties; the loss's gradients
    are those of the twin, which is compared with autograd elsewhere."""
    cell, free = cells.get("relu"), options.free(P)
    whole = initial.copy()
    leaf = torch.tensor(initial[free], requires_grad=True)
    optimiser = {
        "adam": torch.optim.Adam([leaf]),
        "rmsprop": torch.optim.RMSprop([leaf], momentum=options.momentum),
        "sgd": torch.optim.SGD([leaf], momentum=options.momentum),
    }[options.optimiser]
    for update, rate in enumerate(rates):
        batch = range(update * options.batch_size, min((update + 1) * options.batch_size, len(words)))
        gradient = np.zeros(P)
        for word in batch:
            goals = targets[words.offsets[word] : words.offsets[word + 1]]
            gradient += twin.word_gradient(cell, whole * scales, words[word], goals, options.loss)[1] * scales
        gradient /= len(batch)
        for position, source, factor in options.ties:
            gradient[source] += gradient[position] * factor
        optimiser.zero_grad()
        (options.l2 / 2 * leaf.square().sum() + options.l1 * leaf.abs().sum()).backward()
        assert leaf.grad is not None
        leaf.grad += torch.from_numpy(gradient[free])
        if options.clip_value is not None:
            torch.nn.utils.clip_grad_value_([leaf], options.clip_value)
        if options.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_([leaf], options.clip_norm)
        optimiser.param_groups[0]["lr"] = rate
        with torch.no_grad():
            leaf.mul_(1 - rate * options.weight_decay)
        optimiser.step()
        whole[free] = leaf.detach().numpy()
        for position, source, factor in options.ties:
            whole[position] = whole[source] * factor
    return whole


@settings(max_examples=25)
@given(optimiser=any_optimiser, others=anything_else, scaled=st.booleans(), falling=st.booleans())
def test_100_updates_of_any_options_are_the_twins_and_near_torch_optims(optimiser, others, scaled, falling):
    """Float64: bit for bit the twin's, and within 1e-12 of `torch.optim`."""
    options = Options(**others, **optimiser)
    random = np.random.default_rng(7)
    cell, count = cells.get("relu"), 100 * options.batch_size - (options.batch_size > 1)
    offsets = np.concatenate([[0], np.cumsum(random.integers(1, 5, count))])
    words = Words(random.integers(0, 2, offsets[-1], dtype=np.uint8), offsets)
    targets = random.integers(0, 2, (len(words.tokens), 2), dtype=np.uint8)
    rates = np.linspace(0.02, 0.0, 100) if falling else np.full(100, 0.01)
    scales = np.linspace(0.5, 2.0, P) if scaled else np.ones(P)
    fast, slow = (engine.start(np.random.default_rng(1).uniform(-1, 1, (1, P))) for _ in range(2))
    for state in (fast, slow):
        engine.tie(state, options)
    initial = fast.parameters[0].copy()
    given_scales = scales if scaled else None
    engine.train(cell, fast, words, targets, np.arange(count), rates, options, given_scales)
    twin.train(cell, slow, words, targets, np.arange(count), rates, options, given_scales)
    np.testing.assert_array_equal(fast.parameters, slow.parameters)
    np.testing.assert_equal(fast.kept, slow.kept)
    exact = torch_updated(initial, words, targets, rates, options, scales)
    np.testing.assert_allclose(fast.parameters[0], exact, rtol=0, atol=1e-12)
    assert np.abs(exact - initial).max() > 1e-3


def test_what_an_optimiser_is_not_is_refused(random_words, random_weights):
    with pytest.raises(ValueError, match="optimiser is one of adam, rmsprop, sgd, not 'lion'"):
        Options(optimiser="lion")
    with pytest.raises(ValueError, match="adam has its own"):
        Options(momentum=0.9)
    with pytest.raises(ValueError, match="below 1, not 1"):
        Options(optimiser="sgd", momentum=1.0)
    cell, state = cells.get("relu"), engine.start(random_weights(cells.get("relu"), 1))
    words, targets = random_words((3,))
    engine.train(cell, state, words, targets, np.array([0]), RATE)
    with pytest.raises(ValueError, match="runs continue with what they started with"):
        engine.train(cell, state, words, targets, np.array([0]), RATE, Options(optimiser="sgd"))


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
        slope = state.kept["first_moment"][0, source] / 0.1  # after one update: (1 - beta1) gradient
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
