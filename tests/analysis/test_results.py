"""What is stored for reports, against the store it comes from."""

import errno
import os
import shutil
from pathlib import Path
from threading import Event

import numpy as np
import pandas as pd
import pytest

from longcount.analysis.analysis import SHALLOW_LENGTH, results_of
from longcount.analysis.failures import PHASES
from longcount.analysis.models import evaluate
from longcount.analysis.results import analyse, path_of, read_result, read_results
from longcount.analysis.selection import where
from longcount.errors import UserError
from longcount.languages import dyck
from longcount.store.store import Store


@pytest.fixture(scope="module")
def results(analysed):
    return read_results(Store.open(analysed))


def test_models_agree_with_an_evaluation(analysed, results):
    store = Store.open(analysed)
    for split, column, measured in (("very_long", "fpf_mean", "very_long_fpf"), ("long", "accuracy", "long_accuracy")):
        frame = evaluate(analysed, store.words(split)).sort_values(["condition", "run"])
        models = results["models"].sort_values(["condition", "run"])
        assert models[measured].tolist() == frame[column].tolist()
    shallow = evaluate(analysed, dyck.shallow(SHALLOW_LENGTH)).sort_values(["condition", "run"])
    assert results["models"].sort_values(["condition", "run"])["shallow_fpf"].tolist() == shallow["fpf_min"].tolist()


def test_checkpoints_agree_with_an_evaluation_at_their_epoch(analysed, results):
    store = Store.open(analysed)
    assert sorted(set(results["checkpoints"]["epoch"])) == [1, 5]
    for epoch in (1, 5):
        frame = evaluate(analysed, store.words("training"), epoch).sort_values(["condition", "run"])
        found = where(results["checkpoints"], epoch=epoch).sort_values(["condition", "run"])
        assert found["training_loss"].tolist() == pytest.approx(frame["loss"].tolist(), rel=1e-12)


def test_zigzags_agree_with_an_evaluation_at_their_epoch(analysed, results):
    frame = evaluate(analysed, dyck.zigzag(100), 5).sort_values(["condition", "run"])
    found = where(results["zigzags"], epoch=5, half_period=100).sort_values(["condition", "run"])
    assert found["fpf"].tolist() == frame["fpf_min"].tolist()
    before_zero = found["phase"] == PHASES.index("closing")
    assert before_zero.tolist() == [100 <= fpf < 199 for fpf in frame["fpf_min"]]


def test_survival_starts_at_one_and_falls(results):
    for cell in ("lstm", "relu", "gru", "relu_all", "constant"):
        curve = where(results["survival"], condition=cell)["survival"].to_numpy()
        assert (np.diff(curve) <= 0).all()
        assert 0 <= curve[-1] <= curve[0] <= 1


def test_a_third_of_relu_runs_is_kept(results):
    kept = where(results["models"], cell="relu", kept=True)
    assert len(kept) == 2
    others = where(results["models"], cell="relu", kept=False)
    assert max(kept["validation_loss"]) <= min(others["validation_loss"])


def test_nothing_is_made_again_until_the_store_grows(analysed):
    names = results_of(Store.open(analysed))
    before = {name: path_of(analysed, name).stat().st_mtime_ns for name in names}
    analyse(analysed)
    assert {name: path_of(analysed, name).stat().st_mtime_ns for name in names} == before


def test_further_results_are_made_from_the_others_and_kept(analysed, results):
    further = {"runs": lambda frames: frames["models"].loc[:, ["condition", "run"]]}
    analyse(analysed, further=further)
    assert read_result(analysed, "runs").equals(results["models"].loc[:, ["condition", "run"]])


def test_results_are_left_out_and_none_is_begun_once_stopped(analysed, tmp_path):
    copy, stopped = shutil.copytree(analysed, tmp_path / "store"), Event()
    losses, learned = (path_of(copy, name) for name in ("losses", "learned"))
    before = losses.read_bytes()
    losses.unlink()
    learned.unlink()
    stopped.set()
    analyse(copy, stopped=stopped)
    assert not losses.exists()
    analyse(copy, without=["learned"])
    assert losses.read_bytes() == before
    assert not learned.exists()


def test_missing_and_damaged_results_are_told_of(tmp_path):
    with pytest.raises(UserError, match="missing; run `longcount report"):
        read_result(tmp_path, "table1")
    path_of(tmp_path, "table1").parent.mkdir()
    path_of(tmp_path, "table1").write_bytes(b"PAR1 no")
    with pytest.raises(UserError, match="damaged"):
        read_result(tmp_path, "table1")


def test_a_disk_that_refuses_is_told_of_in_one_line(analysed, tmp_path, monkeypatch):
    copy = shutil.copytree(analysed, tmp_path / "store")
    shutil.rmtree(copy / "results")
    (copy / "results").write_text("in the way")
    with pytest.raises(UserError, match="a file stands where a folder should be"):
        analyse(copy)
    (copy / "results").unlink()
    replace = os.replace

    def full(source, target):
        if Path(target).name == "table1.parquet":
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match=r"table1.parquet: the disk is full"):
        analyse(copy)
    assert not any(path.suffix == ".parquet" and path.name.startswith(".") for path in copy.rglob("*"))


def test_results_are_plain_parquet(analysed):
    frame = pd.read_parquet(path_of(analysed, "table2"))
    assert list(frame.columns[:3]) == ["condition", "cell", "predictor"]
