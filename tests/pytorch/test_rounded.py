"""Numbers of other formats against NumPy's float16 and PyTorch's bfloat16, and where counting ends in them."""

import operator

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from longcount import cells, engine, languages
from longcount.exact import formats
from longcount.exact.construct import construct
from longcount.exact.formats import climbing_word, first_failing_counts, first_failures
from longcount.languages.machine import Machine
from longcount.languages.words import Words
from longcount.numbers.rounded import FORMATS, Rounded
from longcount.training.problem import DYCK1, problem

FLOATS = arrays.arrays(np.float32, 8, elements=st.floats(width=32, allow_nan=False))
OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
TYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}


def machine(name: str) -> Machine:
    language = languages.get(name)
    assert isinstance(language, Machine)
    return language


def same(ours: np.ndarray, theirs: torch.Tensor) -> None:
    np.testing.assert_array_equal(ours, theirs.float().numpy())


@given(FLOATS, FLOATS, st.sampled_from(list(FORMATS)), st.sampled_from(list(OPERATIONS)))
def test_arithmetic_is_the_formats_own(a, b, form, sign):
    with np.errstate(all="ignore"):
        ours = OPERATIONS[sign](Rounded(a, form), Rounded(b, form))
    theirs = OPERATIONS[sign](torch.tensor(a).to(TYPES[form]), torch.tensor(b).to(TYPES[form]))
    same(ours.values, theirs)
    if form == "float16":
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(ours.values, OPERATIONS[sign](a.astype(np.float16), b.astype(np.float16)))


@pytest.mark.parametrize("form", FORMATS)
def test_plain_numbers_on_either_side_and_functions_are_rounded(form):
    number = Rounded([0.3, -2.7, 5.0], form)
    for made in (1.0 + number, 1.0 - number, 1.0 / number, 0.1 * number, -number, number.sigmoid(), number.tanh(),
                 number.exp(), number.relu(), number.relu().sqrt(), (number * number).log(), number.maximum(0.1),
                 number.where_positive(number)):  # fmt: skip
        np.testing.assert_array_equal(made.values, FORMATS[form](made.values))
    np.testing.assert_allclose(number.sigmoid().values, 1 / (1 + np.exp(-number.values)), rtol=0.01)


@pytest.mark.parametrize("name", ["lstm", "gru", "relu", "slstm", "mingru_log"])
def test_float32_is_the_engines(name):
    cell, random = cells.get(name, 2), np.random.default_rng(0)
    weights = random.uniform(-1, 1, (4, cell.size())).astype(np.float32)
    words = Words.from_strings(["(" * 20 + ")" * 20, "()" * 8, "(()())"])
    expected = engine.evaluate(cell, weights, words, DYCK1.targets(words)).first_failure
    np.testing.assert_array_equal(first_failures(cell, weights, words, DYCK1, "float32"), expected)


@pytest.mark.parametrize("name", ["lstm", "relu"])
def test_counting_by_one_ends_where_the_format_does(name):
    cell, weights = cells.get(name), construct(name)[None]
    assert first_failing_counts(cell, weights, DYCK1, "bfloat16", 260) == [257]
    assert first_failing_counts(cell, weights, DYCK1, "float32", 20) == [21]


def test_every_count_is_tried(monkeypatch):
    def at_odd_counts(cell, weights, words, problem, form):
        fails = np.isin(words.lengths // 2, [13, 15, 17])
        return np.tile(np.where(fails, 0, words.lengths), (len(weights), 1))

    monkeypatch.setattr(formats, "first_failures", at_odd_counts)
    assert first_failing_counts(cells.get("relu"), construct("relu")[None], DYCK1, "bfloat16", 20, together=8) == [13]


@pytest.mark.parametrize("name", ["shuffle2", "semi_dyck1", "an_bm_cm_dn", "an_b2n", "boolean3"])
def test_climbing_words_are_words_that_reach_the_count(name):
    language = machine(name)
    word = climbing_word(language, 5)
    words = Words(word, np.array([0, len(word)]), language.letters)
    assert language.members(words).all()
    assert language.counts_after(words).max() >= 5
    assert problem(language).targets(words).any()
