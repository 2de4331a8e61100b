"""How far subjects count: against a counter that stops at a known depth, and against the engine."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from longcount import engine, languages
from longcount.analysis.baselines import without_memory
from longcount.analysis.counting import (
    accepted,
    deterministic_accuracy,
    first_failing_n,
    first_failing_step_n,
    first_near_miss_n,
    first_rejected_n,
    near_misses,
)
from longcount.analysis.subjects import Memoryless, Networks
from longcount.errors import UserError
from longcount.languages import tasks
from longcount.languages.words import Words
from longcount.training.problem import problem
from longcount.training.study_files import build_study

PREDICT = problem(languages.get("an_bn"), tasks.PREDICT)


class UpTo:
    """One model that counts the a of aⁿbⁿ up to a depth, and the b down again."""

    def __init__(self, depth: int) -> None:
        self.depth, self.problem, self.models = depth, PREDICT, 1

    def choose(self, models):
        return self

    def evaluate(self, words) -> Any:
        """Of words of the language."""
        return SimpleNamespace(correct=np.array([[text.count("a") <= self.depth for text in words.strings()]]))

    def outputs(self, words):
        strings = words.strings()
        for place in range(max(map(len, strings))):
            outputs = np.zeros((3, len(strings), 1))
            for word, text in enumerate(strings):
                seen = text[: place + 1]
                left = min(seen.count("a"), self.depth) - seen.count("b")
                outputs[:, word, 0] = [0.5, 0.5, 0] if "b" not in seen else [0, 1, 0] if left > 0 else [0, 0, 1]
            yield outputs


def test_a_counter_that_stops_at_a_depth():
    """The word of depth 6 ends too early for it, and a⁶b⁵ is right to it: a near miss of n = 5."""
    subject = UpTo(5)
    words = Words.from_strings(["aaaaabbbbb", "aaaaaabbbbb", "aaaaaabbbbbb", "aab"], "ab")
    assert accepted(subject, words)[0].tolist() == [True, True, False, False]
    assert first_rejected_n(subject, 20).tolist() == first_failing_step_n(subject, 20).tolist() == [6]
    assert first_near_miss_n(subject, 20).tolist() == [5]
    assert first_rejected_n(subject, 5).tolist() == [np.inf]
    assert deterministic_accuracy(subject, [5, 6]).tolist() == [100 * 10 / 11]


def test_near_misses_are_no_words_of_the_language():
    assert near_misses(languages.get("an_bn_cn"), 1) == ["ac", "ab", "aabc", "abbc", "abcc"]
    assert set(near_misses(languages.get("an_b2n"), 1)) == {"ab", "aabb", "abbb"}


def test_languages_without_a_word_for_each_n_are_refused():
    subject = Memoryless(without_memory(problem(languages.get("dyck1")), Words.from_strings(["()"])))
    with pytest.raises(UserError, match="no word for each n"):
        first_rejected_n(subject, 5)


@pytest.mark.parametrize("task", ["predict", "next_letters"])
@pytest.mark.parametrize(("cell", "start"), [("lstm", "zero"), ("gru", "learned")])
def test_outputs_are_those_of_the_engine(task, cell, start):
    """Word by word, to the last bit."""
    fields = {"cell": cell, "hidden_size": 2, "language": "an_bn", "task": task, "start": start}
    condition = build_study(fields).conditions[0]
    weights = np.random.default_rng(3).normal(size=(9, condition.network().size())).astype(np.float32)
    words = Words.from_strings(["ab", "aaabbb", "aabb"], "ab")
    found = np.stack(list(Networks(condition, weights).outputs(words)))
    for word in range(3):
        traced = engine.trace(condition.built_in_cell(), weights, words[word], condition.problem().question)
        assert (found[: len(words[word]), :, word] == traced["outputs"]).all()
    chosen = np.stack(list(Networks(condition, weights).choose(np.array([4, 1])).outputs(words)))
    assert (chosen == found[..., [4, 1]]).all()


def test_the_baseline_answers_as_it_does_in_tables():
    """After b it repeats b: it accepts every block of b that never ends, so no word."""
    words = Words.from_strings(["aabb", "aaabbb", "aaaabbbb"], "ab")
    for asked in (PREDICT, problem(languages.get("an_bn"))):
        subject = Memoryless(without_memory(asked, words))
        assert first_failing_n(subject, 10).tolist() == [1]
    predicts = Memoryless(without_memory(PREDICT, words))
    assert deterministic_accuracy(predicts, [4]).tolist() == [75.0]
