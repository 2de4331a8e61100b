"""Every registered cell on lanes and on the twin: the same bits, for one unit and for two, next letters and one answer
a word, zero and learned start, compiled for this processor and for the oldest of its architecture."""

from collections.abc import Iterator

import numpy as np
import pytest

from longcount import cells, engine
from longcount.cells import Cell
from longcount.cells.network import Question
from longcount.engine import Options, targets, twin
from longcount.engine.evaluation_kernel import evaluation_kernel
from longcount.engine.training_kernel import training_kernel

TOKENS, LAST = Question(), Question(answers="word")
LENGTHS = (1, 7, 33, 12)

NETWORKS = {
    "1 unit": (1, 1, False, TOKENS, "mse"),
    "2 units, recogniser, learned start": (2, 1, True, LAST, "bce"),
}


@pytest.fixture(scope="module")
def processors() -> Iterator[dict[str, targets.Target]]:
    """The processor at hand and the oldest of its architecture."""
    native = targets.native()
    yield {"native": native, "generic": native._replace(processor="generic", features="")}
    training_kernel.cache_clear()
    evaluation_kernel.cache_clear()


@pytest.fixture
def compile_for(processors, monkeypatch):
    """Compile for one of these from now on."""

    def choose(name: str) -> None:
        monkeypatch.setattr(targets, "native", lambda: processors[name])
        training_kernel.cache_clear()
        evaluation_kernel.cache_clear()

    return choose


def weights_of(cell: Cell, runs: int) -> np.ndarray:
    """Random weights, and where it is learned a start that the cell might begin with."""
    weights = np.random.default_rng(2).uniform(-1, 1, (runs, cell.size())).astype(np.float32)
    tensors = cells.unpack(cell, weights)
    for run in range(runs):
        cell.start({name: tensor[run] for name, tensor in tensors.items()})
    return cells.pack(cell, tensors)


@pytest.mark.parametrize("sizes", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("name", cells.names())
def test_lanes_compute_what_the_twin_computes(name, sizes, compile_for, random_words):
    units, layers, learned_start, question, loss = sizes
    cell = type(cells.get(name))(units, layers, learned_start=learned_start)
    words, targets = random_words(LENGTHS)
    orders = np.array([np.random.default_rng(run).permutation(len(words)) for run in range(3)])
    initial = weights_of(cell, 3)
    slow = engine.start(initial)
    slow_loss = twin.train(cell, slow, words, targets, orders, 0.01, Options(loss), question=question)
    assert np.isfinite(slow.parameters).all()
    assert (slow.parameters != initial).mean() > 0.5
    judged = twin.evaluate(cell, slow.parameters, words, targets, loss, question)
    for processor in ("native", "generic"):
        compile_for(processor)
        fast = engine.start(initial)
        fast_loss = engine.train(cell, fast, words, targets, orders, 0.01, Options(loss), question=question)
        np.testing.assert_array_equal(fast_loss, slow_loss)
        np.testing.assert_array_equal(fast.parameters, slow.parameters)
        for kept, numbers in slow.kept.items():
            np.testing.assert_array_equal(fast.kept[kept], numbers)
        for times in (1, 3) if processor == "native" else (3,):  # lanes hold words, and lanes hold models
            models = np.tile(slow.parameters, (times, 1))
            found = engine.evaluate(cell, models, words, targets, loss, question)
            np.testing.assert_array_equal(found.loss, np.tile(judged.loss, (times, 1)))
            np.testing.assert_array_equal(found.first_failure, np.tile(judged.first_failure, (times, 1)))
