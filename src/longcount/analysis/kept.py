"""What was found out about models of a store, kept in its results with a hash of the weights that each row is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longcount.analysis.models import weights_of
from longcount.analysis.selection import where
from longcount.exact.certify import hash_of
from longcount.store.frames import keep_frame, read_frame
from longcount.store.store import Store

if TYPE_CHECKING:
    import pandas as pd

KEYS = ["condition", "run", "epoch"]
"""Which model a row is about."""


def read_about(store: Store, name: str, command: str) -> pd.DataFrame | None:
    """Rows that are kept, those about other weights than the store's left out; None where there are none.

    Args:
        store: the store.
        name: of the result, such as ``results/certificates.parquet``.
        command: that makes it, for messages.
    """
    path = store.result(name)
    if not path.exists():
        return None
    kept = read_frame(path, f"longcount {command} {store.directory}", store.version)
    if "weights_sha256" not in kept:  # kept by a version without hashes
        return None
    kept = kept.loc[kept["weights_sha256"] == _hashes(store, kept)].reset_index(drop=True)
    return kept if len(kept) else None


def keep_about(store: Store, name: str, command: str, frame: pd.DataFrame) -> None:
    """Keep rows with a store; those about other models that are kept already stay. Arguments as for `read_about`."""
    import pandas as pd

    before = read_about(store, name, command)
    frame = frame.assign(weights_sha256=_hashes(store, frame))
    if before is not None:
        again = before.set_index(KEYS).index.isin(frame.set_index(KEYS).index)
        frame = pd.concat([before.loc[~again], frame])
    keep_frame(store, name, frame.sort_values(by=KEYS, ignore_index=True))


def _hashes(store: Store, models: pd.DataFrame) -> pd.Series:
    """Hashes of the weights that a store has of models, a frame with `KEYS`; empty where it has no such model."""
    import pandas as pd

    found = pd.Series("", index=models.index, dtype=object)
    for condition in store.study.conditions:
        there = where(models, condition=condition.folder)
        there = there.loc[(there["run"] < condition.runs) & (there["epoch"] <= condition.epochs)]
        if len(there):
            found.loc[there.index] = [hash_of(flat) for flat in weights_of(store, there)]
    return found
