"""Words drawn letter by letter and by counting, against their exact probabilities."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from longcount import languages
from longcount.errors import UserError
from longcount.languages.by_length import Counted, Walk, walk_probabilities
from longcount.languages.completion import Completion, Edge
from longcount.languages.language import Language
from longcount.languages.machine import Machine
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import offsets_of

ALL = list(languages.names())

TWO_OUT_OF_STEP = Machine(
    name="two_out_of_step",
    letters="abxy",
    description="strings with as many b as a and as many y as x, a and x in turn",
    rules=(
        ("a", "a", "**", "x", (+1, 0)),
        ("x", "x", "**", "a", (0, +1)),
        *((state, "b", "+*", state, (-1, 0)) for state in "ax"),
        *((state, "y", "*+", state, (0, -1)) for state in "ax"),
    ),
    ends=(("a", "00"),),
)
"""Parity of the length says nothing, the state does."""

AHEAD_TWICE = Machine(
    name="ahead_twice",
    letters="ab.",
    description="more a than b so far, twice over",
    rules=(
        ("first", "a", "**", "first", (+1, 0)),
        ("first", ".", "+*", "second", (0, 0)),
        ("second", "b", "**", "second", (0, +1)),
        ("second", ".", "*+", "third", (0, 0)),
        ("third", "a", "+*", "third", (-1, 0)),
        ("third", "b", "0+", "fourth", (0, -1)),
        ("fourth", "b", "*+", "fourth", (0, -1)),
    ),
    ends=(("fourth", "0+"), ("fourth", "00")),
)
"""One counter must be zero at the end, the other need not be: the sum of the first is looked at, and a walk may take so
many a that no letters are left for what follows."""

UNEVEN = Machine(
    name="uneven",
    letters="axy.",
    description="as many x and as many y as a, after each y a point",
    rules=(
        ("read", "a", "**", "read", (+1, +1)),
        ("read", "x", "+*", "read", (-1, 0)),
        ("read", "y", "*+", "point", (0, -1)),
        ("point", ".", "**", "read", (0, 0)),
    ),
    ends=(("read", "00"),),
)
"""One counter costs one letter to bring down, the other two: their sum does not say how many. So walks run into dead
ends, and there seem to be words of 3 letters, such as axx would be."""


def p_value(drawn: Sequence[str], exact: dict[str, float]) -> float:
    """Of the chi-squared test; words rarer than 5 among those drawn count as one."""
    counts = Counter(drawn)
    assert set(counts) <= set(exact)
    often = [word for word in exact if exact[word] * len(drawn) >= 5]
    observed = [counts[word] for word in often]
    expected = [exact[word] * len(drawn) for word in often]
    if len(often) < len(exact):
        observed.append(len(drawn) - sum(observed))
        expected.append(len(drawn) - sum(expected))
    return float(chisquare(observed, expected).pvalue) if len(observed) > 1 else 1.0


@cache
def ends_after(language: Language, configuration, left: int) -> bool:
    """Whether a word can be completed with that many letters, by trying them all."""
    if left == 0:
        return language.may_end(configuration)
    return any(ends_after(language, after, left - 1) for _, after in language.following(configuration))


def reached(language: Language, letters: int) -> list:
    """The configurations after at most that many letters."""
    found, now = {language.start: None}, [language.start]
    for _ in range(letters):
        now = list(dict.fromkeys(after for one in now for _, after in language.following(one)))
        found.update(dict.fromkeys(now))
    return list(found)


@pytest.mark.parametrize("name", ALL)
def test_what_may_be_completed_is_exact_for_every_built_in_language(name):
    language = languages.get(name)
    letters = 4 if len(language.letters) > 4 else 5
    for configuration in reached(language, letters):
        for left in range(letters + 2):
            assert language.may_complete(configuration, left) == ends_after(language, configuration, left)
    assert language.may_complete(language.start, 400) == bool(language.count(20) or name.startswith("shuffle"))


@pytest.mark.parametrize("machine", [TWO_OUT_OF_STEP, AHEAD_TWICE, UNEVEN], ids=lambda machine: machine.name)
def test_a_no_is_never_wrong(machine):
    for configuration in reached(machine, 6):
        for left in range(8):
            assert machine.may_complete(configuration, left) or not ends_after(machine, configuration, left)


LENGTHS = {
    "dyck1": 10,
    "semi_dyck1": 7,
    "an_bn_cn": 9,
    "an_b2n": 9,
    "an_bm_cnm": 12,
    "an_bm_cm_dn": 12,
    "shuffle2": 6,
    "shuffle4": 4,
    "shuffle6": 4,
    "boolean3": 4,
    "boolean5": 3,
    "majority": 7,
    "balance": 8,
    "dyck2": 6,
}


@pytest.mark.parametrize("name", LENGTHS)
def test_walks_have_their_exact_probabilities(name):
    language, length = languages.get(name), LENGTHS[name]
    exact = walk_probabilities(language, length)
    assert set(exact) == set(language.enumerate(length))
    assert sum(exact.values()) == pytest.approx(1)
    drawn = Walk(language).draw(20_000, Uniforms(3), length, length).strings()
    assert p_value(drawn, exact) > 1e-3


@pytest.mark.parametrize(("machine", "length"), [(TWO_OUT_OF_STEP, 8), (AHEAD_TWICE, 10), (UNEVEN, 12)])
def test_walks_of_two_counters_have_their_exact_probabilities(machine, length):
    exact = walk_probabilities(machine, length)
    assert set(exact) == set(machine.enumerate(length))
    drawn = Walk(machine).draw(20_000, Uniforms(4), length, length).strings()
    assert p_value(drawn, exact) > 1e-3


def test_some_walks_do_end_in_dead_ends():
    _, ended = UNEVEN.walk(np.full(1_000, 12), Uniforms(0))
    assert 0 < ended.sum() < 1_000


@pytest.mark.parametrize("name", ["dyck1", "an_bn_cn", "shuffle4", "boolean3", "majority", "dyck2"])
@settings(max_examples=15)
@given(data=st.data())
def test_all_strings_at_once_against_one_letter_after_the_other(name, data):
    language = languages.get(name)
    lengths = np.array(data.draw(st.lists(st.integers(0, 14), max_size=8)), np.int64)
    seed = data.draw(st.integers(0, 99))
    (words, ended), (slowly, really) = (
        language.walk(lengths, Uniforms(seed)),
        Language.walk(language, lengths, Uniforms(seed)),
    )
    assert ended.tolist() == really.tolist()
    assert [text for text, end in zip(words.strings(), ended, strict=True) if end] == [
        text for text, end in zip(slowly.strings(), ended, strict=True) if end
    ]
    assert words.lengths.tolist() == lengths.tolist()
    assert language.members(words).tolist() == ended.tolist()


@pytest.mark.parametrize("name", ["dyck1", "shuffle6", "boolean5", "majority", "dyck2", "an_bn_cn_dn"])
def test_long_walks(name):
    language = languages.get(name)
    words = Walk(language).draw(20, Uniforms(0), 997, 1_000)
    assert language.members(words).all()
    assert words.lengths.min() >= 997
    assert language.depths(words).max() > 10 or name == "boolean5"


@pytest.mark.parametrize("sampler", [Walk, Counted])
def test_lengths_are_alike_and_those_without_words_passed_over(sampler):
    words = sampler(languages.get("an_bn_cn")).draw(9_000, Uniforms(5), 2, 12)
    lengths = Counter(words.lengths.tolist())
    assert set(lengths) == {3, 6, 9, 12}
    assert chisquare(list(lengths.values())).pvalue > 1e-3
    with pytest.raises(UserError, match=r"^an_bn_cn has no words of 4 to 5 tokens; take other lengths$"):
        sampler(languages.get("an_bn_cn")).draw(1, Uniforms(0), 4, 5)
    with pytest.raises(UserError, match=r"^dyck1 has no words of 7 tokens; take other lengths$"):
        sampler(languages.get("dyck1")).draw(1, Uniforms(0), 7, 7)


@pytest.mark.parametrize("name", ["boolean3", "shuffle2", "dyck2"])
def test_words_by_counting_are_alike(name):
    language = languages.get(name)
    words = list(language.enumerate(4))
    drawn = Counted(language).draw(8_000, Uniforms(6), 4, 4).strings()
    assert p_value(drawn, dict.fromkeys(words, 1 / len(words))) > 1e-3


@pytest.mark.parametrize("sampler", [Walk, Counted])
def test_the_seed_decides(sampler):
    draw = sampler(languages.get("shuffle2")).draw
    assert draw(20, Uniforms(0, 1), 2, 20) == draw(20, Uniforms(0, 1), 2, 20) != draw(20, Uniforms(0, 2), 2, 20)
    assert len(draw(0, Uniforms(0), 2, 20)) == 0


def test_walks_that_never_end_are_given_up():
    assert UNEVEN.may_complete(UNEVEN.start, 3)
    assert not UNEVEN.count(3)
    with pytest.raises(UserError, match=r"^uneven: 500 walks of 3 letters ended in dead ends; take the sampler unif"):
        Walk(UNEVEN).draw(10, Uniforms(0), 3, 3)


def test_words_beyond_a_table_are_refused():
    with pytest.raises(UserError, match=r"^majority: words of 200,000 letters are too long for a walk"):
        Walk(languages.get("majority")).draw(1, Uniforms(0), 200_000, 200_000)


def test_a_completion_of_two_counters_by_hand():
    # Up by one or two, down by one; the word ends at zero, and only after something went up.
    edges = [Edge(0, 0, 1, 2), Edge(1, 1, 1, 1), Edge(1, 1, 1, -1)]
    table = Completion("test", 2, 1, edges, [(1, 0)], 6)
    assert [bool(table.possible(left, 0, 0)) for left in range(7)] == [False, False, False, True, False, True, False]
    assert [bool(table.possible(3, 1, total)) for total in range(6)] == [False, True, False, True, False, False]
    assert not table.possible(3, 1, 1_000)
    assert not table.possible(3, 2, 0)


class Palindromes(Language):
    """Even palindromes whose middle is marked: not a machine, and with no walk of its own."""

    @property
    def start(self):
        return ("", False)

    def following(self, configuration):
        text, turned = configuration
        if turned:
            return [(text[-1], (text[:-1], True))] if text else []
        return [("a", (text + "a", False)), ("b", (text + "b", False)), ("c", (text, True))]

    def may_end(self, configuration):
        return configuration == ("", True)

    def letters_due(self, configuration):
        return len(configuration[0]) + (not configuration[1])

    def allowed(self, words):
        raise AssertionError("walks go by what may follow, not by targets")

    depths = allowed


def test_a_language_of_ones_own_walks_letter_by_letter():
    language = Palindromes(name="palindromes", letters="abc", description="palindromes with a marked middle")
    exact = walk_probabilities(language, 5)
    assert set(exact) == {"aacaa", "abcba", "bacab", "bbcbb"}
    drawn = Walk(language).draw(2_000, Uniforms(1), 5, 5).strings()
    assert p_value(drawn, exact) > 1e-3


def test_walks_of_no_strings():
    for name in ("shuffle2", "dyck2"):
        words, ended = languages.get(name).walk(np.zeros(0, np.int64), Uniforms(0))
        assert len(words) == len(ended) == 0
        words, ended = languages.get(name).walk(np.zeros(2, np.int64), Uniforms(0))
        assert words.offsets.tolist() == offsets_of([0, 0]).tolist()
        assert ended.all()


def test_choices_are_alike():
    options = np.array([[True, False, True, True, False]] * 6_000)
    chosen = Uniforms(2).choices(options)
    assert set(chosen.tolist()) == {0, 2, 3}
    assert chisquare(np.bincount(chosen, minlength=4)[[0, 2, 3]]).pvalue > 1e-3
    assert Uniforms(0).choices(np.zeros((2, 3), bool)).tolist() == [-1, -1]
    assert chisquare(np.bincount(Uniforms(3).indices(6_000, 7))).pvalue > 1e-3


def test_large_numbers_below_a_bound_are_alike():
    uniforms, bound = Uniforms(4), 5 * 2**100
    drawn = [uniforms.below(bound) for _ in range(5_000)]
    assert max(drawn) < bound
    assert chisquare(np.bincount([number // 2**100 for number in drawn], minlength=5)).pvalue > 1e-3
    assert chisquare(np.bincount([number % 8 for number in drawn], minlength=8)).pvalue > 1e-3
