"""The words of a study: training, validation, long, very long and zigzag.

Training and validation are cut from one pool in the order of drawing. Words of a pool are distinct, so short words run
out and those drawn first are shorter: with the paper's settings the training words have 2 to 50 tokens, mean 31.5, and
the validation words, the pool's last, 10 or 12 to 50, mean 33.8. A quarter of the pool lies between the two and is not
used (the released data call it the short test set), which keeps both as the paper has them.
"""

from collections.abc import Collection
from itertools import combinations
from math import comb

from longcount.errors import UserError
from longcount.languages.dyck import zigzag_words
from longcount.languages.sampler import GrammarSampler, Uniforms
from longcount.languages.words import Words

SPLITS = ("training", "validation", "long", "very_long", "zigzag")


def make_splits(
    seed: int,
    *,
    training_words: int = 10_000,
    validation_words: int = 5_000,
    training_lengths: tuple[int, int] = (2, 50),
    long_words: int = 5_000,
    long_lengths: tuple[int, int] = (52, 100),
    very_long_words: int = 100,
    very_long_length: int = 1_000,
    p: float = 0.5,
    q: float = 0.25,
) -> dict[str, Words]:
    """The five splits, in the order of `SPLITS`; lengths are (shortest, longest) in tokens, both included.

    Each drawn split has a sampler whose size limit is its longest length, and a random stream of its own from the
    seed: the long words are the same whatever the training lengths, save that no word stands in two splits. UserError
    where settings make no sense or so many distinct words cannot be had.

    >>> splits = make_splits(0, training_words=60, validation_words=30, long_words=20, very_long_words=2)
    >>> {name: len(words) for name, words in splits.items()}
    {'training': 60, 'validation': 30, 'long': 20, 'very_long': 2, 'zigzag': 10}
    """
    if seed < 0:
        raise UserError(f"the seed must be a whole number from 0 on, not {seed}")
    counts = {"training": training_words, "validation": validation_words, "long": long_words}
    for name, count in {**counts, "very long": very_long_words}.items():
        if count < 1:
            raise UserError(f"the number of {name} words must be at least 1, not {count}")
    used = training_words + validation_words
    pool_words = used + used // 3

    def sampler(lengths: tuple[int, int]) -> GrammarSampler:
        return GrammarSampler(limit=lengths[1], p=p, q=q)

    pool = draw_distinct(
        sampler(training_lengths), pool_words, Uniforms(seed, 0), training_lengths, "for the training pool"
    )
    training, validation = pool[:training_words], pool[-validation_words:]
    taken = {*training, *validation}
    long = draw_distinct(sampler(long_lengths), long_words, Uniforms(seed, 1), long_lengths, "for long", taken)
    taken.update(long)
    exactly = (very_long_length, very_long_length)
    very_long = draw_distinct(sampler(exactly), very_long_words, Uniforms(seed, 2), exactly, "for very long", taken)
    drawn = {"training": training, "validation": validation, "long": long, "very_long": very_long}
    splits = {name: Words.from_strings(strings) for name, strings in drawn.items()}
    splits["zigzag"] = zigzag_words()
    check_splits(splits)
    return splits


def draw_distinct(
    sampler: GrammarSampler,
    count: int,
    uniforms: Uniforms,
    lengths: tuple[int, int],
    purpose: str,
    taken: Collection[str] = frozenset(),
) -> list[str]:
    """Distinct words of lengths (shortest, longest), none of them taken, in the order of drawing.

    UserError, saying the purpose, where there are not so many words, or where a round of drawing brings next to none
    that are new.
    """
    shortest, longest = lengths
    wanted = f"{count:,} distinct words of {shortest} to {longest} tokens {purpose}"
    if not 2 <= shortest <= longest:
        raise UserError(f"cannot draw {wanted}: lengths start at 2, and the first must not be above the second")
    there_are = number_of_words(shortest, longest)
    if there_are < count:
        raise UserError(f"cannot draw {wanted}: there are only {there_are:,}; ask for fewer or for longer words")
    words: dict[str, None] = {}
    batch = max(count, 1_000)
    while len(words) < count:
        before = len(words)
        fresh = sampler.draw(batch, uniforms, shortest, longest).strings()
        words.update((word, None) for word in fresh if word not in taken)
        if len(words) < count and len(words) - before < batch / 1_000:
            raise UserError(
                f"cannot draw {wanted} with p = {sampler.p} and q = {sampler.q}: found {len(words):,}, and more "
                "hardly ever come; ask for fewer or for longer words"
            )
    return list(words)[:count]


def number_of_words(shortest: int, longest: int) -> int:
    """How many Dyck-1 words have a length, in tokens, from shortest to longest: a sum of Catalan numbers.

    >>> number_of_words(2, 6)
    8
    """
    return sum(comb(2 * pairs, pairs) // (pairs + 1) for pairs in range((shortest + 1) // 2, longest // 2 + 1))


def duplicates(words: Words) -> int:
    """How many words repeat an earlier one.

    >>> duplicates(Words.from_strings(["()", "(())", "()", "()"]))
    2
    """
    return len(words) - len(set(words.strings()))


def overlaps(splits: dict[str, Words]) -> dict[tuple[str, str], int]:
    """For each pair of splits, the number of distinct words that stand in both.

    >>> overlaps({"one": Words.from_strings(["()", "(())"]), "two": Words.from_strings(["()", "()"])})
    {('one', 'two'): 1}
    """
    sets = {name: set(words.strings()) for name, words in splits.items()}
    return {pair: len(sets[pair[0]] & sets[pair[1]]) for pair in combinations(sets, 2)}


def check_splits(splits: dict[str, Words]) -> None:
    """UserError where a split holds a word twice or two splits share a word."""
    for name, words in splits.items():
        if repeated := duplicates(words):
            raise UserError(f"{repeated:,} of the {len(words):,} {name} words repeat an earlier one; all must differ")
    for (first, second), shared in overlaps(splits).items():
        if shared:
            raise UserError(f"the {first} and {second} words share {shared:,}; no word may stand in two splits")
