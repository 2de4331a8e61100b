"""The programs that the models of a store have become; where they are kept, and how many are different."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from longcount.analysis.certificates import chosen_of
from longcount.analysis.judging import judged, refuse_uncovered, workers
from longcount.analysis.kept import KEYS, keep_about, read_about
from longcount.analysis.selection import where
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

PROGRAMS = "results/programs.parquet"

KEPT = [*KEYS, "cell", "language", "task", "proved", "max_depth", "differs", "reason", "form", "form_text"]


@checked
def extract_store(
    store: Store | str | Path,
    *,
    cell: str | None = None,
    run: Run | None = None,
    epoch: Epoch = "best",
    depth: Annotated[int, Between(1, EXACT_INTEGERS)] = EXACT_INTEGERS,
    jobs: Jobs | None = None,
    tell: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """The program that a model of every run of a store has become, and whether it is proved to be the network; also
    kept in the store's ``results/programs.parquet``.

    Args:
        store: a store or its folder.
        cell: a cell or condition; default: all.
        run: one run; default: all.
        epoch: which model of a run.
        depth: the count to which a proof is wanted, at most 2^24.
        jobs: processes; default: all cores.
        tell: hears why programs cannot be kept, such as a disk that is read-only; by default that is an error.

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
    frame = pd.DataFrame(rows).drop(columns="learned", errors="ignore")
    frame = frame.astype({"max_depth": "Int64", "differs": object})
    try:
        keep_about(store, PROGRAMS, "extract", frame.loc[:, KEPT])
    except UserError as error:
        if tell is None:
            raise
        tell(f"{error}; the programs are not kept")
    return frame


def read_programs(store: Store) -> pd.DataFrame | None:
    """What `extract_store` kept, or None where nothing was extracted; see `read_about`."""
    return read_about(store, PROGRAMS, "extract")


def different_programs(frame: pd.DataFrame) -> pd.DataFrame:
    """The different programs, most frequent first; see `longcount.exact.normal_form` for when two are the same.

    Args:
        frame: from `extract_store` or `read_programs`.

    Returns:
        Frame with one row per language, task and program: language, task, program (from 1), networks, proved (how many
        are proved to be their program), share (of all networks of the language and task), models (list of condition,
        run and epoch), text (the shortest that one of them has). Networks that no program was read of come last, as
        program 0.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for language, task in dict.fromkeys(zip(frame["language"], frame["task"], strict=True)):
        asked = where(frame, language=language, task=task)
        of_each = [group for _, group in asked.groupby("form")]
        of_each.sort(key=lambda group: (group["form"].iloc[0] == "", -len(group), group["form"].iloc[0]))
        for number, group in enumerate(of_each, 1):
            rows.append(
                {
                    "language": language,
                    "task": task,
                    "program": number if group["form"].iloc[0] else 0,
                    "networks": len(group),
                    "proved": int(np.count_nonzero(group["proved"])),
                    "share": len(group) / len(asked),
                    "models": list(group.loc[:, KEYS].itertuples(index=False, name=None)),
                    "text": min(group["form_text"], key=lambda text: (len(text), text)),
                }
            )
    return pd.DataFrame(rows)


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
