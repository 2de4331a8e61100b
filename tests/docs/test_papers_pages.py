"""The pages of papers: written from kept runs and from the code, and noticed where they are not."""

import json
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from longcount.papers import PAPERS

DOCS = Path(__file__).parents[2] / "docs"
NAME = "gers-2001"


@pytest.fixture
def pages(monkeypatch, tmp_path):
    """What writes the pages, with one page and its run in a folder of their own."""
    monkeypatch.syspath_prepend(str(DOCS))
    monkeypatch.delitem(sys.modules, "write_papers", raising=False)
    write_papers = import_module("write_papers")
    for path in [f"{NAME}.md", f"found/{NAME}.json", f"found/{NAME}.parquet"]:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes((DOCS / "papers" / path).read_bytes())
    monkeypatch.setattr(write_papers, "PAGES", tmp_path)
    monkeypatch.setattr(write_papers, "FOUND", tmp_path / "found")
    return write_papers


def test_a_page_is_what_the_run_and_the_code_say(pages):
    assert pages.stale([NAME]) == []
    paper = PAPERS[NAME]
    text = (pages.PAGES / f"{NAME}.md").read_text()
    assert all(one.source in " ".join(text.split()) for one in paper.published)
    (pages.PAGES / f"{NAME}.md").write_text(text.replace("does not hold", "holds"))
    assert len(pages.stale([NAME])) == 1
    assert "not what the kept run and the code say" in pages.stale([NAME])[0]


def test_a_page_of_another_study_is_told(pages, monkeypatch):
    paper = PAPERS[NAME]
    monkeypatch.setitem(pages.PAPERS, NAME, replace(paper, study=lambda runs, *others: paper.study(runs + 1, *others)))
    assert "the paper's study is not the one that was run" in pages.stale([NAME])[0]


def test_every_paper_has_a_page_and_is_in_the_list_of_pages():
    listed = (DOCS / "index.md").read_text()
    overview = (DOCS / "papers" / "overview.md").read_text()
    for name, paper in PAPERS.items():
        assert f"papers/{name}\n" in listed
        assert f"({name}.md)" in overview
        text = (DOCS / "papers" / f"{name}.md").read_text()
        assert paper.reference.partition(".")[0] in text or name in text
        if paper.arm_of is not None:
            kept = json.loads((DOCS / "papers" / "found" / f"{name}.json").read_text())
            assert kept["core_seconds"] / kept["cores"] < 30 * 60
