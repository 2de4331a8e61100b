"""Means over runs, joined block by block, beside pandas on the whole."""

import numpy as np
import pytest

from longcount.analysis.aggregate import MEASURES, _Sums, aggregate


def test_joined_blocks_agree_with_the_whole(undisturbed):
    frame = aggregate(undisturbed)
    metrics = undisturbed.metrics()
    groups = metrics.groupby(["condition", "split", "epoch"], observed=True)
    assert len(frame) == len(groups) * len(MEASURES)
    for row in frame.to_dict("records"):
        values = groups.get_group((row["condition"], row["split"], row["epoch"]))[row["measure"]]
        assert row["runs"] == len(values)
        assert row["mean"] == pytest.approx(values.mean(), rel=1e-12, abs=1e-15)
        assert row["std"] == pytest.approx(values.std(), rel=1e-9, abs=1e-12, nan_ok=True)
        assert (row["min"], row["max"]) == (values.min(), values.max())


def test_small_spread_beside_a_large_mean_is_kept():
    values = 1e9 + np.random.default_rng(0).normal(size=(1000, 1))
    sums = _Sums(1, 1, 1)
    for block in np.split(values, 50):
        sums.add(np.zeros(20, int), np.zeros(20, int), block)
    count, mean, std, least, greatest = sums.summary(0, 0, 0)
    assert (count, least, greatest) == (1000, values.min(), values.max())
    assert mean == pytest.approx(values.mean(), rel=1e-15)
    assert std == pytest.approx(values.std(ddof=1), rel=1e-6)


def test_what_is_no_number_is_left_out_and_counted():
    sums = _Sums(1, 1, 1)
    sums.add(np.zeros(3, int), np.zeros(3, int), np.array([[1.0], [np.nan], [3.0]]))
    assert sums.summary(0, 0, 0) == (2, 2.0, pytest.approx(np.sqrt(2)), 1.0, 3.0)
    assert sums.rows[0, 0, 0] == 3
