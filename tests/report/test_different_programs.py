"""The table of different programs: how often each, in which runs, on the page and in files."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from longcount.analysis.programs import different_programs, extract_store
from longcount.languages.splits import make_splits
from longcount.report.different_programs import programs_shown
from longcount.report.draw import draw
from longcount.store.model_stores import keep_models

from ..exact.test_normal_form import rearranged
from ..exact.test_programs import built

pytestmark = pytest.mark.filterwarnings("ignore:.*:ResourceWarning")


def test_programs_are_counted_and_shown(tmp_path, opened):
    cell, flat, _ = built("an_bn")
    wider, first = rearranged(cell, flat, [0, 1, 2], [1, 1], [False] * 2, [1, 0])
    _, second = rearranged(cell, flat, [2, 1, 0], [-1, 1], [True, False], [0, -2])
    other = np.zeros_like(first)
    words = {"validation": make_splits(1, language="an_bn", validation_words=4)["validation"]}
    fields = {"language": "an_bn", "task": "next_letters"}
    store = keep_models(tmp_path / "store", {wider: np.stack([first, other, second])}, "constructed", {}, words, fields)
    found = different_programs(extract_store(store, jobs=1))
    assert [[run for _, run, _ in models] for models in found["models"]] == [[0, 2], [1]]
    assert found["networks"].tolist() == [2, 1]
    assert found["proved"].tolist() == [2, 0]
    shown = programs_shown(found).shown
    assert shown["runs"].str.endswith(("0, 2", "1")).all()
    draw(store.directory, jobs=1)
    markdown = (store.directory / "tables/programs.md").read_text(encoding="utf-8")
    assert "r0 = 0<br>" in markdown
    assert r"\shortstack[l]{r0 = 0\\" in (store.directory / "tables/programs.tex").read_text(encoding="utf-8")
    page = opened(store.directory, 390)
    assert page.locator("#programs tbody tr").count() == 2
    assert page.locator("#programs td.lines").first.inner_text().startswith("r0 = 0\n")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    searched = Axe().run(page, {"include": [["#programs"]]})
    assert searched.violations_count == 0, searched.generate_report()
