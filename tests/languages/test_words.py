"""Words: the token array with offsets."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longcount.errors import UserError
from longcount.languages import dyck
from longcount.languages.words import Words, gather

strings = st.lists(st.text("()", max_size=30), max_size=12)


@given(strings)
def test_strings_come_back(texts):
    words = Words.from_strings(texts)
    assert words.strings() == texts
    assert [words.text(word) for word in range(len(words))] == texts
    assert len(words) == len(texts)
    assert words.lengths.tolist() == [len(text) for text in texts]
    assert [bytes(tokens + ord("(")).decode() for tokens in words] == texts
    assert words.tokens.dtype == np.uint8
    assert words.offsets.dtype == words.lengths.dtype == np.int64
    assert words.depths.dtype == np.int32


@given(strings)
def test_depths_and_targets_against_an_obvious_loop(texts):
    words = Words.from_strings(texts)
    depths, targets = [], []
    for text in texts:
        inside = True
        for last in range(len(text)):
            prefix = text[: last + 1]
            depths.append(prefix.count("(") - prefix.count(")"))
            inside = inside and depths[-1] >= 0
            targets.append([int(inside), int(inside and depths[-1] > 0)])
    assert words.depths.tolist() == depths
    assert dyck.targets(words).tolist() == targets
    assert dyck.targets(words).shape == (len(depths), 2)
    assert dyck.targets(words).dtype == np.uint8


@given(st.lists(st.text("abc", max_size=9), max_size=9), st.data())
def test_words_over_other_letters(texts, data):
    words = Words.from_strings(texts, "cab")
    assert words.strings() == texts
    assert [words.text(word) for word in range(len(words))] == texts
    assert words.tokens.tolist() == ["cab".index(letter) for letter in "".join(texts)]
    assert words.lines() == "".join(f"{text}\n" for text in texts).encode()
    indices = data.draw(st.lists(st.integers(0, len(texts) - 1))) if texts else []
    assert words.select(indices) == Words.from_strings([texts[index] for index in indices], "cab")
    assert Words.concatenate([words, words]) == Words.from_strings(texts + texts, "cab")
    assert words != Words.from_strings(texts, "abc")
    assert hash(words) == hash(Words.from_strings(texts, "cab"))
    with pytest.raises(ValueError, match="depth is defined for words over"):
        _ = words.depths


def test_words_of_one_language_stay_together():
    with pytest.raises(ValueError, match="over 'ab' and over 'abc' cannot be combined"):
        Words.concatenate([Words.from_strings(["a"], "ab"), Words.from_strings(["a"], "abc")])
    assert Words.concatenate([]) == Words.from_strings([])


@pytest.mark.parametrize("letters", ["", "aa", "a,", "a b", "é", "a\n"])
def test_impossible_letters_are_refused(letters):
    with pytest.raises(ValueError, match="letter"):
        Words.from_strings([], letters)
    with pytest.raises(ValueError, match="letter"):
        Words(np.zeros(0, np.uint8), np.zeros(1, np.int64), letters)


@given(strings, st.data())
def test_select_and_concatenate(texts, data):
    words = Words.from_strings(texts)
    indices = data.draw(st.lists(st.integers(0, len(texts) - 1))) if texts else []
    assert words.select(indices).strings() == [texts[index] for index in indices]
    assert Words.concatenate([words, words.select(indices)]).strings() == texts + [texts[i] for i in indices]


@given(strings, strings)
def test_equality_is_of_content(first, second):
    one, other = Words.from_strings(first), Words.from_strings(second)
    assert (one == other) == (first == second) == (one.sha256 == other.sha256)
    assert hash(one) == hash(Words.from_strings(first))
    assert one.sha256 == hashlib.sha256("".join(f"{text}\n" for text in first).encode()).hexdigest()


def test_words_are_not_to_be_written():
    words = Words.from_strings(["(())"])
    for array in (words.tokens, words.offsets, words.lengths, words.depths, words[0]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize(
    ("tokens", "offsets", "match"),
    [
        (np.zeros(2, np.int64), np.array([0, 2]), "tokens must be a uint8 array"),
        (np.zeros((2, 1), np.uint8), np.array([0, 2]), "tokens must be a uint8 array"),
        (np.array([0, 2], np.uint8), np.array([0, 2]), "tokens of words over .* must be below 2, not 2"),
        (np.zeros(2, np.uint8), np.array([0, 2], np.int32), "offsets must be an int64 array"),
        (np.zeros(0, np.uint8), np.zeros(0, np.int64), "offsets must be an int64 array"),
        (np.zeros(2, np.uint8), np.array([0, 1]), "offsets must rise from 0 to the number of tokens, 2"),
        (np.zeros(2, np.uint8), np.array([1, 2]), "offsets must rise"),
        (np.zeros(2, np.uint8), np.array([0, 2, 1, 2]), "offsets must rise"),
    ],
)
def test_words_validate_themselves(tokens, offsets, match):
    with pytest.raises(ValueError, match=match):
        Words(tokens, offsets)


def test_foreign_letters_and_missing_words_are_refused():
    with pytest.raises(ValueError, match="not 'x'"):
        Words.from_strings(["()", "(x)"])
    with pytest.raises(ValueError, match="a word is made of 'a', 'b' and 'c', not 'd'"):
        Words.from_strings(["ad"], "abc")
    with pytest.raises(UserError, match=r"should be a list, each a text, not '\(\(\)\)': write \['\(\(\)\)'\]"):
        Words.from_strings("(())")
    with pytest.raises(IndexError, match="word 1 of 1"):
        Words.from_strings(["()"])[1]
    with pytest.raises(IndexError):
        Words.from_strings(["()"]).select([1])


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20))))
def test_gather_against_slices(stretches):
    array = np.arange(40)
    starts, lengths = np.array(stretches, np.int64).reshape(-1, 2).T
    expected = [number for start, length in stretches for number in array[start : start + length]]
    assert gather(array, starts, lengths).tolist() == expected
