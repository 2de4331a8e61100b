"""Running studies: the same bytes however they are made, resuming after a stop, and what is refused."""

import errno
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longcount import disk
from longcount.errors import UserError
from longcount.store.block import Block
from longcount.store.locking import exclusive
from longcount.store.store import Store
from longcount.studies import blocks
from longcount.studies.executors import Threads
from longcount.studies.run import BlockMade, Damaged, EpochDone, Finished, Started, run_study
from longcount.training.study_files import build_study


def runs_of(store: Store) -> dict[str, np.ndarray]:
    """All weights by condition, float32 [R, E + 1, P]."""
    return {
        condition.folder: np.stack(
            [
                store.weights(condition.folder, run, np.arange(condition.epochs + 1))
                for run in range(condition.runs)
            ]
        )
        for condition in store.study.conditions
    }  # fmt: skip


def specified(store: Store, block: Block) -> dict[str, Any]:
    """What a worker is given to make a block."""
    return asdict(blocks.specification(store, block, blocks.study_file_sha256(store.directory)))


def assert_same_weights(first: Store, second: Store) -> None:
    one, two = runs_of(first), runs_of(second)
    assert one.keys() == two.keys()
    for folder in one:
        np.testing.assert_array_equal(one[folder], two[folder])


def test_two_threads_make_the_same_bytes(undisturbed, tmp_path, small_study, content):
    run_study(small_study(), tmp_path / "store", Threads(2))
    assert content(tmp_path / "store") == content(undisturbed.directory)


@pytest.mark.parametrize("block_runs", [1, 3, 20])
def test_the_size_of_blocks_changes_no_weight_and_no_metric(undisturbed, tmp_path, small_study, block_runs):
    store = run_study(small_study(block_runs=block_runs), tmp_path / "store", Threads(1))
    assert_same_weights(store, undisturbed)
    assert store.metrics().astype(str).equals(undisturbed.metrics().astype(str))


def test_run_k_is_run_k_of_any_number(undisturbed, tmp_path, small_study):
    store = run_study(small_study(runs=2), tmp_path / "store", Threads(1))
    for folder, weights in runs_of(store).items():
        np.testing.assert_array_equal(weights, runs_of(undisturbed)[folder][:2])


def test_the_same_run_under_another_rate_starts_from_the_same_weights(tmp_path, small_study):
    store = run_study(small_study(cell="gru", learning_rate=[0.001, 0.1], runs=2), tmp_path / "store", Threads(1))
    slow, fast = runs_of(store).values()
    np.testing.assert_array_equal(slow[:, 0], fast[:, 0])
    assert not np.array_equal(slow[:, 1], fast[:, 1])


@pytest.mark.parametrize("order", ["shared", "fixed"])
def test_orders_and_losses_are_used(undisturbed, tmp_path, small_study, order):
    store = run_study(small_study(order=order, loss="bce", runs=1), tmp_path / "store", Threads(1))
    for folder, weights in runs_of(store).items():
        np.testing.assert_array_equal(weights[:, 0], runs_of(undisturbed)[folder][:1, 0])
        assert not np.array_equal(weights[:, 1], runs_of(undisturbed)[folder][:1, 1])


def test_what_is_there_is_not_made_again(tmp_path, small_study, content):
    heard = []
    run_study(small_study(), tmp_path / "store", Threads(1), heard.append)
    assert sum(isinstance(event, BlockMade) for event in heard) == 6
    assert sum(isinstance(event, EpochDone) for event in heard) == 18
    before = content(tmp_path / "store")
    heard.clear()
    run_study(small_study(), tmp_path / "store", Threads(1), heard.append)
    assert [type(event) for event in heard] == [Started, Finished]
    run_study(None, tmp_path / "store", Threads(1))
    assert content(tmp_path / "store") == before


@pytest.mark.parametrize("name", ["weights.safetensors", "metrics.parquet", "manifest.json"])
def test_a_damaged_block_is_made_again(undisturbed, tmp_path, content, name):
    directory = shutil.copytree(undisturbed.directory, tmp_path / "store")
    path = directory / "runs/lstm/000002-000003" / name
    path.write_bytes(path.read_bytes()[:-3])
    heard = []
    run_study(None, directory, Threads(1), heard.append)
    assert [event.folder for event in heard if isinstance(event, Damaged)] == ["runs/lstm/000002-000003"]
    assert content(directory) == content(undisturbed.directory)


