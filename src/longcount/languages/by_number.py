"""Words given by a number n, or by n and m, drawn from a window of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from longcount.errors import UserError
from longcount.languages.language import Language
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words

BETA_BINOMIAL = {
    "n_uniform": (1.0, 1.0),
    "u_shaped": (0.25, 0.25),
    "left_tailed": (5.0, 1.0),
    "right_tailed": (1.0, 5.0),
}
"""Alpha and beta by sampler. n less the window's least is beta-binomial, its largest value the window's width: as in
Suzgun, Belinkov and Shieber (2019, arXiv:1811.01001). With 1 and 1 it is uniform."""

GEOMETRIC = "geometric"
"""Of Lan et al. (2022, arXiv:2111.00600): each next n is 1 - p times as likely; cut off at the window's end."""

DISTRIBUTIONS = (*BETA_BINOMIAL, GEOMETRIC)
"""Names of all distributions over the numbers of a window."""


@dataclass(frozen=True)
class NumberSampler:
    """Words of a language whose words are given by numbers, each drawn from a window by itself; words may repeat.

    Raises UserError where the words are not given by numbers, or the window or p is invalid.

    >>> from longcount import languages
    >>> NumberSampler(languages.get("an_bm_cnm"), "n_uniform", 1, 3).draw(3, Uniforms(0)).strings()
    ['abcc', 'aabccc', 'aaabcccc']
    """

    language: Language
    distribution: str
    least: int
    most: int
    p: float = 0.3

    def __post_init__(self) -> None:
        if not self.language.numbers:
            raise UserError(f"{self.distribution}: words of {self.language.name} are not given by a number n")
        if not 1 <= self.least <= self.most:
            raise UserError(f"no n from {self.least} to {self.most}: numbers start at 1, the smaller first")
        if not 0 < self.p < 1:
            raise UserError(f"the p of a geometric distribution must lie between 0 and 1, not be {self.p}")

    @cached_property
    def probabilities(self) -> np.ndarray:
        """How likely each number of the window is, float64 [window]. Computed by sums and products alone, so
        the same on every machine.

        >>> from longcount import languages
        >>> NumberSampler(languages.get("an_bn"), "right_tailed", 1, 3).probabilities.round(3).tolist()
        [0.714, 0.238, 0.048]
        """
        width = self.most - self.least
        shares = np.ones(width + 1)
        if self.distribution == GEOMETRIC:
            shares[1:] = 1 - self.p
        else:
            alpha, beta = BETA_BINOMIAL[self.distribution]
            n = np.arange(1.0, width + 1)
            shares[1:] = (width - n + 1) / n * ((n - 1 + alpha) / (width - n + beta))
        weights = shares.cumprod()
        return weights / weights.cumsum()[-1]

    def numbers(self, count: int, uniforms: Uniforms) -> np.ndarray:
        """That many n, or pairs of n and m, int64 [count, numbers]."""
        cumulative = self.probabilities.cumsum()
        taken = uniforms.take(count * self.language.numbers) * cumulative[-1]
        places = np.minimum(np.searchsorted(cumulative, taken, side="right"), len(cumulative) - 1)
        return self.least + places.reshape(count, self.language.numbers)

    def draw(self, count: int, uniforms: Uniforms) -> Words:
        """That many words."""
        return self._words(self.numbers(count, uniforms))

    def every(self, most_words: int, uniforms: Uniforms) -> Words:
        """The words of all numbers of the window in order; of two numbers at most as many different pairs, each
        pair as likely as any other, in order."""
        window = self.most - self.least + 1
        if self.language.numbers == 1:
            return self._words(self.least + np.arange(window)[:, None])
        pairs: set[int] = set(range(window**2)) if window**2 <= most_words else set()
        while len(pairs) < min(most_words, window**2):
            pairs.update(uniforms.indices(most_words - len(pairs), window**2).tolist())
        return self._words(self.least + np.array([divmod(pair, window) for pair in sorted(pairs)]))

    def _words(self, numbers: np.ndarray) -> Words:
        return Words.from_strings([self.language.word_of(*each) for each in numbers.tolist()], self.language.letters)
