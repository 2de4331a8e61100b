"""What a run's bits do not depend on: its neighbours, the lanes, threads, the order's origin, how words are grouped."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longcount import cells, engine
from longcount.engine import TrainingState, training
from longcount.languages.words import Words

CELLS = [cells.get(name) for name in ("lstm", "relu", "gru")]
NAMES = [cell.name for cell in CELLS]


def trained(cell, initial, words, targets, orders) -> tuple[TrainingState, np.ndarray]:
    state = engine.start(initial)
    return state, engine.train(cell, state, words, targets, orders, 0.01)


def same(one: TrainingState, rows: np.ndarray, other: TrainingState) -> bool:
    chosen = one.rows(rows)
    kept = {name: array.tobytes() for name, array in chosen.kept.items()}
    assert kept
    return chosen.parameters.tobytes() == other.parameters.tobytes() and kept == {
        name: array.tobytes() for name, array in other.kept.items()
    }


@pytest.mark.parametrize("cell", CELLS, ids=NAMES)
def test_neighbours_and_lanes(cell, random_words, random_weights):
    """33 runs fill 32 lanes and one of 16; each of them alone, or among others, ends with the same bits."""
    words, targets = random_words((3, 40, 1, 32, 17, 64))
    initial = random_weights(cell, 33)
    orders = np.array([np.random.default_rng(run).permutation(len(words)) for run in range(33)])
    together, loss = trained(cell, initial, words, targets, orders)
    for rows in (np.array([0]), np.array([32]), np.array([31, 7, 7]), np.arange(20)[::-1]):
        apart, apart_loss = trained(cell, initial[rows], words, targets, orders[rows])
        assert same(together, rows, apart)
        np.testing.assert_array_equal(loss[rows], apart_loss)


def test_wide_networks_train_in_narrow_blocks_with_the_same_bits(random_words, random_weights, monkeypatch):
    cell = cells.get("gru", hidden_size=4)
    assert [training.widest(size) for size in (24, 64, 65, cell.size(), 384, 385, 5_000)] == [32, 32, 16, 16, 16, 8, 8]
    words, targets = random_words((3, 33, 1))
    initial = random_weights(cell, 18)
    orders = np.array([np.random.default_rng(run).permutation(len(words)) for run in range(18)])
    narrow, loss = trained(cell, initial, words, targets, orders)
    monkeypatch.setattr(training, "MOST_PARAMETERS", {})
    wide, wide_loss = trained(cell, initial, words, targets, orders)
    assert same(wide, np.arange(18), narrow)
    np.testing.assert_array_equal(loss, wide_loss)


@pytest.mark.parametrize("cell", CELLS, ids=NAMES)
@settings(max_examples=20)
@given(data=st.data())
def test_an_order_of_its_own_is_a_shared_order_with_that_order(cell, data):
    lengths = data.draw(st.lists(st.integers(1, 70), min_size=1, max_size=6))
    runs = data.draw(st.integers(1, 5))
    orders = np.array([data.draw(st.permutations(range(len(lengths)))) for _ in range(runs)])
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    words = Words(random.integers(0, 2, offsets[-1], dtype=np.uint8), offsets)
    targets = random.integers(0, 2, (len(words.tokens), 2), dtype=np.uint8)
    initial = random.uniform(-1, 1, (runs, cell.size())).astype(np.float32)
    own, own_loss = trained(cell, initial, words, targets, orders)
    for run in range(runs):
        shared, shared_loss = trained(cell, initial[[run]], words, targets, orders[run])
        assert same(own, np.array([run]), shared)
        assert own_loss[run] == shared_loss[0]


@pytest.mark.parametrize("cell", CELLS, ids=NAMES)
def test_empty_words_change_nothing(cell, random_words, random_weights):
    words, targets = random_words((0, 5, 0, 33, 0))
    without = words.select(np.array([1, 3]))
    initial = random_weights(cell, 2)
    state, loss = trained(cell, initial, words, targets, np.array([[0, 1, 2, 3, 4], [4, 3, 1, 0, 2]]))
    plain, plain_loss = trained(cell, initial, without, targets, np.array([[0, 1], [1, 0]]))
    assert same(state, np.arange(2), plain)
    assert state.updates == plain.updates == 2
    np.testing.assert_array_equal(loss, plain_loss)

    untouched, nothing = trained(cell, initial, words, targets, np.array([0, 2, 4]))
    np.testing.assert_array_equal(untouched.parameters, initial)
    assert untouched.updates == 0
    assert not any(array.any() for array in untouched.kept.values())
    assert nothing.tolist() == [0.0, 0.0]


def test_an_empty_word_is_right_and_has_no_loss(random_weights):
    cell = CELLS[0]
    words = Words.from_strings(["", "()"])
    for models in (1, 9):
        result = engine.evaluate(cell, random_weights(cell, models), words, np.ones((2, 2), np.uint8))
        assert np.isnan(result.loss[:, 0]).all()
        assert np.isfinite(result.loss[:, 1]).all()
        assert (result.first_failure[:, 0] == 0).all()
        assert result.correct[:, 0].all()


def test_nothing_to_do(random_words, random_weights):
    cell = CELLS[1]
    words, targets = random_words(())
    assert engine.evaluate(cell, random_weights(cell, 3), words, targets).loss.shape == (3, 0)
    words, targets = random_words((4, 5))
    assert engine.evaluate(cell, random_weights(cell, 0), words, targets).first_failure.shape == (0, 2)
    state = engine.start(random_weights(cell, 2))
    assert engine.train(cell, state, words, targets, np.zeros(0, np.int32), 0.01).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("cell", CELLS, ids=NAMES)
def test_threads_train_blocks_side_by_side(cell, random_words, random_weights):
    """Eight blocks on two threads, each with its kernel shared, end with the bits of one block after another."""
    words, targets = random_words(np.random.default_rng(5).integers(2, 60, 60))
    blocks = [random_weights(cell, 16, seed=block) for block in range(8)]
    order = np.arange(len(words))

    def bits(initial: np.ndarray) -> bytes:
        state, loss = trained(cell, initial, words, targets, order)
        return state.parameters.tobytes() + loss.tobytes()

    with ThreadPoolExecutor(2) as threads:
        side_by_side = list(threads.map(bits, blocks))
    assert side_by_side == [bits(initial) for initial in blocks]


WORDS = st.integers(0, 2**40 - 1).flatmap(
    lambda bits: st.sampled_from((0, 1, 5, 31, 32, 33, 63, 64, 65, 96, 100)).map(
        lambda length: "".join("()"[bits >> (k % 40) & 1] for k in range(length))
    )
)


@st.composite
def related_words(draw: st.DrawFn) -> list[str]:
    """Words, prefixes of theirs, their continuations and copies, in any order."""
    words = draw(st.lists(WORDS, min_size=1, max_size=5))
    for _ in range(draw(st.integers(0, 8))):
        word = draw(st.sampled_from(words))
        cut = draw(st.one_of(st.integers(0, len(word)), st.sampled_from((32, 64, 96))))
        words.append(word[:cut] + draw(st.one_of(st.just(""), WORDS)))
    return draw(st.permutations(words))


@pytest.mark.parametrize("cell", CELLS, ids=NAMES)
@settings(max_examples=40)
@given(strings=related_words(), seed=st.integers(0, 9))
def test_shared_prefixes(cell, strings, seed):
    """Many models share the prefixes of words, few models share nothing: the same bits for each model and word."""
    words = Words.from_strings(strings)
    random = np.random.default_rng(seed)
    # Targets depend on the prefix alone, as those of a language do: sharing prefixes rests on that.
    targets = np.stack([np.ones(len(words.tokens)), words.depths > 0], axis=1).astype(np.uint8)
    weights = random.uniform(-1, 1, (9, cell.size())).astype(np.float32)
    many = engine.evaluate(cell, weights, words, targets)
    few = [engine.evaluate(cell, weights[rows], words, targets) for rows in ([0], [1, 2, 3], [4, 5, 6, 7, 8])]
    np.testing.assert_array_equal(many.loss, np.concatenate([part.loss for part in few]))
    np.testing.assert_array_equal(many.first_failure, np.concatenate([part.first_failure for part in few]))


@pytest.mark.parametrize("models", [1, 9])
def test_targets_of_equal_words_may_differ(models, random_weights):
    """Words with a common prefix and other targets there: each is judged by its own."""
    cell = CELLS[0]
    words = Words.from_strings(["(()", "(())", "(()"])
    targets = np.ones((10, 2), np.uint8)
    targets[7:] = 0
    weights = random_weights(cell, models)
    together = engine.evaluate(cell, weights, words, targets)
    for word in range(3):
        place = slice(words.offsets[word], words.offsets[word + 1])
        alone = engine.evaluate(cell, weights, words.select(np.array([word])), targets[place])
        np.testing.assert_array_equal(together.loss[:, [word]], alone.loss)
        np.testing.assert_array_equal(together.first_failure[:, [word]], alone.first_failure)
