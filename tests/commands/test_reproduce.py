"""``longcount reproduce``: the same bytes however it was run, and what happens when the disk refuses."""

import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from longcount.languages.files import write_splits
from longcount.languages.splits import make_splits

from .conftest import contents_sha256, needs_root


@pytest.fixture(scope="session")
def reproduced(longcount, tiny_words, tmp_path_factory) -> Path:
    """A small reproduction: 2 LSTM, 6 ReLU and 2 GRU runs on a few words; not to be changed."""
    store = tmp_path_factory.mktemp("reproduced") / "store"
    printed = longcount("reproduce", "--out", store, "--data", tiny_words, "--runs", 2).is_done().stdout
    (store.parent / "printed.txt").write_text(printed)
    return store


def test_table_1_is_printed_beside_the_papers_and_written(reproduced):
    printed = (reproduced.parent / "printed.txt").read_text()
    assert "802.4 / 946.4" in printed
    assert max(map(len, printed.splitlines())) <= 80
    table = pd.read_csv(reproduced / "tables" / "table1.csv")
    assert set(table["cell"]) == {"lstm", "relu", "gru", "relu_all", "constant", "perfect"}
    runs = table.set_index("cell")["runs"].to_dict()
    assert (runs["lstm"], runs["relu"], runs["gru"], runs["relu_all"]) == (2, 2, 2, 6)
    assert {"mean", "min", "max", "std", "unfailed", "paper_mean", "paper_min", "paper_max"} <= set(table)
    perfect = table[(table["cell"] == "perfect") & (table["measure"] == "long_accuracy")]
    assert perfect["mean"].tolist() == [100.0]
    for name in ("table1.md", "table1.tex"):
        assert (reproduced / "tables" / name).read_text().strip()


def test_bytes_do_not_depend_on_jobs(longcount_here, tiny_words, reproduced, tmp_path):
    options = ("--data", tiny_words, "--runs", 2, "--jobs", 1)
    longcount_here("reproduce", "--out", tmp_path / reproduced.name, *options).is_done()
    assert contents_sha256(tmp_path / reproduced.name) == contents_sha256(reproduced)


@pytest.mark.parametrize(
    ("options", "environment"),
    [(["--jobs", "2"], {}), ([], {"NUMBA_CPU_NAME": "generic"}), ([], {"LONGCOUNT_CACHE": ""})],
    ids=["two jobs", "generic processor", "nothing cached"],
)
def test_bytes_do_not_depend_on_the_processor(longcount, tiny_words, trained, tmp_path, options, environment):
    settings = ("--data", tiny_words, "--runs", 3, "--epochs", 4, *options)
    longcount("train", "lstm", "--out", tmp_path / "again", *settings, environment=environment).is_done()
    assert contents_sha256(tmp_path / "again") == contents_sha256(trained)


def test_seed_changes_weights(longcount_here, tiny_words, trained, tmp_path):
    settings = ("--data", tiny_words, "--runs", 3, "--epochs", 4, "--seed", 1)
    longcount_here("train", "lstm", "--out", tmp_path / "other", *settings).is_done()
    name = "runs/lstm/000000-000002/weights.safetensors"
    assert contents_sha256(tmp_path / "other")[name] != contents_sha256(trained)[name]


def test_killed_and_resumed(longcount_here, start_longcount, tmp_path):
    """Killed when the first block appears, which leaves others half-trained; then the same command again."""
    words = tmp_path / "words"
    write_splits(words, make_splits(5, training_words=1000, validation_words=100, long_words=50, very_long_words=3))
    arguments = ("train", "lstm", "--data", words, "--runs", 80, "--epochs", 10, "--jobs", 1)
    longcount_here(*arguments, "--out", tmp_path / "undisturbed").is_done()
    process = start_longcount(*arguments, "--out", tmp_path / "killed")
    while not blocks_of(tmp_path / "killed") and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert 0 < len(blocks_of(tmp_path / "killed")) < len(blocks_of(tmp_path / "undisturbed"))
    longcount_here(*arguments, "--out", tmp_path / "killed").is_done()
    assert contents_sha256(tmp_path / "killed") == contents_sha256(tmp_path / "undisturbed")


def blocks_of(store: Path) -> list[Path]:
    """The blocks of a store that are done."""
    return list((store / "runs").glob("*/*/manifest.json"))


def test_interrupted(start_longcount, tiny_words, tmp_path):
    process = start_longcount("reproduce", "--out", tmp_path / "store", "--data", tiny_words, "--runs", 10_000)
    while not (tmp_path / "store" / "log" / "blocks.jsonl").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    said = "longcount: interrupted; run the same command again to resume where this one stopped"
    assert stderr.splitlines()[-1] == said


def test_two_processes_on_one_folder(longcount_here, start_longcount, tiny_words, tmp_path):
    arguments = ("reproduce", "--out", tmp_path / "store", "--data", tiny_words, "--runs", 10_000)
    process = start_longcount(*arguments)
    while not (tmp_path / "store" / "log" / "blocks.jsonl").exists() and process.poll() is None:
        time.sleep(0.01)
    longcount_here(*arguments).is_refused(str(tmp_path / "store"))
    process.kill()
    process.communicate(timeout=60)


@pytest.mark.parametrize("runs", ["0", "-1", "1.5", "x", "999999999999"])
def test_bad_runs(longcount_here, tmp_path, runs):
    longcount_here("reproduce", "--out", tmp_path / "store", f"--runs={runs}").is_refused("--runs")
    assert not (tmp_path / "store").exists()


@needs_root
@pytest.mark.parametrize(
    ("size", "command"),
    [(4096, ["train", "lstm"]), (65536, ["train", "lstm"]), (524288, ["reproduce"])],
    ids=["for words", "for weights", "for figures"],
)
def test_a_full_disk(longcount, longcount_here, tiny_words, small_disk, size, command):
    disk = small_disk(size)
    arguments = (*command, "--out", disk / "store", "--data", tiny_words, "--runs", 2)
    outcome = longcount(*arguments)
    assert outcome.status == 2, outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert "the disk is full" in outcome.stderr.splitlines()[-1]
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    if command == ["reproduce"]:  # which resumes in other tests, too
        longcount_here("study", "status", disk / "store", "--verify").is_done()
    else:
        longcount_here(*arguments).is_done()


@needs_root
def test_a_read_only_disk(longcount_here, tiny_words, small_disk):
    disk = small_disk(1 << 20)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for command in (["reproduce"], ["train", "lstm"]):
        longcount_here(*command, "--out", disk / "store", "--data", tiny_words).is_refused("read-only")
    longcount_here("data", "make", disk / "words").is_refused("ead-only")


def test_the_papers_are_listed(longcount_here):
    shown = longcount_here("reproduce", "list").is_done().stdout
    assert "suzgun-2019" in shown
    assert "el-naggar-2022" in shown
