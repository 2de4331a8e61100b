"""A study small enough to be trained in a moment, and a store that holds it."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from longcount.store.store import Store
from longcount.studies.executors import Threads
from longcount.studies.run import run_study
from longcount.training.protocol import Study, build_study

SMALL_WORDS = {
    "training_words": 40, "validation_words": 20, "long_words": 10, "very_long_words": 3, "very_long_length": 120,
}  # fmt: skip


def _small_study(**fields: Any) -> Study:
    words = {**SMALL_WORDS, **fields.pop("words", {})}
    tables = {"cell": ["lstm", "relu"], "runs": 5, "epochs": 3, "block_runs": 2, "words": words}
    return build_study({**tables, **fields})


def _content(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.relative_to(directory).parts[0] != "log"
    }


@pytest.fixture(scope="session")
def small_study() -> Callable[..., Study]:
    """LSTM and ReLU, 5 runs each in blocks of 2, 3 epochs on 40 words; fields replace or make grids."""
    return _small_study


@pytest.fixture(scope="session")
def content() -> Callable[[Path], dict[str, bytes]]:
    """Every file of a store but its log."""
    return _content


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The small study, made without disturbance; not to be changed."""
    return run_study(_small_study(), tmp_path_factory.mktemp("stores") / "undisturbed", Threads(1))


class Cluster:
    """A Dask scheduler and its workers, processes of their own on loopback; `mend` starts again what is dead."""

    def __init__(self, workers: int = 2, environment: dict[str, str] | None = None) -> None:
        self.names = ["scheduler", *(f"worker {number}" for number in range(workers))]
        self.environment = {**os.environ, **(environment or {})}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen] = {}
        self.mend()

    def mend(self) -> None:
        scheduler = ("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", self.port)
        worker = ("-m", "distributed.cli.dask_worker", self.address, "--host", "127.0.0.1", "--nthreads", 1)
        for name in self.names:
            process = self.processes.get(name)
            if process is None or process.poll() is not None:
                program = (*scheduler, "--no-dashboard") if name == "scheduler" else (*worker, "--no-nanny")
                command = [sys.executable, "-W", "ignore", *map(str, program)]
                self.processes[name] = subprocess.Popen(
                    command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                if name == "scheduler":
                    self._wait_for_scheduler()

    def _wait_for_scheduler(self) -> None:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise TimeoutError("the Dask scheduler did not start")

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def dask_cluster() -> Iterator[Cluster]:
    """A scheduler and two workers."""
    cluster = Cluster()
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def cluster_of() -> type[Cluster]:
    """To start other clusters than `dask_cluster`."""
    return Cluster
