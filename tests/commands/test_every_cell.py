"""Commands on a small store of every cell."""

import json
from pathlib import Path

import numpy as np
import pytest

from longcount import Store, cells
from longcount.exact.boxes import WITH_LARGE_WEIGHTS

STUDY = """
cell = [{names}]
runs = 2
epochs = 1
[words]
training_words = 40
validation_words = 20
long_words = 10
very_long_words = 3
very_long_length = 120
"""


@pytest.fixture(scope="module")
def store(longcount_here, tmp_path_factory) -> Path:
    """Two runs of every cell, one epoch; commands add results to it."""
    folder = tmp_path_factory.mktemp("every_cell")
    (folder / "study.toml").write_text(STUDY.format(names=", ".join(f'"{name}"' for name in cells.names())))
    longcount_here("study", "run", folder / "study.toml", "--out", folder / "store", "--jobs", 1).is_done()
    return folder / "store"


def test_evaluate(longcount_here, store, word_file):
    outcome = longcount_here("evaluate", store, "--data", word_file("()\n(()())\n"), "--json").is_done()
    rows = json.loads(outcome.stdout)
    assert [row["cell"] for row in rows] == [name for name in cells.names() for _ in range(2)]
    assert all(np.isfinite(row["loss"]) for row in rows)


@pytest.mark.parametrize("name", cells.names())
def test_trace(longcount_here, store, name):
    cell = cells.get(name)
    outcome = longcount_here("trace", store, "--run", 0, "--cell", name, "--word", "(())").is_done()
    gates = cell.gates if len(cell.gates) > 1 else ()
    for column in (*gates, *([cell.keeps] if cell.keeps else []), *cell.state_names, "output_)"):
        assert column in outcome.stdout.splitlines()[0].split(","), column


@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
def test_out_and_in_again(longcount_here, store, tiny_words, tmp_path, suffix):
    before = Store.open(store)
    for name in cells.names():
        file, out = tmp_path / f"{name}.{suffix}", tmp_path / name
        longcount_here("export", store, "--run", 1, "--cell", name, "--epoch", "last", "--out", file).is_done()
        told = ("--cell", name) if suffix == "pt" else ()  # the other kind of file says what it holds
        longcount_here("import", file, "--out", out, "--data", tiny_words, *told).is_done()
        assert Store.open(out).weights(name, 0, 0).tobytes() == before.weights(name, 1, 1).tobytes()


@pytest.mark.usefixtures("without_images")
def test_certify_and_report(longcount_here, store):
    """Where no theorem is about a cell there are bounds, and none is called exact."""
    rows = json.loads(longcount_here("certify", store, "--limit", 30, "--jobs", 1, "--json").is_done().stdout)
    assert [row["cell"] for row in rows] == [name for name in cells.names() for _ in range(2)]
    for row in rows:
        assert row["verdict"] == "bounded" or cells.CELLS[row["cell"]] in WITH_LARGE_WEIGHTS
        assert row["upper_bound"] is None or row["lower_bound"] <= row["upper_bound"]
    longcount_here("report", store).is_done()
    page = (store / "report.html").read_text(encoding="utf-8")
    assert all(f'"{name}":{{"programs":' in page for name in cells.names()), "the explorer has a model of each"
