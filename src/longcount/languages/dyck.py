"""Dyck-1 and semi-Dyck-1: brackets of one type, one counter; and Dyck-1 words made by rule.

The next-letters task: after each token, say of each letter whether it may come next. ``(`` always may; ``)`` may
while the depth after the token is above 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from longcount.errors import UserError
from longcount.languages.language import Language
from longcount.languages.machine import Machine
from longcount.languages.words import CLOSE, LETTERS, OPEN, Words, offsets_of

ZIGZAG_HALF_PERIODS = (10, 20, 25, 50, 100, 125, 200, 250, 500, 1000)
ZIGZAG_LENGTH = 2000


@dataclass(frozen=True, kw_only=True)
class Brackets(Machine):
    """A machine over pairs of brackets, ``()[]...``, whose counter k holds how many of pair k are open."""

    def complaint(self, words: Words, word: int) -> str:
        """What is wrong with a word that is not a member, in one line (columns count from 1)."""
        alone = words.select([word])
        bad, length = int(self.first_bad_tokens(alone)[0]), int(alone.lengths[0])
        if bad < length:
            return f"{alone.text(0)[bad]!r} at column {bad + 1} closes nothing"
        return complaint_of_open(self.letters[::2], self.counts_after(alone)[-1], length)


def complaint_of_open(letters: str, counts: Sequence[int] | np.ndarray, length: int) -> str:
    """What is wrong with a word of some length at whose end brackets are open: that many of each letter.

    >>> complaint_of_open("([", [2, 1], 5)
    "the word is cut short or unbalanced: after column 5, its last, 2 '(' and 1 '[' are still open"
    """
    still_open = [f"{count} {letter!r}" for letter, count in zip(letters, counts, strict=True) if count]
    verb = "is" if sum(counts) == 1 else "are"
    return (
        f"the word is cut short or unbalanced: after column {length}, its last, {' and '.join(still_open)} {verb} "
        "still open"
    )


@dataclass(frozen=True, kw_only=True)
class _Dyck1(Brackets):
    """Dyck-1 with a shorter way to what its table says: the depth after each token is a running sum."""

    def _read(self, words: Words) -> tuple[np.ndarray, np.ndarray]:
        depths = self.own(words).depths
        codes = (depths > 0).astype(np.int64)
        if depths.min(initial=0) < 0:
            outside = words.running_sums(depths < 0) > 0
            codes, depths = np.where(outside, 2, codes), np.where(outside, 0, depths)
        return codes, depths[None]


def is_its_table(language: Language) -> bool:
    """Whether a language is what the rules of a machine say and nothing else: in a class of the user's own, methods may
    say something else."""
    return type(language) in (Machine, Brackets, _Dyck1)


def dyck1() -> Machine:
    """Words of ``(`` and ``)`` in which every bracket is matched; the empty word is one.

    The language of El-Naggar, Madhyastha and Weyde (2022), and of Suzgun et al. (2019, arXiv:1906.03648). As there,
    the end is not an output.

    >>> dyck1().targets(Words.from_strings(["(())"])).tolist()
    [[1, 1], [1, 1], [1, 1], [1, 0]]
    >>> list(dyck1().enumerate(4)), dyck1().count(50)
    (['(())', '()()'], 4861946401452)
    """
    return _Dyck1(
        name="dyck1",
        letters=LETTERS,
        description="balanced brackets of one type",
        source="El-Naggar et al. 2022; Suzgun et al. 2019 (1906.03648)",
        rules=(
            ("read", "(", "*", "read", (+1,)),
            ("read", ")", "+", "read", (-1,)),
        ),
        ends=(("read", "0"),),
    )


def semi_dyck1() -> Machine:
    """Strings of ``(`` and ``)`` in which every ``(`` is closed; a ``)`` that closes nothing is ignored. The empty
    word is one.

    The count stops at 0 instead of falling below (El-Naggar, Ryzhikov et al. 2023, PMLR 217:199). Any string can be
    read; the next-letters task asks, as there, whether the count is above 0, so whether ``)`` would close something.
    The end is not an output.

    >>> semi_dyck1().targets(Words.from_strings([")()"]))[:, 1].tolist()
    [0, 1, 0]
    >>> list(semi_dyck1().enumerate(3))
    ['())', ')()', ')))']
    """
    return Brackets(
        name="semi_dyck1",
        letters=LETTERS,
        description="strings of brackets in which every '(' is closed; a surplus ')' is ignored",
        source="El-Naggar, Ryzhikov et al. 2023 (PMLR 217:199)",
        rules=(
            ("read", "(", "*", "read", (+1,)),
            ("read", ")", "+", "read", (-1,)),
            ("read", ")", "0", "read", (0,)),
        ),
        ends=(("read", "0"),),
        expected=(("read", "0", "("),),
    )


def ramps(heights: Sequence[int]) -> Words:
    """One word that climbs to each height and comes down to 0 again.

    >>> ramps([1, 3]).strings()
    ['()((()))']
    """
    if any(height < 1 for height in heights):
        raise UserError(f"the heights of ramps must be at least 1, not {min(heights)}")
    runs = np.repeat(np.asarray(heights, np.int64), 2)
    tokens = np.repeat(np.tile(np.array([OPEN, CLOSE], np.uint8), len(heights)), runs)
    return Words(tokens, offsets_of([len(tokens)]))


def zigzag(half_period: int, length: int = ZIGZAG_LENGTH) -> Words:
    """One word: half_period times ``(``, then as many ``)``, and again up to the length, a multiple of the period.

    >>> zigzag(2, length=8).strings()
    ['(())(())']
    """
    if half_period < 1 or length < 1 or length % (2 * half_period):
        raise UserError(f"a zigzag word of half period {half_period} cannot be {length} tokens long; "
                        "the length must be a multiple of twice the half period")  # fmt: skip
    return ramps([half_period] * (length // (2 * half_period)))


def zigzag_words() -> Words:
    """The ten words of 2,000 tokens of the paper's Zigzag Set."""
    return Words.concatenate([zigzag(half_period) for half_period in ZIGZAG_HALF_PERIODS])


def shallow(length: int) -> Words:
    """One word that never gets deeper than 1.

    >>> shallow(6).strings()
    ['()()()']
    """
    return zigzag(1, length)


DYCK1 = dyck1()
targets, first_bad_tokens, complaint, check = DYCK1.targets, DYCK1.first_bad_tokens, DYCK1.complaint, DYCK1.check
