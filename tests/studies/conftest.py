"""A Dask cluster on this machine."""

import contextlib
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest


def _free_port() -> int:
    """A free port below those that the system hands out: nobody takes it while a killed scheduler starts again."""
    for port in random.sample(range(20_000, 30_000), 100):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port")


class Cluster:
    """A Dask scheduler and its workers, processes of their own on loopback; `restart` starts again what is dead."""

    def __init__(self, workers: int = 2, environment: dict[str, str] | None = None) -> None:
        self.names = ["scheduler", *(f"worker {number}" for number in range(workers))]
        self.environment = {**os.environ, **(environment or {})}
        self.port = _free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen] = {}
        self.restart()

    def restart(self) -> None:
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
