"""The two engines agree: gradients, updates and evaluations, for every cell and option."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from longcount import cells, engine
from longcount.cells.network import Question
from longcount.engine import Options
from longcount.errors import UserError
from longcount.languages import Words, dyck
from longcount.languages.sampler import GrammarSampler, Uniforms
from longcount.training import streams, torch_engine
from longcount.training.torch_cells import torch_cell

NETWORKS = [(name, 1, 1) for name in cells.names()] + [("lstm", 2, 2), ("gru", 2, 1), ("linear", 2, 2)]

OPTIONS = {
    "paper": Options(),
    "bce": Options(loss="bce"),
    "batches": Options(batch_size=8),
    "clipped norm": Options(clip_norm=0.05),
    "clipped values": Options(clip_value=0.01),
    "decoupled decay": Options(weight_decay=0.1),
    "L2 and L1": Options(l2=0.01, l1=0.001),
    "all": Options("bce", 3, clip_norm=0.5, clip_value=0.1, weight_decay=0.01, l2=0.001, l1=0.001),
    "RMSprop": Options(optimiser="rmsprop"),
    "RMSprop with momentum, decoupled decay": Options(weight_decay=0.1, optimiser="rmsprop", momentum=0.5),
    "SGD": Options(optimiser="sgd"),
    "SGD with momentum, decoupled decay": Options(weight_decay=0.1, optimiser="sgd", momentum=0.9),
    "tied and frozen": Options(frozen=frozenset({0, 5}), ties=((2, 1, -1.0), (4, 0, 0.5))),
}


@pytest.fixture(scope="module")
def words() -> Words:
    return GrammarSampler(limit=50).draw(60, Uniforms(3, 0), 2, 50)


@pytest.fixture(scope="module")
def short_words() -> Words:
    """For many updates: what depends on a word's length shows in its gradient already."""
    return GrammarSampler(limit=16).draw(60, Uniforms(3, 0), 2, 16)


def begin(cell: cells.Cell, runs: int, seed: int = 0) -> np.ndarray:
    draws = [streams.initial_weights(seed, cell.name, run, cell.size()) for run in range(runs)]
    return cells.initialise(cell, np.stack(draws))


