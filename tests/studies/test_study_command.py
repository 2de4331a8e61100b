"""``longcount study``: run, add, status, export and compare, as a user meets them."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from longcount.commands import application
from longcount.store.store import Store

STUDY = """
cell = ["lstm", "relu"]
runs = 3
epochs = 2
block_runs = 2
[words]
training_words = 40
validation_words = 20
long_words = 10
very_long_words = 3
very_long_length = 120
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture
def store(file, tmp_path, capsys):
    directory = tmp_path / "store"
    assert application.main(["study", "run", str(file), "--out", str(directory), "--jobs", "1"]) == 0
    capsys.readouterr()
    return directory


def said(capsys) -> str:
    """What stands on standard error, which must be one line."""
    text = capsys.readouterr().err
    assert text.startswith("longcount: ")
    assert text.count("\n") == 1
    return text


def test_settings_replace_fields_and_make_grids(file, tmp_path):
    settings = ["--set", "order=shared,fixed", "--set", "words.seed=7", "--set", "name=mine"]
    assert application.main(["study", "run", str(file), "--out", str(tmp_path / "store"), *settings]) == 0
    study = Store.open(tmp_path / "store").study
    assert study.name == "mine"
    assert {(c.cell, c.order, c.words.seed) for c in study.conditions} == {
        (cell, order, 7) for cell in ("lstm", "relu") for order in ("shared", "fixed")
    }


def test_add_trains_only_what_is_new(store, capsys):
    assert application.main(["study", "add", str(store), "--set", "runs=5"]) == 0
    assert "4 blocks, 0 there" not in capsys.readouterr().err
    study = Store.open(store).study
    assert [(c.folder, c.runs, c.earlier_runs) for c in study.conditions] == [("lstm", 5, (3,)), ("relu", 5, (3,))]
    assert application.main(["study", "add", str(store), "--set", "learning_rate=0.05"]) == 0
    folders = [condition.folder for condition in Store.open(store).study.conditions]
    assert folders == ["lstm", "relu", "lstm-learning_rate=0.05", "relu-learning_rate=0.05"]


def test_status_tells_runs_blocks_and_bytes(store, capsys):
    assert application.main(["study", "status", str(store), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["condition"], row["runs"], row["runs_done"], row["blocks"]) for row in rows] == [
        ("lstm", 3, 3, 2), ("relu", 3, 3, 2),
    ]  # fmt: skip
    files = [path for path in (store / "runs/lstm").rglob("*") if path.is_file()]
    assert rows[0]["bytes"] == sum(path.stat().st_size for path in files)
    path = store / "runs/lstm/000000-000001/metrics.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    assert application.main(["study", "status", str(store), "--json", "--verify"]) == 1
    row = json.loads(capsys.readouterr().out)[0]
    assert (row["runs_done"], row["blocks_done"], row["blocks_damaged"]) == (1, 1, 1)


def test_status_tells_where_the_time_went(store, capsys):
    with open(store / "log/blocks.jsonl", "a") as file:
        file.write('{"at": 1, "fol')  # the line that was being written when the machine went down
    assert application.main(["study", "status", str(store)]) == 0
    text = capsys.readouterr().out
    assert "Where the time went" in text
    assert "ns per token" in text


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_export_is_a_row_a_run_and_epoch(store, tmp_path, suffix):
    path = tmp_path / f"table.{suffix}"
    assert application.main(["study", "export", str(store), "--out", str(path)]) == 0
    table = pd.read_csv(path) if suffix == "csv" else pd.read_parquet(path)
    assert len(table) == 2 * 3 * 3
    assert not table.duplicated(["condition", "run", "epoch"]).any()
    metrics = Store.open(store).metrics()
    for split, column in (("validation", "loss"), ("long", "accuracy"), ("very_long", "fpf_mean")):
        rows = metrics[metrics["split"] == split].astype({"condition": str})
        both = table.merge(rows, on=["condition", "run", "epoch"])
        assert len(both) == len(rows)
        assert both[f"{split}_{column}"].tolist() == both[column].tolist()
        assert len(table[f"{split}_{column}"].dropna()) == len(rows)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_export_of_means_is_a_row_for_each_measure(store, tmp_path, suffix):
    path = tmp_path / f"means.{suffix}"
    assert application.main(["study", "export", str(store), "--out", str(path), "--means"]) == 0
    table = pd.read_csv(path) if suffix == "csv" else pd.read_parquet(path)
    assert not table.duplicated(["condition", "split", "epoch", "measure"]).any()
    wanted = ("lstm", "validation", 2, "loss")
    rows = table.to_dict("records")
    (row,) = (r for r in rows if (r["condition"], r["split"], r["epoch"], r["measure"]) == wanted)
    metrics = Store.open(store).metrics(["lstm"], ["validation"])
    assert row["mean"] == pytest.approx(metrics[metrics["epoch"] == 2]["loss"].mean(), rel=1e-12)
    assert row["runs"] == 3


