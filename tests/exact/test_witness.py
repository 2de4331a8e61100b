"""Witness words: written, read back, and failing where they are said to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longcount import cells, engine
from longcount.exact.boxes import Model
from longcount.exact.certify import certify
from longcount.exact.search import completed
from longcount.exact.witness import decode, encode, failing_word
from longcount.languages import dyck
from longcount.languages.words import Words
from longcount.numbers.intervals import Interval


def as_word(tokens: np.ndarray) -> Words:
    return Words(tokens.astype(np.uint8), np.array([0, len(tokens)]))


@given(st.lists(st.integers(0, 1)), st.integers(1, 5))
def test_words_are_read_back_as_they_were_written(tokens, times):
    word = np.array(tokens * times, np.uint8)
    assert np.array_equal(decode(encode(word)), word)


@pytest.mark.parametrize(("text", "word"), [("", ""), ("(", "("), ("(3 )2", "((())"), ("[( )2]3 (", "())())())(")])
def test_text_means_what_it_says(text, word):
    assert as_word(decode(text)) == Words.from_strings([word])


@pytest.mark.parametrize("text", ["x", "(3 y", "[(", "[( )]"])
def test_what_is_no_word_is_refused(text):
    with pytest.raises(ValueError, match="no run of"):
        decode(text)


@pytest.mark.parametrize("name", cells.names())
def test_witnesses_fail_first_where_they_are_said_to(name):
    cell = cells.get(name)
    for seed in range(12):
        scale = (1.0, 3.0)[seed % 2]
        flat = (np.random.default_rng(seed).uniform(-1, 1, cell.size()) * scale).astype(np.float32)
        certificate = certify(cell, flat, limit=60)
        assert certificate.verdict == "bounded"
        if certificate.witness is None:
            assert certificate.capped
            continue
        word = as_word(decode(certificate.witness))
        dyck.check(word)
        found = engine.evaluate(cell, flat[None], word, dyck.targets(word))
        assert found.first_failure.tolist() == [[certificate.upper_bound]]
        assert certificate.upper_bound is not None
        assert certificate.lower_bound <= certificate.upper_bound


def test_states_too_large_for_intervals_are_no_failures():
    """A ReLU's count that doubles at every token: right for ever on a ramp, though beyond what bounds are made for."""
    relu = cells.get("relu")
    tensors = {name: np.zeros(shape, np.float32) for name, shape in relu.shapes().items()}
    tensors["weight_hh_l0"][:] = 2.0
    tensors["weight_ih_l0"][0] = 1.0, -100.0
    tensors["readout.weight"][1], tensors["readout.bias"][:] = 1.0, (1.0, -0.5)
    flat = cells.pack(relu, tensors)
    certificate = certify(relu, flat, limit=200)
    assert certificate.upper_bound is not None, "after 8 tokens up, `)` no longer brings the count down in time"
    found = engine.evaluate(relu, flat[None], dyck.ramps([100]), dyck.targets(dyck.ramps([100])))
    assert certificate.lower_bound <= certificate.upper_bound <= found.first_failure[0, 0]
    model = Model(relu, flat)
    huge, infinite = (np.float32(2.0**90),), (np.float32(np.inf),)
    assert model.right(huge, False)
    with np.errstate(invalid="ignore"):  # infinity times 0 is no number, and no number is no answer
        assert not model.right(infinite, False)
    assert not model.surely_right((Interval.exactly(2.0**90),), False)


def test_a_search_that_finds_nothing_says_so():
    lstm = cells.get("lstm")
    flat = np.zeros(lstm.size(), np.float32)  # every output is 0.5: allowed
    word = failing_word(Model(lstm, flat), 10)
    assert word is not None
    assert word.tolist() == [0, 1]
    assert failing_word(Model(lstm, flat), 1) is None
    capped = certify(lstm, flat, limit=1)
    assert (capped.capped, capped.upper_bound, capped.lower_bound) == (True, None, 1)


def test_what_is_open_is_closed():
    assert completed(dyck.DYCK1, np.array([0, 0, 1, 0], np.uint8)).tolist() == [0, 0, 1, 0, 1, 1]
    assert completed(dyck.DYCK1, np.array([0, 1], np.uint8)).tolist() == [0, 1]
