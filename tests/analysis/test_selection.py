"""Best epochs, kept runs and measures at chosen epochs."""

import numpy as np
import pandas as pd
import pytest

from longcount.analysis.selection import at_epochs, best_models, kept_runs, where


def metrics(validation_losses, last_word_losses=None, accuracy=100.0, cell="lstm", run=0, condition=None):
    """Rows of one run: its validation loss at epochs 0, 1, ..."""
    epochs = np.arange(len(validation_losses))
    rows = pd.DataFrame(
        {
            "condition": condition or cell,
            "cell": cell,
            "run": run,
            "epoch": epochs,
            "split": "validation",
            "loss": validation_losses,
            "accuracy": accuracy,
            "fpf_mean": 30.0,
            "unfailed": 5,
            "last_word_loss": validation_losses if last_word_losses is None else last_word_losses,
        }
    )
    return pd.concat([rows, rows.assign(split="long", accuracy=10.0 * epochs)], ignore_index=True)


def test_lowest_loss_wins_and_the_earliest_of_equals():
    assert best_models(metrics([9.0, 3.0, 1.0, 2.0, 1.0]))["epoch"].tolist() == [2]


def test_initial_weights_are_never_the_best_of_a_trained_run():
    assert best_models(metrics([0.0, 3.0, 2.0]))["epoch"].tolist() == [2]


def test_a_store_of_untrained_models_has_epoch_zero():
    assert best_models(metrics([0.5]))["epoch"].tolist() == [0]


def test_a_loss_that_is_no_number_never_wins():
    assert best_models(metrics([1.0, np.nan, 7.0, np.nan]))["epoch"].tolist() == [2]
    assert best_models(metrics([1.0, np.nan, np.nan]))["epoch"].tolist() == [1]


def test_released_reading_judges_by_the_last_word():
    frame = metrics([9.0, 3.0, 1.0, 2.0], last_word_losses=[9.0, 0.3, 0.2, 0.1])
    best = best_models(frame, "last_word")
    assert best["epoch"].tolist() == [3]
    assert best["validation_loss"].tolist() == [2.0]


@pytest.mark.parametrize(("accuracy", "learned"), [(49.98, False), (50.0, True)])
def test_learned_means_half_of_the_validation_words(accuracy, learned):
    assert best_models(metrics([1.0, 0.5], accuracy=accuracy))["learned"].tolist() == [learned]


def test_order_of_rows_does_not_matter():
    frame = pd.concat([metrics([9.0, 3.0, 1.0, 1.0], run=run, cell=cell) for cell in ("gru", "lstm") for run in (2, 0)])
    shuffled = frame.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(best_models(frame), best_models(shuffled))


def test_ten_best_of_thirty_relu_runs_are_kept():
    losses = np.random.default_rng(0).permutation(30) / 30
    frame = pd.concat([metrics([1.0, loss], cell="relu", run=run) for run, loss in enumerate(losses)])
    best = best_models(pd.concat([frame, metrics([1.0, 99.0])]))
    kept = best.assign(kept=kept_runs(best))
    assert sorted(where(kept, cell="relu", kept=True)["validation_loss"]) == sorted(losses)[:10]
    assert len(where(kept, cell="lstm", kept=True)) == 1


def test_a_third_is_kept_of_each_condition_of_the_relu():
    """Whatever the condition is called, it is the cell that decides which share of its runs the paper keeps."""
    rates = ("relu-learning_rate=0.01", "relu-learning_rate=0.003")
    rows = [
        metrics([1.0, 0.1 + run / 10 + at], cell="relu", run=run, condition=name)
        for at, name in enumerate(rates)
        for run in range(6)
    ]
    best = best_models(pd.concat(rows))
    assert list(best.columns[:4]) == ["condition", "cell", "run", "epoch"]
    kept = best[kept_runs(best)]
    assert list(zip(kept["condition"], kept["run"], strict=True)) == [
        (name, run) for name in sorted(rates) for run in (0, 1)
    ]
    assert set(kept["cell"]) == {"relu"}


def test_equal_losses_keep_the_lower_run_number():
    frame = pd.concat([metrics([1.0, 0.5], cell="relu", run=run) for run in range(6)])
    best = best_models(frame)
    assert best[kept_runs(best)]["run"].tolist() == [0, 1]


def test_measures_at_chosen_epochs():
    frame = metrics([9.0, 3.0, 1.0, 2.0])
    chosen = pd.DataFrame({"condition": ["lstm", "lstm"], "run": [0, 0], "epoch": [3, 1]})
    found = at_epochs(frame, chosen, {"long_accuracy": ("long", "accuracy"), "absent": ("very_long", "accuracy")})
    assert found["long_accuracy"].tolist() == [30.0, 10.0]
    assert np.isnan(found["absent"]).all()
