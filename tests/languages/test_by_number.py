"""Words given by n, or by n and m: distributions over a window against scipy's."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import betabinom, chisquare, geom

from longcount import languages
from longcount.errors import UserError
from longcount.languages.by_number import BETA_BINOMIAL, DISTRIBUTIONS, NumberSampler
from longcount.languages.uniforms import Uniforms

ONE = languages.get("an_bn_cn")
TWO = languages.get("an_bm_cm_dn")


@pytest.mark.parametrize("distribution", BETA_BINOMIAL)
@pytest.mark.parametrize(("least", "most"), [(1, 1), (1, 2), (1, 50), (31, 50)])
def test_beta_binomial_probabilities(distribution, least, most):
    sampler = NumberSampler(ONE, distribution, least, most)
    exact = betabinom.pmf(np.arange(most - least + 1), most - least, *BETA_BINOMIAL[distribution])
    assert sampler.probabilities == pytest.approx(exact, rel=1e-11)


def test_shapes_of_the_distributions():
    shares = {name: NumberSampler(ONE, name, 1, 50).probabilities for name in DISTRIBUTIONS}
    assert shares["n_uniform"] == pytest.approx(1 / 50)
    assert shares["u_shaped"][0] == pytest.approx(shares["u_shaped"][-1]) == shares["u_shaped"].max()
    assert shares["left_tailed"].argmax() == 49
    assert shares["right_tailed"].argmax() == 0
    assert shares["left_tailed"] == pytest.approx(shares["right_tailed"][::-1])


@pytest.mark.parametrize("p", [0.3, 0.9, 0.01])
def test_geometric_probabilities(p):
    exact = geom.pmf(np.arange(1, 21), p)
    assert NumberSampler(ONE, "geometric", 1, 20, p).probabilities == pytest.approx(exact / exact.sum(), rel=1e-12)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_words_have_their_exact_probabilities(distribution):
    sampler = NumberSampler(ONE, distribution, 3, 9)
    drawn = Counter(sampler.draw(20_000, Uniforms(1)).strings())
    words = [ONE.word_of(n) for n in range(3, 10)]
    assert set(drawn) == set(words)
    assert chisquare([drawn[word] for word in words], sampler.probabilities * 20_000).pvalue > 1e-3


def test_two_numbers_are_drawn_each_by_itself():
    sampler = NumberSampler(TWO, "right_tailed", 1, 4)
    drawn = Counter(sampler.draw(20_000, Uniforms(2)).strings())
    shares = sampler.probabilities
    exact = {TWO.word_of(n, m): shares[n - 1] * shares[m - 1] for n in range(1, 5) for m in range(1, 5)}
    assert set(drawn) <= set(exact)
    assert chisquare([drawn[word] for word in exact], [share * 20_000 for share in exact.values()]).pvalue > 1e-3


def test_every_number_of_a_window():
    assert NumberSampler(ONE, "geometric", 2, 4).every(1, Uniforms(0)).strings() == [
        "aabbcc",
        "aaabbbccc",
        "aaaabbbbcccc",
    ]
    both = NumberSampler(TWO, "u_shaped", 1, 2).every(4, Uniforms(0)).strings()
    assert both == ["abcd", "abbccd", "aabcdd", "aabbccdd"]


def test_so_many_pairs_each_alike():
    sampler = NumberSampler(TWO, "n_uniform", 1, 3)
    chosen = [sampler.every(2, Uniforms(seed)).strings() for seed in range(900)]
    assert all(len(set(pairs)) == 2 for pairs in chosen)
    counts = Counter(word for pairs in chosen for word in pairs)
    assert len(counts) == 9
    assert chisquare(list(counts.values())).pvalue > 1e-3
    assert len(NumberSampler(TWO, "n_uniform", 1, 100_000).every(3, Uniforms(0))) == 3


@pytest.mark.parametrize("name", ["an_bm_cnm", "an_bm_cm_dn"])
def test_words_of_two_numbers_are_all_words(name):
    language = languages.get(name)
    given = sorted(language.word_of(n, m) for n in range(1, 7) for m in range(1, 7) if n + m <= 7)
    assert given == sorted(word for length in range(15) for word in language.enumerate(length))
    assert (language.numbers, language.indexed) == (2, False)
    with pytest.raises(UserError, match=rf"^{name} has a word for each n and m from 1 on, not for n = 3$"):
        language.word_of(3)
    with pytest.raises(UserError, match=rf"^{name} has a word for each n and m from 1 on, not for n = 3, m = 0$"):
        language.word_of(3, 0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ((languages.get("shuffle2"), "u_shaped", 1, 5), "u_shaped: words of shuffle2 are not given by a number n"),
        ((ONE, "n_uniform", 0, 5), "no n from 0 to 5: numbers start at 1, the smaller first"),
        ((ONE, "n_uniform", 6, 5), "no n from 6 to 5"),
        ((ONE, "geometric", 1, 5, 1.0), "the p of a geometric distribution must lie between 0 and 1, not be 1.0"),
    ],
)
def test_what_cannot_be_drawn(settings, said):
    with pytest.raises(UserError, match=f"^{said}"):
        NumberSampler(*settings)
