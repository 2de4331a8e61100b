"""Counter machines: the fast reading against one letter at a time, counting against enumeration, broken tables."""

import dataclasses
import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from longcount.errors import UserError
from longcount.languages import dyck
from longcount.languages.machine import Machine
from longcount.languages.transitions import FEW
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words

# a^n b^m c^m with n at least m: two counters, three states, a step of 2, an end where a counter may be above zero.
LADDER = Machine(
    name="ladder",
    letters="abc",
    description="a^n b^m c^m with n at least m at least 1",
    has_end=True,
    rules=(
        ("a", "a", "**", "a", (1, 0)),
        ("a", "b", "+*", "b", (-1, 2)),
        ("b", "b", "+*", "b", (-1, 2)),
        ("b", "c", "*+", "c", (0, -1)),
        ("c", "c", "*+", "half", (0, -1)),
        ("half", "c", "*+", "c", (0, -1)),
    ),
    ends=(("half", "*0"),),
)
LADDER_WORDS = {"a" * n + "b" * m + "c" * 2 * m for n in range(1, 13) for m in range(1, n + 1)}


def step_by_step(machine, text):
    """What `_read` gives, one configuration after the other: allowed rows and counters."""
    configuration, rows, counts = machine.start, [], []
    for letter in text:
        following = None if configuration is None else machine.step(configuration, letter)
        counts.append(counts[-1] if counts else machine.start.counters)
        if following is not None:
            counts[-1] = following.counters
        configuration = following
        rows.append([0] * (len(machine.letters) + 1))
        if configuration is not None:
            may = [machine.step(configuration, other) is not None for other in machine.letters]
            rows[-1] = [*map(int, may), int(machine.may_end(configuration))]
    return rows, counts


@pytest.mark.parametrize("machine", [dyck.DYCK1, dyck.semi_dyck1(), LADDER], ids=lambda machine: machine.name)
@given(data=st.data())
def test_the_fast_reading_against_one_letter_at_a_time(machine, data):
    good = st.integers(0, 8).flatmap(lambda length: st.sampled_from([*machine.enumerate(length), ""]))
    text = st.one_of(st.text(machine.letters, max_size=8), good)
    texts = data.draw(st.lists(text, max_size=3 * FEW))
    words = Words.from_strings(texts, machine.letters)
    read = [step_by_step(machine, text) for text in texts]
    rows = [row for rows, _ in read for row in rows]
    counts = [count for _, counts in read for count in counts]
    assert machine.allowed(words).tolist() == rows
    assert machine.counts_after(words).tolist() == [list(count) for count in counts]
    assert machine.depths(words).tolist() == [max(count) for count in counts]
    assert machine.counts_after(words).shape == (len(rows), machine.counters)
    assert machine.counts_after(words).dtype == machine.depths(words).dtype == np.int32
    assert machine.allowed(words).dtype == machine.targets(words).dtype == np.uint8
    assert machine.targets(words).shape == (len(rows), len(machine.outputs))


@given(st.lists(st.text("()", max_size=20), max_size=40))
def test_the_short_way_of_dyck1_says_what_its_table_says(texts):
    words = Words.from_strings(texts)
    for by_sum, by_table in zip(dyck.DYCK1._read(words), Machine._read(dyck.DYCK1, words), strict=True):
        assert np.array_equal(by_sum, by_table)
        assert by_sum.dtype == by_table.dtype


def test_long_words_are_read():
    word = "a" * 40_000 + "b" * 20_000 + "c" * 40_000
    words = Words.from_strings([word] * 3 + [word[:-1]], "abc")
    assert LADDER.first_bad_tokens(words).tolist() == [-1, -1, -1, 99_999]
    assert LADDER.counts_after(words)[39_999].tolist() == [40_000, 0]


