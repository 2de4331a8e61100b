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
from typing import Annotated, Any

from longcount import languages
from longcount.arguments import Between, Seed, checked
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
from longcount.languages.wrong_words import with_wrong_words

SPLITS = ("training", "validation", "long", "very_long", "zigzag")

BY_LENGTH = ("grammar", "uniform", "walk")

SAMPLERS = (*BY_LENGTH, *DISTRIBUTIONS)
"""How words can be drawn: by length the first three, by n the others."""

DEFAULTS: dict[str, Any] = {
    "training_lengths": (2, 50),
    "long_lengths": (52, 100),
    "very_long_length": 1_000,
    "p": 0.5,
    "q": 0.25,
    "long_words": 5_000,
    "very_long_words": 100,
    "training_n": (1, 50),
    "validation_n": None,
    "long_n": (51, 100),
    "very_long_n": (101, 200),
    "geometric_p": 0.3,
}
"""The settings of `make_splits` that some of the samplers do not use."""


def default_sampler(language: Language) -> str:
    """How words of a language are drawn by default.

    >>> [default_sampler(languages.get(name)) for name in ("dyck1", "dyck2", "an_bn", "shuffle2")]
    ['grammar', 'grammar', 'n_uniform', 'walk']
    """
    if language.numbers:
        return "n_uniform"
    return "grammar" if language == DYCK1 or isinstance(language, Stack) else "walk"


HowMany = Annotated[int, Between(1, 10_000_000)]


