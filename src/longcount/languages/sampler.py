"""Random words of the grammar S -> ( S ) with probability p | S S with q | empty with 1 - p - q, under a size limit.

The semantics are those of the code released with the paper. A call to S carries a ``current_size``: 0 at the root,
2 more inside each pair of brackets, passed on unchanged by S S. A call whose size has reached the limit gives the
empty word. An expansion longer than the limit is thrown away and the call gives the empty word instead.

`draw_recursively` is exactly that: the slow twin. `GrammarSampler` draws from the same distribution, restricted
to any range of lengths, without drawing again until a length fits: words of exactly 1,000 tokens, which the recursion
meets eight times in 100,000 draws, cost no more than others.

Symbols: M = limit / 2; level l = current_size / 2, from 0 to M; m counts pairs of brackets; I_l[m] is the *inside
probability*, that a call at level l gives a word of m pairs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from longcount.errors import UserError
from longcount.languages.dyck import DYCK1
from longcount.languages.language import Language
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import CLOSE, Words, offsets_of

LARGEST_LIMIT = 4000  # the table's cost grows with the cube of the limit: 0.1 s at 1,000 tokens, seconds here
NEWTON_STEPS = 60  # two or three do; more only near q = 0.5


@dataclass(frozen=True)
class GrammarSampler:
    """The grammar with a size limit (even, in tokens). UserError where p, q or the limit is invalid.

    >>> words = GrammarSampler(limit=50).draw(3, Uniforms(0), minimum=10, maximum=12)
    >>> set(words.lengths.tolist()) <= {10, 12}
    True
    """

    limit: int
    p: float = 0.5
    q: float = 0.25

    @property
    def language(self) -> Language:
        """Dyck-1."""
        return DYCK1

    @property
    def kind(self) -> str:
        """Its description, for messages."""
        return f"with p = {self.p} and q = {self.q}"

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1 or not 0 <= self.q < 0.5 or self.p + self.q > 1 + 1e-12:
            raise UserError(
                f"p = {self.p} and q = {self.q} do not make a grammar: p and q must be at least 0, q below 0.5 "
                "(or words would not end), and p + q at most 1"
            )
        if self.limit % 2 or not 2 <= self.limit <= LARGEST_LIMIT:
            raise UserError(f"the size limit must be an even number from 2 to {LARGEST_LIMIT:,}, not {self.limit}")

    @cached_property
    def empty_probabilities(self) -> np.ndarray:
        """I_l[0], thrown-away mass included, float64 [M + 1].

        With the generating function A_l(z) = sum over m of I_l[m] z^m, for all m up to M
        A_l = c + p z A_{l+1} + q A_l^2, where the constant c = 1 - p - q + (mass thrown away) is what gives the
        coefficients up to M the sum 1. On a circle of radius r < 1, A_l is the smaller root of that quadratic at each
        point, the sum a weighted sum over the points, and c found by Newton's method; a Fourier transform there and
        back cuts A_l off after M. r^-M stays below 100, so rounding stays near 1e-14.
        """
        half, p, q = self.limit // 2, self.p, self.q
        points = 1 << (8 * half - 1).bit_length()
        radius = np.exp(-36.0 / points)  # what wraps round the circle has faded to exp(-36) = 2e-16
        circle = radius * np.exp(-2j * np.pi * np.arange(points // 2 + 1) / points)  # its other half is the conjugate
        summing = np.zeros(points)
        summing[: half + 1] = radius ** -np.arange(half + 1.0)
        weights = np.conj(np.fft.rfft(summing)) / points
        weights[1:-1] *= 2
        empty = np.ones(half + 1)
        inner = np.ones(points // 2 + 1, complex)  # A_M = 1: at the limit the word is empty
        constant = 1.0 - p - q
        for level in range(half - 1, -1, -1):
            in_brackets = p * circle * inner
            outer, slope = _smaller_root(constant + in_brackets, q)
            for _ in range(NEWTON_STEPS):
                excess = (weights @ outer).real - 1
                if abs(excess) < 1e-13:
                    break
                constant -= excess / (weights @ slope).real
                outer, slope = _smaller_root(constant + in_brackets, q)
            empty[level] = max(0.0, _smaller_root(constant, q)[0])
            coefficients = np.fft.irfft(outer, points)
            coefficients[half + 1 :] = 0
            inner = np.fft.rfft(coefficients)
        return empty

    @cached_property
    def inside(self) -> np.ndarray:
        """Inside probabilities I_l[m], float64 [M + 1, M + 1], indexed [m, l].

        From `empty_probabilities` by the direct recursion, whose terms are all positive, so that small probabilities
        are as exact as large ones; all levels at once. For m > 0

            I_l[m] (1 - 2 q I_l[0]) = p I_{l+1}[m - 1] + q sum over 0 < k < m of I_l[k] I_l[m - k]
        """
        half = self.limit // 2
        table = np.zeros((half + 1, half + 1))
        table[0] = self.empty_probabilities
        for pairs in range(1, half + 1):
            below_middle = (pairs - 1) // 2
            splits = 2 * np.einsum("kl,kl->l", table[1 : below_middle + 1], table[pairs - below_middle : pairs][::-1])
            if pairs % 2 == 0:
                splits += table[pairs // 2] ** 2
            table[pairs, :half] = (self.p * table[pairs - 1, 1:] + self.q * splits[:half]) / self.nonempty_share[:half]
        if not np.abs(table.sum(axis=0) - 1).max() < 1e-9:
            raise UserError(
                f"p = {self.p} and q = {self.q} with a size limit of {self.limit:,} tokens are beyond what can be "
                "computed to nine digits; take q further below 0.5"
            )
        table.flags.writeable = False
        return table

    @cached_property
    def nonempty_share(self) -> np.ndarray:
        """1 - 2 q I_l[0], float64 [M + 1]: S S with one part empty only repeats the other part's choice."""
        return 1 - 2 * self.q * self.empty_probabilities

    def length_probabilities(self) -> np.ndarray:
        """Probability of a word of 2 m tokens, float64 [M + 1].

        At limit 2: a pair comes from ( S ), or from S S with one part empty: x = p + 2 q x (1 - x).

        >>> GrammarSampler(limit=2).length_probabilities().round(6).tolist()
        [0.381966, 0.618034]
        """
        return self.inside[:, 0]

    def draw(self, count: int, uniforms: Uniforms, minimum: int = 0, maximum: int | None = None) -> Words:
        """Words whose lengths lie in [minimum, maximum], maximum at most (by default) the limit.

        The distribution is that of drawing again and again until the length fits: a length first, then a derivation
        given the length, all words at once. UserError where no word can have such a length.

        The same stream gives the same words on every machine, but for the last bits of the table, which may differ
        with NumPy's build: one choice in some 10^12 then falls otherwise.
        """
        return self.derive(self.draw_pairs(count, uniforms, minimum, maximum), uniforms)

    def draw_pairs(self, count: int, uniforms: Uniforms, minimum: int = 0, maximum: int | None = None) -> np.ndarray:
        """Half the lengths of words that lie in [minimum, maximum], int64 [count]."""
        maximum = self.limit if maximum is None else maximum
        shortest, longest = (max(minimum, 0) + 1) // 2, maximum // 2
        if 2 * longest > self.limit or shortest > longest:
            raise UserError(f"no lengths from {minimum} to {maximum} under a size limit of {self.limit} tokens")
        cumulative = np.cumsum(self.length_probabilities()[shortest : longest + 1])
        if not cumulative[-1] > 0:
            raise UserError(f"p = {self.p} and q = {self.q} never produce a word of {minimum} to {maximum} tokens")
        drawn = np.searchsorted(cumulative, uniforms.take(count) * cumulative[-1], side="right")
        return shortest + np.minimum(drawn, len(cumulative) - 1)

    def derive(self, pairs: np.ndarray, uniforms: Uniforms) -> Words:
        """A word of that many pairs each (int64 [N], at most half the limit), each as likely as among all of that
        length."""
        offsets = offsets_of(2 * pairs)
        return Words(self._derive(offsets[:-1], pairs, int(offsets[-1]), uniforms), offsets)

    def _derive(self, starts: np.ndarray, pairs: np.ndarray, length: int, uniforms: Uniforms) -> np.ndarray:
        """Tokens, uint8 [length], of words of that many pairs (int64 [N]) that begin at starts (int64 [N]).

        The frontier holds, for each call still to be expanded, where its word starts, its pairs and its level. Each
        becomes ( S ), which fixes two tokens, or S S with both parts non-empty.
        """
        tokens = np.zeros(length, np.uint8)
        levels = np.zeros(len(starts), np.int64)
        while True:
            unfinished = pairs > 0
            starts, pairs, levels = starts[unfinished], pairs[unfinished], levels[unfinished]
            if not len(starts):
                return tokens
            first = self._first_parts(pairs, levels, uniforms.take(len(pairs)))
            whole, split = first == pairs, first < pairs
            tokens[starts[whole] + 2 * pairs[whole] - 1] = CLOSE
            starts, pairs, levels = (
                np.concatenate([starts[whole] + 1, starts[split], starts[split] + 2 * first[split]]),
                np.concatenate([pairs[whole] - 1, first[split], pairs[split] - first[split]]),
                np.concatenate([levels[whole] + 1, levels[split], levels[split]]),
            )

    def _first_parts(self, pairs: np.ndarray, levels: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Pairs in the first part of S S, int64 [N], given each call's pairs, level and uniform number; all of its
        pairs where the call is ( S ).

        The choices are tried in the order ( S ), 1, m - 1, 2, m - 2, ..., in blocks that double: nearly all the mass
        lies at both ends, so that few calls are left after the first block.
        """
        table = self.inside
        target = uniform * table[pairs, levels] * self.nonempty_share[levels]
        passed = self.p * table[pairs - 1, np.minimum(levels + 1, self.limit // 2)]
        first = pairs.copy()
        waiting = np.flatnonzero((target >= passed) & (pairs > 1))
        target, passed, choices = target[waiting], passed[waiting], pairs[waiting] - 1
        # Should rounding leave a number beyond the last choice, the middle split is taken.
        first[waiting] = (choices + 1) // 2
        tried, width = 0, 8
        while len(waiting):
            choice = tried + np.arange(width)
            part = np.where(choice % 2 == 0, choice // 2 + 1, pairs[waiting, None] - choice // 2 - 1)
            part = np.clip(part, 1, choices[:, None])
            weight = table[part, levels[waiting, None]] * table[pairs[waiting, None] - part, levels[waiting, None]]
            weight[choice >= choices[:, None]] = 0
            cumulative = passed[:, None] + self.q * np.cumsum(weight, axis=1)
            found = target < cumulative[:, -1]
            column = np.argmax(target[found, None] < cumulative[found], axis=1)
            first[waiting[found]] = part[found, column]
            tried, width = tried + width, 2 * width
            left = ~found & (tried < choices)
            waiting, target, passed, choices = waiting[left], target[left], cumulative[left, -1], choices[left]
        return first


def _smaller_root(constant, q: float):
    """The smaller root x of x = constant + q x^2 (float or complex [...]) and its slope in the constant; q may be 0."""
    root = np.sqrt(1 - 4 * q * constant)
    return 2 * constant / (1 + root), 1 / root


def draw_recursively(limit: int, p: float, q: float, uniform: Callable[[], float], current_size: int = 0) -> str:
    """One word by the released recursion; `uniform` gives the next number in [0, 1). For limits of a few hundred at
    most: Python's own recursion ends there.

    >>> numbers = iter([0.6, 0.1, 0.9, 0.2, 0.3, 0.8])
    >>> draw_recursively(50, 0.5, 0.25, lambda: next(numbers))
    '()(())'
    """
    if current_size >= limit:
        return ""
    number = uniform()
    if number < p:
        word = "(" + draw_recursively(limit, p, q, uniform, current_size + 2) + ")"
    elif number < p + q:
        first = draw_recursively(limit, p, q, uniform, current_size)
        word = first + draw_recursively(limit, p, q, uniform, current_size)
    else:
        word = ""
    return word if len(word) <= limit else ""
