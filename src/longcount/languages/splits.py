"""The words of a study: training, validation, long, very long and, for Dyck-1, zigzag.

Where words are drawn by their lengths, training and validation are cut from one pool in the order of drawing. Words of
a pool are distinct, so short words run out and those drawn first are shorter: with the paper's settings the training
words have 2 to 50 tokens, mean 31.5, and the validation words, the pool's last, 10 or 12 to 50, mean 33.8. A quarter
of the pool lies between the two and is not used (the released data call it the short test set), which keeps both as
the paper has them.

Where words are given by a number n, training and validation words are drawn with repeats, as the papers do, and the
long words are those of every n of a window.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from itertools import combinations
from typing import Any

from longcount import languages
from longcount.errors import UserError
from longcount.languages import tasks
from longcount.languages.bracket_types import grammar_sampler
from longcount.languages.by_length import Counted, LengthSampler, Walk, no_words
from longcount.languages.by_number import DISTRIBUTIONS, GEOMETRIC, NumberSampler
from longcount.languages.dyck import DYCK1, zigzag_words
from longcount.languages.dyck2 import Stack
from longcount.languages.language import Language
from longcount.languages.tasks import Task
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words
from longcount.languages.wrong_words import Draw, with_wrong_words

SPLITS = ("training", "validation", "long", "very_long", "zigzag")

BY_LENGTH = ("grammar", "uniform", "walk")

SAMPLERS = (*BY_LENGTH, *DISTRIBUTIONS)
"""How words can be drawn: by length the first three, by n the others."""

SETTINGS_OF = {
    "training_lengths": BY_LENGTH,
    "long_lengths": BY_LENGTH,
    "very_long_length": BY_LENGTH,
    "p": ("grammar",),
    "q": ("grammar",),
    "training_n": DISTRIBUTIONS,
    "long_n": DISTRIBUTIONS,
    "very_long_n": DISTRIBUTIONS,
    "geometric_p": (GEOMETRIC,),
}
"""The settings of `make_splits` that are for some samplers only, and these samplers."""


def default_sampler(language: Language) -> str:
    """How words of a language are drawn where nothing is said.

    >>> [default_sampler(languages.get(name)) for name in ("dyck1", "dyck2", "an_bn", "shuffle2")]
    ['grammar', 'grammar', 'n_uniform', 'walk']
    """
    if language.numbers:
        return "n_uniform"
    return "grammar" if language == DYCK1 or isinstance(language, Stack) else "walk"


def make_splits(
    seed: int,
    *,
    language: str | Language = "dyck1",
    task: str | Task = "next_letters",
    sampler: str | None = None,
    training_words: int = 10_000,
    validation_words: int = 5_000,
    training_lengths: tuple[int, int] = (2, 50),
    long_words: int = 5_000,
    long_lengths: tuple[int, int] = (52, 100),
    very_long_words: int = 100,
    very_long_length: int = 1_000,
    p: float = 0.5,
    q: float = 0.25,
    training_n: tuple[int, int] = (1, 50),
    long_n: tuple[int, int] = (51, 100),
    very_long_n: tuple[int, int] = (101, 200),
    geometric_p: float = 0.3,
) -> dict[str, Words]:
    """The splits of a language and a task, in the order of `SPLITS`; windows are (least, most), both included.

    Args:
        seed: decides every word.
        language: its name or itself.
        task: its name or itself. Where it asks about wrong words, too, every other word of a split is one, as
            `longcount.languages.wrong_words` says.
        sampler: one of `SAMPLERS`; default: `default_sampler`.
        training_words: how many, right and wrong.
        validation_words: how many, right and wrong.
        training_lengths: of training and validation words, for samplers by length. Lengths that the language has no
            words of are passed over.
        long_words: how many, right and wrong. By one number n there is one word of every n; by two numbers, so many
            different pairs at the most.
        long_lengths: for samplers by length.
        very_long_words: as `long_words`.
        very_long_length: for samplers by length.
        p: of the grammar.
        q: of the grammar.
        training_n: of training and validation words, for samplers by n (and m, from the same window).
        long_n: for samplers by n.
        very_long_n: for samplers by n.
        geometric_p: of the sampler `geometric`.

    Each split has a random stream of its own from the seed: the long words are the same whatever the training words,
    save that words drawn by length all differ. Words drawn by n repeat.

    Raises:
        UserError: settings make no sense, or are for another sampler; or so many distinct words cannot be had.

    >>> splits = make_splits(0, training_words=60, validation_words=30, long_words=20, very_long_words=2)
    >>> {name: len(words) for name, words in splits.items()}
    {'training': 60, 'validation': 30, 'long': 20, 'very_long': 2, 'zigzag': 10}
    >>> make_splits(0, language="an_bn", training_words=4, validation_words=2, training_n=(1, 3))["training"].strings()
    ['aaabbb', 'ab', 'aabb', 'aaabbb']
    """
    given = locals()
    language = languages.get(language) if isinstance(language, str) else language
    task = tasks.get(task) if isinstance(task, str) else task
    sampler = default_sampler(language) if sampler is None else sampler
    _check_settings(given, sampler, language)
    counts = {name: given[f"{name}_words"] for name in SPLITS[:4]}
    right_counts = {name: -(-count // 2) if task.wrong_words else count for name, count in counts.items()}
    streams = {name: Uniforms(seed, place) for place, name in enumerate(("pool", "long", "very_long"))}
    if sampler in DISTRIBUTIONS:
        windows = {"training": training_n, "validation": training_n, "long": long_n, "very_long": very_long_n}
        by_number = {name: NumberSampler(language, sampler, *window, geometric_p) for name, window in windows.items()}
        right = _by_number(by_number, right_counts, streams)
        draws: dict[str, Draw] = {name: each.draw for name, each in by_number.items()}
        counts |= {name: 2 * len(right[name]) for name in ("long", "very_long")}
        taken = None
    else:
        exactly = (very_long_length, very_long_length)
        windows = {"training": training_lengths, "validation": training_lengths, "long": long_lengths}
        windows["very_long"] = exactly
        by_length = {name: length_sampler(sampler, language, window, p, q) for name, window in windows.items()}
        right = _by_length(by_length, windows, right_counts, streams)
        draws = {
            name: partial(each.draw, minimum=windows[name][0], maximum=windows[name][1])
            for name, each in by_length.items()
        }
        taken = set()
    splits = right
    if task.wrong_words:
        wrong = {name: (draws[name], counts[name] // 2, Uniforms(seed, place, 1)) for place, name in enumerate(right)}
        splits = {name: with_wrong_words(language, right[name], *wrong[name], taken) for name in right}
    elif language == DYCK1:
        splits["zigzag"] = zigzag_words()
    if taken is not None:
        check_splits(splits)
    return splits


def _check_settings(given: Mapping[str, Any], sampler: str, language: Language) -> None:
    """Refuse numbers below what they count, and settings that would be ignored."""
    if given["seed"] < 0:
        raise UserError(f"the seed must be a whole number from 0 on, not {given['seed']}")
    for name in ("training", "validation", "long", "very_long"):
        if (count := given[f"{name}_words"]) < 1:
            raise UserError(f"the number of {name.replace('_', ' ')} words must be at least 1, not {count}")
    if sampler not in SAMPLERS:
        raise UserError(f"no sampler is called {sampler!r}: the samplers are {', '.join(SAMPLERS)}")
    idle = [name for name, samplers in SETTINGS_OF.items() if sampler not in samplers]
    if sampler in DISTRIBUTIONS and language.numbers == 1:
        idle += ["long_words", "very_long_words"]
    defaults = make_splits.__kwdefaults__ or {}
    for name in idle:
        if given[name] != defaults[name]:
            whose = SETTINGS_OF.get(name, BY_LENGTH)
            raise UserError(
                f"{name} = {given[name]} says nothing to the sampler {sampler} of {language.name}; it is for "
                f"{', '.join(whose)}"
            )


def length_sampler(
    name: str, language: Language, lengths: tuple[int, int], p: float = 0.5, q: float = 0.25
) -> LengthSampler:
    """The sampler by length of that name for words of lengths (shortest, longest).

    Raises:
        UserError: the language has no such sampler, or no words of such lengths.
    """
    shortest, longest = lengths
    if not 1 <= shortest <= longest:
        raise UserError(
            f"no lengths from {shortest} to {longest} tokens: lengths start at 1, and the first must not be above the "
            "second"
        )
    if name == "walk":
        return Walk(language)
    if name == "uniform":
        return Counted(language)
    if longest // 2 < (shortest + 1) // 2:
        raise no_words(language, shortest, longest)
    return grammar_sampler(language, longest - longest % 2, p, q)


def _by_number(
    samplers: dict[str, NumberSampler], counts: dict[str, int], streams: dict[str, Uniforms]
) -> dict[str, Words]:
    return {
        "training": samplers["training"].draw(counts["training"], streams["pool"]),
        "validation": samplers["validation"].draw(counts["validation"], streams["pool"]),
        "long": samplers["long"].every(counts["long"], streams["long"]),
        "very_long": samplers["very_long"].every(counts["very_long"], streams["very_long"]),
    }


def _by_length(
    samplers: dict[str, LengthSampler],
    lengths: dict[str, tuple[int, int]],
    counts: dict[str, int],
    streams: dict[str, Uniforms],
) -> dict[str, Words]:
    used = counts["training"] + counts["validation"]
    pool_words = used + used // 3
    pool = draw_distinct(
        samplers["training"], pool_words, streams["pool"], lengths["training"], "for the training pool"
    )
    drawn = {"training": pool[: counts["training"]], "validation": pool[-counts["validation"] :]}
    taken = {*drawn["training"], *drawn["validation"]}
    for name in ("long", "very_long"):
        purpose = f"for {name.replace('_', ' ')}"
        drawn[name] = draw_distinct(samplers[name], counts[name], streams[name], lengths[name], purpose, taken)
        taken.update(drawn[name])
    letters = samplers["training"].language.letters
    return {name: Words.from_strings(strings, letters) for name, strings in drawn.items()}


def draw_distinct(
    sampler: LengthSampler,
    count: int,
    uniforms: Uniforms,
    lengths: tuple[int, int],
    purpose: str,
    taken: Collection[str] = frozenset(),
) -> list[str]:
    """Distinct words of lengths (shortest, longest), none of them taken, in the order of drawing.

    UserError, saying the purpose, where a round of drawing brings next to none that are new.
    """
    shortest, longest = lengths
    words: dict[str, None] = {}
    batch = max(count, 1_000)
    while len(words) < count:
        before = len(words)
        fresh = sampler.draw(batch, uniforms, shortest, longest).strings()
        words.update((word, None) for word in fresh if word not in taken)
        if len(words) < count and len(words) - before < batch / 1_000:
            wanted = f"{count:,} distinct words of {shortest:,} to {longest:,} tokens {purpose}"
            there_are = number_of_words(sampler.language, shortest, longest, enough=count)
            found = f" {sampler.kind}: found {len(words):,}, and more hardly ever come"
            if there_are < count:
                found = f": there are only {there_are:,}"
            raise UserError(f"cannot draw {wanted}{found}; ask for fewer or for longer words")
    return list(words)[:count]


def number_of_words(language: Language, shortest: int, longest: int, enough: int) -> int:
    """How many words of a language have a length from shortest to longest; where there are more than enough, or they
    cannot be counted, a number that is not below `enough`.

    >>> number_of_words(DYCK1, 2, 6, enough=100), number_of_words(DYCK1, 2, 50, enough=100)
    (8, 196)
    """
    total = 0
    for length in range(shortest, longest + 1):
        try:
            total += language.count(length)
        except UserError:
            return max(total, enough)
        if total >= enough:
            break
    return total


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
