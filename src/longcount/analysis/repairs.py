"""Repair all models of a store, and keep beside the new ones what they were and what was done.

A repaired store says of itself what its models were before (`BEFORE`), what was done (`REPAIRS`), and what is proved of
them now (`longcount.analysis.certificates.CERTIFICATES`); so the two sides can be compared when the store that they
came from is gone.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from longcount.analysis.certificates import certified, keep_certificates, read_certificates
from longcount.analysis.judging import Apply, judged, refuse_uncovered, workers
from longcount.analysis.kept import KEYS
from longcount.analysis.models import chosen_models, metrics_of
from longcount.analysis.selection import at_epochs, best_models, kept_runs
from longcount.analysis.table1 import MEASURES
from longcount.arguments import Between, Jobs, checked
from longcount.cells import Cell
from longcount.errors import UserError
from longcount.exact.certify import SEARCH_LIMIT
from longcount.exact.proof import EXACT_INTEGERS
from longcount.exact.repair import Method, Repair, Wanted, changes, repair
from longcount.store.frames import keep_frame, read_frame
from longcount.store.model_stores import keep_models
from longcount.store.store import Store
from longcount.training.best_epoch import Epoch
from longcount.training.problem import Problem

if TYPE_CHECKING:
    import pandas as pd

REPAIRS = "results/repairs.parquet"
BEFORE = "results/before_repair.parquet"

BOUNDED = 200
"""Models of each cell, at most, whose worst case before repair is bounded: it may take most of a second each."""


@checked
def repair_store(
    store: Store | str | Path,
    out: str | Path,
    *,
    method: Method = "auto",
    factor: float | None = None,
    epoch: Epoch = "best",
    depth: Annotated[int, Between(1, EXACT_INTEGERS)] | None = None,
    bounded: Annotated[int, Between(0, 10_000_000)] = BOUNDED,
    jobs: Jobs | None = None,
) -> tuple[Store, pd.DataFrame]:
    """A new store with every run's model repaired where that is possible, and as it was where not.

    Runs keep their numbers; the words come along, so the new store's metrics stand beside the old ones. What was
    changed is kept in its ``results/repairs.parquet``, what the models were before in ``results/before_repair.parquet``
    (see `before_repair`), and the proofs that the repair rests on as verdicts in ``results/certificates.parquet``.
    A model that is as it was keeps the verdict that it had. The old store is only read.

    Args:
        store: a store or its folder.
        out: the new store's folder.
        method: ``"sharpen"`` (lstm), ``"project"`` (relu, lstm), ``"rescale"`` (gru), or ``"auto"``: the smallest
            change that is proved.
        factor: of sharpening or rescaling; default: the smallest of those tried that is proved.
        epoch: which model of a run.
        depth: to which a repaired model must be proved; default 100,000, and as far beyond as proofs go.
        bounded: runs of each cell, the first ones, whose models are certified before repair where the old store holds
            no verdict on them.
        jobs: processes; default: all cores.

    Returns:
        The new store, and a frame with condition, cell, run, epoch (of the old store), learned, method, factor,
        repaired, max_depth, change (the norm of the change over the norm of the old weights), changes (JSON: old and
        new value by parameter) and reason.

    Raises:
        UserError: where a cell has no such method, or the folders are not as they should be.
    """
    import pandas as pd

    store, wanted = Store.open(store), Wanted(method, factor, depth)
    models = chosen_models(store, epoch)
    refuse_uncovered(store, models, wanted.repairers)
    conditions = [store.condition(name) for name in dict.fromkeys(models["condition"])]
    trained = {condition.folder: condition.built_in_cell() for condition in conditions}
    problem = conditions[0].problem()
    if any(condition.problem() != problem for condition in conditions):
        raise UserError(f"{store.directory}: several languages or tasks; repair takes stores with one of each")
    if len(set(models["condition"])) > len(set(models["cell"])):
        raise UserError(
            f"{store.directory}: several conditions of one cell; repair takes stores with one condition per cell"
        )
    rows: list[dict[str, Any]] = []
    repaired: dict[Cell, list[np.ndarray]] = {}
    judge = partial(_repair_each, wanted=wanted)
    with workers(store, len(models), jobs) as apply:
        for row, before, done in judged(store, models, judge, apply):
            cell = trained[row["condition"]]
            rows.append({**row, **_record(cell, before, done)})
            repaired.setdefault(cell, []).append(done.weights)
        frame = pd.DataFrame(rows).astype({"factor": "Float64", "method": object, "learned": object})
        depth = wanted.depths[0]
        verdicts = _verdicts_before(store, frame, depth, bounded, apply)
    detail = {"from": store.study.sha256(), "epoch": str(epoch), "method": wanted.method}
    if wanted.factor is not None:
        detail["factor"] = f"{wanted.factor:g}"
    splits = {split: store.words(split) for split in store.splits()}
    weights = {cell: np.stack(flat) for cell, flat in repaired.items()}
    asked = conditions[0].model_dump(include={"language", "task", "threshold"})
    own = {field: source for field, source in conditions[0].sources.items() if field in asked}
    kept = keep_models(out, weights, "repaired", detail, splits, {**asked, "sources": own})
    keep_frame(kept, REPAIRS, frame)
    keep_frame(kept, BEFORE, _measured(store, models).merge(verdicts, on=KEYS, how="left").assign(bounded=bounded))
    proved = _verdicts_after(kept, frame, verdicts, depth)
    if len(proved):
        keep_certificates(kept, proved)
    return kept, frame


def before_repair(store: Store) -> pd.DataFrame | None:
    """What the models of a repaired store were before; None where it is no such store.

    Returns:
        Frame with one row per model: condition, cell, run, epoch, learned, kept (among the paper's best), the measures
        of Table 1 and very_long_accuracy (missing without words), and the fields of a verdict, depth and limit as
        `longcount.analysis.certificates` keeps them (missing where none was asked for); bounded, as `repair_store`
        took it.
    """
    path = store.directory / BEFORE
    return read_frame(path, "longcount repair", store.version) if path.exists() else None


def read_repairs(store: Store) -> pd.DataFrame:
    """What was done to the models of a repaired store; see `repair_store`."""
    return read_frame(store.directory / REPAIRS, "longcount repair", store.version)


def _verdicts_before(store: Store, repairs: pd.DataFrame, depth: int, bounded: int, apply: Apply) -> pd.DataFrame:
    """Verdicts on models before repair: those that are kept, those that the repair itself proved, and some more."""
    import pandas as pd

    known = read_certificates(store)
    known = _verdict_columns(repairs.iloc[:0] if known is None else known.merge(repairs.loc[:, KEYS], on=KEYS))
    stored = repairs.set_index(KEYS).index.isin(known.set_index(KEYS).index)
    proved = ~stored & (repairs["method"] == "none").to_numpy(bool)
    first = (repairs.groupby("cell").cumcount() < bounded).to_numpy(bool)
    asked = repairs.loc[first & ~stored & ~proved, [*KEYS, "cell"]]
    rows = pd.DataFrame(certified(store, asked, EXACT_INTEGERS, SEARCH_LIMIT, apply))
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


def _proofs(repairs: pd.DataFrame, depth: int) -> pd.DataFrame:
    """The proofs, to a depth that was asked for, with which models of a frame of repairs were repaired, as verdicts."""
    told = {"verdict": "exact", "upper_bound": None, "witness": None, "capped": False, "limit": SEARCH_LIMIT}
    return _verdict_columns(repairs.assign(lower_bound=repairs["max_depth"], depth=depth, **told))


def _verdicts_after(kept: Store, repairs: pd.DataFrame, before: pd.DataFrame, depth: int) -> pd.DataFrame:
    """Verdicts on the models of the new store, without certifying any."""
    import pandas as pd

    done = repairs["repaired"].to_numpy(bool)
    same = before.merge(repairs.loc[~done, KEYS], on=KEYS)
    verdicts = pd.concat([_proofs(repairs.loc[done], depth), same], ignore_index=True)
    verdicts = verdicts.merge(repairs[["condition", "run", "cell"]], on=["condition", "run"])
    found = chosen_models(kept).merge(verdicts.drop(columns=["condition", "epoch"]), on=["cell", "run"])
    return found.astype({"lower_bound": "int64", "capped": bool, "depth": "int64", "limit": "int64"})


def _measured(store: Store, models: pd.DataFrame) -> pd.DataFrame:
    """Models with kept, and what was measured of them where there were words."""
    metrics = metrics_of(store)
    found = at_epochs(metrics, models, MEASURES | {"very_long_accuracy": ("very_long", "accuracy")})
    if "validation" not in store.splits():
        return found.assign(kept=True)
    best = best_models(metrics, store.study.selection)
    best = best.assign(kept=kept_runs(best))
    return found.merge(best.loc[:, ["condition", "run", "kept"]], on=["condition", "run"], how="left")


def _record(cell: Cell, before: np.ndarray, done: Repair) -> dict[str, object]:
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


def _repair_each(
    cell: Cell, problem: Problem, weights: np.ndarray, models: pd.DataFrame, wanted: Wanted
) -> list[Repair]:
    found = zip(weights, models["learned"], strict=True)
    done = (repair(cell, flat, wanted, learned, problem) for flat, learned in found)
    return [replace(one, weights=np.asarray(one.weights, np.float32)) for one in done]
