"""Measures and sentences that several papers share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from longcount.analysis import counting
from longcount.analysis.subjects import Networks, Subject
from longcount.cells import unpack
from longcount.exact.certify import LEAST_EXACT_DEPTH, prove
from longcount.languages.language import Language
from longcount.languages.splits import make_splits
from longcount.languages.words import Words
from longcount.papers.findings import Findings
from longcount.papers.measuring import best, last
from longcount.papers.paper import Epochs, Measure
from longcount.training.protocol import Condition

WordsOf = Callable[[str], Words]


def accuracy(split: str, title: str, epochs: Epochs = best) -> Measure:
    """Percent of a split's words with every answer right."""

    def of(subject: Subject, words: WordsOf) -> np.ndarray:
        return 100.0 * subject.evaluate(words(split)).correct.mean(axis=1)

    return Measure(f"{split}_accuracy", title, of, epochs, percent=True)


def accuracy_on_lengths(name: str, title: str, lengths: tuple[int, int], count: int) -> Measure:
    """The same of words of other lengths, which are made here, the same for all networks; of languages whose words are
    not given by n."""

    def of(subject: Subject, words: WordsOf) -> np.ndarray:
        return 100.0 * subject.evaluate(words_of_lengths(subject.problem.language, lengths, count)).correct.mean(axis=1)

    return Measure(name, title, of, best, asked=lambda condition: not is_by_n(condition), percent=True)


@lru_cache(maxsize=16)
def words_of_lengths(language: Language, lengths: tuple[int, int], count: int) -> Words:
    """That many different words of a language, drawn by its own sampler."""
    return make_splits(
        0, language=language, long_words=count, long_lengths=lengths,
        training_words=1, validation_words=1, very_long_words=1, very_long_length=lengths[1],
    )["long"]  # fmt: skip


def first_failing_ramp(largest: int) -> Measure:
    """The least n at which (ⁿ)ⁿ is not right throughout, of languages of brackets."""

    def wrong(subject: Subject, numbers: Sequence[int]) -> np.ndarray:
        ramps = Words.from_strings(["(" * n + ")" * n for n in numbers], subject.problem.language.letters)
        return ~subject.evaluate(ramps).correct

    return Measure(
        "first_failing_ramp",
        "first n at which (ⁿ)ⁿ fails",
        lambda one, words: counting.first_n(one, largest, wrong),
        best,
        middle="median",
        asked=lambda condition: condition.problem().language.letters.startswith("()"),
    )


def first_failing_n(largest: int, epochs: Epochs = best) -> Measure:
    """See `longcount.analysis.counting.first_failing_n`."""
    return Measure(
        "first_failing_n",
        "first failing n",
        lambda one, words: counting.first_failing_n(one, largest),
        epochs,
        middle="median",
        asked=lambda condition: condition.problem().language.indexed,
    )


def proved_n(name: str, asked: Callable[[Condition], bool]) -> Measure:
    """Up to which n each network is proved right on the words of a language given by one n, at its last epoch; 0 where
    there is no proof that reaches `LEAST_EXACT_DEPTH`. See `longcount.exact.certify.prove`."""

    def of(subject: Subject, words: WordsOf) -> np.ndarray:
        if not isinstance(subject, Networks):
            return np.full(subject.models, np.nan)
        cell, problem = subject.condition.built_in_cell(), subject.problem
        reached = [prove(cell, weights, problem).max_depth for weights in subject.weights]
        return np.array([depth if depth >= LEAST_EXACT_DEPTH else 0 for depth in reached], np.float64)

    return Measure(name, "proved right for all n up to", of, last, middle="median", asked=asked)


RECURRENT, STEPS = "recurrent_deviation", "step_deviation"
"""How far one unit that is linear in its state is from counting: conditions of El-Naggar et al. (2023)."""


def recurrent_deviation() -> Measure:
    """|w − 1| of the recurrent weight w."""
    return Measure(RECURRENT, "|w − 1|", lambda one, words: np.abs(_recurrent(one) - 1), best, middle="median")


def step_deviation() -> Measure:
    """|a / b + 1| of the steps a and b that the two letters make, biases included."""

    def of(subject: Subject, words: WordsOf) -> np.ndarray:
        first, second = _steps(subject)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.abs(first / second + 1)

    return Measure(STEPS, "|a / b + 1|", of, best, middle="median")


def validation_loss() -> Measure:
    """See `longcount.training.problem.Problem.loss`."""
    return Measure(
        "validation_loss",
        "validation loss",
        lambda one, words: one.evaluate(words("validation")).loss.mean(axis=1),
        best,
    )


def meeting_the_conditions(found: Findings, arm: str) -> np.ndarray:
    """Which runs have a recurrent weight of 1 and opposite steps, exactly, bool [R]."""
    return (found.values(arm, RECURRENT) == 0) & (found.values(arm, STEPS) == 0)


def _recurrent(subject: Subject) -> np.ndarray:
    """The recurrent weight of one unit, float64 [M]; of the baseline without memory no number."""
    if not isinstance(subject, Networks):
        return np.full(subject.models, np.nan)
    return unpack(subject.condition.built_in_cell(), subject.weights)["weight_hh_l0"][:, 0, 0].astype(np.float64)


def _steps(subject: Subject) -> np.ndarray:
    """What each of two letters adds, in float32 as the engine adds it, float64 [2, M]; likewise."""
    if not isinstance(subject, Networks):
        return np.full((2, subject.models), np.nan)
    tensors = unpack(subject.condition.built_in_cell(), subject.weights)
    biases = [tensors[name] for name in ("bias_ih_l0", "bias_hh_l0")]
    return (tensors["weight_ih_l0"][:, 0] + biases[0] + biases[1]).T.astype(np.float64)


def is_by_n(condition: Condition) -> bool:
    """Whether the words of a condition's language are given by numbers."""
    return condition.problem().language.numbers > 0


def means(found: Findings, arms: list[str], measure: str) -> str:
    """Means over runs by arm, in words."""
    return "; ".join(f"{arm} {found.values(arm, measure).mean():.1f}" for arm in arms)


def present(found: Findings, arms: list[str], measure: str) -> list[str]:
    """Those arms of which a measure is known."""
    return [arm for arm in arms if len(found.values(arm, measure))]
