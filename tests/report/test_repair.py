"""Before and after repair, side by side."""

import json
import math
import shutil
from typing import Any

import numpy as np
import pandas as pd
import pytest

from longcount import cells
from longcount.analysis.repairs import repair_store
from longcount.analysis.selection import values, where
from longcount.commands.application import main
from longcount.exact.construct import construct
from longcount.languages.splits import make_splits
from longcount.report.draw import draw
from longcount.report.formats import Table
from longcount.report.repair import repair_table, sides
from longcount.store.model_stores import keep_models
from longcount.store.store import Store

DEAD = np.full(cells.get("relu").size(), 0.5, np.float32)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """Two exact LSTMs, one of them not quite saturated; six ReLUs of which two can be repaired and four are dead."""
    lstm, relu = construct("lstm"), (construct("relu") * np.float32(1.001)).astype(np.float32)
    nearly = np.where(np.abs(lstm) == 40, lstm / 8, lstm).astype(np.float32)
    models = {"lstm": np.stack([lstm, nearly]), "relu": np.stack([DEAD, relu, DEAD, DEAD, relu, DEAD])}
    splits = make_splits(
        1, training_words=50, validation_words=50, long_words=20, very_long_words=4, very_long_length=200
    )
    return keep_models(tmp_path_factory.mktemp("repair") / "models", models, "imported", {"file": "none"}, splits)


@pytest.fixture(scope="module")
def repaired(store, tmp_path_factory) -> Store:
    return repair_store(store.directory, tmp_path_factory.mktemp("repair") / "repaired", jobs=1)[0]


@pytest.fixture(scope="module")
def table(repaired) -> Table:
    table = repair_table(repaired)
    assert table is not None
    return table


def number(table: Table, cell: str, measure: str) -> dict[str, Any]:
    (row,) = where(table.values, condition=cell, measure=measure).to_dict("records")
    return row


def test_rows_are_those_of_table_1(table):
    assert list(dict.fromkeys(table.values["condition"])) == ["lstm", "relu", "relu_all"]
    assert [number(table, "relu", "learned")[name] for name in ("models", "before", "after")] == [2, 2, 2]
    assert [number(table, "relu_all", "learned")[name] for name in ("models", "before", "after")] == [6, 2, 2]


def test_numbers_are_those_of_the_two_stores(store, repaired, table):
    for side, of_side in (("before", store), ("after", repaired)):
        for measure, split, column in (
            ("long_accuracy", "long", "accuracy"),
            ("very_long_fpf", "very_long", "fpf_mean"),
        ):
            found = of_side.metrics(["relu"], [split])[column]
            row = number(table, "relu_all", measure)
            expected = [found.mean(), found.min(), found.max()]
            assert [row[name] for name in (side, f"{side}_min", f"{side}_max")] == pytest.approx(expected)


def test_worst_cases_and_proofs_stand_on_both_sides(table):
    exact = number(table, "lstm", "exact")
    assert (exact["before"], exact["after"]) == (1, 2)
    assert number(table, "lstm", "exact_depth")["after"] == 2**24
    assert number(table, "lstm", "worst_case_lower")["before"] <= number(table, "lstm", "worst_case_upper")["before"]
    assert math.isnan(number(table, "lstm", "worst_case_lower")["after"]), "every one is exact"
    lower = number(table, "relu_all", "worst_case_lower")
    assert lower["after"] <= lower["before"], "only dead ones are left"


def test_what_the_repair_took(repaired, table):
    repairs = pd.read_parquet(repaired.directory / "results/repairs.parquet")
    change = values(where(repairs, cell="relu", repaired=True), "change")
    row = number(table, "relu_all", "change")
    assert (row["after"], row["after_max"]) == pytest.approx((np.median(change), max(change)))
    assert number(table, "relu_all", "repaired")["after"] == 2
    assert number(table, "relu_all", "not_repaired")["after"] == 4
    assert number(table, "lstm", "repaired")["after"] == 1, "the other was exact already"


