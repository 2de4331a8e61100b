"""Evaluating a store's models on any words, against the engine's slow twin."""

import numpy as np
import pytest

from longcount.analysis.models import chosen_models, evaluate, metrics_of
from longcount.analysis.selection import best_models, where
from longcount.engine import twin
from longcount.errors import UserError
from longcount.languages import dyck
from longcount.languages.words import Words
from longcount.store.store import Store

COLUMNS = ["condition", "cell", "run", "epoch", "words", "accuracy", "loss", "fpf_mean", "fpf_min", "learned"]


def test_evaluate_agrees_with_the_twin(analysed):
    store = Store.open(analysed)
    words = Words.from_strings(["(())", "()" * 9, "((()))" * 4, "(" * 30 + ")" * 30])
    frame = evaluate(analysed, words, epoch=3)
    assert list(frame.columns) == COLUMNS
    assert len(frame) == 11
    for row in frame.to_dict("records"):
        network = store.condition(row["condition"]).built_in_cell()
        expected = twin.evaluate(
            network, store.weights(row["condition"], row["run"], 3)[None], words, dyck.targets(words)
        )
        failures = expected.first_failure[0]
        assert (row["fpf_mean"], row["fpf_min"]) == (failures.mean(), failures.min())
        assert row["accuracy"] == 100 * (failures == words.lengths).mean()
        assert row["loss"] == pytest.approx(expected.loss[0].mean(), rel=1e-6)
        assert (row["epoch"], row["words"]) == (3, 4)


def test_best_epochs_are_those_of_the_metrics(analysed):
    store = Store.open(analysed)
    best = best_models(metrics_of(store))
    chosen = chosen_models(store)
    for row in chosen.to_dict("records"):
        known = where(best, condition=row["condition"], run=row["run"]).iloc[0]
        assert row["epoch"] == known["epoch"]
        assert row["learned"] == known["learned"]
    assert set(chosen_models(store, "last")["epoch"]) == {6}


def test_evaluating_the_stores_own_words_gives_its_metrics(analysed):
    store = Store.open(analysed)
    frame = evaluate(analysed, store.words("long"))
    metrics = where(metrics_of(store), split="long")
    for row in frame.to_dict("records"):
        stored = where(metrics, condition=row["condition"], run=row["run"], epoch=row["epoch"]).iloc[0]
        assert row["fpf_mean"] == stored["fpf_mean"]
        assert row["loss"] == pytest.approx(stored["loss"], rel=1e-12)


def test_threads_do_not_change_numbers(analysed):
    words = Store.open(analysed).words("very_long")
    one, many = (evaluate(analysed, words, jobs=jobs) for jobs in (1, 4))
    assert np.array_equal(
        one.drop(columns=["condition", "cell", "learned"]), many.drop(columns=["condition", "cell", "learned"])
    )


def test_refusals(analysed, tmp_path):
    with pytest.raises(UserError, match="epochs 0 to 6"):
        evaluate(analysed, Words.from_strings(["()"]), epoch=7)
    with pytest.raises(UserError, match="no words"):
        evaluate(analysed, Words.from_strings([]))
    with pytest.raises(UserError, match="not a store"):
        evaluate(tmp_path, Words.from_strings(["()"]))
