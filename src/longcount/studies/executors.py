"""Who makes the blocks: anything with `submit` and `shutdown` in the shape of `concurrent.futures`.

Results never travel through an executor: a block's files go into the store, and only a path and a hash come back.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

from longcount.errors import UserError


class Executor(Protocol):
    """Where blocks are made."""

    name: str

    def submit(self, wanted: dict[str, Any], tell: Callable[[int], None]) -> Future[dict[str, Any]]:
        """Start making a block (see `longcount.studies.blocks.make_block`); `tell` hears of its epochs."""
        ...

    def lost(self, error: BaseException) -> bool:
        """Whether an error means that the worker was lost, so that the block can be tried again."""
        ...

    def shutdown(self) -> None:
        """Start no more blocks and return when none is being made here."""
        ...


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Threads:
    """Threads of this process; the engine lets go of the interpreter's lock while it computes."""

    name = "threads"

    def __init__(self, jobs: int | None = None):
        """`jobs`: how many blocks at once; by default one a core. UserError below 1 or absurdly many."""
        jobs = available_cores() if jobs is None else jobs
        if not 1 <= jobs <= 1024:
            raise UserError(f"--jobs: {jobs}: should be from 1 to 1024")
        self.jobs = jobs
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="block")

    def submit(self, wanted: dict[str, Any], tell: Callable[[int], None]) -> Future[dict[str, Any]]:
        """See `Executor.submit`."""
        from longcount.studies.blocks import make_block

        return self._pool.submit(make_block, wanted, tell)

    def lost(self, error: BaseException) -> bool:
        """A thread is never lost alone."""
        return False

    def shutdown(self) -> None:
        """See `Executor.shutdown`."""
        self._pool.shutdown(wait=True, cancel_futures=True)
