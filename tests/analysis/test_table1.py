"""Table 1 from a frame of metrics whose answers are known."""

import numpy as np
import pandas as pd
import pytest

from longcount.analysis.table1 import SPLITS, learned_shares, table1
from longcount.languages.words import Words

WORDS = {
    "training": Words.from_strings(["()", "(())"]),
    "validation": Words.from_strings(["()()", "(()())"]),
    "long": Words.from_strings(["(())(())"]),
    "very_long": Words.from_strings(["((((()))))"]),
}


def run_metrics(cell, run, loss, fpf):
    """One run of two epochs; everything good happens at epoch 2."""
    rows = []
    for split in SPLITS:
        for epoch in (0, 1, 2):
            good = epoch == 2
            rows.append(
                {
                    "condition": cell,
                    "cell": cell,
                    "run": run,
                    "epoch": epoch,
                    "split": split,
                    "loss": loss if good else 1.0,
                    "accuracy": 100.0 - run if good else 0.0,
                    "fpf_mean": fpf if good else 1.0,
                    "unfailed": len(WORDS[split]) if good and run == 0 else 0,
                    "last_word_loss": loss / 2 if good else 0.01,
                }
            )
    return rows


@pytest.fixture
def metrics():
    rows = [row for run in range(4) for row in run_metrics("gru", run, 0.1 * (run + 1), 5.0 + run)]
    rows += [row for run in range(6) for row in run_metrics("relu", run, 0.9 - 0.1 * run, 7.0 + run)]
    return pd.DataFrame(rows)


def value(table, cell, measure):
    return table[(table["condition"] == cell) & (table["measure"] == measure)].iloc[0]


def test_rows_in_the_order_of_the_paper(metrics):
    table = table1(metrics, WORDS)
    assert list(dict.fromkeys(table["condition"])) == ["relu", "gru", "relu_all", "constant", "perfect"]
    assert list(dict.fromkeys(table["measure"])) == [
        "training_accuracy",
        "validation_accuracy",
        "long_accuracy",
        "very_long_fpf",
    ]
    assert len(table) == 20


def test_mean_extremes_spread_and_unfailed(metrics):
    row = value(table1(metrics, WORDS), "gru", "very_long_fpf")
    assert (row["mean"], row["min"], row["max"], row["runs"], row["unfailed"]) == (6.5, 5.0, 8.0, 4, 1)
    assert row["std"] == pytest.approx(np.std([5, 6, 7, 8], ddof=1))
    assert row["low"] < 6.5 < row["high"]


def test_the_kept_third_of_relu_beside_all(metrics):
    table = table1(metrics, WORDS)
    assert value(table, "relu", "very_long_fpf")["mean"] == np.mean([11.0, 12.0])
    assert value(table, "relu_all", "very_long_fpf")["runs"] == 6


def test_baselines_on_the_same_words(metrics):
    table = table1(metrics, WORDS)
    constant, perfect = value(table, "constant", "very_long_fpf"), value(table, "perfect", "very_long_fpf")
    assert (constant["mean"], constant["unfailed"]) == (9.0, 0)
    assert (perfect["mean"], perfect["unfailed"]) == (10.0, 1)
    assert value(table, "perfect", "long_accuracy")["mean"] == 100.0
    assert value(table, "constant", "long_accuracy")["mean"] == 0.0


def test_a_split_that_is_missing_is_left_out(metrics):
    words = {split: WORDS[split] for split in ("training", "validation")}
    table = table1(metrics[metrics["split"].isin(list(words))], words)
    assert set(table["measure"]) == {"training_accuracy", "validation_accuracy"}


def test_released_reading_chooses_other_epochs(metrics):
    table = table1(metrics, WORDS, reading="last_word")
    assert value(table, "gru", "very_long_fpf")["mean"] == 1.0


def test_learned_shares(metrics):
    metrics.loc[(metrics["cell"] == "gru") & (metrics["run"] == 3), "accuracy"] = 10.0
    shares = learned_shares(metrics).set_index("condition")
    assert shares.loc["gru", ["runs", "learned", "share"]].tolist() == [4, 3, 0.75]
    assert shares.loc["gru", "low"] < 0.75 < shares.loc["gru", "high"]
    assert shares.loc["relu_all", "runs"] == 6
