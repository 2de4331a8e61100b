"""Blocks made by SLURM jobs, submitted through submitit; its local mode runs the same jobs as processes here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Literal

from longcount.errors import UserError
from longcount.studies.blocks import Tell
from longcount.studies.executors import available_cores
from longcount.studies.remote import Watch, make_blocks_remotely

JOBS = 100
_ENDED_BADLY = {"INTERRUPTED", "FAILED", "TIMEOUT", "NODE_FAIL", "CANCELLED", "PREEMPTED", "OUT_OF_MEMORY"}


class Slurm:
    """Jobs of a SLURM cluster, each with some blocks."""

    def __init__(
        self,
        directory: str | Path,
        jobs: int | None = None,
        cores: int = 1,
        parameters: Mapping[str, Any] | None = None,
        cluster: Literal["slurm", "local"] = "slurm",
    ):
        """Prepare to submit jobs.

        Args:
            directory: the store, in a folder that every node sees under the same path.
            jobs: into how many jobs the blocks are dealt at most; by default 100, locally one per core.
            cores: of a job: how many blocks it makes at once.
            parameters: for submitit, such as ``{"slurm_partition": "short", "timeout_min": 60}``.
            cluster: ``local`` for processes of this machine.

        Raises:
            UserError: where submitit is not installed, there is no SLURM here, or a parameter is unknown.
        """
        try:
            import submitit
        except ImportError:
            raise UserError("--executor slurm: submitit is not installed; pip install 'longcount[slurm]'") from None
        directory = Path(directory).absolute()
        self.cores = cores
        self.jobs = jobs or (JOBS if cluster == "slurm" else available_cores())
        self.name = "SLURM" if cluster == "slurm" else "local jobs"
        given = {"timeout_min": 60, "cpus_per_task": cores, **(parameters or {})}
        try:
            self._submitit = submitit.AutoExecutor(folder=directory / "log" / "jobs", cluster=cluster)
            self._submitit.update_parameters(name="longcount", **given)
        except (NameError, TypeError, ValueError, RuntimeError) as error:
            raise UserError(f"--executor slurm: {' '.join(str(error).split())}") from None
        self._running: list[tuple[Any, list[Future[dict[str, Any]]]]] = []
        self._watch = Watch(directory, self._collect)

    def submit(self, wanted: Sequence[dict[str, Any]], tell: Tell) -> list[Future[dict[str, Any]]]:
        """See `Executor.submit`. Several jobs go out as one job array."""
        self._watch.tell = tell
        number = min(self.jobs, len(wanted))
        # Dealt like cards, because the costliest come first. Futures go back in the order of the blocks.
        groups = [list(range(first, len(wanted), number)) for first in range(number)]
        try:
            jobs = self._submitit.map_array(
                make_blocks_remotely, [[wanted[i] for i in group] for group in groups], [self.cores] * number
            )
        except (RuntimeError, OSError) as error:
            raise UserError(f"{self.name} did not accept the jobs: {' '.join(str(error).split())}") from None
        futures: list[Future[dict[str, Any]]] = [Future() for _ in wanted]
        self._running += [(job, [futures[i] for i in group]) for job, group in zip(jobs, groups, strict=True)]
        return futures

    def _collect(self) -> None:
        """Hand on what jobs have come to; runs in the watching thread."""
        for entry in [entry for entry in self._running if entry[0].done()]:
            self._running.remove(entry)
            job, futures = entry
            try:
                if job.state in _ENDED_BADLY and not job.paths.result_pickle.exists():
                    raise LostJob(f"job {job.job_id}: {job.state}")
                for future, result in zip(futures, job.result(), strict=True):
                    future.set_result(result)
            except Exception as error:
                for future in futures:
                    future.set_exception(_explained(error))

    def lost(self, error: BaseException) -> bool:
        """A job that was killed, preempted or ran out of time."""
        return isinstance(error, LostJob)

    def hindrance(self) -> str | None:
        """That all jobs wait in the queue."""
        waiting = [job for job, _ in self._running]
        if waiting and all(job.state in ("PENDING", "UNKNOWN") for job in waiting):
            return f"{self.name}: {len(waiting)} jobs wait in the queue"
        return None

    def shutdown(self) -> None:
        """Cancel the jobs that are left."""
        self._watch.stop()
        for job, _ in self._running:
            job.cancel()


class LostJob(Exception):
    """A job ended without an answer."""


def _explained(error: Exception) -> Exception:
    from submitit.core.utils import FailedJobError, UncompletedJobError

    if isinstance(error, FailedJobError):
        last = str(error).strip().splitlines()[-1].strip()
        name, _, text = last.partition(": ")
        if name.rsplit(".", 1)[-1] in ("UserError", "DamagedBlock"):
            return UserError(text)
        return error
    if isinstance(error, UncompletedJobError):
        return LostJob(str(error).splitlines()[0])
    return error
