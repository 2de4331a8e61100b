"""Executors that make blocks: threads of this process, a Dask cluster or SLURM jobs, behind one interface.

Results never travel through an executor: a block's files go into the store, and only a path and a hash come back.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from longcount.errors import UserError

if TYPE_CHECKING:
    from longcount.studies.blocks import Tell
    from longcount.studies.memory import Memory


class Stopped(Exception):
    """The study was interrupted or is complete: blocks in the making are given up."""


@runtime_checkable
class Executor(Protocol):
    """Where blocks are made, in the shape of `concurrent.futures.Executor`."""

    name: str

    def submit(self, wanted: Sequence[dict[str, Any]], tell: Tell) -> list[Future[dict[str, Any]]]:
        """Start making blocks (see `longcount.studies.blocks.make_block`): a future for each."""
        ...

    def lost(self, error: BaseException) -> bool:
        """Whether an error means that the worker was lost, so that the block can be tried again."""
        ...

    def hindrance(self) -> str | None:
        """What the user should know where nothing seems to happen."""
        ...

    def shutdown(self) -> None:
        """Start no more blocks and return when none is being made here."""
        ...


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_asked(jobs: int | None) -> int:
    """How many threads or processes to start; by default one per core.

    Raises:
        UserError: for less than one, absurdly many, or no whole number.
    """
    if jobs is None:
        return available_cores()
    if isinstance(jobs, bool) or not isinstance(jobs, int) or not 1 <= jobs <= 4096:
        raise UserError(f"--jobs: {jobs}: should be a whole number from 1 to 4096")
    return jobs


class Threads:
    """Threads of this process; the engine lets go of the interpreter's lock while it computes."""

    name = "threads"

    def __init__(self, jobs: int | None = None, memory: Memory | None = None):
        """Start threads.

        Args:
            jobs: how many blocks at once; by default one per core.
            memory: shared by executors where a later study trains an earlier one's runs for longer.

        Raises:
            UserError: for jobs below 1 or absurdly many.
        """
        self._pool = ThreadPoolExecutor(threads_asked(jobs), thread_name_prefix="block")
        self._memory = memory

    def submit(self, wanted: Sequence[dict[str, Any]], tell: Tell) -> list[Future[dict[str, Any]]]:
        """See `Executor.submit`."""
        from longcount.studies.blocks import make_block

        return [self._pool.submit(make_block, one, tell, self._memory) for one in wanted]

    def lost(self, error: BaseException) -> bool:
        """A thread is never lost alone."""
        return False

    def hindrance(self) -> str | None:
        """Threads always make progress."""
        return None

    def shutdown(self) -> None:
        """See `Executor.shutdown`."""
        self._pool.shutdown(wait=True, cancel_futures=True)
