"""Streams: permutations, ranges, independence of other runs, and the pinned bits that stored results rely on."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from longcount.training import streams


@given(st.integers(0, 2**63 - 1), st.integers(0, 10**6), st.integers(1, 1000), st.integers(0, 300))
def test_an_order_is_a_permutation(seed, run, epoch, words):
    order = streams.order(seed, "lstm", run, epoch, words)
    assert order.dtype == np.int32
    np.testing.assert_array_equal(np.sort(order), np.arange(words))


def test_orders_differ_between_seeds_cells_runs_epochs_and_purposes():
    orders = [
        streams.order(0, "lstm", 0, 1, 1000),
        streams.order(1, "lstm", 0, 1, 1000),
        streams.order(0, "gru", 0, 1, 1000),
        streams.order(0, "lstm", 1, 1, 1000),
        streams.order(0, "lstm", 0, 2, 1000),
        streams.shared_order(0, "lstm", 1, 1000),
    ]
    for i, first in enumerate(orders):
        for second in orders[:i]:
            assert np.mean(first == second) < 0.01


def test_every_position_is_equally_likely_for_every_word():
    words, draws = 8, 4000
    counts = np.zeros((words, words))
    for run in range(draws):
        counts[np.arange(words), streams.order(3, "gru", run, 1, words)] += 1
    expected = draws / words
    # 64 cells, each binomial(4000, 1/8) with standard deviation 20.9: 4.5 of them is far beyond chance.
    assert np.abs(counts - expected).max() < 4.5 * np.sqrt(draws * (1 / words) * (1 - 1 / words))


def test_initial_weights_are_uniform_below_one_and_exact_in_float32():
    weights = np.concatenate([streams.initial_weights(0, "lstm", run, 24) for run in range(1000)])
    assert weights.dtype == np.float32
    assert weights.min() >= -1
    assert weights.max() < 1
    assert abs(weights.mean()) < 4 * np.sqrt(1 / 3 / weights.size)
    assert abs(weights.var() - 1 / 3) < 0.01
    scaled = weights.astype(np.float64) * 2**23
    np.testing.assert_array_equal(scaled, np.round(scaled))


def test_streams_keep_the_bits_that_stored_results_rely_on():
    assert (streams.initial_weights(0, "lstm", 0, 3) * 2**23).tolist() == [3887588, 3861814, -155774]
    assert streams.order(0, "lstm", 0, 1, 10).tolist() == [8, 1, 9, 2, 0, 3, 7, 5, 6, 4]
    assert streams.shared_order(0, "relu", 2, 10).tolist() == [1, 5, 4, 8, 2, 3, 7, 9, 6, 0]
    assert streams.last_validation_word(0, "gru", 1, 5, 5000) == 3381