@pytest.mark.parametrize(
    "lost", ["runs/lstm/000002-000003", "runs/relu", "results", "runs/lstm/000002-000003/manifest.json"]
)
def test_what_is_lost_is_made_again(undisturbed, tmp_path, content, lost):
    directory = shutil.copytree(undisturbed.directory, tmp_path / "store")
    path = directory / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    run_study(None, directory, Threads(1))
    assert content(directory) == content(undisturbed.directory)


def test_half_made_beginnings_and_leftovers_are_cleared(undisturbed, tmp_path, small_study, content):
    directory = tmp_path / "store"
    (directory / "log/aside/runs_lstm_000000-000001-abc").mkdir(parents=True)
    (directory / "words").mkdir()
    (directory / "words/train.txt").write_text("()")
    run_study(small_study(), directory, Threads(1))
    assert content(directory) == content(undisturbed.directory)
    assert not list((directory / "log/aside").iterdir())


def test_runs_and_conditions_are_added_without_training_what_is_there(undisturbed, tmp_path, small_study, content):
    directory = shutil.copytree(undisturbed.directory, tmp_path / "store")
    heard = []
    more = small_study(cell="lstm", runs=8, seed=[0, 1]).conditions
    store = run_study(None, directory, Threads(1), heard.append, add=more)
    made = {event.folder for event in heard if isinstance(event, BlockMade)}
    assert not made & {block.folder for block in undisturbed.blocks()}
    before, after = content(undisturbed.directory), content(directory)
    assert all(after[name] == before[name] for name in before if name.startswith(("runs/", "words/")))
    assert [condition.folder for condition in store.study.conditions] == ["lstm", "relu", "lstm-seed=1"]
    at_once = run_study(small_study(cell="lstm", runs=8), tmp_path / "at_once", Threads(1))
    np.testing.assert_array_equal(runs_of(store)["lstm"], runs_of(at_once)["lstm"])


def test_another_study_is_not_put_over_the_one_there(undisturbed, tmp_path, small_study, content):
    directory = shutil.copytree(undisturbed.directory, tmp_path / "store")
    before = content(directory)
    with pytest.raises(UserError, match=r"holds another study: conditions\.lstm\.epochs is 3 there, 4 here"):
        run_study(small_study(epochs=4), directory, Threads(1))
    assert content(directory) == before


def test_a_folder_with_other_things_stays_untouched(tmp_path, small_study):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(UserError, match=r"holds 'thesis\.tex' and is not a store"):
        run_study(small_study(), tmp_path, Threads(1))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_given_words_are_used_and_missing_splits_made(tmp_path, small_study):
    data = tmp_path / "data"
    data.mkdir()
    (data / "train.txt").write_text("()\n(())\n()()\n")
    study = small_study(cell="relu", runs=1, words={"directory": str(data), "training_words": 10_000})
    store = run_study(study, tmp_path / "store", Threads(1))
    assert store.words("training").strings() == ["()", "(())", "()()"]
    assert not {"()", "(())", "()()"} & set(store.words("validation").strings())
    shutil.rmtree(data)
    run_study(None, tmp_path / "store", Threads(1))  # the store has all it needs


