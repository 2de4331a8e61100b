"""Tables drawn from many runs: that draws are fair, and that they know the paper's rule."""

import numpy as np
import pandas as pd
import pytest

from longcount.analysis.sampling import _draws, draw_tables, sampling_distribution
from longcount.papers.el_naggar_2022 import TABLE_1


def test_draws_are_without_replacement_and_every_run_is_as_likely():
    draws = _draws(25, 10, 20_000)
    assert all(len(set(row)) == 10 for row in draws[:500].tolist())
    counts = np.bincount(draws.ravel(), minlength=25)
    # Each run is in a draw with probability 0.4: standard deviation 69 over 20,000 draws.
    assert np.abs(counts - 8_000).max() < 4.5 * np.sqrt(20_000 * 0.4 * 0.6)


def test_drawing_all_runs_gives_the_one_table_there_is():
    values = np.arange(10.0)
    assert (draw_tables(values, values, 10, draws=5) == [4.5, 0.0, 9.0]).all()


def test_the_runs_with_the_lowest_validation_loss_are_kept():
    loss = np.arange(30.0)[::-1]
    values = np.arange(30.0)
    assert (draw_tables(loss, values, 30, kept=10, draws=5) == [24.5, 20.0, 29.0]).all()
    loss[29] = np.nan  # a diverged run is never among the best
    assert (draw_tables(loss, values, 30, kept=10, draws=5)[:, 2] == 28.0).all()


def test_the_mean_of_drawn_means_is_the_mean():
    values = np.random.default_rng(0).normal(size=300)
    means = draw_tables(np.zeros(300), values, 10)[:, 0]
    assert abs(means.mean() - values.mean()) < 4 * values.std() / np.sqrt(10 * len(means))
    # Without replacement: the finite population correction.
    assert means.std() == pytest.approx(values.std(ddof=1) * np.sqrt((1 / 10) * (1 - 10 / 300)), rel=0.03)


def test_too_few_runs_are_refused():
    with pytest.raises(ValueError, match="cannot draw 10 runs and keep 10 of 9"):
        draw_tables(np.zeros(9), np.zeros(9), 10)


def test_the_papers_values_are_placed_among_drawn_tables():
    generator = np.random.default_rng(1)
    measures = ("training_accuracy", "validation_accuracy", "long_accuracy", "very_long_fpf")
    models = pd.DataFrame(
        {
            "condition": ["lstm"] * 50 + ["relu"] * 20,
            "validation_loss": generator.random(70),
            **{measure: generator.normal(916.8, 10.0, 70) for measure in measures},
        }
    )
    frame = sampling_distribution(models, TABLE_1, draws=400)
    assert set(frame["cell"]) == {"lstm"}  # 20 ReLU runs are too few for tables of 30
    row = frame[(frame["measure"] == "very_long_fpf") & (frame["statistic"] == "mean")].iloc[0]
    assert row["low"] < row["middle"] < row["high"]
    assert 0.05 < row["below"] < 0.95
    assert (frame.loc[frame["measure"] == "long_accuracy", "below"] == 0).all()


def test_what_the_paper_does_not_print_is_none():
    generator = np.random.default_rng(2)
    measures = ("training_accuracy", "validation_accuracy", "long_accuracy", "very_long_fpf")
    values = {measure: generator.random(40) for measure in measures}
    models = pd.DataFrame({"condition": ["relu"] * 40, "validation_loss": generator.random(40), **values})
    frame = sampling_distribution(models, TABLE_1, draws=10)
    greatest = frame[(frame["measure"] == "very_long_fpf") & (frame["statistic"] == "max")].iloc[0]
    assert greatest["paper"] is None
    assert greatest["below"] is None
