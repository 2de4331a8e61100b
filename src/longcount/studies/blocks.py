"""A block of runs, made as a pure function of its specification: trained, evaluated, written, published.

Symbols: R runs, E epochs, P parameters, N words of a split, M models.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from longcount import __version__, disk
from longcount.errors import UserError
from longcount.sources import mistakes_told
from longcount.store.block import MANIFEST, Block
from longcount.store.publish import is_whole, publish
from longcount.store.store import STUDY_FILE, Store
from longcount.studies.memory import Memory
from longcount.training.engines import train_runs
from longcount.training.metrics import measure
from longcount.training.protocol import SCHEMA, Condition, canonical_sha256

WORTH_WAITING = 1.0
"""Seconds of work from which on a block waits for the disk; a power loss costs less than that of any other block."""

Tell = Callable[[str, int], None]
"""Called with a block's folder and the epoch just done; raises `executors.Stopped` once the study is stopped."""


@dataclass(frozen=True)
class Specification:
    """Everything that a block's bytes depend on, and where the store is. Plain data: it travels between machines."""

    directory: str  # the store, as every worker sees it
    study_file: str  # SHA-256 of the study file it was taken from: a study changed meanwhile is noticed
    longcount: str  # the version that asks for it
    condition: dict[str, Any]
    first: int  # runs first to end - 1
    end: int
    words: dict[str, str]  # SHA-256 by split

    def sha256(self, condition: Condition) -> str:
        """Identity of the block's content, of this condition: not where it lies nor which study asks for it."""
        settings = condition.settings()
        content = {"schema": SCHEMA, "longcount": self.longcount, "settings": settings, "words": self.words}
        return canonical_sha256({**content, "first": self.first, "end": self.end})


@dataclass(frozen=True)
class BlockDone:
    """The result of making a block: a path and a hash, and for the log where the time went (seconds)."""

    folder: str
    sha256: str  # of its manifest
    worker: str
    seconds: float
    training_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    writing_seconds: float = 0.0
    tokens: int = 0  # trained, over all runs and epochs
    evaluated_tokens: int = 0


def specification(store: Store, block: Block, study_file: str) -> Specification:
    """What a worker needs to make a block of a store whose study file has that hash."""
    return Specification(
        directory=str(store.directory.absolute()),
        study_file=study_file,
        longcount=store.version,
        condition=block.condition.model_dump(mode="json"),
        first=block.first,
        end=block.end,
        words=store.word_hashes[block.condition.word_set],
    )


def _found(store: Store, block: Block, content: str) -> str | None:
    """Hash of the manifest of a block that is there, whole and made from the same; None where it is to be made."""
    if not is_whole(store, block):
        return None
    if (store.manifest(block) or {}).get("made_from") != content:
        return None
    return disk.sha256((store.directory / block.folder / MANIFEST).read_bytes())


def study_file_sha256(directory: Path) -> str:
    """Hash of a store's study file.

    Raises:
        UserError: where it is gone.
    """
    path = directory / STUDY_FILE
    try:
        found = path.stat()
        return _sha256(path, (found.st_ino, found.st_size, found.st_mtime_ns))
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(
            f"{directory / STUDY_FILE}: disappeared while its study ran; nothing more was written"
        ) from None


@lru_cache(maxsize=4)
def _sha256(path: Path, _: tuple[int, int, int]) -> str:
    """Hash of a file, read once for every state of it: of many conditions it is long, and each block asks for it."""
    return disk.sha256(path.read_bytes())


def _store(directory: str, study_file: str) -> Store:
    """A store whose study file has that hash, opened once: every block of many conditions needs it."""
    with _OPENING:  # the first blocks of several threads ask at the same moment
        return _opened(directory, study_file)


_OPENING = threading.Lock()


@lru_cache(maxsize=2)
def _opened(directory: str, study_file: str) -> Store:
    return Store.open(directory)


def refuse_changed_study(asked: Specification) -> None:
    """Raise UserError where the store's study is no longer the one that a block was asked for."""
    path = Path(asked.directory) / STUDY_FILE
    if study_file_sha256(Path(asked.directory)) != asked.study_file:
        raise UserError(f"{path}: changed while its study ran; nothing more was written; start `study run` again")


def make_block(wanted: dict[str, Any], tell: Tell | None = None, memory: Memory | None = None) -> dict[str, Any]:
    """Make a block and put it into its store, unless it is there already.

    Args:
        wanted: a `Specification` as a plain dictionary.
        tell: called with the block's folder and the number of every epoch.
        memory: of what this process trained before; the bytes are the same without it.

    Returns:
        `BlockDone` as a plain dictionary.

    Raises:
        UserError: on a worker of another version, for a study or folder that changed meanwhile, for a disk that
            refuses.
    """
    started = time.perf_counter()
    if wanted.get("longcount") != __version__:
        raise UserError(
            f"this worker has longcount {__version__}, the study is of longcount {wanted.get('longcount')}; "
            "install the same version on every machine"
        )
    asked = Specification(**wanted)
    refuse_changed_study(asked)
    store = _store(asked.directory, asked.study_file)
    condition = Condition.model_validate(asked.condition)
    block = Block(condition, asked.first, asked.end)
    worker = f"{os.uname().nodename}:{os.getpid()}"
    content = asked.sha256(condition)
    if (found := _found(store, block, content)) is not None:
        return dict(vars(BlockDone(block.folder, found, worker, time.perf_counter() - started)))
    splits = {split: store.words(split, condition) for split in store.splits(condition)}

    told = None if tell is None else partial(tell, block.folder)
    training_words = asked.words["training"]
    earlier = None if memory is None else memory.recall(condition, training_words, block.runs)
    with mistakes_told():
        trained = train_runs(condition, block.runs, splits, told, earlier)
    if memory is not None:
        memory.keep(condition, training_words, block.runs, trained)
    epochs_before = 0 if earlier is None else earlier.online_losses.shape[1]
    training_ended = time.perf_counter()
    table, evaluated_tokens = measure(condition, block.runs, trained, splits)
    measured = time.perf_counter()
    refuse_changed_study(asked)
    with disk.disk_errors_told(store.directory):
        manifest = publish(store, block, trained.weights, table, content, measured - started >= WORTH_WAITING)
    finished = time.perf_counter()
    done = BlockDone(
        folder=block.folder,
        sha256=manifest,
        worker=worker,
        seconds=finished - started,
        training_seconds=training_ended - started,
        evaluation_seconds=measured - training_ended,
        writing_seconds=finished - measured,
        tokens=len(block.runs) * (condition.epochs - epochs_before) * len(splits["training"].tokens),
        evaluated_tokens=evaluated_tokens,
    )
    return dict(vars(done))
