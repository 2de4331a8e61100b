"""The two baselines against a slow reading of the task."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longcount.analysis.baselines import baseline_metrics, baseline_outputs, first_failures
from longcount.languages.words import Words

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
