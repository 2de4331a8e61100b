"""Any number of letters and outputs, one answer per word, softmax, a learned start: lanes, twin, PyTorch's autograd."""

import numpy as np
import pytest
import torch

from longcount import cells, engine
from longcount.cells import Cell
from longcount.cells.network import Question
from longcount.engine import Options, twin
from longcount.languages.words import Words, offsets_of

TOKENS, LAST, LETTERS = Question(), Question(answers="word"), Question("softmax", threshold=0.2)
QUESTIONS = {"every token": TOKENS, "last token": LAST, "distribution": LETTERS}
SIZES = ((2, 2), (3, 2), (5, 4), (12, 13))


def problem(letters: int, outputs: int, question: Question, lengths=(1, 7, 32, 33, 70), seed=0):
    """Random words over that many letters (a longer alphabet than Dyck-1's needs no language), and random targets."""
    random = np.random.default_rng(seed)
    offsets = offsets_of(lengths)
    tokens = random.integers(0, letters, offsets[-1], dtype=np.uint8)
    words = Words(tokens, offsets, "abcdefghijklmnop"[:letters])
    targets = random.integers(0, 2, (len(tokens), outputs), dtype=np.uint8)
    if question.link == "softmax":
        comes = np.eye(outputs, dtype=np.uint8)[random.integers(0, outputs, len(tokens))]
        targets = np.concatenate([targets, comes], axis=1)
    return words, targets


def loss_of(question: Question) -> str:
    return "ce" if question.link == "softmax" else "bce"


@pytest.mark.parametrize("learned_start", [False, True])
@pytest.mark.parametrize(("letters", "outputs"), SIZES)
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_lanes_train_and_evaluate_like_the_twin(question, letters, outputs, learned_start):
    cell = type(cells.get("lstm"))(2, 1, letters, outputs, learned_start)
    words, targets = problem(letters, outputs, question)
    options = Options(loss_of(question))
    initial = np.random.default_rng(1).uniform(-1, 1, (3, cell.size())).astype(np.float32)
    orders = np.array([np.random.default_rng(run).permutation(len(words)) for run in range(3)])
    fast, slow = engine.start(initial), engine.start(initial)
    fast_loss = engine.train(cell, fast, words, targets, orders, 0.01, options, question=question)
    slow_loss = twin.train(cell, slow, words, targets, orders, 0.01, options, question=question)
    np.testing.assert_array_equal(fast_loss, slow_loss)
    np.testing.assert_array_equal(fast.parameters, slow.parameters)
    assert (fast.parameters != initial).mean() > 0.9
    slow = twin.evaluate(cell, initial, words, targets, options.loss, question)
    for times in (1, 3):  # lanes hold words, and lanes hold models
        fast = engine.evaluate(cell, np.tile(initial, (times, 1)), words, targets, options.loss, question)
        np.testing.assert_array_equal(fast.loss, np.tile(slow.loss, (times, 1)))
        np.testing.assert_array_equal(fast.first_failure, np.tile(slow.first_failure, (times, 1)))


