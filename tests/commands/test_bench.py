"""``longcount bench`` and the comparison that writes the README's table."""

import ast
import importlib
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from longcount import benchmark
from longcount.languages.splits import make_splits

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def words():
    return make_splits(0, training_words=40, validation_words=20, long_words=2, very_long_words=2)["training"]


def test_json_lists_kinds_of_work_of_a_cell_on_one_core_and_on_all(longcount_here, monkeypatch):
    longcount_here("bench", "lstm", "grv").is_refused("did you mean 'gru'?")
    monkeypatch.setattr(benchmark, "timings", partial(benchmark.timings, models=16, passes=1))
    rows = json.loads(longcount_here("bench", "linear", "--json").is_done().stdout)
    assert all(list(row) == ["work", "cell", "order", "threads", "ns_per_token"] for row in rows)
    kinds = {("train", "shuffled"), ("train", "shared"), ("evaluate", None)}
    assert {(row["work"], row["order"]) for row in rows} == kinds
    assert {row["cell"] for row in rows} == {"linear"}
    assert {row["threads"] for row in rows} == {1, benchmark.available_cores()}
    assert all(row["ns_per_token"] > 0 for row in rows)


def test_timings_count_every_pass_of_every_thread(words, monkeypatch):
    calls = []
    monkeypatch.setattr(benchmark.engine, "evaluate", lambda *_: calls.append("evaluate"))
    monkeypatch.setattr(benchmark.engine, "train", lambda *_: calls.append("train"))
    found = list(benchmark.timings(words, ("gru",), threads=(3,), models=4, passes=2))
    assert [(timing.work, timing.order) for timing in found] == [
        ("train", "shuffled"),
        ("train", "shared"),
        ("evaluate", None),
    ]
    assert (calls.count("train"), calls.count("evaluate")) == (2 * (1 + 2 * 3), 1 + 2 * 3)


def test_the_machine_is_described():
    described = benchmark.machine()
    assert {"processor", "cores", "system", "python", "longcount", "numpy", "llvmlite", "date"} <= set(described)
    assert all(described.values())


@pytest.fixture
def compare(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("compare")
    del sys.modules["compare"]


def test_the_comparison_measures_every_column():
    script = (
        "import compare\n"
        "from longcount.languages import Words\n"
        "words = Words.from_strings(['()', '(())', '(()())()'])\n"
        "compare.TITLES = {'relu': 'ReLU RNN'}\n"
        "print(compare.measure(words, words, passes=1))"
    )
    # In a process of its own, because JAX's threads outlive it.
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=BENCHMARKS, capture_output=True, text=True, timeout=300, check=True
    )
    figures = ast.literal_eval(done.stdout)
    assert set(figures) == {"relu"}
    assert all(set(columns) == {"torch", "jax", "shared", "shuffled", "all"} for columns in figures.values())
    assert all(value > 0 for columns in figures.values() for value in columns.values())


def test_the_table_shows_how_many_times_faster(compare):
    figures = {"lstm": {"torch": 30_000.0, "jax": 500.0, "shared": 5.0, "shuffled": 6.0, "all": 3.0}}
    row = compare.table(figures, cores=2).splitlines()[-1]
    assert row == "| LSTM | 30,000 | 500 | 6.0 | 3.0 | 5,000 | 167 |"


def test_the_table_goes_between_the_marks(compare):
    text = f"before\n{compare.MARK}\nold\n{compare.MARK}\nafter"
    assert compare.replace_marked(text, "new") == f"before\n{compare.MARK}\nnew\n{compare.MARK}\nafter"
    with pytest.raises(ValueError, match="unpack"):
        compare.replace_marked("no marks", "new")


def test_the_readme_has_the_marks(compare):
    assert (BENCHMARKS.parent / "README.md").read_text().count(compare.MARK) == 2
