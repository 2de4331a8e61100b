"""Table 1 as CSV, Markdown, LaTeX and terminal text."""

import io
import math
import re

import numpy as np
import pandas as pd
import pytest

from longcount.analysis.table1 import MEASURES
from longcount.analysis.worst_case import WorstCase
from longcount.report.formats import Table, csv_text, latex_text, markdown_text, write_table
from longcount.report.table1 import CAPTION, table1_printed, table1_shown, table1_values
from longcount.report.terminal import table_text

COLUMNS = "cell,measure,mean,min,max,std,runs,unfailed,paper_mean,paper_min,paper_max"


@pytest.fixture
def table():
    rows = []
    for cell, runs in (("lstm", 10), ("relu", 10), ("gru", 10), ("relu_all", 30), ("constant", 1), ("perfect", 1)):
        for at, measure in enumerate(MEASURES):
            rows.append(
                {
                    "condition": cell, "measure": measure, "mean": 90.5 + at, "min": 80.25, "max": 99.98, "runs": runs,
                    "std": 1.5 if runs > 1 else math.nan, "unfailed": int(cell == "perfect"), "low": 88.0, "high": 93.0,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def learned():
    rows = [("lstm", 10, 10), ("relu", 10, 10), ("gru", 10, 9), ("relu_all", 30, 13)]
    frame = pd.DataFrame(rows, columns=["condition", "runs", "learned"])
    return frame.assign(share=frame["learned"] / frame["runs"], low=0.27, high=1.0)


def test_csv_has_the_agreed_columns_and_the_papers_values(table):
    text = csv_text(table1_values(table))
    lines = text.splitlines()
    assert lines[0] == COLUMNS
    assert "lstm,very_long_fpf,93.5,80.25,99.98,1.5,10,0,916.8,802.4,946.4" in lines
    assert "relu,very_long_fpf,93.5,80.25,99.98,1.5,10,0,871.7,543.1," in lines
    assert "constant,very_long_fpf,93.5,80.25,99.98,,1,0,,," in lines
    assert len(lines) == 1 + 24
    read = pd.read_csv(io.StringIO(text))
    assert read["paper_max"].dtype == float


def test_markdown_shows_the_papers_row_under_ours(table, learned):
    shown, groups = table1_shown(table, learned)
    lines = markdown_text(shown).splitlines()
    models = [line.split("|")[1].strip() for line in lines[2:]]
    assert models[:4] == ["LSTM", "std", "95%", "paper"]
    assert "916.8 (802.4 / 946.4)" in lines[5]
    assert "none" in lines[9]
    assert groups == (4, 8, 12, 15, 16)
    assert len({len(line) for line in lines}) == 1


def test_learned_share_with_its_interval(table, learned):
    shown, _ = table1_shown(table, learned)
    assert shown["learned"].tolist()[:3] == ["10 of 10", "", "27–100 %"]


def test_a_model_that_never_fails_reads_none(table, learned):
    table.loc[(table["condition"] == "lstm"), "unfailed"] = 1
    shown, _ = table1_shown(table, learned)
    assert shown.loc[0, "very long FPF"] == "93.5 (80.2 / none)"
    assert shown.loc[0, "long"] == "92.5 (80.2 / 99.98)"


def test_latex_is_booktabs_and_escaped(table, learned):
    shown, groups = table1_shown(table, learned)
    text = latex_text(shown, CAPTION, "tab:table1", groups)
    assert text.count(r"\midrule") == 1 + len(groups)
    assert r"\toprule" in text
    assert r"\caption{percentage of words" in text, "LaTeX writes “Table 1:” itself"
    assert r"\%" in text
    assert not any(sign in text.replace(r"\%", "") for sign in "%²–−×")


def test_a_terminal_of_80_columns_shows_ranges_below_their_means(table, learned):
    text = table_text(table1_printed(table, learned), 80)
    paper = next(at for at, line in enumerate(text.splitlines()) if line.startswith("  paper"))
    assert text.splitlines()[paper].split() == ["paper", "100", "100", "100", "916.8"]
    below = text.splitlines()[paper + 1]
    assert [below[:11], *re.findall(r"\S+ / \S+", below[11:])] == [
        "  min / max", "100 / 100", "100 / 100", "99.8 / 100", "802.4 / 946.4"
    ]  # fmt: skip
    assert max(map(len, text.splitlines())) <= 80


@pytest.fixture
def worst():
    """Ten LSTMs of which eight are exact, ten GRUs all exact, ten ReLUs of which one has no known word that fails."""
    return {
        "lstm": WorstCase(10, 8, 1000, np.array([40.0, 51.0]), np.array([41.0, 51.0])),
        "gru": WorstCase(10, 10, 1000, np.zeros(0), np.zeros(0)),
        "relu": WorstCase(10, 9, 1000, np.array([9999.0]), np.array([np.inf])),
    }


def test_worst_cases_stand_beside_averages_where_models_were_certified(table, learned, worst):
    shown, groups = table1_shown(table, learned, worst)
    assert shown.columns.tolist()[-3:] == ["very long FPF", "worst-case FPF", "learned"]
    told = shown.set_index("model")["worst-case FPF"]
    assert told[["LSTM", "GRU", "ReLU", "ReLU, all runs"]].tolist() == [
        "45.5–46 (8 of 10)", "none (10 of 10)", "from 9999 (9 of 10)", ""
    ]  # fmt: skip
    assert groups == table1_shown(table, learned)[1]
    assert "worst-case FPF" not in table1_shown(table, learned)[0]


def test_csv_has_worst_cases_as_measures_of_the_same_columns(table, worst):
    lines = csv_text(table1_values(table, worst)).splitlines()
    assert lines[0] == COLUMNS
    assert lines[5:7] == [
        "lstm,worst_case_lower,45.5,40,51,7.7781746,10,8,,,",
        "lstm,worst_case_upper,46,41,51,7.0710678,10,8,,,",
    ]
    assert "gru,worst_case_lower,,,,,10,10,,," in lines
    assert "relu,worst_case_lower,9999,9999,9999,,10,9,,," in lines
    assert "relu,worst_case_upper,,,,,10,10,,," in lines
    assert len(lines) == 1 + 24 + 6


def test_terminal_table_with_worst_cases_is_no_wider_than_what_is_printed(table, learned, worst):
    assert "45.5–46 (8 of 10)" in table_text(table1_printed(table, learned, worst), 120)
    narrow = table_text(table1_printed(table, learned, worst), 80)
    assert "45.5–46" in narrow
    assert "(8 of 10)" in narrow
    assert max(map(len, narrow.splitlines())) <= 80


def test_three_files(table, learned, tmp_path):
    shown, groups = table1_shown(table, learned)
    write_table(tmp_path / "tables", Table("table1", "", "", table1_values(table), shown, CAPTION, groups))
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == ["table1.csv", "table1.md", "table1.tex"]
