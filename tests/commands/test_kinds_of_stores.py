"""Stores that are unfinished, constructed, imported, repaired, read-only, on other words, or written to meanwhile."""

import errno
import json
import subprocess

import numpy as np
import pandas as pd
import pytest

import longcount as package
from longcount.commands.output import print_table
from longcount.languages.files import write_splits
from longcount.report.printed import evaluation
from longcount.store import block as blocks
from longcount.store.store import Store

from .conftest import needs_root


@pytest.fixture(scope="module")
def kinds(longcount_here, trained, tiny_words, tmp_path_factory):
    """A store of each kind of models that were not trained here."""
    folder = tmp_path_factory.mktemp("kinds")
    package.construct("lstm", folder / "constructed")
    longcount_here("export", trained, "--run", 1, "--out", folder / "model.safetensors").is_done()
    package.import_models([folder / "model.safetensors"], folder / "imported", data=tiny_words)
    package.repair(folder / "constructed", folder / "repaired", bounded=0, jobs=1)
    return folder


@pytest.mark.parametrize("kind", ["constructed", "imported", "repaired"])
def test_nothing_is_trained_into_a_store_of_other_models(longcount_here, kinds, kind):
    before = (kinds / kind / "study.toml").read_bytes()
    longcount_here("construct", "relu", "--out", kinds / kind).is_refused("already holds a store")
    said = f"its models are {kind}; train others into a store of their own"
    longcount_here("study", "add", kinds / kind, "--set", "runs=3").is_refused(said)
    assert (kinds / kind / "study.toml").read_bytes() == before
    longcount_here("study", "status", kinds / kind, "--verify").is_done()


@pytest.mark.parametrize("log", ["folder", "link"])
def test_nothing_is_added_to_a_store_whose_log_is_no_file(longcount_here, copied, log):
    path, before = copied / "log" / "blocks.jsonl", (copied / "study.toml").read_bytes()
    path.unlink(missing_ok=True)
    path.mkdir(parents=True) if log == "folder" else path.symlink_to("/proc/self/mem")
    longcount_here("study", "add", copied, "--set", "runs=4").is_refused(f"{path}: should be a file")
    assert (copied / "study.toml").read_bytes() == before


def test_nothing_is_trained_where_a_result_is_no_file(longcount_here, copied):
    path = copied / "results" / "first_failures.parquet"
    path.unlink()
    path.mkdir()
    next(copied.glob("runs/lstm/*/manifest.json")).unlink()
    longcount_here("study", "run", "--out", copied).is_refused(f"{path}: should be a file, a result of its runs")
    assert not list(copied.glob("runs/lstm/*/manifest.json"))


@pytest.mark.parametrize(("kind", "rows"), [("constructed", 0), ("imported", 1), ("repaired", 0)])
def test_every_store_is_exported(longcount_here, kinds, tmp_path, kind, rows):
    longcount_here("study", "export", kinds / kind, "--out", tmp_path / "table.csv").is_done()
    frame = pd.read_csv(tmp_path / "table.csv")
    assert len(frame) == rows  # of what was measured on words
    assert frame["validation_loss"].count() == rows


