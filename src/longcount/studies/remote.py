"""Blocks made by other processes: the code that runs there, and how their progress is reported here.

A worker notes the epoch it has come to in a small file below ``log/progress`` of the store, where the process that runs
the study looks every second. The file system is the only thing that both share.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from longcount.errors import UserError
from longcount.studies.blocks import Tell, make_block
from longcount.studies.executors import Stopped

PROGRESS = "log/progress"
SECONDS_BETWEEN_NOTES = 1.0


def make_block_remotely(wanted: dict[str, Any]) -> dict[str, Any]:
    """`make_block` in a process of its own, its progress noted in the store.

    Raises:
        UserError: as `make_block`, with the worker's name before it.
    """
    try:
        return make_block(wanted, Notes(Path(wanted["directory"])))
    except UserError as error:
        raise UserError(f"worker {os.uname().nodename}: {error}") from None


def make_blocks_remotely(wanted: Sequence[dict[str, Any]], threads: int) -> list[dict[str, Any]]:
    """Make several blocks in one process, some at once. The first error ends it; blocks that are made stay."""
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(make_block_remotely, one) for one in wanted]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


class Notes:
    """Writes the epoch that a block has come to, once a second at most."""

    def __init__(self, directory: Path):
        self.folder = directory / PROGRESS
        self.last = 0.0

    def __call__(self, block: str, epoch: int) -> None:
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN_NOTES:
            return
        self.last = now
        try:
            self.folder.mkdir(exist_ok=True)
            note = self.folder / f"{block.replace('/', '_')}.json"
            aside = note.with_suffix(f".{os.getpid()}")
            aside.write_text(json.dumps({"block": block, "epoch": epoch}))
            aside.replace(note)
        except OSError:
            pass  # what matters is the block: a disk that refuses it will say so when the block is written


class Watch:
    """A thread that looks once a second for notes, and does whatever else must be looked at."""

    def __init__(self, directory: Path, also: Callable[[], None] = lambda: None):
        self.folder = directory / PROGRESS
        self.also = also
        self.tell: Tell | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._end.wait(SECONDS_BETWEEN_NOTES):
            with contextlib.suppress(Stopped):  # nothing is made in this process: there is nothing to leave
                for block, epoch in read_notes(self.folder):
                    if self.tell is not None:
                        self.tell(block, epoch)
            self.also()

    def stop(self) -> None:
        """Stop looking."""
        self._end.set()
        self._thread.join()


def read_notes(folder: Path) -> list[tuple[str, int]]:
    """The blocks in the making and their epochs; each note is taken away as it is read."""
    notes = []
    for path in sorted(folder.glob("*.json")):
        try:
            note = json.loads(path.read_text())
            path.unlink()
            notes.append((str(note["block"]), int(note["epoch"])))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # another process took it, or a disk that fails: the next note will do
    return notes
