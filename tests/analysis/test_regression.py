"""The regression of Table 2 against SciPy and NumPy."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from longcount.analysis.regression import PREDICTORS, fit, table2


def sample(seed, models=60, k=1, noise=0.5):
    generator = np.random.Generator(np.random.Philox(seed))
    x = generator.normal(3.0, 2.0, (models, k))
    y = 100.0 + x @ np.arange(1.0, k + 1) + noise * generator.normal(size=models)
    return x, y, np.arange(models) // 6


@given(st.integers(0, 10_000), st.floats(0.01, 30.0))
def test_one_predictor_agrees_with_scipy(seed, noise):
    x, y, run = sample(seed, noise=noise)
    found = fit(x, y, run)
    expected: Any = scipy.stats.linregress(x[:, 0], y)
    assert found.slopes[0] == pytest.approx(expected.slope, rel=1e-9)
    assert found.intercept == pytest.approx(expected.intercept, rel=1e-9)
    assert found.r_squared == pytest.approx(expected.rvalue**2, rel=1e-9)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-300)
    ranks: Any = scipy.stats.spearmanr(x[:, 0], y)
    assert found.spearman == pytest.approx(ranks.statistic)
    assert found.spearman_p == pytest.approx(ranks.pvalue, rel=1e-6, abs=1e-300)


def test_two_predictors_agree_with_least_squares():
    x, y, run = sample(1, k=2, noise=3.0)
    found = fit(x, y, run)
    design = np.column_stack([np.ones(len(y)), x])
    coefficients, residuals, *_ = np.linalg.lstsq(design, y, rcond=None)
    assert found.intercept == pytest.approx(coefficients[0])
    assert found.slopes == pytest.approx(tuple(coefficients[1:]))
    assert found.r_squared == pytest.approx(1 - residuals[0] / ((y - y.mean()) ** 2).sum())


def test_interval_resamples_runs_not_models():
    """Six copies of each run's point narrow an interval over models, never one over runs."""
    generator = np.random.Generator(np.random.Philox(5))
    x, y = generator.normal(size=(10, 1)), generator.normal(size=10)
    once = fit(x, y, np.arange(10))
    copied = fit(np.repeat(x, 6, axis=0), np.repeat(y, 6), np.repeat(np.arange(10), 6))
    assert (copied.r_squared_low, copied.r_squared_high) == pytest.approx((once.r_squared_low, once.r_squared_high))
    assert copied.p < once.p


def test_interval_agrees_with_a_slow_bootstrap():
    x, y, run = sample(2, noise=3.0)
    found = fit(x, y, run)
    generator = np.random.Generator(np.random.Philox(9))
    shares = []
    for _ in range(2000):
        chosen = np.concatenate([np.flatnonzero(run == r) for r in generator.integers(0, 10, 10)])
        shares.append(np.corrcoef(x[chosen, 0], y[chosen])[0, 1] ** 2)
    assert (found.r_squared_low, found.r_squared_high) == pytest.approx(np.quantile(shares, [0.025, 0.975]), abs=0.02)


def test_predictors_that_are_not_finite_are_left_out():
    x, y, run = sample(3)
    x[7] = np.inf
    found = fit(x, y, run)
    assert found.models == 59
    assert found.r_squared == pytest.approx(fit(np.delete(x, 7, 0), np.delete(y, 7), np.delete(run, 7)).r_squared)


def test_a_constant_side_explains_nothing():
    x, y, run = sample(4)
    assert np.isnan(fit(x, np.full(60, 5.0), run).r_squared)
    assert np.isnan(fit(np.ones((60, 1)), y, run).spearman)


def test_too_few_models():
    with pytest.raises(ValueError, match="too few"):
        fit(np.ones((2, 1)), np.ones(2), np.zeros(2))


def test_table_of_a_cell():
    x, y, run = sample(6)
    columns = {name for columns in PREDICTORS.values() for name in columns}
    frame = pd.DataFrame(
        {"condition": "lstm-seed=1", "cell": "lstm", "run": run, "very_long_fpf": y}
        | dict.fromkeys(columns, np.exp(-x[:, 0]))
    )
    frame["imbalance"] = np.exp(-np.random.default_rng(0).normal(size=60))
    table = table2(frame)
    assert table["predictor"].tolist() == list(PREDICTORS)
    assert table.loc[0, "r_squared"] == pytest.approx(np.corrcoef(x[:, 0], y)[0, 1] ** 2)
    assert min(table["slope"]) > 0
    assert table["runs"].tolist() == [10] * len(PREDICTORS)
