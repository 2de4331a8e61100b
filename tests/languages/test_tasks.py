"""What each task asks for, against readings token by token."""

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longcount import languages
from longcount.errors import UserError
from longcount.languages import tasks
from longcount.languages.majority import balance
from longcount.languages.words import Words

NAMES = ("dyck1", "an_bn_cn", "shuffle2", "majority", "dyck2")


def words_of(language, draw) -> Words:
    """Members and strings over the letters, among them the empty one."""
    strings = [*language.enumerate(draw(st.sampled_from([2, 4, 6])))]
    return Words.from_strings(["", *strings, draw(st.text(language.letters, max_size=12))], language.letters)


@cache
def words_of_length(name: str, length: int) -> set[str]:
    return set(languages.get(name).enumerate(length))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_recognise_asks_whether_the_word_is_a_member(name, data):
    language = languages.get(name)
    words = words_of(language, data.draw)
    asked = tasks.RECOGNISE.targets(language, words)
    assert asked.dtype == np.uint8
    assert asked.shape == (len(words.tokens), 1)
    for word, string in enumerate(words.strings()):
        if string:
            assert asked[words.offsets[word + 1] - 1, 0] == (string in words_of_length(name, len(string)))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_predict_asks_for_the_letter_that_comes(name, data):
    language = languages.get(name)
    words = words_of(language, data.draw)
    outputs = tasks.PREDICT.outputs(language)
    asked = tasks.PREDICT.targets(language, words)
    assert outputs == (*language.letters, "end")
    assert asked.shape == (len(words.tokens), 2 * len(outputs))
    np.testing.assert_array_equal(asked[:, : len(outputs)], language.allowed(words))
    for word, string in enumerate(words.strings()):
        for k in range(len(string)):
            coming = asked[words.offsets[word] + k, len(outputs) :]
            assert [outputs[j] for j in np.flatnonzero(coming)] == [[*string, "end"][k + 1]]


@pytest.mark.parametrize("name", NAMES)
def test_next_letters_asks_what_the_language_says(name):
    language = languages.get(name)
    words = Words.from_strings([*language.enumerate(6)], language.letters)
    np.testing.assert_array_equal(tasks.NEXT_LETTERS.targets(language, words), language.targets(words))
    assert tasks.NEXT_LETTERS.outputs(language) == language.outputs


def test_classify_asks_for_the_class_of_the_whole_string():
    language = balance()
    words = Words.from_strings([*map("".join, product("()", repeat=5)), *map("".join, product("()", repeat=4))], "()")
    asked = tasks.CLASSIFY.targets(language, words)[words.offsets[1:] - 1]
    signs = [np.sign(text.count("(") - text.count(")")) for text in words.strings()]
    assert tasks.CLASSIFY.outputs(language) == ("below", "zero", "above")
    np.testing.assert_array_equal(asked, np.tile(np.eye(3)[np.array(signs) + 1], 2))
    with pytest.raises(UserError, match="dyck1 has no classes of strings"):
        tasks.CLASSIFY.outputs(languages.get("dyck1"))
    with pytest.raises(ValueError, match="needs one class and all rules"):
        replace(language, classes=language.classes[1:])


def test_names_and_mistakes():
    assert [tasks.get(name).name for name in tasks.TASKS] == ["next_letters", "recognise", "predict", "classify"]
    with pytest.raises(UserError, match=r"no task is called 'recognize': did you mean 'recognise'\?"):
        tasks.get("recognize")
