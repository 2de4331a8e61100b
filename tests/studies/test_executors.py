"""Blocks made by real Dask processes on loopback and by submitit's local jobs; and what is said when they cannot."""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import longcount
from longcount import experiments
from longcount.errors import UserError
from longcount.papers import PAPERS, Paper
from longcount.studies.executors import Stopped, Threads
from longcount.studies.on_dask import Dask
from longcount.studies.on_slurm import LostJob, Slurm
from longcount.studies.remote import Notes, Watch, read_notes
from longcount.studies.run import BlockMade, EpochDone, Waiting, run_study


def test_dask_makes_the_same_bytes(dask_cluster, undisturbed, tmp_path, small_study, content, monkeypatch):
    """Of a paper that fills two stores."""
    paper = Paper("small", "A paper.", 1, lambda *_: small_study(), lambda _: ("more", small_study(runs=2)))
    monkeypatch.setitem(PAPERS, "small", paper)
    monkeypatch.setattr("longcount.experiments.analyse", lambda *_, **__: None)
    heard = []
    with_dask = {"executor": lambda folder: Dask(folder, dask_cluster.address), "progress": heard.append}
    experiments.reproduce(tmp_path / "store", paper="small", **with_dask)
    made = content(tmp_path / "store")
    assert {name: made.pop(name) for name in list(made) if not name.startswith("more/")} == content(
        undisturbed.directory
    )
    assert made
    workers = {event.worker for event in heard if isinstance(event, BlockMade)}
    assert workers
    assert not any(worker.endswith(f":{os.getpid()}") for worker in workers)


def test_jobs_make_the_same_bytes(undisturbed, tmp_path, small_study, content):
    executor = Slurm(tmp_path / "store", jobs=2, cluster="local")
    heard = []
    run_study(small_study(), tmp_path / "store", executor, heard.append)
    assert content(tmp_path / "store") == content(undisturbed.directory)
    assert len({event.worker for event in heard if isinstance(event, BlockMade)}) == 2


def test_workers_are_told_apart_from_blocks_that_cannot_be_made(tmp_path, dask_cluster):
    from distributed import KilledWorker

    dask = Dask(tmp_path, dask_cluster.address)
    slurm = Slurm(tmp_path, cluster="local")
    try:
        assert slurm.lost(LostJob("preempted"))
        killed = KilledWorker("block", None, 4)  # pyright: ignore[reportArgumentType]
        assert dask.lost(killed)
        for executor in (dask, slurm, Threads(1)):
            assert not executor.lost(UserError("the disk is full"))
    finally:
        dask.shutdown()
        slurm.shutdown()


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"id": 3}', b"\xff\xfe", b'["address"]'])
def test_a_file_that_no_scheduler_wrote_is_told_at_once(tmp_path, content):
    (tmp_path / "scheduler.json").write_bytes(content)
    with pytest.raises(UserError, match=r"--scheduler-file .*scheduler\.json: not written by a Dask scheduler"):
        Dask(tmp_path, scheduler_file=tmp_path / "scheduler.json")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"address": "tcp://127.0.0.1:1"}, r"Dask scheduler at tcp://127\.0\.0\.1:1: no answer"),
        ({"address": "nonsense://here"}, "Dask scheduler at nonsense://here: no answer"),
        ({"scheduler_file": "missing.json"}, r"--scheduler-file missing\.json: no such file"),
        ({}, "give either --address or --scheduler-file"),
        ({"address": "tcp://127.0.0.1:1", "scheduler_file": "x"}, "give either --address or --scheduler-file"),
    ],
)
def test_a_wrong_address_is_told(tmp_path, monkeypatch, options, said):
    monkeypatch.setattr("longcount.studies.on_dask.SECONDS_TO_CONNECT", 1)
    with pytest.raises(UserError, match=said):
        Dask(tmp_path, **options)


def test_slurm_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UserError, match="--executor slurm: Could not detect"):
        Slurm(tmp_path, cluster="slurm")


