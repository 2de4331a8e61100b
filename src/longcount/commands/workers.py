"""Who trains the blocks of a study: the options of ``longcount study run`` and ``longcount reproduce``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from longcount.commands.options import Jobs, fields_of, number
from longcount.errors import UserError

if TYPE_CHECKING:
    from longcount.studies.executors import Executor

LogJson = Annotated[bool, Parameter(negative="", help="Progress as JSON lines on standard error.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Workers:
    """Threads here, a Dask cluster or SLURM jobs, and how progress is told."""

    jobs: Jobs = None
    executor: Annotated[
        Literal["threads", "dask", "slurm"],
        Parameter(help="Threads here, an existing Dask cluster, or SLURM jobs; with the last two, --out must be a "
                       "folder that every machine sees under the same path."),
    ] = "threads"  # fmt: skip
    address: Annotated[
        str | None, Parameter(help="Address of the Dask scheduler, such as tcp://10.0.0.1:8786.")
    ] = None  # fmt: skip
    scheduler_file: Annotated[
        Path | None, Parameter(help="File that the Dask scheduler wrote, instead of its address.")
    ] = None  # fmt: skip
    cluster: Annotated[
        Literal["slurm", "local"] | None,
        Parameter(help="Where jobs go: SLURM (the default), or processes of this machine (to try it out)."),
    ] = None
    cores: Annotated[
        int | None,
        number(1, 4096),
        Parameter(help="Blocks that each job trains at once; default 1. --jobs is the largest number of jobs."),
    ] = None
    submit: Annotated[
        list[str] | None,
        Parameter(negative="", help="FIELD=VALUE for submitit, such as slurm_partition=short or timeout_min=120."),
    ] = None
    log_json: LogJson = False

    @property
    def threads(self) -> int | None:
        """Threads of this machine, for what is not a block; None: one for each core."""
        return self.jobs if self.executor == "threads" else None

    def remote(self) -> Callable[[Path], Executor] | None:
        """What makes the executor of a store in a folder; None where threads of this process train.

        Raises:
            UserError: for an option that has no effect with the executor; later, where a cluster does not answer.
        """
        for executors, options in {
            "dask": {"--address": self.address, "--scheduler-file": self.scheduler_file},
            "slurm": {"--cluster": self.cluster, "--cores": self.cores, "--submit": self.submit},
            "threads or slurm": {"--jobs": self.jobs},
        }.items():
            for option, value in options.items():
                if value is not None and self.executor not in executors.split():
                    raise UserError(
                        f"{option}: belongs to --executor {executors}; it has no effect with {self.executor}"
                    )
        return {"threads": None, "dask": self._dask, "slurm": self._slurm}[self.executor]

    def _dask(self, folder: Path) -> Executor:
        from longcount.studies.on_dask import Dask

        return Dask(folder, self.address, self.scheduler_file)

    def _slurm(self, folder: Path) -> Executor:
        from longcount.studies.on_slurm import Slurm

        parameters = fields_of(self.submit, "--submit")
        return Slurm(folder, self.jobs, self.cores or 1, parameters, self.cluster or "slurm")


HERE = Workers()
