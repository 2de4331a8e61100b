"""Exact networks that the page shows beside trained ones: repaired, learned by training alone, built by hand."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

from longcount.analysis.analysis import asks_as_the_first_paper
from longcount.analysis.selection import where
from longcount.cells import Cell
from longcount.exact.certify import prove
from longcount.exact.construct import construct
from longcount.exact.extraction import extract
from longcount.exact.known import KNOWN
from longcount.exact.repair import repair
from longcount.store.store import Store
from longcount.training.protocol import Condition

if TYPE_CHECKING:
    import pandas as pd

LEARNED = {
    "lstm": (
        "1b4GwrXai0KFX5BDd5J0Qs6KMMNYjq9DJCSXQFrlxz9fUKrCUgJhw8fOI0IHJHnA3jjYQkE0AUOpQplAbZo9QH6JAUNsLDdD"
        "Uw4eweukP0BIRF/ADIJCwlhdiUGtLKPB"
    ),
    "gru": ("eOkEQI0Hnr4AAAAAAAAAANYOC8Mk1rBCo5ufwAAAAAC/8tZDfaurPgIUf0GKiDNCiymrPwAAAADYNY7BNGNdywbvNs3NsjlBZukwwQ=="),
    "relu": ("AACAQAAAgMAAAIA/AAAAAAAAAAAr0cQ/HiWjQNczNUFvvBfB"),
}
"""Run 0 of ``longcount train CELL --recipe exact`` at its best epoch: float32 [P], little-endian, in base 64. A test
trains them anew."""


def exact_networks(store: Store, condition: Condition, models: pd.DataFrame) -> list[dict[str, Any]]:
    """What the page holds of exact networks of a condition's cell, each proved here; none where the condition is not
    about Dyck-1's next letters, or no more is known of the cell.

    Args:
        store: of the trained runs.
        condition: of those to show them beside.
        models: one row per run of it: run, epoch, learned, kept, validation_loss.
    """
    if not (asks_as_the_first_paper(condition) and condition.is_one_unit):
        return []
    cell = condition.built_in_cell()
    known, found = KNOWN.get(type(cell)), []
    if known is None:
        return []
    learned = where(models, learned=True, kept=True).sort_values("validation_loss", kind="stable")
    if len(learned) and known.repairs:
        run, epoch = (int(learned[name].iloc[0]) for name in ("run", "epoch"))
        done = repair(cell, store.weights(condition.folder, run, epoch))
        if done.repaired:
            how = f"{done.method} by {done.factor:g}" if done.factor else str(done.method)
            title = f"repaired: run {run} after epoch {epoch}, {how}"
            found.append(_entry(cell, "repaired", title, done.weights, done.max_depth, done.reason))
    if cell.name in LEARNED:
        weights = np.frombuffer(base64.b64decode(LEARNED[cell.name]), "<f4")
        found.append(_proved(cell, "learned", "learned: the exact recipe, by training alone", weights))
    if known.construct:
        found.append(_proved(cell, "constructed", "constructed: built by hand", construct(cell.name)))
    return found


def _proved(cell: Cell, kind: str, title: str, weights: np.ndarray) -> dict[str, Any]:
    proof = prove(cell, weights)
    return _entry(cell, kind, title, weights, proof.max_depth, proof.reason)


def _entry(cell: Cell, kind: str, title: str, weights: np.ndarray, depth: int, reason: str) -> dict[str, Any]:
    program = extract(cell, weights, depth=depth) if depth else None
    return {
        "kind": kind,
        "title": title,
        "weights": weights.astype(float).tolist(),
        "verdict": f"proved exact to depth {depth:,}" if depth else "not proved",
        "reason": reason,
        "program": program.text if program is not None and program.proved else "",
    }
