"""The two engines agree on every task, for languages of any number of letters, and from a learned start."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from longcount import cells, engine, languages
from longcount.cells import Cell
from longcount.cells.network import Question
from longcount.engine import Options
from longcount.languages import Words, tasks
from longcount.languages.uniforms import Uniforms
from longcount.training import torch_engine
from longcount.training.torch_cells import torch_cell


class Problem(NamedTuple):
    """A task on some words of a language, members and others, none empty."""

    cell: Cell
    words: Words
    targets: np.ndarray
    question: Question
    loss: str


PROBLEMS = {
    "dyck1, next letters": ("dyck1", "next_letters", "bce", "gru"),
    "3 letters and an end, next letters": ("an_bn_cn", "next_letters", "mse", "lstm"),
    "3 letters, recognise": ("an_bn_cn", "recognise", "bce", "lstm"),
    "2 letters, recognise": ("majority", "recognise", "mse", "relu"),
    "3 letters, predict": ("an_bn_cn", "predict", "ce", "lstm"),
    "12 letters, predict": ("shuffle6", "predict", "ce", "gru"),
    "a cell without recurrent weights, predict": ("an_bn", "predict", "ce", "sru"),
    "every part of the state learned": ("an_bn", "recognise", "bce", "slstm"),
}


@pytest.fixture(params=PROBLEMS.values(), ids=list(PROBLEMS))
def problem(request) -> Problem:
    language_name, task_name, loss, cell_name = request.param
    language, task = languages.get(language_name), tasks.get(task_name)
    random, uniforms = np.random.default_rng(0), Uniforms(0)
    lengths = [length for length in (1, 2, 3, 4, 6, 12, 30) if language.count(length)]
    members = [language.draw(length, uniforms) for length in lengths]
    others = ["".join(random.choice(list(language.letters), length)) for length in (1, 3, 20, 45)]
    words = Words.from_strings([*members, *others], language.letters)
    sizes = {"letters": len(language.letters), "outputs": len(task.outputs(language)), "learned_start": True}
    return Problem(
        replace(cells.get(cell_name, 2), **sizes),
        words,
        task.targets(language, words),
        Question(task.link, task.answers, task.threshold),
        loss,
    )


def weights_of(cell: Cell, models: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (models, cell.size()))


def test_gradients_agree_in_float64(problem):
    """To 1e-10 of a gradient's length, over batches of 4 words."""
    cell, words, targets, question, loss = problem
    weights, options = weights_of(cell, 3), Options(loss, batch_size=4)
    ours = engine.gradients(cell, weights, words, targets, options, question)
    module = torch_cell(cell, link=question.link)
    theirs = torch_engine.gradients(module, weights, words, targets, options, question)
    assert (theirs != 0).mean() > 0.8
    assert (np.linalg.norm(ours - theirs, axis=-1) < 1e-10 * np.linalg.norm(theirs, axis=-1)).all()


@pytest.mark.parametrize("together", [False, True])
def test_updates_agree_in_float64(problem, together):
    cell, words, targets, question, loss = problem
    initial, options = weights_of(cell, 3), Options(loss)
    random = np.random.default_rng(1)
    orders = np.stack([np.concatenate([random.permutation(len(words)) for _ in range(3)]) for _ in range(3)])
    ours, theirs = engine.start(initial), engine.start(initial)
    our_loss = engine.train(cell, ours, words, targets, orders, 0.01, options, question=question)
    module = torch_cell(cell, link=question.link)
    their_loss = torch_engine.train(
        module, theirs, words, targets, orders, 0.01, options, together=together, question=question
    )
    assert (np.abs(theirs.parameters - initial) > 1e-3).mean() > 0.9
    np.testing.assert_allclose(theirs.parameters, ours.parameters, rtol=0, atol=1e-9)
    np.testing.assert_allclose(their_loss, our_loss, rtol=1e-9)