def test_counting_enumerating_and_the_word_at_a_place():
    for length in range(12):
        words = [word for word in map("".join, itertools.product("abc", repeat=length)) if word in LADDER_WORDS]
        assert list(LADDER.enumerate(length)) == words
        assert LADDER.count(length) == len(words)
        assert [LADDER.word_at(length, place) for place in range(len(words))] == words
    assert LADDER.members(Words.from_strings(sorted(LADDER_WORDS), "abc")).all()
    with pytest.raises(IndexError, match="ladder has 1 words of 4 letters, no word 1"):
        LADDER.word_at(4, 1)
    with pytest.raises(ValueError, match="a length is at least 0, not -1"):
        LADDER.count(-1)
    with pytest.raises(UserError, match="ladder has no word of 3 letters"):
        LADDER.draw(3, Uniforms(0))


def test_uniform_drawing():
    uniforms = Uniforms(0)
    words = list(dyck.DYCK1.enumerate(10))
    drawn = [dyck.DYCK1.draw(10, uniforms) for _ in range(8_400)]
    assert chisquare([drawn.count(word) for word in words]).pvalue > 0.001
    assert len(words) == 42
    uniform = [uniforms.below(7) for _ in range(7_000)]
    assert chisquare(np.bincount(uniform, minlength=7)).pvalue > 0.001
    assert set(uniform) == set(range(7))
    assert uniforms.below(1) == 0


def test_counting_that_would_take_too_long_is_refused(monkeypatch):
    monkeypatch.setattr("longcount.languages.language.LARGEST_COUNT", 1000)
    assert dyck.dyck1().count(20) == 16796
    with pytest.raises(UserError, match="dyck1 has too many configurations to count its words of 200 letters"):
        dyck.dyck1().count(200)


def test_what_is_wrong_with_a_word():
    said = {
        "b": "'b' at column 1 cannot stand there: at the beginning, 'a' must follow",
        "abca": "'a' at column 4 cannot stand there: after column 3, 'c' must follow",
        "aac": "'c' at column 3 cannot stand there: after column 2, 'a' or 'b' must follow",
        "abccc": "'c' at column 5 cannot stand there: after column 4, the end must follow",
        "ab": "the word is cut short: after column 2, its last, 'c' must follow",
        "": "the word is empty; a word begins with 'a'",
    }
    words = Words.from_strings(["abcc", *said], "abc")
    assert [LADDER.complaint(words, word) for word in range(1, len(words))] == list(said.values())
    LADDER.check(words.select([0]))
    with pytest.raises(UserError, match=r"^word 2: 'b' at column 1"):
        LADDER.check(words)
    with pytest.raises(ValueError, match=r"ladder reads words over 'abc', not over '\(\)'"):
        LADDER.members(Words.from_strings(["()"]))


def test_a_machine_is_pickled_without_what_it_has_computed():
    dyck.DYCK1.count(30)
    dyck.DYCK1.draw(30, Uniforms(0))
    copy = pickle.loads(pickle.dumps(dyck.DYCK1))
    assert copy == dyck.DYCK1
    assert hash(copy) == hash(dyck.DYCK1)
    assert len(pickle.dumps(dyck.DYCK1)) < 1000
    assert copy.count(30) == dyck.DYCK1.count(30)


GOOD = {
    "name": "good",
    "letters": "ab",
    "description": "a^n b^n",
    "rules": (("a", "a", "*", "a", (1,)), ("a", "b", "+", "b", (-1,)), ("b", "b", "+", "b", (-1,))),
    "ends": (("b", "0"),),
    "index": (("a", "n"), ("b", "n")),
}


def rules(*lines):
    return {"rules": lines}


