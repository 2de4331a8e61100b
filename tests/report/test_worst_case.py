"""Worst cases beside averages, where models were certified."""

import shutil

import numpy as np
import pandas as pd
import pytest

from longcount.analysis.certificates import certify_store
from longcount.analysis.results import read_result
from longcount.analysis.selection import values, where
from longcount.analysis.worst_case import with_verdicts, worst_cases
from longcount.commands.application import main
from longcount.report.draw import draw
from longcount.report.tables import runs_shown
from longcount.report.worst_case import worst_case_figures, worst_case_table
from longcount.store.store import Store


def test_reports_show_what_certify_left(drawn, tmp_path):
    copy = shutil.copytree(drawn, tmp_path / "paper")
    assert not (copy / "tables" / "worst_case.csv").exists()
    certificates = certify_store(copy, cell="lstm", limit=300, jobs=1)
    draw(copy, jobs=1)
    row = pd.read_csv(copy / "tables" / "worst_case.csv").set_index("cell").loc["lstm"]
    bounded = where(certificates, verdict="bounded")
    assert row["models"] == 3
    assert row["exact"] == 3 - len(bounded)
    assert row["lower_min"] == min(bounded["lower_bound"])
    upper = values(bounded, "upper_bound").astype(float)
    median = np.median(np.where(np.isnan(upper), np.inf, upper))
    assert row["upper_median"] == (median if np.isfinite(median) else pytest.approx(np.nan, nan_ok=True))
    page = (copy / "report.html").read_text(encoding="utf-8")
    assert "Average and worst case" in page
    assert (copy / "figures" / "worst_case.svg").exists() == bool(np.isfinite(upper).any())
    table = pd.read_csv(copy / "tables" / "table1.csv")
    row = table[(table["cell"] == "lstm") & (table["measure"] == "worst_case_lower")].iloc[0]
    assert row["mean"] == np.mean(values(bounded, "lower_bound"))
    assert (row["runs"], row["unfailed"]) == (3, 3 - len(bounded))
    assert set(table.loc[table["measure"] == "worst_case_lower", "cell"]) == {"lstm"}, "the others were not certified"
    markdown = (copy / "tables" / "table1.md").read_text(encoding="utf-8")
    assert f"({3 - len(bounded)} of 3)" in markdown
    assert "Worst-case FPF" in markdown
    models = with_verdicts(Store.open(copy), read_result(copy, "models"))
    assert models is not None
    shown = runs_shown({"models": models})
    assert [bool(text) for text in shown["worst-case FPF"]] == [cell == "LSTM" for cell in shown["model"]]


def test_certify_prints_table_1_with_its_worst_case(drawn, tmp_path, capsys):
    copy = shutil.copytree(drawn, tmp_path / "paper")
    assert main(["certify", str(copy), "--cell", "lstm", "--limit", "300", "--jobs", "1"]) == 0
    printed = capsys.readouterr().out
    assert "worst-case FPF" in printed
    assert "of 3)" in printed
    assert "certified" not in (copy / "tables" / "table1.md").read_text(encoding="utf-8"), "report draws it"


def test_verdicts_on_the_epochs_of_another_reading_stay_out_of_table_1(drawn):
    store = Store.open(drawn)
    models = pd.DataFrame({"condition": ["lstm"], "cell": "lstm", "kept": True, "verdict": "exact"})
    models = models.assign(max_depth=9, lower_bound=9, upper_bound=np.nan)
    assert worst_cases(store, models)["lstm"].exact == 1
    other = Store(store.directory, store.study.model_copy(update={"selection": "last_word"}), store.word_hashes)
    assert worst_cases(other, models) == {}
    assert with_verdicts(store, models.assign(run=0, epoch=1)) is None, "nothing was certified"


def test_each_language_has_a_figure_with_its_baseline():
    told = {"cell": "lstm", "epoch": 9, "learned": True, "verdict": "bounded", "max_depth": None, "lower_bound": 3}
    asked = [("dyck1", "next_letters"), ("shuffle2", "next_letters"), ("shuffle2", "next_letters")]
    rows = [
        {**told, "condition": f"lstm-language={language}", "language": language, "task": task, "run": run}
        for run, (language, task) in enumerate(asked)
    ]
    models = pd.DataFrame(rows).assign(very_long_fpf=[500.0, 40.0, 60.0], upper_bound=[9, 5, None])
    baseline = {"condition": "without memory", "language": "shuffle2", "task": "next_letters", "split": "very_long"}
    summary = pd.DataFrame([{**baseline, "fpf_mean": 12.5}])
    first, second = worst_case_figures(models, summary)
    assert (first.name, second.name) == ("worst_case", "worst_case_shuffle2_next_letters")
    assert len(first.rows[0][0]["layer"]) == 1, "without the baseline, which is not known"
    [_, rule] = second.rows[0][0]["layer"]
    assert rule["data"]["values"] == [{"fpf": 12.5, "what": "without memory"}]
    assert second.sentence.startswith("Of 1 models")
    assert "alone scores, 12.5." in second.sentence
    assert "alone" not in first.sentence
    table = worst_case_table(models.assign(kept=True), summary)
    assert table.shown["asked"].tolist() == ["Dyck-1, next letters", *["shuffle2, next letters"] * 2], (
        "one row for each condition, then the baseline"
    )
    assert table.shown.iloc[-1].to_dict()["average FPF"] == "12.5"
    assert len(worst_case_table(models.iloc[:1].assign(kept=True), summary).shown) == 1
