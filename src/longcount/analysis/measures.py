"""Measures: numbers that evaluations of models on words come to, one per model."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from longcount.engine import Evaluation
from longcount.errors import UserError
from longcount.registry import Kind, what_it_is
from longcount.sources import mistakes_told

Measure = Callable[[Evaluation], np.ndarray]
"""Of the evaluation of M models, a number for each, float or int [M]."""


def accuracy(found: Evaluation) -> np.ndarray:
    """Percent of words with every output of every token right."""
    return 100.0 * found.correct.mean(axis=1)


def loss(found: Evaluation) -> np.ndarray:
    """Mean over words of the loss that models are judged by."""
    return np.nanmean(found.loss, axis=1)


def fpf_mean(found: Evaluation) -> np.ndarray:
    """Mean over words of the first point of failure, in tokens; a word without failure counts its length."""
    return found.first_failure.mean(axis=1)


def fpf_min(found: Evaluation) -> np.ndarray:
    """Least first point of failure of the words, in tokens."""
    return found.first_failure.min(axis=1)


def fpf_median(found: Evaluation) -> np.ndarray:
    """Median over words of the first point of failure, in tokens; a word without failure counts its length."""
    return np.median(found.first_failure, axis=1)


def unfailed(found: Evaluation) -> np.ndarray:
    """Words without a failure."""
    return found.correct.sum(axis=1)


ALWAYS: tuple[Measure, ...] = (accuracy, loss, fpf_mean, fpf_min)
"""What `longcount evaluate` tells in any case."""

MEASURES: dict[str, Measure] = {
    measure.__name__: measure for measure in (accuracy, loss, fpf_mean, fpf_min, fpf_median, unfailed)
}
"""Every built-in measure by name."""


def _refusal(part: Any) -> str | None:
    if not inspect.isfunction(part):
        return what_it_is(part)
    try:
        inspect.signature(part).bind(None)
    except TypeError:
        return "does not take one argument"
    return None


KIND = Kind(
    "measure",
    "measures",
    MEASURES,
    "a function of a longcount.engine.Evaluation that returns a number for each model, an array",
    _refusal,
    name_of=lambda part: part.__name__,
)


def measured(name: str, found: Evaluation) -> tuple[str, np.ndarray]:
    """A measure's own name and its numbers [M] of an evaluation.

    Args:
        name: of a built-in measure, or `module:Name` of one of the user's own.
        found: of M models.

    Raises:
        UserError: there is no such measure, or one of the user's own fails or returns something else.
    """
    own_name, measure, source = KIND.find(name)
    with mistakes_told():
        numbers = np.asarray(measure(found))
    if numbers.shape != (len(found.loss),) or numbers.dtype.kind not in "iufb":
        where = source.reference if source else name
        raise UserError(f"{where}: returned {numbers.dtype}{list(numbers.shape)}, not a number for each model")
    return own_name, numbers
