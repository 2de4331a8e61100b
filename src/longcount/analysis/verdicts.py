"""Certify and repair all models of a store, and keep what was found with it.

A repaired store says of itself what its models were before (`BEFORE`), what was done (`REPAIRS`), and what is proved of
them now (`CERTIFICATES`); so the two sides can be compared when the store that they came from is gone.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from longcount import cells
from longcount.analysis.models import Epoch, chosen_models, metrics_of
from longcount.analysis.selection import at_epochs, best_epochs, kept_runs, where
from longcount.analysis.table1 import MEASURES
from longcount.errors import UserError
from longcount.exact.boxes import check_covered
from longcount.exact.certify import SEARCH_LIMIT, Certificate, certify
from longcount.exact.construct import construct
from longcount.exact.proof import EXACT_INTEGERS
from longcount.exact.repair import DEPTHS, Repair, changes, methods_of, repair
from longcount.store.frames import keep_frame, read_frame
from longcount.store.models import keep_models
from longcount.store.store import Store
from longcount.studies.executors import available_cores
from longcount.training.problem import DYCK1

if TYPE_CHECKING:
    import pandas as pd

CERTIFICATES = "results/certificates.parquet"
REPAIRS = "results/repairs.parquet"
BEFORE = "results/before_repair.parquet"

BOUNDED = 200
"""Models of each cell, at most, whose worst case before repair is bounded: it may take most of a second each."""

MODELS_A_TASK = 16
"""Models that a process takes at a time; fewer than that are not worth starting processes for."""

KEYS = ["condition", "run", "epoch"]


def construct_store(cell: str, directory: str | Path) -> Store:
    """A new store that holds the exact counter built by hand for a cell, as run 0.

    Raises:
        UserError: for a cell without one, or a folder that holds something.
    """
    weights = construct(cell)
    return keep_models(directory, {cell: weights[None]}, "constructed", {"cell": cell})


def certify_store(
    directory: str | Path,
    cell: str | None = None,
    run: int | None = None,
    epoch: Epoch = "best",
    depth: int = EXACT_INTEGERS,
    limit: int = SEARCH_LIMIT,
    jobs: int | None = None,
) -> pd.DataFrame:
    """Verdicts on a model of every run of a store, also kept in its ``results/certificates.parquet``.

    Args:
        directory: the store.
        cell: a cell or condition; default: all.
        run: one run; default: all.
        epoch: which model of a run.
        depth: to which a proof is wanted, at most 2^24.
        limit: tokens within which failures are looked for.
        jobs: processes; default: all cores.

    Returns:
        Frame with condition, cell, run, epoch and the fields of `longcount.exact.certify.Certificate`.

    Raises:
        UserError: where there is no store, no such run or epoch, or a network that the theorems do not cover.
    """
    import pandas as pd

    store = Store.open(directory)
    models = _chosen(store, cell, run, epoch)
    _refuse_what_no_theorem_covers(store, models)
    with _processes(store, len(models), jobs) as executor:
        rows = _certified(store, models, depth, limit, executor)
    frame = pd.DataFrame(rows).astype(_VERDICT_TYPES)
    _keep(store, CERTIFICATES, frame.drop(columns="seconds").assign(depth=depth, limit=limit))
    return frame


_VERDICT_TYPES = {"max_depth": "Int64", "upper_bound": "Int64", "witness": object}


def repair_store(
    directory: str | Path,
    out: str | Path,
    method: str = "auto",
    factor: float | None = None,
    epoch: Epoch = "best",
    depth: int | None = None,
    jobs: int | None = None,
    bounded: int = BOUNDED,
) -> tuple[Store, pd.DataFrame]:
    """A new store with every run's model repaired where that is possible, and as it was where not.

    Runs keep their numbers; the words come along, so the new store's metrics stand beside the old ones. What was
    changed is kept in its ``results/repairs.parquet``, what the models were before in ``results/before_repair.parquet``
    (see `before_repair`), and the proofs that the repair rests on as verdicts in ``results/certificates.parquet``.
    A model that is as it was keeps the verdict that it had. The old store is only read.

    Args:
        directory: the store.
        out: the new store's folder.
        method, factor, depth: as `longcount.exact.repair.repair`.
        epoch: which model of a run.
        jobs: processes; default: all cores.
        bounded: runs of each cell, the first ones, whose models are certified before repair where the old store holds
            no verdict on them.

    Returns:
        The new store, and a frame with condition, cell, run, epoch (of the old store), learned, method, factor,
        repaired, max_depth, change (the norm of the change over the norm of the old weights), changes (JSON: old and
        new value by parameter) and reason.

    Raises:
        UserError: where a cell has no such method, or the folders are not as they should be.
    """
    import pandas as pd

    store = Store.open(directory)
    models = _chosen(store, None, None, epoch)
    _refuse_what_no_theorem_covers(store, models)
    for name in models["cell"].unique():
        if methods_of(name, method) == ("project",) and factor is not None:
            raise UserError(f"{name}: projection takes no factor; leave it out")
    if len(set(models["condition"])) > len(set(models["cell"])):
        raise UserError(f"{directory}: several conditions of one cell; repair takes stores with one condition a cell")
    rows, repaired = [], {}
    with _processes(store, len(models), jobs) as executor:
        for name, of_condition in models.groupby("condition", sort=False):
            tasks = list(_handfuls(store, str(name), of_condition))
            arguments = [[task[k] for task in tasks] for k in (1, 2)]
            learned = [task[0]["learned"].tolist() for task in tasks]
            settings = [[setting] * len(tasks) for setting in (method, factor, depth)]
            found = (executor.map if executor else map)(_repair_many, *arguments, learned, *settings)
            weights = []
            for (chosen, cell, before), repairs in zip(tasks, found, strict=True):
                for row, old, done in zip(chosen.to_dict("records"), before, repairs, strict=True):
                    rows.append({**row, **_record(cell, old, done)})
                    weights.append(done.weights)
            repaired[store.condition(str(name)).built_in_cell()] = np.stack(weights)
        frame = pd.DataFrame(rows).astype({"factor": "Float64", "method": object, "learned": object})
        verdicts = _verdicts_before(store, frame, depth, bounded, executor)
    detail = {"from": Store.open(directory).study.sha256(), "epoch": str(epoch), "method": method}
    if factor is not None:
        detail["factor"] = f"{factor:g}"
    splits = {split: store.words(split) for split in store.splits()}
    kept = keep_models(out, repaired, "repaired", detail, splits)
    _keep(kept, REPAIRS, frame)
    _keep(kept, BEFORE, _measured(store, models).merge(verdicts, on=KEYS, how="left").assign(bounded=bounded))
    proved = _verdicts_after(kept, frame, verdicts, depth)
    if len(proved):
        _keep(kept, CERTIFICATES, proved)
    return kept, frame


def before_repair(store: Store) -> pd.DataFrame | None:
    """What the models of a repaired store were before; None where it is no such store.

    Returns:
        Frame with one row a model: condition, cell, run, epoch, learned, kept (among the paper's best), the measures of
        Table 1 and very_long_accuracy (missing without words), and the fields of a verdict, depth and limit as
        `certify_store` keeps them (missing where none was asked for); bounded, as `repair_store` took it.
    """
    return _kept(store, BEFORE)


def read_repairs(store: Store) -> pd.DataFrame:
    """What was done to the models of a repaired store; see `repair_store`."""
    return read_frame(store.directory / REPAIRS, "longcount repair")


def read_certificates(store: Store) -> pd.DataFrame | None:
    """What `certify_store` kept, or None where nothing was certified."""
    return _kept(store, CERTIFICATES)


def _verdicts_before(
    store: Store, repairs: pd.DataFrame, depth: int | None, bounded: int, executor: Executor | None
) -> pd.DataFrame:
    """Verdicts on models before repair: those that are kept, those that the repair itself proved, and some more."""
    import pandas as pd

    known = read_certificates(store)
    known = _verdict_columns(repairs.iloc[:0] if known is None else known.merge(repairs.loc[:, KEYS], on=KEYS))
    stored = repairs.set_index(KEYS).index.isin(known.set_index(KEYS).index)
    proved = ~stored & (repairs["method"] == "none").to_numpy(bool)
    first = (repairs.groupby("cell").cumcount() < bounded).to_numpy(bool)
    asked = repairs.loc[first & ~stored & ~proved, [*KEYS, "cell"]]
    rows = pd.DataFrame(_certified(store, asked, EXACT_INTEGERS, SEARCH_LIMIT, executor))
    found = [known, _proofs(repairs.loc[proved], depth)]
    if len(rows):
        found.append(_verdict_columns(rows.assign(depth=EXACT_INTEGERS, limit=SEARCH_LIMIT)))
    return pd.concat(found, ignore_index=True)


_VERDICT = {
    "condition": object, "run": "int64", "epoch": "int64", "verdict": object, "max_depth": "Int64",
    "lower_bound": "Int64", "upper_bound": "Int64", "witness": object, "capped": "boolean", "reason": object,
    "depth": "Int64", "limit": "Int64",
}  # fmt: skip


def _verdict_columns(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.reindex(columns=list(_VERDICT)).astype(_VERDICT)


def _proofs(repairs: pd.DataFrame, depth: int | None) -> pd.DataFrame:
    """The proofs that models of a frame of repairs were repaired with, as verdicts."""
    asked = [depth or DEPTHS.get(cell, EXACT_INTEGERS) for cell in repairs["cell"]]
    told = {"verdict": "exact", "upper_bound": None, "witness": None, "capped": False, "limit": SEARCH_LIMIT}
    return _verdict_columns(repairs.assign(lower_bound=repairs["max_depth"], depth=asked, **told))


def _verdicts_after(kept: Store, repairs: pd.DataFrame, before: pd.DataFrame, depth: int | None) -> pd.DataFrame:
    """Verdicts on the models of the new store, without certifying any."""
    import pandas as pd

    done = repairs["repaired"].to_numpy(bool)
    same = before.merge(repairs.loc[~done, KEYS], on=KEYS)
    verdicts = pd.concat([_proofs(repairs.loc[done], depth), same], ignore_index=True)
    verdicts = verdicts.merge(repairs[["condition", "run", "cell"]], on=["condition", "run"])
    found = _chosen(kept, None, None, "best").merge(verdicts.drop(columns=["condition", "epoch"]), on=["cell", "run"])
    return found.astype({"lower_bound": "int64", "capped": bool, "depth": "int64", "limit": "int64"})


def _measured(store: Store, models: pd.DataFrame) -> pd.DataFrame:
    """Models with kept, and what was measured of them where there were words."""
    metrics = metrics_of(store)
    found = at_epochs(metrics, models, MEASURES | {"very_long_accuracy": ("very_long", "accuracy")})
    if "validation" not in store.splits():
        return found.assign(kept=True)
    best = best_epochs(metrics, store.study.selection)
    best = best.assign(kept=kept_runs(best))
    return found.merge(best.loc[:, ["condition", "run", "kept"]], on=["condition", "run"], how="left")


def _certified(
    store: Store, models: pd.DataFrame, depth: int, limit: int, executor: Executor | None
) -> list[dict[str, object]]:
    """Rows of models with the fields of their certificates."""
    rows = []
    for name, of_condition in models.groupby("condition", sort=False):
        tasks = list(_handfuls(store, str(name), of_condition))
        arguments = [[task[1] for task in tasks], [task[2] for task in tasks]]
        found = (executor.map if executor else map)(
            _certify_many, *arguments, [depth] * len(tasks), [limit] * len(tasks)
        )
        for (chosen, _, _), certificates in zip(tasks, found, strict=True):
            for row, certificate in zip(chosen.to_dict("records"), certificates, strict=True):
                rows.append({**row, **asdict(certificate)})
    return rows


def _record(cell: cells.Cell, before: np.ndarray, done: Repair) -> dict[str, object]:
    changed = changes(cell, before, done.weights)
    return {
        "method": done.method,
        "factor": done.factor,
        "repaired": done.repaired,
        "max_depth": done.max_depth,
        "change": float(np.linalg.norm(done.weights - before) / np.linalg.norm(before)),
        "changes": json.dumps(changed),
        "reason": done.reason,
    }


def _chosen(store: Store, cell: str | None, run: int | None, epoch: Epoch) -> pd.DataFrame:
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
            raise UserError(f"{store.directory}: several conditions have a run {run} ({names}): say which by --cell")
    return models.reset_index(drop=True)


def _refuse_what_no_theorem_covers(store: Store, models: pd.DataFrame) -> None:
    """UserError for the first condition whose networks the theorems say nothing of."""
    for name in models["condition"].unique():
        condition = store.condition(str(name))
        if condition.module is not None:
            raise UserError(f"{store.directory}: {name} is a PyTorch module; verdicts are about cells of this package")
        asked = condition.problem()
        if asked != DYCK1:
            what = f"{asked.language.name}, {asked.task.name}, threshold {asked.question.threshold:g}"
            raise UserError(
                f"{store.directory}: {name}: verdicts are about dyck1, next_letters, threshold 0.5, not {what}"
            )
        try:
            check_covered(condition.built_in_cell())
        except UserError as error:
            raise UserError(f"{store.directory}: {name}: {error}") from None


def _handfuls(
    store: Store, condition: str, models: pd.DataFrame
) -> Iterator[tuple[pd.DataFrame, cells.Cell, np.ndarray]]:
    network = store.condition(condition).built_in_cell()
    for at in range(0, len(models), MODELS_A_TASK):
        chosen = models.iloc[at : at + MODELS_A_TASK]
        weights = store.weights(condition, chosen["run"].to_numpy(), chosen["epoch"].to_numpy())
        yield chosen, network, weights


def _certify_many(cell: cells.Cell, weights: np.ndarray, depth: int, limit: int) -> list[Certificate]:
    return [certify(cell, flat, depth, limit) for flat in weights]


def _repair_many(
    cell: cells.Cell,
    weights: np.ndarray,
    learned: list[bool | None],
    method: str,
    factor: float | None,
    depth: int | None,
) -> list[Repair]:
    done = (repair(cell, flat, method, factor, depth, knows) for flat, knows in zip(weights, learned, strict=True))
    return [replace(one, weights=np.asarray(one.weights, np.float32)) for one in done]


class _Here:
    """In the place of an executor where processes are not worth starting."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _processes(store: Store, models: int, jobs: int | None) -> Executor | _Here:
    jobs = jobs or available_cores()
    if jobs == 1 or models <= MODELS_A_TASK:
        return _Here()
    # A store that was opened knows where the user's own cells are.
    return ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), Store.open, (store.directory,))


def _keep(store: Store, place: str, frame: pd.DataFrame) -> None:
    """Write rows to a file of results; rows of other models that are there already stay."""
    import pandas as pd

    before = _kept(store, place)
    if before is not None:
        theirs = before.set_index(KEYS).index.isin(frame.set_index(KEYS).index)
        frame = pd.concat([before.loc[~theirs], frame]).sort_values(by=KEYS, ignore_index=True)
    keep_frame(store, place, frame)


def _kept(store: Store, place: str) -> pd.DataFrame | None:
    path = store.directory / place
    command = "certify" if place == CERTIFICATES else "repair"
    return read_frame(path, f"longcount {command}") if path.exists() else None
