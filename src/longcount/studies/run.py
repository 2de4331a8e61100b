"""Run a study: find the blocks that are missing or damaged, have them trained, report progress."""

from __future__ import annotations

import json
import platform
import queue
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longcount import __version__, disk
from longcount.errors import UserError
from longcount.store import creation
from longcount.store.block import Block, DamagedBlock
from longcount.store.first_failures import FIRST_FAILURES, write_first_failures
from longcount.store.store import Store
from longcount.studies.blocks import BlockDone, specification, study_file_sha256
from longcount.studies.executors import Executor, Stopped, Threads
from longcount.studies.status import LOG
from longcount.training.protocol import Condition, Study

# How often a block whose worker was lost is tried in all.
TRIES = 4

SECONDS_BETWEEN_LOOKS = 3.0  # between looks at what may block the executor, while nothing happens


@dataclass(frozen=True)
class Started:
    """Work begins: how much there is, and how much of it was done before."""

    directory: str
    executor: str
    blocks: int
    blocks_found: int
    runs: int
    tokens: int  # to train, over all runs and epochs of the missing blocks


@dataclass(frozen=True)
class Damaged:
    """A block on disk is not what its manifest says; it is trained again."""

    folder: str
    reason: str


@dataclass(frozen=True)
class EpochDone:
    """A block that is being made has come this far."""

    folder: str
    epoch: int
    epochs: int
    tokens: int  # since the epoch that was reported before, over all runs


@dataclass(frozen=True)
class BlockMade:
    """A block is on disk."""

    folder: str
    worker: str
    blocks_done: int
    blocks: int
    seconds: float
    tokens: int


@dataclass(frozen=True)
class Retried:
    """A worker was lost with a block; the block is tried again."""

    folder: str
    reason: str
    attempt: int


@dataclass(frozen=True)
class Waiting:
    """Nothing has happened for a while, and why."""

    reason: str


@dataclass(frozen=True)
class Finished:
    """All blocks and results are on disk."""

    blocks_made: int
    seconds: float
    tokens: int


@dataclass(frozen=True)
class Edited:
    """A file of the user's own is not what the store was made from any more."""

    reason: str


@dataclass(frozen=True)
class WordsMade:
    """Words that were missing or damaged were made again."""

    reason: str


Event = Edited | WordsMade | Started | Damaged | EpochDone | BlockMade | Retried | Waiting | Finished
Listener = Callable[[Event], None]


def run_study(
    study: Study | None,
    directory: str | Path,
    executor: Executor | None = None,
    listen: Listener | None = None,
    add: Sequence[Condition] = (),
) -> Store:
    """Make everything of a study that is not there yet.

    Args:
        study: what to make; None resumes the study that the folder holds.
        directory: the store, made where it does not exist.
        executor: who makes the blocks, shut down at the end; threads of this process, one per core, by default.
        listen: receives progress events, in this thread.
        add: conditions to add to the study, or with more runs than it has of them.

    Returns:
        The store, complete.

    Raises:
        UserError: where the folder is another's or in use, the disk refuses, a worker cannot work.
        KeyboardInterrupt: when interrupted; what was finished stays, and the same call resumes.
    """
    directory = Path(directory)
    refuse_folder(directory, study)
    executor = executor or Threads()
    try:
        with creation.working_in(directory):
            store = _begin(study, directory, add)
            try:
                _finish(store, executor, listen or (lambda event: None))
            except Exception:
                executor.shutdown()  # before a store that came to nothing is taken away
                raise
    finally:
        executor.shutdown()
    return store


def _finish(store: Store, executor: Executor, tell: Listener) -> None:
    for line in creation.edited_sources(store):
        tell(Edited(line))
    for line in creation.restore_words(store):
        tell(WordsMade(line))
    started = time.monotonic()
    made = _make_missing_blocks(store, executor, tell)
    with disk.disk_errors_told(store.directory):
        write_first_failures(store)
    tell(Finished(len(made), time.monotonic() - started, sum(done.tokens for done in made)))


def _begin(study: Study | None, directory: Path, add: Sequence[Condition]) -> Store:
    if study is None:
        store = Store.open(directory)
        creation.refuse_other_version(store)
    else:
        store = creation.begin(directory, study)
    if add:
        store = creation.add(store, add)
    creation.clear_half_made(store)
    return store


def refuse_folder(directory: Path, study: Study | None) -> None:
    """Raise UserError where a folder cannot hold a study, or none is there to resume; nothing is written."""
    if study is None:
        Store.open(directory)
    creation.refuse_foreign_folder(directory)
    disk.refuse_other_than_file(directory / LOG, "the log of its runs")
    disk.refuse_other_than_file(directory / FIRST_FAILURES, "a result of its runs")


def missing_blocks(store: Store, tell: Listener) -> list[Block]:
    """Blocks that are not done, the costliest first; damaged ones are reported and moved aside."""
    missing = []
    for block in store.blocks():
        try:
            if not store.verify(block):
                missing.append(block)
        except DamagedBlock as error:
            tell(Damaged(block.folder, str(error)))
            (store.directory / block.folder).rename(store.aside / f"damaged-{uuid.uuid4().hex}")
            missing.append(block)
    return sorted(missing, key=_cost, reverse=True)


