"""Phases of zigzag words and survival curves, against definitions and SciPy."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from longcount.analysis.failures import PHASES, half_period_of, phases, survival_curve
from longcount.languages import dyck


@given(st.sampled_from(dyck.ZIGZAG_HALF_PERIODS), st.integers(0, 2000))
def test_phase_of_a_failure_is_read_off_the_word(half_period, fpf):
    word = dyck.zigzag(half_period)
    name = PHASES[int(phases(np.array([fpf]), np.array([half_period]), np.array([2000]))[0])]
    if fpf == 2000:
        assert name == "never"
        return
    depths = word.depths
    returned = int(np.flatnonzero(depths == 0)[0])
    expected = (
        "later"
        if fpf > returned
        else "at zero"
        if fpf == returned
        else "opening"
        if word.tokens[fpf] == 0
        else "closing"
    )
    assert name == expected


def test_half_period():
    assert half_period_of(dyck.zigzag(125).tokens) == 125


def frame(rows):
    return pd.DataFrame(rows, columns=["run", "fpf", "length"])


def test_survival_of_known_words():
    curve = survival_curve(frame([(0, 1, 4), (0, 4, 4), (1, 2, 4), (1, 4, 4)]), points=4)
    assert curve["position"].tolist() == [0, 1, 2, 3]
    assert curve["survival"].tolist() == [1.0, 0.75, 0.5, 0.5]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(1, 30)), min_size=1, max_size=40))
def test_survival_agrees_with_scipy_where_words_are_of_different_lengths(words):
    words = [(run, min(fpf, length), length) for run, fpf, length in words]
    found = survival_curve(frame(words), points=31).set_index("position")["survival"]
    failed = [fpf for _, fpf, length in words if fpf < length]
    censored = [length for _, fpf, length in words if fpf >= length]
    expected = scipy.stats.ecdf(scipy.stats.CensoredData(uncensored=failed, right=censored)).sf
    for position, share in found.to_dict().items():
        assert share == pytest.approx(float(expected.evaluate(position)), abs=1e-12)


def test_band_over_runs_holds_the_curve_and_needs_two_runs():
    generator = np.random.default_rng(0)
    rows = [(run, min(100, int(generator.integers(20, 140))), 100) for run in range(10) for _ in range(20)]
    curve = survival_curve(frame(rows))
    low, middle, high = (curve[name].to_numpy() for name in ("low", "survival", "high"))
    assert (low <= middle + 1e-6).all()
    assert (middle <= high + 1e-6).all()
    assert np.max(high - low) > 0.05
    alone = survival_curve(frame([row for row in rows if row[0] == 0]))
    assert np.isnan(alone["low"].to_numpy()).all()


def test_band_is_the_same_by_shares_and_by_the_product():
    """One word that is censored early turns the quick path off; at weight nearly nothing it must not move the band."""
    generator = np.random.default_rng(1)
    rows = [(run, min(60, int(generator.integers(10, 90))), 60) for run in range(6) for _ in range(300)]
    quick, slow = survival_curve(frame(rows), points=31), survival_curve(frame([*rows, (0, 1, 1)]), points=31)
    for name in ("survival", "low", "high"):
        assert slow[name].to_numpy() == pytest.approx(quick[name].to_numpy(), abs=2e-3)
