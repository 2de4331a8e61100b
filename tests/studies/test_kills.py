"""SIGKILL at random moments, of the main process, of workers, of a scheduler: the bytes in the end are the same.

A few kills each by default. The long version, 34 kills under each of the three executors:

    LONGCOUNT_KILLS=34 pytest tests/studies/test_kills.py
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from longcount.studies.executors import Threads
from longcount.studies.run import run_study
from longcount.training.study_files import read_study

KILLS = int(os.environ.get("LONGCOUNT_KILLS", "0"))

STUDY = """
cell = ["lstm", "relu"]
runs = 8
epochs = 10
block_runs = 2
[words]
training_words = 400
validation_words = 100
long_words = 50
very_long_words = 4
very_long_length = 200
"""


@pytest.fixture(scope="module")
def study_file(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("study") / "kills.toml"
    file.write_text(STUDY)
    return file


@pytest.fixture(scope="module")
def expected(study_file, tmp_path_factory, content) -> dict[str, bytes]:
    """What the study is when nobody disturbs it."""
    directory = tmp_path_factory.mktemp("stores") / "undisturbed"
    run_study(read_study(study_file), directory, Threads(1))
    return content(directory)


def study(*arguments: object) -> subprocess.Popen:
    """`longcount study run` as a process of its own."""
    command = [sys.executable, "-m", "longcount", "study", "run", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it was just about to end
        os.kill(process, signal.SIGKILL)


def disturb(
    kills: int,
    tmp_path: Path,
    run: Callable[[Path], subprocess.Popen],
    helpers: Callable[[Path], list[int]],
    restart: Callable[[], None],
    check: Callable[[Path], None],
) -> None:
    """Kill at random until there were enough kills; every store that is finished is checked.

    Args:
        kills: how many.
        tmp_path: where the stores are made.
        run: starts the main process on a store.
        helpers: process numbers of whoever else may be killed just then.
        restart: starts again what others need.
        check: looks at a finished store.
    """
    moments = random.Random(kills)
    done = stores = attempts = 0
    while done < kills:
        directory = tmp_path / f"store{stores}"
        stores += 1
        finished = False
        while not finished:
            attempts += 1
            assert attempts < 20 * (kills + 1), "it never ends, however often it is started again"
            process = run(directory)
            if done < kills:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(moments.uniform(0.2, 2.5))
                if process.poll() is None:
                    kill(moments.choice([process.pid, *helpers(directory)]))
                    done += 1
            _, said = process.communicate(timeout=300)
            finished = process.returncode == 0
            if process.returncode not in (0, -signal.SIGKILL):  # it lost what it needs, and says so in one line
                assert process.returncode == 2, said
                assert "Traceback" not in said, said
            restart()
        check(directory)


def test_the_main_process_is_killed(study_file, expected, content, tmp_path):
    def check(directory: Path) -> None:
        assert content(directory) == expected

    disturb(
        KILLS or 3,
        tmp_path,
        lambda directory: study(study_file, "--out", directory, "--jobs", 2),
        lambda directory: [],
        lambda: None,
        check,
    )


def test_dask_workers_and_their_scheduler_are_killed(study_file, expected, content, tmp_path, dask_cluster):
    def check(directory: Path) -> None:
        assert content(directory) == expected

    dask = ("--executor", "dask", "--address", dask_cluster.address)
    disturb(
        KILLS or 2,
        tmp_path,
        lambda directory: study(study_file, "--out", directory, *dask),
        lambda directory: [process.pid for process in dask_cluster.processes.values()],
        dask_cluster.restart,
        check,
    )


def job_processes(directory: Path) -> list[int]:
    """The processes of a store's jobs: those with its folder of jobs on their command line."""
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(directory / "log/jobs").encode() in command.read_bytes():
                found.append(int(command.parent.name))
    return sorted(found)


def test_jobs_are_killed(study_file, expected, content, tmp_path):
    def check(directory: Path) -> None:
        assert content(directory) == expected

    jobs = ("--executor", "slurm", "--cluster", "local", "--jobs", 2)
    disturb(
        KILLS or 2,
        tmp_path,
        lambda directory: study(study_file, "--out", directory, *jobs),
        job_processes,
        lambda: None,
        check,
    )
