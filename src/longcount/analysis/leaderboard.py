"""What a leaderboard's store keeps for reports: its table, and what answers without training score on its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from longcount.analysis.baselines import baseline_metrics
from longcount.analysis.results import FOLDER, path_of, read_result
from longcount.errors import UserError
from longcount.store.frames import is_made_from, keep_frame
from longcount.store.results import blocks_sha256
from longcount.store.store import Store

if TYPE_CHECKING:
    import pandas as pd

TABLE, BASELINES = "leaderboard", "leaderboard_baselines"


class Leaderboard(NamedTuple):
    """A leaderboard as it is kept."""

    table: pd.DataFrame
    """See `longcount.analysis.interventions.make_leaderboard`."""

    baselines: pd.DataFrame
    """See `longcount.analysis.baselines.baseline_metrics`, for the Very Long words."""


def keep_leaderboard(store: Store, table: pd.DataFrame) -> Leaderboard:
    """Write ``results/leaderboard.parquet`` and ``results/leaderboard_baselines.parquet``.

    Args:
        store: of the leaderboard's runs.
        table: see `Leaderboard`.

    Raises:
        UserError: where the disk refuses.
    """
    kept = Leaderboard(table, baseline_metrics({"very_long": store.words("very_long")}))
    made_from = blocks_sha256(store)
    for name, frame in zip((TABLE, BASELINES), kept, strict=True):
        keep_frame(store, f"{FOLDER}/{name}.parquet", frame, made_from)
    return kept


def read_leaderboard(store: Store) -> Leaderboard | None:
    """What `keep_leaderboard` wrote; None for a store of anything else.

    Raises:
        UserError: where not every intervention is judged yet, or the store has grown since.
    """
    if not (path_of(store.directory, TABLE).exists() or (store.directory / FOLDER / TABLE).is_dir()):
        return None
    made_from = blocks_sha256(store)
    if not all(is_made_from(path_of(store.directory, name), made_from) for name in (TABLE, BASELINES)):
        raise UserError(
            f"{store.directory}: a leaderboard that is not finished; `longcount leaderboard --out {store.directory}` "
            "with the options that it was begun with goes on where it stopped"
        )
    return Leaderboard(read_result(store.directory, TABLE), read_result(store.directory, BASELINES))
