"""Verdicts on the models of a store: proved exact, or bounded from both sides; and where they are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from longcount.analysis.judging import Apply, judged, refuse_uncovered, workers
from longcount.analysis.kept import keep_about, read_about
from longcount.analysis.models import chosen_models
from longcount.analysis.selection import where
from longcount.arguments import Between, Jobs, Run, checked
from longcount.cells import Cell
from longcount.errors import UserError
from longcount.exact.certify import SEARCH_LIMIT, Certificate, certify, check
from longcount.exact.proof import EXACT_INTEGERS
from longcount.store.store import Store
from longcount.training.best_epoch import Epoch
from longcount.training.problem import Problem

if TYPE_CHECKING:
    import pandas as pd

CERTIFICATES = "results/certificates.parquet"


@checked
def certify_store(
    store: Store | str | Path,
    *,
    cell: str | None = None,
    run: Run | None = None,
    epoch: Epoch = "best",
    depth: Annotated[int, Between(1, EXACT_INTEGERS)] = EXACT_INTEGERS,
    limit: Annotated[int, Between(1, 1_000_000)] = SEARCH_LIMIT,
    jobs: Jobs | None = None,
    tell: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Verdicts on a model of every run of a store, also kept in its ``results/certificates.parquet``.

    Args:
        store: a store or its folder.
        cell: a cell or condition; default: all.
        run: one run; default: all.
        epoch: which model of a run.
        depth: to which a proof is wanted, at most 2^24.
        limit: tokens within which failures are looked for.
        jobs: processes; default: all cores.
        tell: hears why verdicts cannot be kept, such as a disk that is read-only; by default that is an error.

    Returns:
        Frame with condition, cell, run, epoch and the fields of `longcount.exact.certify.Certificate`.

    Raises:
        UserError: where there is no store, no such run or epoch, or a network about which there are no verdicts.
    """
    import pandas as pd

    store = Store.open(store)
    models = chosen_of(store, cell, run, epoch)
    refuse_uncovered(store, models, check)
    read_certificates(store)  # those that are damaged are told of before the work
    with workers(store, len(models), jobs) as apply:
        rows = certified(store, models, depth, limit, apply)
    numbers = dict.fromkeys(["max_depth", "upper_bound", "none_below"], "Int64")
    frame = pd.DataFrame(rows).astype({**numbers, "witness": object, "wrongly_accepted": object})
    try:
        keep_certificates(store, frame.drop(columns="seconds").assign(depth=depth, limit=limit))
    except UserError as error:
        if tell is None:
            raise
        tell(f"{error}; the verdicts are not kept")
    return frame


def certified(store: Store, models: pd.DataFrame, depth: int, limit: int, apply: Apply) -> list[dict[str, Any]]:
    """Rows of models with the fields of their certificates; see `certify_store`."""
    judge = partial(_certify_each, depth=depth, limit=limit)
    return [{**row, **asdict(certificate)} for row, _, certificate in judged(store, models, judge, apply)]


def _certify_each(
    cell: Cell, problem: Problem, weights: np.ndarray, _: pd.DataFrame, depth: int, limit: int
) -> list[Certificate]:
    return [certify(cell, flat, problem, depth, limit) for flat in weights]


def read_certificates(store: Store) -> pd.DataFrame | None:
    """What `certify_store` kept, or None where nothing was certified; see `read_about`."""
    return read_about(store, CERTIFICATES, "certify")


def keep_certificates(store: Store, frame: pd.DataFrame) -> None:
    """Keep verdicts with a store; see `keep_about`."""
    keep_about(store, CERTIFICATES, "certify", frame)


def chosen_of(store: Store, cell: str | None, run: int | None, epoch: Epoch) -> pd.DataFrame:
    """The models of all runs of a store, of those of one cell or condition, or of one run.

    Raises:
        UserError: where there is no such model, or several conditions have the run.
    """
    models = chosen_models(store, epoch)
    if cell is not None:
        wanted = store.condition(cell).folder
        models = where(models, condition=wanted)
    if run is not None:
        models = where(models, run=run)
        if not len(models):
            raise UserError(f"{store.directory}: there is no finished run {run}")
        if len(models) > 1:
            names = ", ".join(models["condition"])
            raise UserError(f"{store.directory}: several conditions have a run {run} ({names}): choose one with --cell")
    return models.reset_index(drop=True)
