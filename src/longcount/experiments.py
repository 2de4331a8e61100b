"""What the commands ``train``, ``reproduce`` and ``construct`` do, one call each."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from longcount.analysis.long_training import FOLDER, long_study
from longcount.analysis.selection import KEPT_RUNS
from longcount.cells import CELLS
from longcount.disk import disk_errors_told
from longcount.exact.construct import construct as constructed
from longcount.papers import el_naggar_2022 as paper
from longcount.store.locking import exclusive
from longcount.store.models import keep_models
from longcount.store.store import Store
from longcount.studies.executors import Threads
from longcount.studies.memory import Memory
from longcount.studies.run import Listener, run_study
from longcount.training.protocol import Study, build_study


def train(
    cell: str, out: str | Path, *, jobs: int | None = None, listen: Listener | None = None, **settings: Any
) -> Store:
    """Train runs of one cell into a store, by the paper's protocol where nothing else is said.

    Args:
        cell: its name, or ``module:Name`` of one of your own in a Python file of the current folder.
        out: the store's folder; a store of the same study that is there already is finished, not begun again.
        jobs: blocks of runs worked on at once; default: all cores.
        listen: is told how it goes.
        settings: fields of `longcount.training.protocol.Condition`, such as ``runs=100`` or ``learning_rate=0.003``,
            and with a dot those of its words, such as ``**{"words.directory": "my-words"}``.

    Returns:
        The store, complete.

    Raises:
        UserError: for an unknown cell or field, a bad value, a folder that holds something else.
    """
    study = build_study({"name": "train", "cell": cell, **settings}, where="train")
    return run_study(study, out, Threads(jobs), listen)


def paper_study(runs: int = KEPT_RUNS, seed: int = 0, data: str | Path | None = None) -> Study:
    """The paper's protocol: LSTM, ReLU and GRU.

    Args:
        runs: of LSTM and GRU; of ReLU three times as many, because the paper keeps the best third.
        seed: of weights, orders and words.
        data: a folder of word files; the splits that it lacks are made.

    >>> [(condition.cell, condition.runs) for condition in paper_study().conditions]
    [('lstm', 10), ('relu', 30), ('gru', 10)]
    """
    tables: dict[str, Any] = {"name": "paper", "seed": seed}
    if data is not None:
        tables["words"] = {"directory": str(data)}
    tables["grid"] = [{"cell": cell, "runs": runs * CELLS[cell].paper_runs // KEPT_RUNS} for cell in paper.CELLS]
    return build_study(tables, where="reproduce")


def reproduce(
    out: str | Path,
    *,
    data: str | Path | None = None,
    runs: int = KEPT_RUNS,
    seed: int = 0,
    jobs: int | None = None,
    listen: Listener | None = None,
) -> Store:
    """Train the paper's models into a store, and in its folder ``long_training`` the first few of them for 100 epochs.

    See `paper_study`, `longcount.analysis.long_training` and `train`.
    """
    out, memory = Path(out), Memory()
    store = run_study(paper_study(runs, seed, data), out, Threads(jobs, memory), listen)
    with exclusive(out):
        run_study(long_study(store), out / FOLDER, Threads(jobs, memory), listen)
        _keep_log(out / FOLDER / "log", out / "log" / f"{FOLDER}.jsonl")
    return store


def construct(cell: str, out: str | Path) -> Store:
    """A new store that holds the exact counter built by hand for a cell, as run 0.

    Raises:
        UserError: for a cell without one, or a folder that holds something.
    """
    return keep_models(out, {cell: constructed(cell)[None]}, "constructed", {"cell": cell})


def _keep_log(folder: Path, path: Path) -> None:
    """Move what the inner store's log says into the outer store's, which no comparison of bytes reads."""
    with disk_errors_told(path):
        blocks = folder / "blocks.jsonl"
        if blocks.exists():
            with open(path, "ab") as log:
                log.write(blocks.read_bytes())
        shutil.rmtree(folder)
