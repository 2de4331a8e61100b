"""Table 1 as CSV, Markdown, LaTeX and terminal text."""

import io
import math

import pandas as pd
import pytest
from rich.console import Console

from longcount.analysis.table1 import MEASURES
from longcount.report.formats import csv_text, latex_text, markdown_text, write_table
from longcount.report.table1 import CAPTION, table1_shown, table1_terminal, table1_values

COLUMNS = "cell,measure,mean,min,max,std,runs,unfailed,paper_mean,paper_min,paper_max"


@pytest.fixture
def table():
    rows = []
    for cell, runs in (("lstm", 10), ("relu", 10), ("gru", 10), ("relu_all", 30), ("constant", 1), ("perfect", 1)):
        for at, measure in enumerate(MEASURES):
            rows.append(
                {
                    "cell": cell, "measure": measure, "mean": 90.5 + at, "min": 80.25, "max": 99.98, "runs": runs,
                    "std": 1.5 if runs > 1 else math.nan, "unfailed": int(cell == "perfect"), "low": 88.0, "high": 93.0,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def learned():
    rows = [("lstm", 10, 10), ("relu", 10, 10), ("gru", 10, 9), ("relu_all", 30, 13)]
    frame = pd.DataFrame(rows, columns=["cell", "runs", "learned"])
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
    table.loc[(table["cell"] == "lstm"), "unfailed"] = 1
    shown, _ = table1_shown(table, learned)
    assert shown.loc[0, "very long FPF"] == "93.5 (80.2 / none)"
    assert shown.loc[0, "long"] == "92.5 (80.2 / 99.98)"


def test_latex_is_booktabs_and_escaped(table, learned):
    shown, groups = table1_shown(table, learned)
    text = latex_text(shown, CAPTION, "tab:table1", groups)
    assert text.count(r"\midrule") == 1 + len(groups)
    assert r"\toprule" in text
    assert r"\%" in text
    assert not any(sign in text.replace(r"\%", "") for sign in "%²–−×")


def test_terminal_table_fits_120_columns(table, learned):
    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(table1_terminal(table, learned))
    text = console.export_text()
    assert "916.8 (802.4 / 946.4)" in text
    assert "…" not in text


def test_three_files(table, learned, tmp_path):
    shown, groups = table1_shown(table, learned)
    write_table(tmp_path / "tables", "table1", table1_values(table), shown, CAPTION, groups)
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == ["table1.csv", "table1.md", "table1.tex"]
