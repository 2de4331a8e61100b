"""What the commands ``train``, ``reproduce`` and ``construct`` do, one call each."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from longcount import papers
from longcount.disk import disk_errors_told
from longcount.exact.construct import construct as constructed
from longcount.papers import Paper
from longcount.store.locking import exclusive
from longcount.store.model_stores import keep_models
from longcount.store.store import Store
from longcount.studies.executors import Threads
from longcount.studies.memory import Memory
from longcount.studies.run import Listener, run_study
from longcount.training.study_files import build_study


def train(
    cell: str, out: str | Path, *, jobs: int | None = None, listen: Listener | None = None, **settings: Any
) -> Store:
    """Train runs of one cell into a store, by the paper's protocol unless told otherwise.

    Args:
        cell: its name, or ``module:Name`` of one of your own in a Python file of the current folder.
        out: the store's folder; an existing store of the same study is completed, not started over.
        jobs: blocks of runs worked on at once; default: all cores.
        listen: receives progress events.
        settings: fields of `longcount.training.protocol.Condition`, such as ``runs=100`` or ``learning_rate=0.003``,
            and with a dot those of its words, such as ``**{"words.directory": "my-words"}``.

    Returns:
        The store, complete.

    Raises:
        UserError: for an unknown cell or field, a bad value, a folder that holds something else.
    """
    study = build_study({"name": "train", "cell": cell, **settings}, where="train")
    return run_study(study, out, Threads(jobs), listen)


def reproduce(
    out: str | Path,
    *,
    paper: str = "el-naggar-2022",
    data: str | Path | None = None,
    runs: int | None = None,
    seed: int = 0,
    jobs: int | None = None,
    listen: Listener | None = None,
) -> Store:
    """Train a paper's models into a store, and in a folder inside it what the paper trains further.

    Args:
        out: the store's folder.
        paper: its name, or ``module:Name`` of one of your own.
        data: a folder of word files; the splits that it lacks are made.
        runs: of each cell; default: the paper's.
        seed: of weights, orders and words.
        jobs: blocks of runs worked on at once; default: all cores.
        listen: receives progress events.

    Raises:
        UserError: for an unknown paper, or a folder that holds something else.
    """
    asked: Paper = papers.KIND.get(paper)
    out, memory = Path(out), Memory()
    study = asked.study(asked.runs if runs is None else runs, seed, None if data is None else Path(data))
    store = run_study(study, out, Threads(jobs, memory), listen)
    if asked.within is not None:
        folder, further = asked.within(store)
        with exclusive(out):
            run_study(further, out / folder, Threads(jobs, memory), listen)
            _keep_log(out / folder / "log", out / "log" / f"{folder}.jsonl")
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
