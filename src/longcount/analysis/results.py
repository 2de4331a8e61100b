"""The results of a store: computed once and kept in its ``results`` folder.

Each result is one Parquet file with one frame, described at the method of `longcount.analysis.analysis.Analysis` that
makes it. A file carries the hash of the blocks that it was made from, so that a store that has grown is analysed again
and one that has not is left alone.
"""

from collections.abc import Collection
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from longcount import __version__
from longcount.analysis import long_training
from longcount.analysis.analysis import NOTHING_FURTHER, OF_LONGER_RUNS, Analysis, Further, results_of
from longcount.disk import sha256
from longcount.errors import UserError
from longcount.store.first_failures import blocks_sha256
from longcount.store.frames import is_made_from, keep_frame, read_frame
from longcount.store.store import Store

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "results"


def analyse(
    store: Store | str | Path,
    jobs: int | None = None,
    further: Further = NOTHING_FURTHER,
    without: Collection[str] = (),
    stopped: Event | None = None,
) -> None:
    """Make the results of a complete study and write them to its ``results`` folder; those that are up to date stay.

    Args:
        store: a store, or its folder.
        jobs: threads; default: all cores.
        further: results to make of those about Dyck-1's next letters.
        without: names of results to leave out.
        stopped: once it is set, no further result is made.

    Raises:
        UserError: where there is no store, one measured on no validation words, or it cannot be written.
    """
    store = Store.open(store)
    if any("validation" not in store.splits(condition) for condition in store.study.conditions):
        raise UserError(
            f"{store.directory}: its models were not measured on validation words, so there is nothing to report; "
            "`longcount evaluate` takes any words"
        )
    blocks = _made_from(store)
    names = [name for name in results_of(store, further) if name not in without]
    longer = dict.fromkeys((*OF_LONGER_RUNS, *further), _made_from(store, with_longer=True))
    made_from = {name: longer.get(name, blocks) for name in names}
    known = [name for name in names if is_made_from(store.result(place_of(name)), made_from[name])]
    if len(known) == len(names):
        return
    analysis = Analysis(store, jobs)
    for name in names:
        if stopped is not None and stopped.is_set():
            return
        if name in known:
            analysis.frames[name] = read_result(store, name)
        else:
            keep_frame(store, place_of(name), analysis.make(name, further), made_from[name])


def read_results(store: Store, further: Further = NOTHING_FURTHER) -> "dict[str, pd.DataFrame]":
    """All results of a store that has been analysed, by name.

    Raises:
        UserError: where one is not there or damaged.
    """
    return {name: read_result(store, name) for name in results_of(store, further)}


def path_of(directory: str | Path, name: str) -> Path:
    """Where a result lies below a folder."""
    return Path(directory) / place_of(name)


def place_of(name: str) -> str:
    """Where a result lies below a store's folder."""
    return f"{FOLDER}/{name}.parquet"


def read_result(store: Store | str | Path, name: str) -> "pd.DataFrame":
    """A result of a store, or of a folder, by name.

    Raises:
        UserError: where it is not there or damaged.
    """
    if isinstance(store, Store):
        return read_frame(store.result(place_of(name)), f"longcount report {store.directory}")
    return read_frame(path_of(store, name), f"longcount report {store}")


def _made_from(store: Store, with_longer: bool = False) -> str:
    parts = [__version__, blocks_sha256(store)]
    longer = long_training.store_of(store.directory) if with_longer else None
    if longer is not None:
        parts.append(blocks_sha256(longer))
    return sha256(" ".join(parts).encode())
