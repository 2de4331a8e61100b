"""Dyck-1: balance, and the words made by rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longcount.errors import UserError
from longcount.languages import dyck
from longcount.languages.words import Words


def first_bad_token(text: str) -> int:
    depth = 0
    for index, letter in enumerate(text):
        depth += 1 if letter == "(" else -1
        if depth < 0:
            return index
    return len(text) if depth else -1


@given(st.lists(st.text("()", max_size=12), max_size=12))
def test_first_bad_tokens_against_an_obvious_loop(texts):
    assert dyck.first_bad_tokens(Words.from_strings(texts)).tolist() == [first_bad_token(text) for text in texts]


def test_check_names_word_and_column():
    dyck.check(Words.from_strings(["", "()", "(()())"]))
    with pytest.raises(UserError, match=r"^word 2: '\)' at column 3 closes nothing$"):
        dyck.check(Words.from_strings(["()", "())", "))"]))
    with pytest.raises(UserError, match=r"^word 1: .* after column 4, its last, 2 '\(' are still open$"):
        dyck.check(Words.from_strings(["(()("]))


def test_zigzag_words_are_the_papers():
    words = dyck.zigzag_words()
    dyck.check(words)
    assert words.lengths.tolist() == [2000] * 10
    for word, half_period in enumerate([10, 20, 25, 50, 100, 125, 200, 250, 500, 1000]):
        assert words.text(word) == ("(" * half_period + ")" * half_period) * (1000 // half_period)


def test_ramps_and_shallow_words():
    heights = [3, 1, 2]
    word = dyck.ramps(heights)
    assert word.text(0) == "((()))()(())"
    assert dyck.shallow(2000).strings() == ["()" * 1000]
    assert dyck.ramps([]).strings() == [""]


@pytest.mark.parametrize(("half_period", "length"), [(0, 10), (-1, 10), (3, 10), (10, 10), (1, 0)])
def test_impossible_zigzags_are_refused(half_period, length):
    with pytest.raises(UserError, match="cannot be"):
        dyck.zigzag(half_period, length)


def test_ramps_go_up():
    with pytest.raises(UserError, match="at least 1, not 0"):
        dyck.ramps([2, 0])
