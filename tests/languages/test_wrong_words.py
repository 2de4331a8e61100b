"""Wrong words: outside the language, at one edit where they should be, with their exact probabilities."""

from collections import Counter, defaultdict
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from longcount import languages
from longcount.errors import UserError
from longcount.languages.by_length import Walk
from longcount.languages.by_number import NumberSampler
from longcount.languages.machine import Machine
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words
from longcount.languages.wrong_words import KINDS, kinds_of, with_wrong_words

ALL = list(languages.names())


def edits(text: str, letters: str) -> list[tuple[str, float]]:
    """Every edit of a string: what comes of it, and how likely it is."""
    found = [
        (text[:at] + new + text[at:], 1 / (len(text) + 1) / len(letters))
        for at in range(len(text) + 1)
        for new in letters
    ]
    for at in range(len(text)):
        found.append((text[:at] + text[at + 1 :], 1 / len(text)))
        found += [(text[:at] + new + text[at + 1 :], 1 / len(text) / len(letters)) for new in letters]
    for at in range(len(text) - 1):
        found.append((text[:at] + text[at + 1] + text[at] + text[at + 2 :], 1 / (len(text) - 1)))
    return [(changed, share / 4) for changed, share in found]


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=3)
@given(seed=st.integers(0, 999), count=st.integers(2, 40))
def test_kinds_are_what_they_are_called(name, seed, count):
    language = languages.get(name)
    walk = Walk(language)

    def draw(size, uniforms):
        return walk.draw(size, uniforms, 2, 14)

    taken = set()
    right = draw(-(-count // 2), Uniforms(seed, 0))
    words = with_wrong_words(language, right, draw, count // 2, Uniforms(seed, 1), taken)
    assert words == with_wrong_words(language, right, draw, count // 2, Uniforms(seed, 1), set())
    assert len(words) == count
    kinds = np.array(kinds_of(count))
    assert set(kinds) <= set(KINDS)
    assert language.members(words).tolist() == (kinds == "right").tolist()
    assert words.select(np.flatnonzero(kinds == "right")) == right
    wrong = words.select(np.flatnonzero(kinds != "right")).strings()
    assert len(set(wrong)) == len(wrong)
    assert set(wrong) == taken
    assert all(wrong)
    for place in np.flatnonzero(kinds == "random"):
        assert words.lengths[place] in right.lengths
    for place in np.flatnonzero(kinds == "near_miss")[:5]:  # what undoes an edit is an edit
        near = {changed for changed, _ in edits(words.text(place), language.letters)}
        assert language.members(Words.from_strings(sorted(near), language.letters)).any()


def drawn_wrong(count: int) -> tuple[Words, Words]:
    """Random strings and near misses of aⁿbⁿ with n from 1 to 2, alike."""
    language = languages.get("an_bn")
    sampler = NumberSampler(language, "n_uniform", 1, 2)
    right = sampler.every(1, Uniforms(0))
    right = Words.concatenate([right] * (count // 2))
    words = with_wrong_words(language, right, sampler.draw, count, Uniforms(1), None)
    return words.select(range(1, len(words), 4)), words.select(range(3, len(words), 4))


def agree(words: Words, exact: dict[str, float]) -> bool:
    """Whether strings are drawn with these probabilities, members of the language and the empty string left out."""
    members = languages.get("an_bn").members(Words.from_strings(list(exact), "ab"))
    exact = {text: share for (text, share), member in zip(exact.items(), members, strict=True) if text and not member}
    counts, total = Counter(words.strings()), sum(exact.values())
    assert set(counts) == set(exact)
    expected = [share / total * len(words) for share in exact.values()]
    assert min(expected) > 5
    return chisquare([counts[text] for text in exact], expected).pvalue > 1e-3


def test_wrong_words_have_their_exact_probabilities():
    random, near = drawn_wrong(20_000)
    alike = {"".join(text): 0.5 / 2**length for length in (2, 4) for text in product("ab", repeat=length)}
    assert agree(random, alike)
    missed: dict[str, float] = defaultdict(float)
    for word in ("ab", "aabb"):
        for changed, share in edits(word, "ab"):
            missed[changed] += share / 2
    assert agree(near, missed)


def test_strings_that_are_all_members_cannot_be_wrong():
    everything = Machine(
        name="everything",
        letters="ab",
        description="all strings",
        rules=(("read", "ab", "", "read", ()),),
        ends=(("read", ""),),
    )
    walk = Walk(everything)

    def draw(size, uniforms):
        return walk.draw(size, uniforms, 2, 9)

    with pytest.raises(UserError, match=r"^cannot make 2 wrong words of everything: found only 0; ask for fewer"):
        with_wrong_words(everything, draw(4, Uniforms(0)), draw, 4, Uniforms(0), None)


def test_wrong_words_run_out():
    language = languages.get("an_bn")
    sampler = NumberSampler(language, "n_uniform", 1, 1)
    right = sampler.draw(20, Uniforms(0))
    with pytest.raises(UserError, match=r"^cannot make 10 wrong words of an_bn: found only 3; ask"):
        with_wrong_words(language, right, sampler.draw, 20, Uniforms(0), set())
