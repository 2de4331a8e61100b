"""``longcount playground``: what is refused, and a page that is written whole, with a cell of the user's own."""

import json

import pytest

from longcount.languages.splits import make_splits
from longcount.report.playground import page

OWN_CELL = """
from longcount.cells import Cell
from longcount.numbers.vector import tanh

class Plain(Cell):
    name = "plain"
    gates = state_names = ("h",)
    counts, tanhs = "h", ("h",)

    def forward(self, x, y, state, own):
        return (tanh(x["h"] + y["h"]),), {}
"""


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """A page of one network and few words is soon written."""
    few = {"training_words": 40, "validation_words": 20, "long_words": 2, "very_long_words": 2}
    monkeypatch.setattr(page, "make_splits", lambda seed, **asked: make_splits(seed, **few, **asked))
    monkeypatch.setattr(page, "SHOWN", ({"cell": "relu"},))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ([], "--out is missing"),
        (["--cell", "lsmt"], "no cell is called 'lsmt'"),
        (["--cell", "s6"], "the start of s6: not possible in a page"),
        (["--cell", "own:Missing"], "own:Missing: no own.py in"),
        (["--cell", "lstm", "--language", "dyck9"], "dyck9"),
        (["--language", "shuffle2"], "name a cell, too"),
        (["--units", "9"], "--units"),
    ],
)
def test_what_no_page_can_have_is_refused_and_nothing_is_written(longcount_here, tmp_path, monkeypatch, asked, told):
    monkeypatch.chdir(tmp_path)
    longcount_here("playground", *asked, *(["--out", "page.html"] if asked else [])).is_refused(told)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_place_of_the_file_is_refused(longcount_here, tmp_path):
    longcount_here("playground", "--out", tmp_path).is_refused(f"{tmp_path}: is a folder")


def test_a_page_is_written_whole_with_a_cell_of_ones_own(longcount_here, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN_CELL)
    out = tmp_path / "new" / "page.html"
    longcount_here("playground", "--out", out, "--cell", "own:Plain", "--language", "shuffle2", "--units", 2).is_done()
    html = out.read_text()
    assert html.endswith("</html>")
    data = json.loads(html.split('<script type="application/json" id="data">')[1].split("</script>")[0])
    found = [(one["cell"], one["language"]["name"], one["hidden_size"]) for one in data["models"]]
    assert found == [("plain", "shuffle2", 2), ("relu", "dyck1", 1)]
    assert data["models"][0]["reference"] == "own:Plain"
    assert [path.name for path in out.parent.iterdir()] == ["page.html"], "something half written is left"