def test_texts(table):
    shown = table.shown.assign(model=table.shown["model"].str.strip())
    groups = [0, *table.groups]
    assert shown.loc[groups, "model"].tolist() == ["LSTM", "ReLU", "ReLU, all runs"]
    of_all = shown.iloc[groups[-1] :].set_index("model")
    assert of_all.loc["repaired", "after"] == "2 of 6 (project: 2)"
    assert of_all.loc["not repairable", "after"] == "4 (never learned: 4)"
    assert of_all.loc["proved exact"].tolist() == ["0 of 6", "2 of 6, to depth 16,777,216"]
    assert of_all.loc["learned"].tolist() == ["2 of 6", "2 of 6"]
    of_lstm = shown.iloc[: groups[1]].set_index("model")
    assert of_lstm.loc["worst-case FPF", "after"] == "none"
    assert of_lstm.loc["very long FPF", "after"] == "200 (200 / none)"
    assert "8 of 8 models before" in table.caption
    assert "first 200 runs of each cell" in table.caption


def test_a_limit_shows_in_the_table(store, tmp_path):
    table = repair_table(repair_store(store.directory, tmp_path / "few", jobs=1, bounded=2)[0])
    assert table is not None
    rows = table.shown.iloc[table.groups[-1] :].assign(model=lambda rows: rows["model"].str.strip()).set_index("model")
    assert rows.loc["worst-case FPF", "before"].endswith("(of 2)")
    assert rows.loc["worst-case FPF", "after"].endswith("(of 1)")
    assert rows.loc["proved exact"].tolist() == ["0 of 6", "2 of 6, to depth 16,777,216"]
    assert "first 2 runs of each cell" in table.caption


def test_other_stores_have_no_such_table(store):
    assert repair_table(store) is None
    assert sides(store) is None


def test_the_command_writes_the_table_prints_it_and_says_it_in_json(store, tmp_path, capsys):
    assert main(["repair", str(store.directory), "--out", str(tmp_path / "one"), "--jobs", "1"]) == 0
    printed = capsys.readouterr().out
    names = sorted(path.name for path in (tmp_path / "one" / "tables").iterdir())
    assert names == ["repair.csv", "repair.md", "repair.tex"]
    read = pd.read_csv(tmp_path / "one" / "tables" / "repair.csv")
    assert read.columns.tolist() == [
        "condition", "cell", "measure", "statistic", "models", "before", "before_min", "before_max", "after",
        "after_min", "after_max",
    ]  # fmt: skip
    for text in ("before", "after", "2 of 6 (project: 2)", "to depth 16,777,216"):
        assert text in printed
        assert text in (tmp_path / "one" / "tables" / "repair.md").read_text(encoding="utf-8")
    assert main(["repair", str(store.directory), "--out", str(tmp_path / "two"), "--jobs", "1", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 8
    assert [row["verdict_before"] for row in rows] == ["exact"] + ["bounded"] * 7
    assert [row["verdict_after"] for row in rows if row["cell"] == "lstm"] == ["exact", "exact"]
    assert [row["learned_after"] for row in rows if row["cell"] == "relu"] == [False, True, False, False, True, False]
    assert main(["repair", str(store.directory), "--out", str(tmp_path / "x"), "--bounded", "-1"]) == 2
    assert "bounded" in capsys.readouterr().err


def test_reports_of_a_repaired_store_show_it_when_the_old_one_is_gone(drawn, tmp_path):
    shutil.copytree(drawn, tmp_path / "old")
    repair_store(tmp_path / "old", tmp_path / "new", jobs=1, bounded=3)
    shutil.rmtree(tmp_path / "old")
    draw(tmp_path / "new", jobs=1)
    table = repair_table(Store.open(tmp_path / "new"))
    assert table is not None
    written = pd.read_csv(tmp_path / "new" / "tables" / "repair.csv")
    assert written["after"].tolist() == pytest.approx(table.values["after"].astype(float).tolist(), nan_ok=True)
    page = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    assert "Before and after repair" in page
    assert "Worst-case FPF" in page, "what the repair proved stands in Table 1"
