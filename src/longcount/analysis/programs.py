"""The programs that the models of a store have become."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from longcount.analysis.certificates import chosen_of
from longcount.analysis.judging import judged, refuse_uncovered, workers
from longcount.arguments import Between, Jobs, Run, checked
from longcount.cells import Cell
from longcount.errors import UserError
from longcount.exact.certify import check
from longcount.exact.extraction import Extracted, extract
from longcount.exact.proof import EXACT_INTEGERS
from longcount.store.store import Store
from longcount.training.best_epoch import Epoch
from longcount.training.problem import Problem

if TYPE_CHECKING:
    import pandas as pd


@checked
def extract_store(
    store: Store | str | Path,
    *,
    cell: str | None = None,
    run: Run | None = None,
    epoch: Epoch = "best",
    depth: Annotated[int, Between(1, EXACT_INTEGERS)] = EXACT_INTEGERS,
    jobs: Jobs | None = None,
) -> pd.DataFrame:
    """The program that a model of every run of a store has become, and whether it is proved to be the network.

    Args:
        store: a store or its folder.
        cell: a cell or condition; default: all.
        run: one run; default: all.
        epoch: which model of a run.
        depth: the count to which a proof is wanted, at most 2^24.
        jobs: processes; default: all cores.

    Returns:
        Frame with condition, cell, run, epoch, language, task and the fields of
        `longcount.exact.extraction.Extracted`.

    Raises:
        UserError: where there is no store, no such run or epoch, or a network or language that no program is read of.
    """
    import pandas as pd

    store = Store.open(store)
    models = chosen_of(store, cell, run, epoch)
    refuse_uncovered(store, models, _one_layer)
    with workers(store, len(models), jobs) as apply:
        found = judged(store, models, partial(_extract_each, depth=depth), apply)
        rows = [{**row, **told} for row, _, told in found]
    return pd.DataFrame(rows).drop(columns="learned", errors="ignore").astype({"max_depth": "Int64", "differs": object})


def _one_layer(cell: Cell, problem: Problem) -> None:
    check(cell, problem)
    if cell.layers > 1:
        raise UserError(f"programs are read of networks of one layer, not {cell.layers}")


def _extract_each(
    cell: Cell, problem: Problem, weights: np.ndarray, _: pd.DataFrame, depth: int
) -> Sequence[dict[str, Any]]:
    about = {"language": problem.language.name, "task": problem.task.name}
    found: list[Extracted] = [extract(cell, flat, problem, depth) for flat in weights]
    return [{**about, **one._asdict()} for one in found]
