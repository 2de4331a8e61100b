"""Models of a store judged one by one, by several processes where that is worth it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from longcount.analysis.models import weights_of
from longcount.cells import Cell
from longcount.errors import UserError
from longcount.store.store import Store
from longcount.studies.executors import threads_asked
from longcount.training.problem import Problem

if TYPE_CHECKING:
    import pandas as pd

MODELS_A_TASK = 16
"""Models that a process takes at a time; fewer than that are not worth starting processes for."""

Found = TypeVar("Found")
FoundHere = TypeVar("FoundHere", covariant=True)


class Judge(Protocol[FoundHere]):
    """Judges a few models of a condition; a function of a module, for processes to find it."""

    def __call__(
        self, cell: Cell, problem: Problem, weights: np.ndarray, models: pd.DataFrame, /
    ) -> Sequence[FoundHere]:
        """What is found of each model: weights float32 [M, P], and the rows of a frame that it was asked about."""
        ...


Apply = Callable[..., Iterator[Any]]
"""Applies a function to one or more lists, as `map` does."""


@contextmanager
def workers(store: Store, models: int, jobs: int | None = None) -> Iterator[Apply]:
    """What applies a judge to models of a store: processes, or `map` where there are too few to start processes for.

    Args:
        store: where the models are.
        models: how many there are to judge.
        jobs: processes; default: all cores.
    """
    jobs = threads_asked(jobs)
    if jobs == 1 or models <= MODELS_A_TASK:
        yield map
    else:  # a store that was opened knows where the user's own cells are
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(jobs, spawn, Store.open, (store.directory,)) as executor:
            yield executor.map


def judged(
    store: Store, models: pd.DataFrame, judge: Judge[Found], apply: Apply
) -> Iterator[tuple[dict[str, Any], np.ndarray, Found]]:
    """Every model's row, weights float32 [P] and what was found of it, condition by condition.

    Args:
        store: where the models are.
        models: frame with condition, run, epoch, and whatever the judge reads.
        judge: what judges them.
        apply: from `workers`.
    """
    for name, of_condition in models.groupby("condition", sort=False):
        condition = store.condition(str(name))
        cell, problem = condition.built_in_cell(), condition.problem()
        parts = [of_condition.iloc[at : at + MODELS_A_TASK] for at in range(0, len(of_condition), MODELS_A_TASK)]
        weights = [weights_of(store, part) for part in parts]
        found = apply(judge, [cell] * len(parts), [problem] * len(parts), weights, parts)
        for part, flat, of_part in zip(parts, weights, found, strict=True):
            yield from zip(part.to_dict("records"), flat, of_part, strict=True)


def refuse_uncovered(store: Store, models: pd.DataFrame, covered: Callable[[Cell, Problem], object]) -> None:
    """Raise UserError for the first condition that nothing is known about: PyTorch modules, and what `covered` refuses.

    Args:
        store: where the models are.
        models: frame with condition.
        covered: raises UserError.
    """
    for name in models["condition"].unique():
        condition = store.condition(str(name))
        if condition.module is not None:
            raise UserError(
                f"{store.directory}: {name} is a PyTorch module; only cells of this package can be certified"
            )
        try:
            covered(condition.built_in_cell(), condition.problem())
        except UserError as error:
            raise UserError(f"{store.directory}: {name}: {error}") from None
