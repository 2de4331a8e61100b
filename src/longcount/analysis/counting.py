"""How far networks count, and what wrong words they accept: the same questions to them and to the baseline without
memory.

A string is *accepted* where every letter is allowed when it comes, and the end, where it is an output, after the last
one. The first letter is taken for granted: nothing is asked before it. Letters: M models, N words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np

from longcount.analysis.subjects import Subject, side_by_side
from longcount.errors import UserError
from longcount.languages.language import END, Language
from longcount.languages.words import Words

FIRST_TRIED = 16
"""Numbers n that are tried at once at first; then twice as many, as long as some model holds out."""

Wrong = Callable[[Subject, Sequence[int]], np.ndarray]
"""Whether models go wrong at each of some numbers n, bool [M, numbers]."""


def first_n(subject: Subject, largest: int, wrong: Wrong) -> np.ndarray:
    """The least n from 1 on at which each model goes wrong, float64 [M]; infinite where there is none up to
    `largest`."""
    found = np.full(subject.models, np.inf)
    first, last = 1, min(FIRST_TRIED, largest)
    while first <= largest and np.isinf(found).any():
        waiting = np.flatnonzero(np.isinf(found))
        failed = wrong(subject.choose(waiting), range(first, last + 1))
        some = failed.any(axis=1)
        found[waiting[some]] = first + failed[some].argmax(axis=1)
        first, last = last + 1, min(2 * last, largest)
    return found


def first_failing_n(subject: Subject, largest: int) -> np.ndarray:
    """The least n whose word is not right throughout; see `first_n`."""
    return first_n(subject, largest, _not_right)


def first_rejected_n(subject: Subject, largest: int) -> np.ndarray:
    """The least n whose word is not accepted; see `first_n`."""
    return first_n(subject, largest, lambda one, numbers: ~accepted(one, words_of(one.problem.language, numbers)))


def first_near_miss_n(subject: Subject, largest: int) -> np.ndarray:
    """The least n of which a near miss, `near_misses`, is accepted; see `first_n`."""
    return first_n(subject, largest, _accepts_a_near_miss)


def first_failing_step_n(subject: Subject, largest: int) -> np.ndarray:
    """The least n at whose deterministic steps the likeliest output is not always what comes; see `first_n`."""
    return first_n(subject, largest, _fails_at_a_step)


def deterministic_accuracy(subject: Subject, numbers: Sequence[int]) -> np.ndarray:
    """Percent of the deterministic steps, those at which only one letter or the end may come, of the words of some n at
    which the likeliest output is what comes, float64 [M]: as Lan et al. (2022, arXiv:2111.00600) count."""
    wrong, steps = _wrong_steps(subject, numbers)
    return 100.0 * (1 - wrong.sum(axis=1) / steps.sum())


def accepted(subject: Subject, words: Words) -> np.ndarray:
    """Whether each string is accepted, bool [M, N]."""
    problem, tokens, lengths = subject.problem, side_by_side(words.tokens, words), words.lengths
    names, limit = problem.outputs, problem.question.threshold
    asks_end, sigmoid = END in names, problem.question.link == "sigmoid"
    found = np.ones((len(words), subject.models), bool)
    for place, outputs in enumerate(subject.outputs(words)):
        says_yes = outputs >= limit if sigmoid else outputs > limit
        following = np.flatnonzero(lengths > place + 1)
        if len(following):
            found[following] &= says_yes[tokens[following, place + 1], following]
        ending = np.flatnonzero(lengths == place + 1)
        if asks_end and len(ending):
            found[ending] &= says_yes[names.index(END), ending]
    return found.T


def near_misses(language: Language, n: int) -> list[str]:
    """The word of n with one letter more or one less in one of its blocks of equal letters, and not in the language;
    the shortest first.

    >>> from longcount import languages
    >>> near_misses(languages.get("an_bn"), 2)
    ['abb', 'aab', 'aaabb', 'aabbb']
    """
    blocks = [(letter, len(list(same))) for letter, same in groupby(language.word_of(n))]
    tried = []
    for change in (-1, 1):
        for chosen in range(len(blocks)):
            lengths = [count + change * (at == chosen) for at, (_, count) in enumerate(blocks)]
            tried.append("".join(letter * count for (letter, _), count in zip(blocks, lengths, strict=True)))
    tried = [text for text in dict.fromkeys(tried) if text and text[0] == language.word_of(n)[0]]
    members = language.members(Words.from_strings(tried, language.letters))
    return [text for text, member in zip(tried, members, strict=True) if not member]


def words_of(language: Language, numbers: Sequence[int]) -> Words:
    """The words of some n.

    Raises:
        UserError: where the words of the language are not given by one number.
    """
    if not language.indexed:
        raise UserError(f"{language.name} has no word for each n")
    return Words.from_strings([language.word_of(n) for n in numbers], language.letters)


def _not_right(subject: Subject, numbers: Sequence[int]) -> np.ndarray:
    return ~subject.evaluate(words_of(subject.problem.language, numbers)).correct


def _fails_at_a_step(subject: Subject, numbers: Sequence[int]) -> np.ndarray:
    """A word whose answers are all right needs no closer look: what comes is above the threshold there, and at a
    deterministic step nothing else is."""
    failed = _not_right(subject, numbers)
    doubtful = np.flatnonzero(failed.any(axis=1))
    if len(doubtful):
        failed[doubtful] &= _wrong_steps(subject.choose(doubtful), numbers)[0] > 0
    return failed


def _accepts_a_near_miss(subject: Subject, numbers: Sequence[int]) -> np.ndarray:
    language = subject.problem.language
    texts = [near_misses(language, n) for n in numbers]
    found = accepted(subject, Words.from_strings([text for each in texts for text in each], language.letters))
    ends = np.cumsum([len(each) for each in texts])
    starts = ends - [len(each) for each in texts]
    return np.stack([found[:, start:end].any(axis=1) for start, end in zip(starts, ends, strict=True)], axis=1)


def _wrong_steps(subject: Subject, numbers: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """At how many deterministic steps of the words of some n the likeliest output is not what comes, int64
    [M, numbers], and how many there are, int64 [numbers]."""
    problem = subject.problem
    words = words_of(problem.language, numbers)
    allowed = problem.targets(words)[:, : len(problem.outputs)]
    deterministic = side_by_side(allowed.sum(axis=1) == 1, words) == 1
    coming = side_by_side(allowed.argmax(axis=1), words)
    wrong = np.zeros((len(words), subject.models), np.int64)
    for place, outputs in enumerate(subject.outputs(words)):
        here = np.flatnonzero(deterministic[:, place])
        if len(here):
            wrong[here] += outputs[:, here].argmax(axis=0) != coming[here, place][:, None]
    return wrong.T, deterministic.sum(axis=1)