def test_an_unknown_parameter_of_jobs_is_told(tmp_path):
    with pytest.raises(UserError, match=r"--executor slurm: .*partitoin"):
        Slurm(tmp_path, cluster="local", parameters={"partitoin": "short"})


def test_a_scheduler_without_workers_is_told_and_waited_for(undisturbed, tmp_path, small_study, content, cluster_of):
    cluster = cluster_of(workers=0)

    def start_worker(event):
        if isinstance(event, Waiting):
            assert "no worker is connected" in event.reason
            cluster.names.append("worker 1")
            cluster.restart()

    try:
        run_study(small_study(), tmp_path / "store", Dask(tmp_path / "store", cluster.address), start_worker)
    finally:
        cluster.stop()
    assert "worker 1" in cluster.names
    assert content(tmp_path / "store") == content(undisturbed.directory)


def test_a_worker_of_another_version_is_told(tmp_path, small_study, cluster_of):
    other = tmp_path / "other"
    shutil.copytree(Path(longcount.__file__).parent, other / "longcount")
    package = other / "longcount" / "__init__.py"
    package.write_text(package.read_text().replace(f'"{longcount.__version__}"', '"99.0"'))
    cluster = cluster_of(workers=1, environment={"PYTHONPATH": str(other)})
    try:
        with pytest.raises(UserError, match=r"worker .*: this worker has longcount 99\.0, the study is of longcount"):
            run_study(small_study(), tmp_path / "store", Dask(tmp_path / "store", cluster.address))
    finally:
        cluster.stop()


def test_a_worker_that_does_not_see_the_folder_is_told(dask_cluster, tmp_path, small_study):
    def hide(event):
        if isinstance(event, BlockMade | EpochDone):
            with contextlib.suppress(FileNotFoundError):
                (tmp_path / "store").rename(tmp_path / "elsewhere")

    with pytest.raises(UserError, match=r"study\.toml: gone|not a store|no such folder"):
        run_study(small_study(), tmp_path / "store", Dask(tmp_path / "store", dask_cluster.address), hide)


def test_notes_are_read_once(tmp_path):
    (tmp_path / "log").mkdir()
    notes = Notes(tmp_path)
    notes("runs/lstm/000000-000001", 3)
    notes("runs/lstm/000000-000001", 4)  # within the same second: not written
    folder = tmp_path / "log/progress"
    (folder / "torn.json").write_text("{")
    assert read_notes(folder) == [("runs/lstm/000000-000001", 3)]
    assert ("runs/lstm/000000-000001", 3) not in read_notes(folder)


def test_a_watch_outlives_the_study_that_it_tells(tmp_path, monkeypatch):
    """A note that is read when the study is complete already: the watching thread must not die of it."""
    monkeypatch.setattr("longcount.studies.remote.SECONDS_BETWEEN_NOTES", 0.05)
    (tmp_path / "log").mkdir()
    looks = threading.Semaphore(0)
    told = []

    def tell(block, epoch):
        told.append((block, epoch))
        raise Stopped

    watch = Watch(tmp_path, looks.release)
    watch.tell = tell
    Notes(tmp_path)("runs/lstm/000000-000001", 3)
    for _ in range(3):
        assert looks.acquire(timeout=10)
    watch.stop()
    assert told == [("runs/lstm/000000-000001", 3)]


def test_missing_extras_are_told(tmp_path):
    program = (
        "import sys; sys.modules['distributed'] = sys.modules['submitit'] = None\n"
        "from longcount.errors import UserError\n"
        "from longcount.studies.on_dask import Dask; from longcount.studies.on_slurm import Slurm\n"
        f"for make in (lambda: Dask({str(tmp_path)!r}, 'tcp://x:1'), lambda: Slurm({str(tmp_path)!r})):\n"
        "    try: make()\n"
        "    except UserError as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "pip install 'longcount[dask]'" in said
    assert "pip install 'longcount[slurm]'" in said