@checked
def make_splits(
    seed: Seed,
    *,
    language: str | Language = "dyck1",
    task: str | Task = "next_letters",
    sampler: str | None = None,
    training_words: HowMany = 10_000,
    validation_words: HowMany = 5_000,
    training_lengths: tuple[int, int] | None = None,
    long_words: HowMany | None = None,
    long_lengths: tuple[int, int] | None = None,
    very_long_words: HowMany | None = None,
    very_long_length: int | None = None,
    p: float | None = None,
    q: float | None = None,
    training_n: tuple[int, int] | None = None,
    validation_n: tuple[int, int] | None = None,
    long_n: tuple[int, int] | None = None,
    very_long_n: tuple[int, int] | None = None,
    geometric_p: float | None = None,
) -> dict[str, Words]:
    """The splits of a language and a task, in the order of `SPLITS`; windows are (least, most), both included.

    Args:
        seed: decides every word.
        language: its name or itself.
        task: its name or itself. Where it has wrong words, too, every other word of a split is one, as
            `longcount.languages.wrong_words` says.
        sampler: one of `SAMPLERS`; default: `default_sampler`.
        training_words: how many, right and wrong.
        validation_words: how many, right and wrong.
        training_lengths: of training and validation words, for samplers by length; default 2 to 50. Lengths that the
            language has no words of are skipped.
        long_words: how many, right and wrong; default 5,000. Not for words given by one number, of which each stands
            among the long ones once; of those given by two, at most as many different pairs.
        long_lengths: for samplers by length; default 52 to 100.
        very_long_words: as `long_words`; default 100.
        very_long_length: for samplers by length; default 1,000.
        p: of the grammar; default 0.5.
        q: of the grammar; default 0.25.
        training_n: of training and validation words, for samplers by n (and m, from the same window); default 1 to 50.
        validation_n: of validation words, for samplers by n; default: training_n.
        long_n: for samplers by n; default 51 to 100.
        very_long_n: for samplers by n; default 101 to 200.
        geometric_p: of the sampler `geometric`; default 0.3.

    Each split has a random stream of its own from the seed: the long words are the same whatever the training words,
    save that words drawn by length all differ. Words drawn by n repeat.

    Raises:
        UserError: settings make no sense, or are for another sampler; or that many distinct words cannot be had.

    >>> splits = make_splits(0, training_words=60, validation_words=30, long_words=20, very_long_words=2)
    >>> {name: len(words) for name, words in splits.items()}
    {'training': 60, 'validation': 30, 'long': 20, 'very_long': 2, 'zigzag': 10}
    >>> make_splits(0, language="an_bn", training_words=4, validation_words=2, training_n=(1, 3))["training"].strings()
    ['aaabbb', 'ab', 'aabb', 'aaabbb']
    """
    given = {name: value for name, value in locals().items() if value is not None}
    language = languages.get(language) if isinstance(language, str) else language
    task = tasks.get(task) if isinstance(task, str) else task
    sampler = default_sampler(language) if sampler is None else sampler
    _check_settings(given, sampler, language)
    settings = DEFAULTS | given
    make_source = _ByNumber if sampler in DISTRIBUTIONS else _ByLength
    source = make_source(language, sampler, settings)
    counts = {name: settings[f"{name}_words"] for name in SPLITS[:4]}
    splits = source.right({name: -(-count // 2) if task.wrong_words else count for name, count in counts.items()}, seed)
    if task.wrong_words:
        taken = set() if source.distinct else None
        for place, (name, right) in enumerate(splits.items()):
            count = len(right) if name in source.complete else counts[name] // 2
            wrong = Uniforms(seed, place, 1)
            splits[name] = with_wrong_words(
                language, right, partial(source.draw, name), count, wrong, taken, task.near_misses
            )
    elif language == DYCK1:
        splits["zigzag"] = zigzag_words()
    if source.distinct:
        check_splits(splits)
    return splits


def _check_settings(given: Mapping[str, Any], sampler: str, language: Language) -> None:
    """Refuse settings that would be ignored."""
    if sampler not in SAMPLERS:
        raise UserError(f"no sampler is called {sampler!r}: the samplers are {', '.join(SAMPLERS)}")
    used = {"training_n", "validation_n", "long_n", "very_long_n"}
    if sampler in BY_LENGTH:
        used = {"training_lengths", "long_lengths", "very_long_length", "long_words", "very_long_words"}
    elif language.numbers > 1:
        used |= {"long_words", "very_long_words"}
    used |= {"grammar": {"p", "q"}, GEOMETRIC: {"geometric_p"}}.get(sampler, set())
    for name in DEFAULTS:
        if name in given and name not in used:
            raise UserError(
                f"{name} = {given[name]} is not used by the sampler {sampler} of {language.name}; its settings are "
                f"{', '.join(setting for setting in DEFAULTS if setting in used)}"
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


class _ByLength:
    """Words drawn by their lengths, all of them different."""

    distinct = True
    complete = ()

    def __init__(self, language: Language, sampler: str, settings: Mapping[str, Any]) -> None:
        self.language, very_long = language, settings["very_long_length"]
        self.lengths: dict[str, tuple[int, int]] = {
            "training": settings["training_lengths"],
            "validation": settings["training_lengths"],
            "long": settings["long_lengths"],
            "very_long": (very_long, very_long),
        }
        self.samplers = {
            name: length_sampler(sampler, language, lengths, settings["p"], settings["q"])
            for name, lengths in self.lengths.items()
        }

    def draw(self, split: str, count: int, uniforms: Uniforms) -> Words:
        """That many words like those of a split, with repeats."""
        return self.samplers[split].draw(count, uniforms, *self.lengths[split])

    def right(self, counts: Mapping[str, int], seed: int) -> dict[str, Words]:
        """That many words of each split."""
        used = counts["training"] + counts["validation"]
        lengths, pool_words = self.lengths["training"], used + used // 3
        pool = draw_distinct(self.samplers["training"], pool_words, Uniforms(seed, 0), lengths, "for the training pool")
        drawn = {"training": pool[: counts["training"]], "validation": pool[-counts["validation"] :]}
        taken = {*drawn["training"], *drawn["validation"]}
        for stream, name in enumerate(("long", "very_long"), start=1):
            sampler, lengths, purpose = self.samplers[name], self.lengths[name], f"for {name.replace('_', ' ')}"
            drawn[name] = draw_distinct(sampler, counts[name], Uniforms(seed, stream), lengths, purpose, taken)
            taken.update(drawn[name])
        return {name: Words.from_strings(strings, self.language.letters) for name, strings in drawn.items()}


class _ByNumber:
    """Words drawn by the numbers that give them, with repeats; long and very long ones of every number once."""

    distinct = False
    complete = ("long", "very_long")

    def __init__(self, language: Language, sampler: str, settings: Mapping[str, Any]) -> None:
        windows = {name: settings[f"{name}_n"] or settings["training_n"] for name in SPLITS[:4]}
        self.samplers = {
            name: NumberSampler(language, sampler, *window, p=settings["geometric_p"])
            for name, window in windows.items()
        }

    def draw(self, split: str, count: int, uniforms: Uniforms) -> Words:
        """That many words like those of a split, with repeats."""
        return self.samplers[split].draw(count, uniforms)

    def right(self, counts: Mapping[str, int], seed: int) -> dict[str, Words]:
        """That many words for training and validation, and the long and very long ones."""
        drawn, uniforms = {}, Uniforms(seed, 0)
        for name in ("training", "validation"):
            drawn[name] = self.samplers[name].draw(counts[name], uniforms)
        for stream, name in enumerate(("long", "very_long"), start=1):
            drawn[name] = self.samplers[name].every(counts[name], Uniforms(seed, stream))
        return drawn


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
            raise UserError(f"the {first} and {second} words share {shared:,}; no word may be in two splits")
