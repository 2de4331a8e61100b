"""Traces against the engine's evaluation."""

import numpy as np
import pytest

from longcount import engine
from longcount.analysis.traces import read_word, trace, zigzag_word
from longcount.errors import UserError
from longcount.languages import dyck
from longcount.languages.words import Words
from longcount.store.store import Store


@pytest.mark.parametrize(
    ("cell", "inner"),
    [("lstm", ["i", "f", "g", "o", "h", "c"]), ("gru", ["r", "z", "n", "h"]), ("relu", ["h"])],
)
def test_columns_depths_and_first_failures(analysed, cell, inner):
    words = Words.from_strings(["(()())", "()" * 40, "(" * 60 + ")" * 60])
    frame = trace(analysed, 1, words, cell, 4)
    outer = ["word", "token", "letter", "depth"], ["output_(", "output_)", "target_(", "target_)", "first_failure"]
    assert list(frame.columns) == [*outer[0], *inner, *outer[1]]
    assert "".join(frame["letter"]) == "".join(words.strings())
    assert frame["depth"].tolist() == words.depths.tolist()
    assert frame[["target_(", "target_)"]].to_numpy().tolist() == dyck.targets(words).tolist()
    assert all(frame[name].dtype == np.float32 for name in inner)
    store = Store.open(analysed)
    network, weights = store.condition(cell).built_in_cell(), store.weights(cell, 1, 4)
    judged = engine.evaluate(network, weights[None], words, dyck.targets(words)).first_failure[0]
    for word, failure in enumerate(judged):
        marked = frame.loc[(frame["word"] == word) & frame["first_failure"], "token"].tolist()
        assert marked == ([failure] if failure < words.lengths[word] else [])


def test_a_trace_starts_from_zero_at_every_word(analysed):
    frame = trace(analysed, 0, Words.from_strings(["(())", "(())"]), "lstm")
    first, second = (frame.loc[frame["word"] == word].drop(columns="word").to_numpy().tolist() for word in (0, 1))
    assert first == second


def test_the_paper_sized_zigzag():
    assert zigzag_word(500).lengths.tolist() == [2000]
    assert zigzag_word(30).lengths.tolist() == [1980]
    assert zigzag_word(5000).lengths.tolist() == [10_000]


def test_a_prefix_is_a_word_to_look_at():
    assert read_word("((").strings() == ["(("]


@pytest.mark.parametrize(("text", "message"), [("())", "closes nothing"), ("(x", "not 'x'")])
def test_bad_brackets(text, message):
    with pytest.raises(UserError, match=message):
        read_word(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"run": 0, "cell": None}, "choose one with --cell"),
        ({"run": 3, "cell": "lstm"}, "its runs are 0 to 2"),
        ({"run": 0, "cell": "lstmm"}, "did you mean 'lstm'"),
        ({"run": 0, "cell": "lstm", "epoch": 9}, "epochs 0 to 6"),
    ],
)
def test_refusals(analysed, arguments, message):
    with pytest.raises(UserError, match=message):
        trace(analysed, words=Words.from_strings(["()"]), **arguments)


def test_nothing_to_trace(analysed):
    with pytest.raises(UserError, match="no tokens"):
        trace(analysed, 0, Words.from_strings([""]), "gru")