def torch_lstm(cell: Cell, flat: np.ndarray) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Parameters [P] that want a gradient, and views of them by name."""
    parameters = torch.tensor(flat, requires_grad=True)
    named, first = {}, 0
    for name, shape in cell.shapes().items():
        count = int(np.prod(shape))
        named[name] = parameters[first : first + count].reshape(shape)
        first += count
    return parameters, named


@pytest.mark.parametrize("learned_start", [False, True])
@pytest.mark.parametrize(("letters", "outputs"), SIZES)
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_gradients_are_autograds(question, letters, outputs, learned_start):
    cell = type(cells.get("lstm"))(2, 1, letters, outputs, learned_start)
    words, targets = problem(letters, outputs, question, lengths=(9,))
    flat = np.random.default_rng(2).uniform(-1, 1, cell.size())
    found = engine.gradients(cell, flat[None], words, targets, Options(loss_of(question)), question)[0, 0]

    parameters, named = torch_lstm(cell, flat)
    recurrent = torch.nn.LSTM(letters, 2).double()
    weights = {name: tensor for name, tensor in named.items() if name.endswith("_l0") and "_0_" not in name}
    zero = torch.zeros(1, 2, dtype=torch.float64)
    start = (named["h_0_l0"][None], named["c_0_l0"][None]) if learned_start else (zero, zero)
    one_hot = torch.eye(letters, dtype=torch.float64)[torch.from_numpy(words.tokens.astype(np.int64))]
    hidden, _ = torch.func.functional_call(recurrent, weights, (one_hot, start))
    before = hidden @ named["readout.weight"].T + named["readout.bias"]
    goals = torch.from_numpy(targets[:, -outputs:].astype(np.float64))
    if question.answers == "word":
        before, goals = before[-1:], goals[-1:]
    if question.link == "softmax":
        loss = torch.nn.functional.cross_entropy(before, goals.argmax(dim=1))
    else:
        loss = torch.nn.functional.binary_cross_entropy_with_logits(before, goals)
    loss.backward()
    assert parameters.grad is not None
    exact = parameters.grad.numpy()
    assert np.linalg.norm(found - exact) / np.linalg.norm(exact) < 1e-10
    value = engine.evaluate(cell, flat[None], words, targets, loss_of(question), question).loss[0, 0]
    assert value == pytest.approx(loss.item(), rel=1e-12)


def test_only_the_last_answer_counts_where_a_word_is_asked_once():
    """Targets of other tokens change nothing, and a word that is the beginning of another keeps its own answer."""
    cell = cells.get("gru", 1, 1, 2, 1)
    words = Words.from_strings(["((", "(()", "(())", "("])
    weights = np.random.default_rng(3).uniform(-3, 3, (20, cell.size())).astype(np.float32)
    targets = np.zeros((len(words.tokens), 1), np.uint8)
    targets[words.offsets[1:] - 1] = np.array([[1], [0], [1], [0]], np.uint8)
    other = 1 - targets
    other[words.offsets[1:] - 1] = targets[words.offsets[1:] - 1]
    one, same = (engine.evaluate(cell, weights, words, t, "mse", LAST) for t in (targets, other))
    np.testing.assert_array_equal(one.loss, same.loss)
    np.testing.assert_array_equal(one.first_failure, same.first_failure)
    wrong = one.first_failure != one.lengths
    assert 0 < wrong.mean() < 1
    assert (one.first_failure[wrong] == np.broadcast_to(one.lengths, wrong.shape)[wrong] - 1).all()
    for word in range(len(words)):
        alone = words.select([word])
        rows = slice(words.offsets[word], words.offsets[word + 1])
        by_itself = engine.evaluate(cell, weights, alone, targets[rows], "mse", LAST)
        np.testing.assert_array_equal(by_itself.loss[:, 0], one.loss[:, word])


def test_a_letter_is_allowed_where_its_probability_exceeds_the_threshold():
    cell = cells.get("relu", 1, 1, 2, 3)
    flat = np.zeros((1, cell.size()), np.float32)
    flat[0, -3:] = np.log([0.7, 0.2, 0.1])
    words = Words.from_strings(["("])
    comes = [1, 0, 0]
    for threshold, allowed in ((0.05, [1, 1, 1]), (0.15, [1, 1, 0]), (0.5, [1, 0, 0])):
        question = Question("softmax", threshold=threshold)
        right = engine.evaluate(cell, flat, words, np.array([allowed + comes], np.uint8), "ce", question)
        assert right.correct.all()
        wrong = engine.evaluate(cell, flat, words, np.array([[0, 1, 0, *comes]], np.uint8), "ce", question)
        assert wrong.first_failure[0, 0] == 0
        assert right.loss[0, 0] == pytest.approx(-np.log(0.7), rel=1e-6)


def test_what_the_kernels_would_misread_is_refused():
    cell = cells.get("relu")
    words, targets = problem(3, 2, TOKENS)
    weights = np.zeros((1, cell.size()), np.float32)
    with pytest.raises(ValueError, match="has 2 letters, numbered from 0, and no 2"):
        engine.evaluate(cell, weights, words, targets)
    two = Words.from_strings(["()"])
    with pytest.raises(ValueError, match="losses of a softmax are ce, not 'mse'"):
        engine.evaluate(cell, weights, two, np.zeros((2, 4), np.uint8), "mse", LETTERS)
    with pytest.raises(ValueError, match=r"targets are uint8 \[2, 4\]"):
        engine.evaluate(cell, weights, two, np.zeros((2, 2), np.uint8), "ce", LETTERS)