@pytest.mark.parametrize(
    "command",
    [("evaluate", "--json"), ("certify", "--json", "--limit", 100, "--jobs", 1), ("study", "export", "--out", "x.csv")],
)
def test_an_unfinished_store_says_so(longcount_here, copied, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    Store.open(copied)
    next(copied.glob("runs/lstm/*/manifest.json")).unlink()
    at = 2 if command[0] == "study" else 1
    said = longcount_here(*command[:at], copied, *command[at:]).stderr
    assert f"{copied}: 0 of 3 runs are done, the others are left out; `longcount study run --out" in said


def test_a_report_of_an_unfinished_store_says_so(longcount_here, small_study, tmp_path, monkeypatch):
    store = package.run_study(small_study(cell="lstm", runs=3, epochs=1, block_runs=1), tmp_path / "store")
    (store.directory / "runs/lstm/000001-000001/manifest.json").unlink()
    monkeypatch.setattr("longcount.report.draw.draw", lambda *_, **__: [])
    assert "2 of 3 runs are done, the others are left out" in longcount_here("report", store.directory).is_done().stderr


def test_comparisons_say_which_words_differ(longcount_here, trained, tiny_words, tmp_path):
    splits = {split: package.read_words(path) for split, path in
              (("training", tiny_words / "train.txt"), ("validation", tiny_words / "validation.txt"),
               ("very_long", tiny_words / "very_long.txt"))}  # fmt: skip
    splits["long"] = package.read_words(tiny_words / "long.txt").select(range(19))
    write_splits(tmp_path / "words", splits)
    package.train("lstm", tmp_path / "other", data=tmp_path / "words", runs=3, epochs=4)
    compared = longcount_here("study", "compare", trained, tmp_path / "other").is_done()
    assert "judged on other words: long_accuracy\n" in compared.stderr
    frame = package.compare(trained, tmp_path / "other", ["long_loss", "very_long_fpf_mean"])
    assert frame["words"].tolist() == ["other", "the same"]
    assert "other words" not in longcount_here("study", "compare", trained, trained).is_done().stderr


@pytest.mark.parametrize("accuracy", [99.9967, 100 * (1 - 1 / 30_000), np.nextafter(100.0, 0.0)])
def test_not_all_words_are_never_100_percent(capsys, accuracy):
    measured = {"words": 30_000, "accuracy": accuracy, "loss": 0.2, "fpf_mean": 9.0, "fpf_min": 9, "learned": True}
    row = {"condition": "lstm", "cell": "lstm", "run": 0, "epoch": 1, **measured}
    print_table(evaluation("one", pd.DataFrame([row]), pd.DataFrame()))
    assert "100" not in capsys.readouterr().out.replace("30,000", "")
    print_table(evaluation("one", pd.DataFrame([{**row, "accuracy": 100.0}]), pd.DataFrame()))
    assert "100" in capsys.readouterr().out.replace("30,000", "")


def test_a_block_that_changes_while_it_is_read_is_noticed(longcount_here, copied, monkeypatch):
    real = blocks.read_manifest

    def written_meanwhile(folder):
        found = real(folder)
        (folder / blocks.WEIGHTS).write_bytes(b"other")
        return found

    monkeypatch.setattr("longcount.store.store.read_manifest", written_meanwhile)
    blocks.stacked_weights.cache_clear()
    longcount_here("evaluate", copied).is_refused("weights.safetensors: damaged", "run the same")


def test_a_result_that_is_written_while_it_is_read_is_not_believed(longcount_here, copied, monkeypatch):
    longcount_here("certify", copied, "--run", 0, "--limit", 100, "--jobs", 1).is_done()
    path = copied / "results/certificates.parquet"
    other = pd.read_parquet(path).assign(verdict="exact")
    from longcount.store import frames

    real = frames.sealed_in

    def written_meanwhile(file):
        other.to_parquet(path)
        return real(file)

    monkeypatch.setattr(frames, "sealed_in", written_meanwhile)
    found = frames.read_frame(path, "longcount certify")
    assert found["verdict"].tolist() == ["bounded"]


def test_a_colon_in_a_path_is_no_address(longcount_here, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    longcount_here("construct", "lstm", "--out", "a:b/store").is_done()
    longcount_here("certify", "a:b/store", "--json", "--jobs", 1).is_done()
    longcount_here("study", "status", "a:b/store", "--verify").is_done()
    for name in ("a:b.csv", "a:b.parquet"):
        longcount_here("study", "export", trained, "--out", name).is_done()


def test_a_block_that_cannot_be_read_is_damaged_unless_that_may_pass(copied, monkeypatch):
    weights = copied / "runs/lstm/000000-000002/weights.safetensors"
    weights.unlink()
    weights.symlink_to("/proc/self/mem")  # which cannot be read, as a disk that fails
    store = Store.open(copied)
    (block,) = store.blocks()
    with pytest.raises(blocks.DamagedBlock, match="cannot be read: Input/output error"):
        store.verify(block)

    def no_more_files(*_):
        raise package.UserError("too many files") from OSError(errno.EMFILE, "too many files")

    def no_more_memory(*_):
        raise package.UserError("not enough memory") from MemoryError()

    monkeypatch.setattr(blocks, "read_bytes", no_more_memory)
    with pytest.raises(package.UserError, match="not enough memory") as told:
        store.verify(block)
    assert not isinstance(told.value, blocks.DamagedBlock)
    monkeypatch.setattr(blocks, "read_bytes", no_more_files)
    with pytest.raises(package.UserError, match="too many files") as told:
        store.verify(block)
    assert not isinstance(told.value, blocks.DamagedBlock)


def test_a_seed_of_words_that_are_given_is_refused(longcount_here, kinds, tiny_words, tmp_path):
    command = ("import", kinds / "model.safetensors", "--data", tiny_words, "--out", tmp_path / "store")
    longcount_here(*command, "--seed", 5).is_refused("seed: 5: of words that are made, and all are given; leave it out")
    longcount_here(*command).is_done()


@needs_root
def test_a_store_that_is_read_only_is_read(longcount_here, copied, tmp_path):
    disk = copied
    subprocess.run(["mount", "--bind", disk, disk], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", disk], check=True)
        certified = longcount_here("certify", copied, "--run", 0, "--limit", 100, "--jobs", 1, "--json").is_done()
        assert json.loads(certified.stdout)[0]["verdict"] == "bounded"
        assert "read-only" in certified.stderr
        assert "the verdicts are not kept" in certified.stderr
        for command in ("evaluate",), ("study", "status", "--verify"), ("study", "compare", copied):
            longcount_here(*command, copied).is_done()
        longcount_here("report", copied).is_refused("read-only")
        longcount_here("report", copied, "--out", tmp_path, "--jobs", 1).is_refused("holds 'store'")
        longcount_here("report", copied, "--out", tmp_path / "report", "--jobs", 1).is_done()
        made = {path.name for path in (tmp_path / "report").iterdir()}
        assert made >= {"tables", "figures", "report.html", "results"}
    finally:
        subprocess.run(["umount", disk], check=True)
