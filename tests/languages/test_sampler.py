"""The grammar sampler: fast against slow, and both against exact probabilities."""

from collections import Counter, defaultdict
from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats import chisquare, ks_2samp

from longcount import languages
from longcount.errors import UserError
from longcount.languages import dyck
from longcount.languages.bracket_types import grammar_sampler
from longcount.languages.sampler import GrammarSampler, draw_recursively
from longcount.languages.uniforms import Uniforms

GRAMMARS = [(0.5, 0.25), (0.3, 0.2), (0.6, 0.4), (0.9, 0.05), (0.2, 0.49), (0.5, 0.0), (1.0, 0.0)]


def chi_square_p_value(observed, expected=None) -> float:
    _, p_value = chisquare(observed, expected)
    return float(p_value)


def same_distribution_p_value(first, second) -> float:
    return float(np.array(ks_2samp(first, second))[1])


def recursive_words(count: int, seed: int, limit: int, p: float = 0.5, q: float = 0.25) -> list[str]:
    uniforms = Uniforms(seed, 99)

    def numbers():
        while True:
            yield from uniforms.take(100_000).tolist()

    stream = numbers()
    return [draw_recursively(limit, p, q, lambda: next(stream)) for _ in range(count)]


def exact_word_probabilities(limit: int, p: float, q: float) -> dict[str, float]:
    """Each word's probability from the semantics alone: its equation at each level, iterated to its fixed point."""
    inner = {"": 1.0}
    for _ in range(limit // 2):
        words = {"": 1.0}
        for _ in range(1500):
            following: dict[str, float] = defaultdict(float, {"": 1 - p - q})
            for word, probability in inner.items():
                following[f"({word})" if len(word) + 2 <= limit else ""] += p * probability
            for (first, one), (second, other) in product(words.items(), repeat=2):
                following[first + second if len(first + second) <= limit else ""] += q * one * other
            change = max(abs(following[word] - words.get(word, 0.0)) for word in following)
            words = dict(following)
            if change < 1e-15:
                break
        inner = words
    return inner


def exact_length_probabilities(limit: int, p: float, q: float) -> np.ndarray:
    """The same for lengths alone, which reaches larger limits."""
    half = limit // 2
    inner = np.eye(1, half + 1)[0]
    for _ in range(half):
        lengths = np.eye(1, half + 1)[0]
        for _ in range(1500):
            following = q * np.convolve(lengths, lengths)
            following[1 : half + 2] += p * inner
            following[0] += 1 - p - q + following[half + 1 :].sum()
            following = following[: half + 1] / following[: half + 1].sum()  # or rounding would grow near q = 0.5
            change = np.abs(following - lengths).max()
            lengths = following
            if change < 1e-16:
                break
        inner = lengths
    return inner


@pytest.mark.parametrize(("p", "q"), GRAMMARS)
@pytest.mark.parametrize("limit", [2, 4, 30])
def test_length_probabilities_are_exact(p, q, limit):
    computed = GrammarSampler(limit, p, q).length_probabilities()
    assert computed == pytest.approx(exact_length_probabilities(limit, p, q), rel=1e-10, abs=1e-13)


@pytest.mark.parametrize("limit", [2, 50, 100, 1000])
def test_probabilities_of_every_level_sum_to_one(limit):
    assert GrammarSampler(limit).inside.sum(axis=0) == pytest.approx(np.ones(limit // 2 + 1), abs=1e-12)


@pytest.mark.parametrize(("p", "q"), [(0.5, 0.25), (0.3, 0.45), (0.7, 0.1)])
def test_words_have_their_exact_probabilities(p, q):
    limit, count = 8, 40_000
    exact = exact_word_probabilities(limit, p, q)
    assert len(exact) == 1 + 1 + 2 + 5 + 14
    fast = GrammarSampler(limit, p, q).draw(count, Uniforms(1)).strings()
    slow = recursive_words(count // 2, 2, limit, p, q)
    for words in (fast, slow):
        drawn = Counter(words)
        assert set(drawn) <= set(exact)
        assert chi_square_p_value([drawn[word] for word in exact], [exact[word] * len(words) for word in exact]) > 1e-3


def test_restricted_draws_have_the_conditional_probabilities():
    exact = {word: share for word, share in exact_word_probabilities(8, 0.5, 0.25).items() if 4 <= len(word) <= 6}
    total = sum(exact.values())
    drawn = Counter(GrammarSampler(8).draw(40_000, Uniforms(3), minimum=3, maximum=7).strings())
    assert set(drawn) == set(exact)
    assert chi_square_p_value([drawn[w] for w in exact], [exact[w] / total * 40_000 for w in exact]) > 1e-3


def test_lengths_of_the_twin():
    limit, count = 50, 60_000
    exact = GrammarSampler(limit).length_probabilities()
    drawn = np.bincount([len(word) // 2 for word in recursive_words(count, 4, limit)], minlength=limit // 2 + 1)
    assert chi_square_p_value(drawn, exact / exact.sum() * count) > 1e-3


def test_depth_profile_of_the_twin_at_exactly_100_tokens():
    limit = 100
    slow = [word for word in recursive_words(120_000, 5, limit) if len(word) == limit]
    assert len(slow) > 250
    slow_depths = np.cumsum([[1 if letter == "(" else -1 for letter in word] for word in slow], axis=1)
    fast_depths = GrammarSampler(limit).draw(20_000, Uniforms(6), minimum=limit).depths.reshape(-1, limit)
    assert same_distribution_p_value(slow_depths.mean(axis=1), fast_depths.mean(axis=1)) > 1e-3
    assert same_distribution_p_value(slow_depths.max(axis=1), fast_depths.max(axis=1)) > 1e-3
    positions = np.arange(4, limit - 4, 5)
    difference = slow_depths[:, positions].mean(axis=0) - fast_depths[:, positions].mean(axis=0)
    error = np.sqrt(slow_depths[:, positions].var(axis=0) / len(slow) + fast_depths[:, positions].var(axis=0) / 20_000)
    assert np.abs(difference / error).max() < 4


def test_depth_profile_at_1000_tokens():
    words = GrammarSampler(1000).draw(2_000, Uniforms(7), minimum=1000)
    dyck.check(words)
    assert set(words.lengths.tolist()) == {1000}
    profile = words.depths.reshape(-1, 1000).mean(axis=0)
    assert 26 < profile.mean() < 28.5  # uniformly drawn words of this length: 19.8
    # Read from the right, a word's mirror image is as probable as the word, and its depths lie one token on.
    assert profile[:-1] == pytest.approx(profile[:-1][::-1], abs=2.5)


def test_draws_are_decided_by_the_seed():
    sampler = GrammarSampler(50)
    assert sampler.draw(50, Uniforms(0, 1)) == GrammarSampler(50).draw(50, Uniforms(0, 1))
    assert sampler.draw(50, Uniforms(0, 1)) != sampler.draw(50, Uniforms(0, 2))
    assert sampler.draw(50, Uniforms(1, 1)) != sampler.draw(50, Uniforms(0, 1))
    # These words must never change: stored studies name them by seed.
    assert sampler.draw(4, Uniforms(0), minimum=8, maximum=14).strings() == [
        "(())()()",
        "(((())))",
        "(())(())()",
        "(((())))",
    ]


def test_uniforms_are_uniform():
    numbers = Uniforms(0).take(100_000)
    assert numbers.dtype == np.float64
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert chi_square_p_value(np.histogram(numbers, 100, (0, 1))[0]) > 1e-3


def test_few_and_no_words():
    sampler = GrammarSampler(50)
    assert len(sampler.draw(0, Uniforms(0))) == 0
    assert sampler.draw(2, Uniforms(0), maximum=0).strings() == ["", ""]
    assert sampler.draw(2, Uniforms(0), minimum=1, maximum=2).strings() == ["()", "()"]
    assert GrammarSampler(6, p=1.0, q=0.0).draw(1, Uniforms(0)).strings() == ["((()))"]


@pytest.mark.parametrize(
    "grammar",
    [
        {"limit": 50, "p": -0.1},
        {"limit": 50, "p": 0.8, "q": 0.3},
        {"limit": 50, "q": 0.5},
        {"limit": 50, "p": float("nan")},
        {"limit": 0},
        {"limit": 51},
        {"limit": -2},
        {"limit": 10**9},
    ],
)
def test_impossible_grammars_are_refused(grammar):
    with pytest.raises(UserError, match=r"do not make a grammar|size limit must be"):
        GrammarSampler(**grammar)


@pytest.mark.parametrize(("minimum", "maximum"), [(2, 52), (10, 8), (3, 3), (52, None)])
def test_impossible_lengths_are_refused(minimum, maximum):
    with pytest.raises(UserError, match="no lengths from"):
        GrammarSampler(50).draw(1, Uniforms(0), minimum, maximum)


def test_a_grammar_without_such_words_is_refused():
    with pytest.raises(UserError, match="never produce a word of 2 to 50 tokens"):
        GrammarSampler(50, p=0.0, q=0.25).draw(1, Uniforms(0), minimum=2)


def with_types(word: str, pairs: tuple[str, ...]) -> list[str]:
    """A Dyck-1 word with each of its pairs of each type."""
    words, still_open = [""], [[]]
    for letter in word:
        chosen = [(text, types, pair) for text, types in zip(words, still_open, strict=True) for pair in pairs]
        if letter == "(":
            words = [text + pair[0] for text, _, pair in chosen]
            still_open = [[*types, pair] for _, types, pair in chosen]
        else:
            words = [text + types[-1][1] for text, types in zip(words, still_open, strict=True)]
            still_open = [types[:-1] for types in still_open]
    return words


def test_types_of_dyck2_have_their_exact_probabilities():
    exact = {
        typed: share / 2 ** (len(word) // 2)
        for word, share in exact_word_probabilities(6, 0.5, 0.25).items()
        for typed in with_types(word, ("()", "[]"))
    }
    assert len(exact) == 1 + 2 + 8 + 40
    total = sum(share for word, share in exact.items() if word)
    sampler = grammar_sampler(languages.get("dyck2"), 6, 0.5, 0.25)
    drawn = Counter(sampler.draw(40_000, Uniforms(8), 1, 6).strings())
    assert set(drawn) == set(exact) - {""}
    assert chi_square_p_value([drawn[w] for w in drawn], [exact[w] / total * 40_000 for w in drawn]) > 1e-3


def test_shuffled_types_have_their_exact_probabilities():
    """A word is as likely as its length, the numbers of its pairs of each type, these types' own words, and all ways to
    shuffle them, together."""
    shares = exact_word_probabilities(6, 0.5, 0.25)
    of_length: dict[int, float] = defaultdict(float)
    for word, share in shares.items():
        of_length[len(word)] += share
    language = languages.get("shuffle2")
    exact = {}
    for word in (word for length in (2, 4, 6) for word in language.enumerate(length)):
        round_ones = "".join(letter for letter in word if letter in "()")
        square_ones = "".join({"[": "(", "]": ")"}.get(letter, "") for letter in word)
        numbers = comb(len(word) // 2, len(round_ones) // 2) / 2 ** (len(word) // 2)
        own = [shares[text] / of_length[len(text)] for text in (round_ones, square_ones)]
        exact[word] = of_length[len(word)] * numbers * own[0] * own[1] / comb(len(word), len(round_ones))
    total = sum(exact.values())
    assert total == pytest.approx(1 - of_length[0])
    drawn = Counter(grammar_sampler(language, 6, 0.5, 0.25).draw(60_000, Uniforms(9), 2, 7).strings())
    assert set(drawn) == set(exact)
    assert chi_square_p_value([drawn[w] for w in exact], [exact[w] / total * 60_000 for w in exact]) > 1e-3


@pytest.mark.parametrize("name", ["dyck2", "shuffle1", "shuffle6"])
def test_long_words_of_several_types(name):
    language = languages.get(name)
    words = grammar_sampler(language, 500, 0.5, 0.25).draw(20, Uniforms(0), 400, 500)
    assert language.members(words).all()
    assert len(set(words.tokens.tolist())) == len(language.letters)
    assert words.lengths.min() >= 400


@pytest.mark.parametrize("name", ["semi_dyck1", "an_bn", "boolean3", "majority"])
def test_other_languages_have_no_grammar(name):
    with pytest.raises(UserError, match=f"^{name} has no grammar to draw words by; take the sampler walk or uniform$"):
        grammar_sampler(languages.get(name), 50, 0.5, 0.25)