def test_evaluations_agree(problem):
    """Losses and first failures, an empty word among the words, of models that answer much like the one that says what
    is right."""
    cell, words, targets, question, loss = problem
    words, targets = Words.concatenate([Words.from_strings([""], words.letters), words]), targets.copy()
    author = weights_of(cell, 1)
    outputs = np.concatenate([engine.trace(cell, author[0], word, question)["outputs"] for word in words if len(word)])
    question = question._replace(threshold=float(np.median(outputs)))
    targets[:, : cell.outputs] = outputs > question.threshold
    weights = author + 0.2 * weights_of(cell, 30, seed=1)
    ours = engine.evaluate(cell, weights, words, targets, loss, question)
    module = torch_cell(cell, link=question.link)
    theirs = torch_engine.evaluate(module, weights, words, targets, loss, question=question)
    assert len(np.unique(ours.first_failure)) > 5
    assert 0.01 < ours.correct[:, 1:].mean() < 0.99
    np.testing.assert_array_equal(theirs.first_failure, ours.first_failure)
    np.testing.assert_allclose(theirs.loss, ours.loss, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(theirs.lengths, ours.lengths)


@pytest.mark.parametrize(("dtype", "most"), [(np.float32, 87), (np.float64, 708)])
def test_a_letter_that_is_thought_impossible_costs_no_infinity(dtype, most):
    """A probability of 0 counts as the least number above 0 on both engines."""
    cell = cells.get("relu", 1, 1, 2, 3)
    weights = np.zeros((1, cell.size()), dtype)
    weights[0, -3:] = 0, 0, 2000
    words = Words.from_strings(["()"])
    targets = np.array([[1, 1, 1, 1, 0, 0]] * 2, np.uint8)
    module, question = torch_cell(cell, link="softmax"), Question("softmax")
    ours = engine.evaluate(cell, weights, words, targets, "ce", question)
    theirs = torch_engine.evaluate(module, weights, words, targets, "ce", question=question)
    assert ours.loss[0, 0] == pytest.approx(most, rel=0.005)
    assert theirs.loss[0, 0] == pytest.approx(most, rel=0.005)
    assert np.isfinite(torch_engine.gradients(module, weights, words, targets, Options("ce"), question)).all()


def test_cross_entropy_of_an_output_that_float32_rounds_to_1():
    """The one place where the engines differ, as docs/pytorch.md says: PyTorch has no gradient left there."""
    cell, words, targets = cells.get("relu"), Words.from_strings(["()"]), np.zeros((2, 2), np.uint8)
    for before, theirs in ((15, 0.5), (20, 0)):
        weights = np.zeros((1, cell.size()), np.float32)
        weights[0, -1] = before
        options = Options("bce")
        assert engine.gradients(cell, weights, words, targets, options)[0, 0, -1] == pytest.approx(0.5, rel=1e-5)
        found = torch_engine.gradients(torch_cell(cell), weights, words, targets, options)[0, 0, -1]
        assert found == pytest.approx(theirs, rel=1e-5)


def test_what_does_not_fit_is_refused():
    cell = cells.get("relu", 1, 1, 3, 2)
    state = engine.start(weights_of(cell, 1))
    words = Words.from_strings(["abc"], "abc")
    targets = np.zeros((3, 2), np.uint8)
    with pytest.raises(ValueError, match="ends in a softmax, and the question is of a sigmoid"):
        torch_engine.train(torch_cell(cell, link="softmax"), state, words, targets, np.arange(1), 0.01)
    with pytest.raises(ValueError, match="losses of a sigmoid are mse, bce, not 'ce'"):
        torch_engine.train(torch_cell(cell), state, words, targets, np.arange(1), 0.01, Options("ce"))
    four = Words.from_strings(["abcd"], "abcd")
    with pytest.raises(ValueError, match="has 3 letters, numbered from 0, and no 3"):
        torch_engine.evaluate(torch_cell(cell), state.parameters, four, np.zeros((4, 2), np.uint8))