def _cost(block: Block) -> int:
    return len(block.runs) * block.condition.epochs * block.condition.network().size()


def _make_missing_blocks(store: Store, executor: Executor, tell: Listener) -> list[BlockDone]:
    with disk.disk_errors_told(store.directory):
        missing = missing_blocks(store, tell)
        for condition in store.study.conditions:
            (store.directory / "runs" / condition.folder).mkdir(parents=True, exist_ok=True)
    total = len(store.blocks())
    tokens = {c.folder: len(store.words("training", c).tokens) for c in store.study.conditions}
    work = sum(len(b.runs) * b.condition.epochs * tokens[b.condition.folder] for b in missing)
    runs = sum(condition.runs for condition in store.study.conditions)
    tell(Started(str(store.directory), executor.name, total, total - len(missing), runs, work))
    if not missing:
        return []
    with disk.disk_errors_told(store.directory), closing(Log(store.directory / LOG, executor.name)) as log:
        return _Work(store, executor, tell, log, tokens).finish(missing, total)


class _Work:
    """Blocks being made: one queue brings everything that happens to the thread that asked."""

    def __init__(self, store: Store, executor: Executor, tell: Listener, log: Log, tokens: dict[str, int]):
        self.store, self.executor, self.tell, self.log, self.tokens = store, executor, tell, log, tokens
        self.happened: queue.SimpleQueue[tuple[str, Future[dict[str, Any]] | int]] = queue.SimpleQueue()
        self.stopped = threading.Event()
        self.blocks: dict[str, Block] = {}  # being made, by folder
        self.epochs: dict[str, int] = {}  # the last that each reported
        self.attempts: dict[str, int] = {}

    def finish(self, missing: Sequence[Block], total: int) -> list[BlockDone]:
        """Have blocks made; returns what came back of each."""
        done: list[BlockDone] = []
        try:
            self._submit(missing)
            while len(done) < len(missing):
                folder, news = self._next()
                if isinstance(news, int):
                    self._tell_epoch(folder, news)
                elif (error := news.exception()) is None:
                    made = BlockDone(**news.result())
                    done.append(made)
                    del self.blocks[folder]
                    self.log.block(made)
                    finished = total - len(missing) + len(done)
                    self.tell(BlockMade(made.folder, made.worker, finished, total, made.seconds, made.tokens))
                else:
                    self._try_again(folder, error)
        finally:
            self.stopped.set()
        return done

    def _next(self) -> tuple[str, Future[dict[str, Any]] | int]:
        told = None
        while True:
            try:
                return self.happened.get(timeout=SECONDS_BETWEEN_LOOKS)
            except queue.Empty:
                reason = self.executor.hindrance()
                if reason is not None and reason != told:
                    self.tell(Waiting(reason))
                told = reason

    def _submit(self, blocks: Sequence[Block]) -> None:
        for block in blocks:
            self.blocks[block.folder] = block
            self.epochs[block.folder] = 0
            self.attempts[block.folder] = self.attempts.get(block.folder, 0) + 1
        study_file = study_file_sha256(self.store.directory)
        wanted = [dict(vars(specification(self.store, block, study_file))) for block in blocks]
        for block, future in zip(blocks, self.executor.submit(wanted, self._heard), strict=True):
            future.add_done_callback(lambda finished, folder=block.folder: self.happened.put((folder, finished)))

    def _heard(self, folder: str, epoch: int) -> None:
        """Called by workers, from their threads."""
        if self.stopped.is_set():
            raise Stopped
        self.happened.put((folder, epoch))

    def _tell_epoch(self, folder: str, epoch: int) -> None:
        block = self.blocks.get(folder)
        if block is None or epoch <= self.epochs[folder]:
            return  # a late note of a block that is done, or one from before it was started again
        tokens = (epoch - self.epochs[folder]) * len(block.runs) * self.tokens[block.condition.folder]
        self.epochs[folder] = epoch
        self.tell(EpochDone(folder, epoch, block.condition.epochs, tokens))

    def _try_again(self, folder: str, error: BaseException) -> None:
        if not self.executor.lost(error):
            raise error
        if self.attempts[folder] == TRIES:
            raise UserError(f"{folder}: {TRIES} workers were lost with this block; the last error was: {error}")
        self.tell(Retried(folder, str(error), self.attempts[folder] + 1))
        self._submit([self.blocks[folder]])


class Log:
    """The log of a run in ``log/``: the machine, and a line per block with where its time went."""

    def __init__(self, path: Path, executor: str):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "a", buffering=1, encoding="utf-8")  # noqa: SIM115 (closed by `close`)
        self._line({"started": time.time(), "executor": executor, **machine()})

    def block(self, done: BlockDone) -> None:
        """Add a block's line."""
        self._line({"at": time.time(), **vars(done)})

    def close(self) -> None:
        """Close its file."""
        self._file.close()

    def _line(self, content: dict[str, Any]) -> None:
        self._file.write(json.dumps(content) + "\n")


def machine() -> dict[str, str]:
    """This machine and the versions that matter, for the log."""
    import numpy

    return {
        "host": platform.node(),
        "processor": platform.processor() or platform.machine(),
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "numpy": numpy.__version__,
        "longcount": __version__,
    }
