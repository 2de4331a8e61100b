"""The summary of stores of any language and task, against the engine asked directly."""

import numpy as np
import pytest

from longcount import engine
from longcount.analysis.analysis import Analysis
from longcount.analysis.baselines import WITHOUT_MEMORY, without_memory
from longcount.analysis.models import evaluate, first_failing_n
from longcount.analysis.selection import where
from longcount.analysis.summary import baselines_on, summary
from longcount.errors import UserError
from longcount.languages.words import Words
from longcount.languages.wrong_words import kinds_of
from longcount.store.store import Store
from longcount.studies.executors import Threads
from longcount.studies.run import run_study
from longcount.training.study_files import build_study

WORDS = {"training_words": 60, "validation_words": 24}
BY_LENGTH = {**WORDS, "long_words": 16, "very_long_words": 4, "training_lengths": "2-12", "long_lengths": "14-20"}
BY_LENGTH["very_long_length"] = 40
BY_NUMBER = {**WORDS, "training_n": "1-8", "long_n": "9-12", "very_long_n": "13-14"}


@pytest.fixture(scope="module")
def stores(tmp_path_factory) -> dict[str, Store]:
    """Small stores: two counters read letter by letter, a distribution over what comes, a recogniser."""
    asked = {
        "next_letters": {"language": "shuffle2", "words": BY_LENGTH},
        "predict": {"language": "an_bn", "words": BY_NUMBER},
        "recognise": {"language": "dyck1", "words": BY_LENGTH},
    }
    folder = tmp_path_factory.mktemp("stores")
    return {
        task: run_study(
            build_study({"cell": "lstm", "task": task, "hidden_size": 2, "runs": 3, "epochs": 2, **fields}),
            folder / task,
            Threads(1),
        )
        for task, fields in asked.items()
    }


@pytest.mark.parametrize("task", ["next_letters", "predict", "recognise"])
def test_every_split_is_summed_up_beside_the_baseline(stores, task):
    store = stores[task]
    condition = store.study.conditions[0]
    problem, cell = condition.problem(), condition.built_in_cell()
    frame = summary(store)
    models = store.metrics(splits=["validation"])
    after = models.loc[models["epoch"] > 0]
    epochs = [int(rows.sort_values(["loss", "epoch"])["epoch"].iloc[0]) for _, rows in after.groupby("run")]
    weights = store.weights("lstm", np.arange(3), np.array(epochs))
    baseline = without_memory(problem, store.words("training"))
    assert set(frame["split"]) == set(store.splits())
    for split in store.splits():
        words = store.words(split)
        found = engine.evaluate(cell, weights, words, problem.targets(words), problem.loss, problem.question)
        row = where(frame, condition="lstm", split=split).iloc[0]
        shares = 100 * found.correct.mean(axis=1)
        assert row[["mean", "min", "max"]].tolist() == pytest.approx([shares.mean(), shares.min(), shares.max()])
        assert row["fpf_mean"] == pytest.approx(found.first_failure.mean())
        assert (row["words"], row["runs"]) == (len(words), 3)
        beside = where(frame, condition=WITHOUT_MEMORY, split=split).iloc[0]
        assert beside["mean"] == 100 * baseline.evaluate(words).correct.mean()
        if task == "recognise":
            kinds = np.array(kinds_of(len(words)))
            for kind in ("right", "random", "near_miss"):
                assert row[kind] == pytest.approx(100 * found.correct[:, kinds == kind].mean())
            assert problem.language.members(words).tolist() == (kinds == "right").tolist()


def test_runs_of_a_recipe_are_summed_up_after_their_last_epoch(tmp_path):
    asked = {"cell": "lstm", "language": "an_bn", "hidden_size": 2, "runs": 3, "words": BY_NUMBER}
    store = run_study(build_study({**asked, "recipe": "exact"}), tmp_path / "store", Threads(1))
    frame = summary(store)
    for split in store.splits():
        at_end = where(store.metrics(splits=[split]), epoch=store.condition("lstm").epochs)
        row = where(frame, condition="lstm", split=split).iloc[0]
        assert row["fpf_mean"] == pytest.approx(at_end["fpf_mean"].mean())
        assert row["mean"] == pytest.approx(at_end["accuracy"].mean())
    validation = store.metrics(splits=["validation"])
    losses = validation.loc[validation["epoch"] > 0].pivot(index="run", columns="epoch", values="loss")
    assert (losses.idxmin(axis=1) < store.condition("lstm").epochs).any()
    assert Analysis(store, 1).selected["epoch"].tolist() == [store.condition("lstm").epochs] * 3


@pytest.mark.parametrize("task", ["next_letters", "predict", "recognise"])
def test_the_baseline_is_told_on_any_words(stores, task):
    store = stores[task]
    (row,) = baselines_on(store, store.words("long")).to_dict("records")
    beside = where(summary(store), condition=WITHOUT_MEMORY, split="long").iloc[0]
    assert (row["task"], row["accuracy"], row["fpf_mean"]) == (task, beside["mean"], beside["fpf_mean"])


def test_first_failing_n_is_that_of_word_by_word(stores):
    store = stores["predict"]
    condition = store.study.conditions[0]
    problem, cell, weights = condition.problem(), condition.built_in_cell(), store.weights("lstm", np.arange(3), 2)
    # One network that is right to n = 40 or so would take long training: of the output bias alone some fail late.
    found = first_failing_n(condition, weights, largest=40)
    for model, flat in zip(found, weights, strict=True):
        n = 1
        while n <= 40:
            word = Words.from_strings([problem.language.word_of(n)], "ab")
            targets = problem.targets(word)
            if not engine.evaluate(cell, flat[None], word, targets, "ce", problem.question).correct.all():
                break
            n += 1
        assert model == (n if n <= 40 else 0)


def test_evaluation_tells_what_is_wrongly_accepted(stores):
    store = stores["recognise"]
    words = store.words("long")
    frame = evaluate(store.directory, words)
    condition = store.study.conditions[0]
    problem = condition.problem()
    members = problem.language.members(words)
    for row in frame.to_dict("records"):
        flat = store.weights("lstm", row["run"], row["epoch"])
        targets = problem.targets(words)
        found = engine.evaluate(condition.built_in_cell(), flat[None], words, targets, "mse", problem.question)
        correct = found.correct[0]
        assert row["accuracy_right"] == 100 * correct[members].mean()
        assert row["accuracy_wrong"] == 100 * correct[~members].mean()
        accepted = words.lengths[~members & ~correct]
        assert row["first_wrongly_accepted"] == (accepted.min() if len(accepted) else None)


def test_words_that_networks_do_not_read_are_refused(stores):
    with pytest.raises(UserError, match=r"read words over '\(\)\[\]', not over 'ab'"):
        evaluate(stores["next_letters"].directory, Words.from_strings(["ab"], "ab"))
    with pytest.raises(UserError, match="word 2 is not in shuffle2: '\\]' at column 1 closes nothing"):
        evaluate(stores["next_letters"].directory, Words.from_strings(["()", "]["], "()[]"))
    assert len(evaluate(stores["next_letters"].directory, Words.from_strings(["(["], "()[]"))) == 3