def orders_of(cell: cells.Cell, runs: int, words: Words, updates: int) -> np.ndarray:
    epochs = -(-updates // len(words))
    drawn = [
        np.concatenate([streams.order(0, cell.name, run, epoch, len(words)) for epoch in range(epochs)])
        for run in range(runs)
    ]
    return np.stack(drawn)[:, :updates]


@pytest.mark.parametrize(("network", "loss"), [*((network, "mse") for network in NETWORKS), (("gru", 1, 1), "bce")])
def test_gradients_agree_in_float64(words, network, loss):
    """To 1e-10 of a gradient's length, over batches of 7 words and a smaller one."""
    cell, words = cells.get(*network), words.select(range(18))
    assert words.lengths.max() > 32  # more than the engine keeps of a word at once
    weights, targets = begin(cell, 3).astype(np.float64), dyck.targets(words)
    ours = engine.gradients(cell, weights, words, targets, Options(loss, batch_size=7))
    theirs = torch_engine.gradients(torch_cell(cell), weights, words, targets, Options(loss, batch_size=7))
    assert ours.shape == (3, 3, cell.size())
    assert (np.linalg.norm(ours - theirs, axis=-1) < 1e-10 * np.linalg.norm(theirs, axis=-1)).all()


def trained_by_both(name, options, words, updates):
    """Largest differences in weights, what the optimiser keeps and online loss after updates in float64."""
    cell = cells.get(name)
    initial = begin(cell, 1).astype(np.float64)
    orders, targets = orders_of(cell, 1, words, updates * options.batch_size), dyck.targets(words)
    rates = np.linspace(0.01, 0.001, updates)
    ours, theirs = engine.start(initial), engine.start(initial)
    engine.tie(ours, options)
    engine.tie(theirs, options)
    our_loss = engine.train(cell, ours, words, targets, orders, rates, options)
    other = torch_cell(cell)
    their_loss = torch_engine.train(other, theirs, words, targets, orders, rates, options)
    assert theirs.updates == ours.updates == updates
    return [
        np.abs(a - b).max()
        for a, b in (
            (ours.parameters, theirs.parameters),
            *((ours.kept[name], theirs.kept[name]) for name in options.rule().kept),
            (our_loss, their_loss),
        )
    ]


@pytest.mark.parametrize("name", cells.names())
def test_200_updates_stay_within_1e_9_in_float64(short_words, name):
    assert max(trained_by_both(name, Options(), short_words, 200)) < 1e-9


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_every_option_means_the_same(words, options):
    assert max(trained_by_both("relu", options, words, 30)) < 1e-10


@pytest.mark.parametrize("name", cells.names())
def test_runs_trained_together_are_the_runs_trained_alone(words, name):
    cell, options = cells.get(name), OPTIONS["all"]
    orders, targets = orders_of(cell, 3, words, 12), dyck.targets(words)
    alone, together = (engine.start(begin(cell, 3).astype(np.float64)) for _ in range(2))
    torch_engine.train(torch_cell(cell), alone, words, targets, orders, 0.01, options, together=False)
    torch_engine.train(torch_cell(cell), together, words, targets, orders, 0.01, options, together=True)
    np.testing.assert_allclose(together.parameters, alone.parameters, atol=1e-13)


def test_training_in_float32_stays_within_1e_4(words):
    cell = cells.get("lstm")
    initial, orders, targets = begin(cell, 1), orders_of(cell, 1, words, 200), dyck.targets(words)
    ours, theirs = engine.start(initial), engine.start(initial)
    engine.train(cell, ours, words, targets, orders, 0.01)
    torch_engine.train(torch_cell(cell), theirs, words, targets, orders, 0.01)
    assert theirs.parameters.dtype == np.float32
    np.testing.assert_allclose(theirs.parameters, ours.parameters, atol=1e-4)


@pytest.mark.parametrize(
    ("network", "loss"), [(("lstm", 2, 2), "mse"), (("gru", 1, 1), "bce"), (("linear", 1, 1), "mse")]
)
def test_evaluations_agree_whatever_the_padding(network, loss):
    """Words of very different lengths, empty ones among them, in one padded batch."""
    cell = cells.get(*network)
    drawn = GrammarSampler(limit=80).draw(30, Uniforms(4, 0), 2, 80).strings()
    words = Words.from_strings(["", "(" * 150 + ")" * 150, *drawn, "()"])
    weights, targets = begin(cell, 3).astype(np.float64), dyck.targets(words)
    ours = engine.evaluate(cell, weights, words, targets, loss)
    theirs = torch_engine.evaluate(torch_cell(cell), weights, words, targets, loss)
    np.testing.assert_allclose(theirs.loss, ours.loss, rtol=1e-9)
    np.testing.assert_array_equal(theirs.first_failure, ours.first_failure)
    np.testing.assert_array_equal(theirs.lengths, ours.lengths)


def test_a_batch_is_the_mean_of_its_words(words):
    """The mean over words of each word's mean, so a short word counts as much as a long one."""
    cell = torch_cell(cells.get("gru", 2, 1))
    words = words.select(range(12))
    assert len(set(words.lengths.tolist())) > 3
    weights, targets = begin(cells.get("gru", 2, 1), 1).astype(np.float64), dyck.targets(words)
    one_by_one = torch_engine.gradients(cell, weights, words, targets)
    batches = torch_engine.gradients(cell, weights, words, targets, Options(batch_size=4))
    np.testing.assert_allclose(batches, one_by_one.reshape(1, 3, 4, -1).mean(axis=2), atol=1e-15)


def test_empty_words_and_no_words_change_nothing():
    cell = cells.get("relu")
    words = Words.from_strings(["", "()", ""])
    state = engine.start(begin(cell, 2))
    other = engine.start(begin(cell, 2))
    loss = torch_engine.train(torch_cell(cell), state, words, dyck.targets(words), np.array([0, 1, 2]), 0.01)
    alone = words.select([1])
    expected = torch_engine.train(torch_cell(cell), other, alone, dyck.targets(alone), np.array([0]), 0.01)
    np.testing.assert_array_equal(state.parameters, other.parameters)
    np.testing.assert_array_equal(loss, expected)
    nothing = words.select([0])
    assert torch_engine.train(torch_cell(cell), state, nothing, dyck.targets(nothing), np.array([0]), 0.01).sum() == 0
    assert state.updates == 1


def test_dropout_belongs_to_a_run_and_its_seed(words):
    built_in = cells.get("lstm", 4, 2)
    cell, targets = torch_cell(built_in, dropout=0.5), dyck.targets(words)
    assert cell.random

    def trained(runs, seeds):
        state = engine.start(begin(built_in, 3)[runs])
        torch_engine.train(cell, state, words, targets, np.arange(3), 0.01, seeds=np.array(seeds))
        return state.parameters

    torch.manual_seed(1)
    before = torch.get_rng_state()
    all_three = trained([0, 1, 2], [7, 8, 9])
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(trained([1], [8])[0], all_three[1])
    assert (trained([1], [7])[0] != all_three[1]).any()
    without = engine.start(begin(built_in, 3))
    torch_engine.train(torch_cell(built_in), without, words, targets, np.arange(3), 0.01)
    assert (without.parameters != all_three).any()
    few = words.select(range(5))
    once, again = (torch_engine.evaluate(cell, all_three, few, dyck.targets(few)) for _ in range(2))
    np.testing.assert_array_equal(once.loss, again.loss)


def test_onednn_is_switched_back_on(words):
    cell = cells.get("lstm")
    enabled = torch._C._get_mkldnn_enabled()
    state = engine.start(begin(cell, 2))
    torch_engine.train(torch_cell(cell), state, words, dyck.targets(words), np.arange(1), 0.01, together=True)
    assert torch._C._get_mkldnn_enabled() == enabled


def test_a_device_that_is_not_there():
    words = Words.from_strings(["()"])
    cell = cells.get("relu")
    for device in ("cuda:99", "toaster"):
        with pytest.raises(UserError, match=f"device '{device}': not here; PyTorch sees cpu"):
            torch_engine.evaluate(torch_cell(cell), begin(cell, 1), words, dyck.targets(words), device=device)


@settings(max_examples=15)
@given(st.lists(st.integers(0, 59), min_size=1, max_size=9), st.integers(1, 4), st.sampled_from(["token", "word"]))
def test_padded_batches_hold_the_words(chosen, runs, answers):
    words = GrammarSampler(limit=50).draw(60, Uniforms(3, 0), 2, 50)
    targets = dyck.targets(words)
    question = Question(answers=answers)
    cell = torch_cell(cells.get("relu"))
    padded = torch_engine._Padded(cell, words, targets, question, np.dtype(np.float64), torch.device("cpu"))
    letters, goals, share = padded.batch(np.tile(chosen, (runs, 1)))
    assert share.sum(dim=(1, 2)).numpy() == pytest.approx(1)
    for place, word in enumerate(chosen):
        length = words.lengths[word]
        asked = range(length) if answers == "token" else [length - 1]
        assert all(list(row.nonzero()) == list(asked) for row in share[:, place])
        np.testing.assert_array_equal(letters[0, place, :length].argmax(-1).numpy(), words[word])
        expected = targets[words.offsets[word] : words.offsets[word + 1]]
        np.testing.assert_array_equal(goals[0, place, :length].numpy(), expected)
