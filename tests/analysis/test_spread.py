"""Summaries and intervals against slow definitions and known values."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from longcount.analysis.spread import RESAMPLES, bootstrap_interval, summarise, wilson_interval


def test_summary_of_known_values():
    summary = summarise(np.array([1.0, 2.0, 4.0]))
    assert (summary.mean, summary.min, summary.max, summary.runs) == (7 / 3, 1.0, 4.0, 3)
    assert summary.std == pytest.approx(np.sqrt(7 / 3))
    assert 1.0 <= summary.low <= 7 / 3 <= summary.high <= 4.0


def test_one_run_has_no_spread():
    summary = summarise(np.array([5.0]))
    assert (summary.mean, summary.min, summary.max) == (5.0, 5.0, 5.0)
    assert np.isnan([summary.std, summary.low, summary.high]).all()


def test_no_runs_have_no_summary():
    with pytest.raises(ValueError, match="at least one"):
        summarise(np.array([]))


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_summary_stays_within_the_values(values):
    summary = summarise(np.array(values))
    slack = 1e-6 * max(1.0, abs(summary.min), abs(summary.max))
    assert summary.min - slack <= summary.low <= summary.high <= summary.max + slack


def test_bootstrap_covers_the_true_mean_about_as_often_as_it_says():
    generator = np.random.Generator(np.random.Philox(0))
    draws = generator.normal(3.0, 1.0, (400, 40))
    covered = 0
    for values in draws:
        low, high = bootstrap_interval(values[:, None], lambda sums, size: sums[:, 0] / size)
        covered += low <= 3.0 <= high
    assert 0.91 <= covered / 400 <= 0.97


def test_bootstrap_resamples_whole_runs_and_repeats_itself():
    seen = []

    def count(sums, size):
        seen.append(sums.copy())
        return sums[:, 0] / size

    first = bootstrap_interval(np.array([[1.0, 0], [0.0, 1], [0.0, 2]]), count)
    second = bootstrap_interval(np.array([[1.0, 0], [0.0, 1], [0.0, 2]]), count)
    assert first == second
    assert seen[0].shape == (RESAMPLES, 2)
    drawn_of_first, drawn_of_others = seen[0].T
    assert drawn_of_first.min() == 0
    assert drawn_of_first.max() == 3
    assert drawn_of_others.max() == 6


@given(st.integers(0, 200), st.integers(1, 200))
def test_wilson_interval_agrees_with_scipy(successes, trials):
    successes = min(successes, trials)
    expected = scipy.stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert wilson_interval(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_no_trials_say_nothing():
    assert wilson_interval(0, 0) == (0.0, 1.0)