def test_one_process_at_a_time(tmp_path, small_study):
    directory = tmp_path / "store"
    held = (
        "import sys; from pathlib import Path; from longcount.store.locking import exclusive\n"
        f"with exclusive(Path({str(directory)!r})): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(UserError, match=f"process {process.pid} on .* is working here"):
            run_study(small_study(), directory, Threads(1))
        process.kill()
    with exclusive(directory):
        pass


def test_a_disk_that_cannot_lock_is_worked_on_all_the_same(undisturbed, tmp_path, small_study, content, monkeypatch):
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    run_study(small_study(), tmp_path / "store", Threads(1))
    assert content(tmp_path / "store") == content(undisturbed.directory)


def test_an_interrupted_study_goes_on(undisturbed, tmp_path, small_study, content):
    def interrupt(event):
        if isinstance(event, EpochDone) and event.folder.endswith("lstm/000002-000003"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(small_study(), tmp_path / "store", Threads(2), interrupt)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("block")]
    run_study(small_study(), tmp_path / "store", Threads(2))
    assert content(tmp_path / "store") == content(undisturbed.directory)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_disk_that_refuses_is_told_and_nothing_is_lost(
    undisturbed, tmp_path, small_study, content, monkeypatch, number
):
    written = []

    def refuse(path: Path, data: bytes, synced: bool = True) -> None:
        written.append(path)
        if len(written) > 12:
            raise OSError(number, os.strerror(number), str(path))
        real(path, data, synced)

    real = disk.write_new
    monkeypatch.setattr(disk, "write_new", refuse)
    with pytest.raises(UserError, match="fix this and run the command again"):
        run_study(small_study(), tmp_path / "store", Threads(1))
    monkeypatch.undo()
    heard = []
    run_study(small_study(), tmp_path / "store", Threads(1), heard.append)
    assert heard[0].blocks_found >= 1
    assert content(tmp_path / "store") == content(undisturbed.directory)


def test_a_full_disk_is_told(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.fail("this system has no /dev/full; the test needs one")
    with pytest.raises(UserError, match="the disk is full"), disk.disk_errors_told(tmp_path):
        disk.write_new(Path("/dev/full"), b"x" * 100_000)


def test_a_folder_that_vanishes_is_told(tmp_path, small_study):
    def vanish(event):
        if isinstance(event, BlockMade):
            shutil.rmtree(tmp_path / "store")

    with pytest.raises(UserError, match=r"disappeared while its study ran|no such folder"):
        run_study(small_study(), tmp_path / "store", Threads(1), vanish)


def test_a_study_that_changes_under_a_running_one_is_told(tmp_path, small_study):
    def change(event):
        if isinstance(event, BlockMade):
            path, aside = tmp_path / "store/study.toml", tmp_path / "edited.toml"
            aside.write_text(path.read_text() + "\n# edited\n")
            aside.replace(path)  # whole: a worker reads it just then

    with pytest.raises(UserError, match="changed while its study ran"):
        run_study(small_study(), tmp_path / "store", Threads(1), change)


def test_a_worker_of_another_version_refuses(undisturbed):
    wanted = specified(undisturbed, undisturbed.blocks()[0])
    with pytest.raises(UserError, match=r"this worker has longcount .*, the study is of longcount 99\.0"):
        blocks.make_block({**wanted, "longcount": "99.0"})


def test_a_store_of_another_version_is_read_but_not_gone_on_with(undisturbed, tmp_path):
    directory = shutil.copytree(undisturbed.directory, tmp_path / "store")
    path = directory / "study.toml"
    path.write_text(path.read_text().replace(f'longcount = "{undisturbed.version}"', 'longcount = "99.0"'))
    assert len(Store.open(directory).metrics()) == len(undisturbed.metrics())
    with pytest.raises(UserError, match=r"created by longcount 99\.0"):
        run_study(None, directory, Threads(1))


def test_a_block_made_twice_is_kept_once(undisturbed, tmp_path, content):
    directory = shutil.copytree(undisturbed.directory, tmp_path / "store")
    store = Store.open(directory)
    (directory / "log/aside").mkdir(exist_ok=True)
    for block in store.blocks()[:2]:
        blocks.make_block(specified(store, block))
    assert content(directory) == content(undisturbed.directory)
    assert not list((directory / "log/aside").iterdir())


def test_seeds_make_other_words_unless_the_words_have_one(tmp_path, small_study):
    words = build_study({"cell": "lstm", "seed": [0, 1], "words": {"seed": 5}}).conditions
    assert {condition.words.seed for condition in words} == {5}
    store = run_study(small_study(cell="relu", runs=1, seed=[0, 1]), tmp_path / "store", Threads(1))
    first, second = store.study.conditions
    assert store.words("training", first) != store.words("training", second)


@pytest.mark.parametrize("what", ["link", "folder", "device"])
def test_a_lock_is_written_to_a_file_alone(tmp_path, what):
    lock = tmp_path / "log" / "lock"
    lock.parent.mkdir()
    if what == "folder":
        lock.mkdir()
    else:
        lock.symlink_to("/dev/null" if what == "device" else tmp_path / "elsewhere")
    told = r"lock: should be a file, the lock of its store; move it away"
    with pytest.raises(UserError, match=told), exclusive(tmp_path):
        pass
    assert not (tmp_path / "elsewhere").exists()