BROKEN = {
    "no rules": (rules(), "at least one rule and one end"),
    "no ends": ({"ends": ()}, "at least one rule and one end"),
    "letters": ({"letters": "aa"}, "'aa' has a letter twice"),
    "a rule for no letter": (rules(*GOOD["rules"], ("b", "c", "*", "b", (0,))), "a rule for 'c', which is none of"),
    "no way to continue": (rules(("a", "a", "*", "x", (1,)), *GOOD["rules"][1:]), "no rule and no end for state 'x'"),
    "a state that nothing reaches": (rules(*GOOD["rules"], ("x", "a", "*", "b", (0,))), "no rule leads to state 'x'"),
    "an end in no state": ({"ends": (("b", "0"), ("x", "0"))}, "no rule leads to state 'x'"),
    "expected in no state": ({"expected": (("x", "0", "a"),)}, "no rule leads to state 'x'"),
    "too few signs": (rules(*GOOD["rules"][:2], ("b", "b", "", "b", (-1,))), "'' should be 1 of the signs"),
    "another sign": ({"ends": (("b", "-"),)}, "'-' should be 1 of the signs 0, "),
    "too many steps": (rules(*GOOD["rules"][:2], ("b", "b", "+", "b", (-1, 0))), r"\(-1, 0\) should be 1 steps"),
    "half a step": (rules(*GOOD["rules"][:2], ("b", "b", "+", "b", (0.5,))), "should be 1 steps, whole numbers"),
    "below zero": (rules(*GOOD["rules"][:2], ("b", "b", "*", "b", (-1,))), "a counter could fall below zero"),
    "two below": (rules(*GOOD["rules"][:2], ("b", "b", "+", "b", (-2,))), "a counter could fall below zero"),
    "overlap": (rules(*GOOD["rules"], ("b", "b", "*", "b", (0,))), "hold for the same case"),
    "start": ({"start_counters": (0, 0)}, "the counters at the start must be 1 numbers"),
    "start below zero": ({"start_counters": (-1,)}, "the counters at the start must be 1 numbers of at least 0"),
    "dead end": (rules(*GOOD["rules"], ("b", "a", "+", "x", (0,)), ("x", "a", "*", "x", (0,))),
                 r"no word can be completed from state 'x' with counters \(1,\)"),
    "an index of other words": ({"index": (("a", "n"), ("bb", "n"))}, "the words of its index are not words of"),
    "an index of other letters": ({"index": (("a", "n"), ("c", "n"))}, r"\('c', 'n'\) in its index should be letters"),
    "an index of k": ({"index": (("a", "k"),)}, r"\('a', 'k'\) in its index should be letters, and n, m or nm"),
    "an index of m": ({"index": (("a", "m"), ("b", "m"))}, "its index uses m but not n"),
    "many counters": (rules(("a", "a", "*" * 13, "b", (0,) * 13)), "13 counters; there may be at most 12"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_tables_are_refused(kind):
    change, message = BROKEN[kind]
    with pytest.raises(ValueError, match=message):
        Machine(**{**GOOD, **change})


def test_a_machine_is_its_table():
    assert Machine(**GOOD) == Machine(**GOOD) != dataclasses.replace(Machine(**GOOD), has_end=True)
    assert Machine(**GOOD).word_of(3) == "aaabbb"
    with pytest.raises(UserError, match="good has a word for each n from 1 on, not for n = 0"):
        Machine(**GOOD).word_of(0)
    with pytest.raises(UserError, match="dyck1 has no single word for each n"):
        dyck.DYCK1.word_of(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(Machine(**GOOD), "name", "other")  # noqa: B010


def test_a_machine_without_counters():
    even = Machine(
        name="even_as",
        letters="ab",
        description="strings with an even number of a",
        rules=(("even", "a", "", "odd", ()), ("even", "b", "", "even", ()),
               ("odd", "a", "", "even", ()), ("odd", "b", "", "odd", ())),
        ends=(("even", ""),),
        has_end=True,
    )  # fmt: skip
    words = Words.from_strings(
        [text for length in range(6) for text in map("".join, itertools.product("ab", repeat=length))], "ab"
    )
    assert even.members(words).tolist() == [text.count("a") % 2 == 0 for text in words.strings()]
    assert even.targets(words.select([5])).tolist() == [[1, 1, 1], [1, 1, 0]]
    assert even.depths(words).tolist() == [0] * len(words.tokens)
    assert even.counts_after(words).shape == (len(words.tokens), 0)
    drawn, ended = even.walk(np.full(20, 30), Uniforms(0))
    assert ended.all()
    assert even.members(drawn).all()
