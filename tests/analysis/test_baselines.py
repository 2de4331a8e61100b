"""The two baselines against a slow reading of the task."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longcount import languages
from longcount.analysis.baselines import baseline_metrics, baseline_outputs, first_failures, without_memory
from longcount.languages import tasks
from longcount.languages.splits import make_splits
from longcount.languages.words import Words
from longcount.training.problem import DYCK1, problem

balanced = st.recursive(
    st.just(""),
    lambda inner: st.one_of(inner.map(lambda w: f"({w})"), st.tuples(inner, inner).map("".join)),
    max_leaves=12,
)


def slow_first_failure_of_constant(text):
    """The constant answer fails where the depth first returns to 0."""
    depth = 0
    for at, letter in enumerate(text):
        depth += 1 if letter == "(" else -1
        if depth == 0:
            return at
    return len(text)


@given(st.lists(balanced, min_size=1, max_size=6))
def test_constant_fails_at_the_first_return_to_zero_and_perfect_never(texts):
    words = Words.from_strings(texts)
    constant = first_failures(baseline_outputs("constant", words), words)
    assert constant.tolist() == [slow_first_failure_of_constant(text) for text in texts]
    assert np.array_equal(first_failures(baseline_outputs("perfect", words), words), words.lengths)


def test_metrics_of_both():
    frame = baseline_metrics({"long": Words.from_strings(["(())", "()()", "(())()"])}).set_index("baseline")
    assert frame.loc["constant", ["accuracy", "fpf_mean", "fpf_min", "unfailed"]].tolist() == [0.0, 7 / 3, 1, 0]
    assert frame.loc["perfect", ["accuracy", "fpf_mean", "fpf_min", "unfailed"]].tolist() == [100.0, 14 / 3, 4, 3]


def test_unknown_baseline():
    with pytest.raises(ValueError, match="constant, perfect"):
        baseline_outputs("oracle", Words.from_strings(["()"]))


@pytest.mark.parametrize("task", [tasks.NEXT_LETTERS, tasks.PREDICT, tasks.RECOGNISE], ids=lambda task: task.name)
@given(data=st.data())
def test_no_answer_from_the_last_letter_alone_is_better(task, data):
    asked = problem(languages.get("an_bn"), task)
    strings = st.text("ab", min_size=1, max_size=5) if task.wrong_words else st.sampled_from(["ab", "aabb", "aaabbb"])
    words = Words.from_strings(data.draw(st.lists(strings, min_size=1, max_size=8)), "ab")
    found = without_memory(asked, words)
    outputs, targets = len(asked.outputs), asked.targets(words)
    last = {int(offset) - 1 for offset in words.offsets[1:]}
    for letter in range(2):
        places = [k for k, token in enumerate(words.tokens) if token == letter]
        places = [k for k in places if task.answers == "token" or k in last]
        if places:
            rights = [tuple(targets[k, :outputs]) for k in places]
            most = max(rights.count(answer) for answer in rights)
            assert rights.count(tuple(found.answers[letter])) == most
    evaluation = found.evaluate(words)
    for word, string in enumerate(words.strings()):
        begin = words.offsets[word]
        steps = range(len(string)) if task.answers == "token" else [len(string) - 1]
        wrong = [k for k in steps if tuple(found.answers["ab".index(string[k])]) != tuple(targets[begin + k, :outputs])]
        assert evaluation.first_failure[0, word] == (wrong[0] if wrong else len(string))
        if task.link == "softmax":
            terms = [-np.log(found.shares["ab".index(string[k])] @ targets[begin + k, outputs:]) for k in steps]
        else:
            terms = [np.square(found.shares["ab".index(string[k])] - targets[begin + k]).mean() for k in steps]
        assert evaluation.loss[0, word] == pytest.approx(np.mean(terms))


def test_published_networks_score_what_repeating_the_last_letter_scores():
    """aⁿbⁿ read as a language model: after a, another a; after b, another b. Right at all but two tokens."""
    words = Words.from_strings(["a" * n + "b" * n for n in range(1, 50)], "ab")
    found = without_memory(problem(languages.get("an_bn"), tasks.PREDICT), words)
    assert found.answers.tolist() == [[True, True, False], [False, True, False]]
    assert found.shares[0, 0] > found.shares[0, 1] > found.shares[0, 2] == 0


def test_of_dyck_1_it_is_the_constant_answer():
    words = make_splits(0, training_words=2_000, validation_words=200, long_words=20, very_long_words=2)["training"]
    assert without_memory(DYCK1, words).answers.all()
