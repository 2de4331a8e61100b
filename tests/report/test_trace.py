"""Traces as tables and drawings, and the commands that write them."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from longcount import cells, languages
from longcount.analysis.traces import trace, zigzag_word
from longcount.commands import application
from longcount.errors import UserError
from longcount.languages import tasks
from longcount.languages.words import Words
from longcount.report.trace import trace_figure, write_trace
from longcount.store.model_stores import keep_models
from longcount.training.problem import problem

INNER = ["i", "f", "g", "o", "h", "c"]


@pytest.fixture
def frame(drawn):
    return trace(drawn, 0, zigzag_word(50), "lstm")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_tables_hold_every_float32_exactly(frame, tmp_path, suffix):
    path = tmp_path / f"trace.{suffix}"
    write_trace(frame, ("h", "c"), path)
    read = pd.read_csv(path) if suffix == "csv" else pd.read_parquet(path)
    assert list(read.columns) == list(frame.columns)
    for name in INNER:
        assert np.array_equal(read[name].to_numpy().astype(np.float32), frame[name].to_numpy())


@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_drawings(frame, tmp_path, suffix):
    path = tmp_path / f"trace.{suffix}"
    write_trace(frame, ("h", "c"), path)
    assert path.stat().st_size > 5_000
    if suffix == "png":
        with Image.open(path) as image:
            assert len(np.unique(np.asarray(image.convert("L")))) > 10


def test_the_first_failure_is_drawn(frame):
    marked = trace_figure(frame.assign(first_failure=frame["token"] == 98), ("h", "c"))
    unmarked = trace_figure(frame.assign(first_failure=False), ("h", "c"))
    assert [len(chart["layer"]) for chart in marked["vconcat"]] == [3, 2, 3]
    assert marked["vconcat"][1]["layer"][1]["data"]["values"] == [{"token": 98}]
    assert [len(chart["layer"]) for chart in unmarked["vconcat"]] == [2, 1, 2]


@pytest.mark.parametrize(
    ("language", "task", "text", "charts"),
    [
        ("shuffle2", "next_letters", "([)]()", ["counters", "gates", "output )", "output ]"]),
        ("an_bn", "predict", "aabb", ["depth", "gates", "output a", "output b", "output end"]),
        ("dyck1", "recognise", "())", ["depth", "gates", "output member"]),
    ],
)
def test_drawings_of_other_languages_and_tasks(tmp_path, language, task, text, charts):
    asked = problem(languages.get(language), tasks.get(task))
    cell = cells.get("gru", 2, 1, asked.letters, len(asked.outputs))
    weights = np.random.default_rng(0).uniform(-1, 1, (1, cell.size())).astype(np.float32)
    keep_models(tmp_path / "store", {cell: weights}, "constructed", {}, asked={"language": language, "task": task})
    found = trace(tmp_path / "store", 0, Words.from_strings([text], asked.language.letters), None, "last")
    figure = trace_figure(found, cell.state_names)
    assert [chart["layer"][0]["encoding"]["y"]["title"] for chart in figure["vconcat"]] == charts
    write_trace(found, cell.state_names, tmp_path / "trace.svg")
    text = (tmp_path / "trace.svg").read_text()
    assert all(title in text for title in charts)


def test_refusals(drawn, frame, tmp_path):
    with pytest.raises(UserError, match=r"ends in one of .parquet, .csv, .svg, .pdf, .png"):
        write_trace(frame, ("h", "c"), tmp_path / "trace.doc")
    several = trace(drawn, 0, Words.from_strings(["()", "()"]), "gru")
    with pytest.raises(UserError, match="several words"):
        write_trace(several, ("h",), tmp_path / "trace.svg")
    assert list(tmp_path.iterdir()) == []


def test_command_prints_csv_and_tells_of_failures(drawn, capsys):
    assert (
        application.main(["trace", str(drawn), "--cell", "relu", "--run", "1", "--epoch", "0", "--word", "(()())"]) == 0
    )
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0] == "word,token,letter,depth,h,output_(,output_),target_(,target_),first_failure"
    assert len(lines) == 7
    assert "first failure at token" in captured.err or "without a failure" in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--word", "())"], "closes nothing"),
        (["--word", "()", "--zigzag", "5"], "give one of --word, --zigzag and --file"),
        ([], "give one of --word, --zigzag and --file"),
        (["--word", "()", "--epoch", "99"], "epochs 0 to 10"),
        (["--zigzag", "0"], "--zigzag"),
    ],
)
def test_command_refuses_in_one_line(drawn, capsys, arguments, message):
    assert application.main(["trace", str(drawn), "--cell", "lstm", "--run", "0", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1


def test_report_command(drawn, tmp_path, capsys):
    assert application.main(["report", str(tmp_path)]) == 2
    assert "not a store" in capsys.readouterr().err