def test_tables_as_small_as_the_papers_are_drawn_from_many_runs(store, capsys):
    assert application.main(["study", "resample", str(store)]) == 2
    assert "no condition lstm, relu, gru has as many runs as the paper trains" in said(capsys)
    assert application.main(["study", "add", str(store), "--set", "runs=12", "--set", "cell=lstm"]) == 0
    capsys.readouterr()
    assert application.main(["study", "resample", str(store), "--draws", "50", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["cell"] for row in rows} == {"lstm"}
    assert [row["paper"] for row in rows if row["measure"] == "very_long_fpf"] == [916.8, 802.4, 946.4]
    assert all(row["runs"] == 12 and row["low"] <= row["middle"] <= row["high"] for row in rows)
    assert application.main(["study", "resample", str(store), "--draws", "50"]) == 0
    assert "916.8" in capsys.readouterr().out


def test_export_says_in_what_conditions_differ(store, tmp_path):
    assert application.main(["study", "add", str(store), "--set", "order=fixed"]) == 0
    assert application.main(["study", "export", str(store), "--out", str(tmp_path / "table.parquet")]) == 0
    table = pd.read_parquet(tmp_path / "table.parquet")
    assert table.groupby("condition")["order"].unique().map(list).to_dict() == {
        "lstm": ["shuffled"], "relu": ["shuffled"], "lstm-order=fixed": ["fixed"], "relu-order=fixed": ["fixed"],
    }  # fmt: skip


def test_compare_pairs_runs(store, capsys, tmp_path):
    assert application.main(["study", "add", str(store), "--set", "learning_rate=0.05"]) == 0
    assert application.main(["study", "export", str(store), "--out", str(tmp_path / "table.parquet")]) == 0
    assert set(pd.read_parquet(tmp_path / "table.parquet")["learning_rate"]) == {0.01, 0.05}
    capsys.readouterr()
    assert application.main(["study", "compare", str(store), str(store), "--format", "latex"]) == 0
    assert r"\begin{tabular}" in capsys.readouterr().out
    for asked in (["compare", str(store), str(store)], ["factors", str(store)], ["status", str(store)]):
        assert application.main(["study", *asked]) == 0
        text = capsys.readouterr().out.replace(str(store), "STORE")
        assert max(map(len, text.splitlines())) <= 80
        assert "learning_" in text or "learning rate" in text
    pair = [f"{store}:lstm", f"{store}:lstm-learning_rate=0.05"]
    assert application.main(["study", "compare", *pair, "--measure", "validation_loss", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)[0]
    metrics = Store.open(store).metrics(splits=["validation"]).astype({"condition": str})
    trained = metrics[metrics["epoch"] > 0]
    best = trained.pivot_table(index="condition", columns="run", values="loss", aggfunc="min")
    differences = best.loc["lstm-learning_rate=0.05"] - best.loc["lstm"]
    assert row["runs"] == 3
    assert row["difference"] == pytest.approx(differences.mean(), rel=1e-12)
    assert row["low"] <= row["difference"] <= row["high"]
    assert row["greater"] == (differences > 0).mean()


def test_compare_with_itself_shows_no_difference(store, capsys):
    assert application.main(["study", "compare", str(store), str(store), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["first"] for row in rows} == {"lstm", "relu"}
    assert all(row["difference"] == row["low"] == row["high"] == 0 for row in rows)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["study", "compare", "{store}:lstm", "{store}:relu"], "cannot be paired by run: cell lstm and relu"),
        (["study", "compare", "{store}", "{store}", "--measure", "long_acuracy"], "did you mean 'long_accuracy'"),
        (["study", "compare", "{store}:lst", "{store}:relu"], "did you mean 'lstm'"),
        (["study", "export", "{store}", "--out", "table.xls"], "should end in .parquet or .csv"),
        (["study", "status", "{store}/runs"], "not a store"),
        (["study", "add", "{store}"], "nothing to add"),
        (["study", "add", "{store}", "--set", "runs"], "should be FIELD=VALUE"),
        (["study", "add", "{store}", "--set", "rnus=5"], "did you mean 'runs'"),
        (["study", "run", "--out", "{store}", "--set", "runs=5"], "`study add` to add to a store"),
        (["study", "run", "--out", "{store}/runs"], "not a store"),
        (["study", "run", "missing.toml", "--out", "{store}"], "missing.toml: cannot be read: No such file"),
        (["study", "run", "--out", "{store}", "--address", "tcp://x:1"], "--address: belongs to --executor dask"),
        (["study", "run", "--out", "{store}", "--executor", "dask"], "give either --address or --scheduler-file"),
        (["study", "run", "--out", "{store}", "--executor", "slurm"], "Could not detect"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(store, capsys, arguments, expected):
    assert application.main([argument.format(store=store) for argument in arguments]) == 2
    assert expected in said(capsys)


def test_progress_goes_to_standard_error_alone(file, tmp_path):
    command = [sys.executable, "-m", "longcount", "study", "run", str(file), "--out", str(tmp_path / "s"), "--log-json"]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert finished.stdout == ""
    assert [json.loads(line)["event"] for line in finished.stderr.splitlines()][-1] == "Finished"
