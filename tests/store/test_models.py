"""Stores of models made elsewhere: epoch 0 alone, measured like trained ones, their origin on record."""

import numpy as np
import pytest

from longcount import cells
from longcount.errors import UserError
from longcount.store.model_stores import keep_models
from longcount.store.store import Store


def test_models_are_kept_and_measured_like_trained_ones(undisturbed, tmp_path):
    runs = np.arange(5)
    models = {cell: undisturbed.weights(cell, runs, np.full(5, 3)) for cell in ("lstm", "relu")}
    splits = {split: undisturbed.words(split) for split in undisturbed.splits()}
    keep_models(tmp_path / "store", models, "repaired", {"method": "sharpen", "factor": "8"}, splits)
    store = Store.open(tmp_path / "store")
    assert store.study.origin.kind == "repaired"
    assert store.study.origin.detail == {"method": "sharpen", "factor": "8"}
    for cell, weights in models.items():
        np.testing.assert_array_equal(store.weights(cell, runs, np.zeros(5, int)), weights)
    measured = store.metrics().drop(columns=["epoch", "online_loss", "last_word_loss"])
    trained = undisturbed.metrics()
    trained = trained[trained["epoch"] == 3].drop(columns=["epoch", "online_loss", "last_word_loss"])
    assert measured.astype(str).equals(trained.reset_index(drop=True).astype(str))
    assert store.first_failures().num_rows == 2 * 5 * 2


def test_models_need_no_words(tmp_path):
    keep_models(tmp_path / "store", {"relu": np.zeros((3, 9), np.float32)}, "constructed", {})
    store = Store.open(tmp_path / "store")
    assert store.runs("relu").tolist() == [0, 1, 2]
    assert len(store.metrics()) == 0
    assert store.weights("relu", 2, 0).tolist() == [0.0] * 9


def test_models_of_several_sizes_lie_side_by_side(tmp_path):
    sizes = [cells.get("gru", 2), cells.get("gru", 1, 2)]
    models = {cell: np.full((2, cell.size()), number, np.float32) for number, cell in enumerate(sizes)}
    store = keep_models(tmp_path / "store", models, "imported", {"file": "a.pt"})
    for condition, (cell, weights) in zip(store.study.conditions, models.items(), strict=True):
        assert condition.network() == cell
        np.testing.assert_array_equal(store.weights(condition.folder, np.arange(2), np.zeros(2, int)), weights)


def test_a_store_is_not_written_over(tmp_path):
    keep_models(tmp_path / "store", {"relu": np.zeros((1, 9), np.float32)}, "imported", {"file": "a.pt"})
    with pytest.raises(UserError, match="already holds a store"):
        keep_models(tmp_path / "store", {"relu": np.ones((1, 9), np.float32)}, "imported", {"file": "b.pt"})
