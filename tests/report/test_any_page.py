"""Pages of stores of other languages and tasks: what applies is drawn, and named by its language; the rest is not."""

from typing import Any

import numpy as np
import pytest

from longcount import cells, languages
from longcount.analysis.analysis import OF_ALL
from longcount.analysis.results import read_results
from longcount.analysis.selection import where
from longcount.languages import tasks
from longcount.languages.splits import make_splits
from longcount.report.draw import draw
from longcount.report.explorer import UNITS
from longcount.report.figures import figures
from longcount.store.model_stores import keep_models
from longcount.store.store import Store
from longcount.studies.executors import Threads
from longcount.studies.run import run_study
from longcount.training.problem import problem
from longcount.training.study_files import build_study

pytestmark = pytest.mark.filterwarnings("ignore:.*:ResourceWarning")

BY_LENGTH: dict[str, Any] = {
    "training_words": 30,
    "validation_words": 15,
    "long_words": 8,
    "very_long_words": 3,
    "very_long_length": 64,
}
BY_N = {"training_words": 15, "validation_words": 5, "training_n": "1-20", "long_n": "21-25", "very_long_n": "26-30"}
GRIDS = {
    "shuffle2": {"cell": "lstm", "language": "shuffle2", "hidden_size": 2, "words": BY_LENGTH},
    "an_bn": {"cell": "gru", "language": "an_bn", "task": "predict", "words": BY_N},
    "recognise": {"cell": ["relu", "lstm"], "task": "recognise", "layers": 2, "words": BY_LENGTH},
}
TITLES = {"shuffle2": "shuffle2, next letters", "an_bn": "an_bn, predict", "recognise": "Dyck-1, recognise"}


@pytest.fixture(scope="module", params=sorted(GRIDS))
def store(request, tmp_path_factory) -> Store:
    directory = tmp_path_factory.mktemp(request.param) / "store"
    study = build_study({"name": request.param, "runs": 3, "epochs": 2, **GRIDS[request.param]})
    store = run_study(study, directory, Threads(1))
    draw(directory, jobs=1)
    return store


@pytest.fixture
def page(opened, store):
    return opened(store.directory)


def test_page_opens_offline_draws_its_figures_and_names_the_language(page, store):
    page.locator("#explorer").scroll_into_view_if_needed()
    page.wait_for_selector("#explorer[data-shown]", timeout=60_000)
    assert page.complaints == []
    made = figures(read_results(store))
    title = TITLES[store.study.name]
    assert len(made) == {"recognise": 1, "shuffle2": 2, "an_bn": 3}[store.study.name]
    for figure in made:
        assert title in figure.title
        panels = page.locator(f"#{figure.name} .panel")
        assert panels.count() == sum(len(row) for row in figure.rows)
        for at in range(panels.count()):
            assert panels.nth(at).locator("svg path").count() > 3
    text = page.locator("main").inner_text()
    assert title in page.locator("#summary").first.inner_text()
    assert "paper" not in page.locator("header").inner_text()
    assert not any(word in text for word in ("Table 1", "Figure 2", "claims", "zigzag words", "nan", "undefined"))
    if store.study.name != "recognise":
        assert "Dyck-1" not in text
        assert "bracket" not in page.locator("#explorer").inner_text()


@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_is_wider_than_the_window(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.locator("#explorer").scroll_into_view_if_needed()
    page.wait_for_selector("#explorer[data-shown]", timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_explorers_states_targets_and_failures_are_the_engines(page, store, hold_explorer, words_of):
    for condition in store.study.conditions:
        language = condition.problem().language
        texts = words_of(language, (2, 8, 40, 120))
        if not condition.problem().task.wrong_words:
            texts = texts[: len(texts) // 2]
        for epoch, text in enumerate(texts):
            hold_explorer(page, store, condition.folder, 1, epoch % 3, text)


def test_only_results_that_apply_are_made(store):
    results = read_results(store)
    assert tuple(results) == OF_ALL
    made = {path.stem for path in (store.directory / "results").iterdir()}
    assert made == {*OF_ALL, "first_failures"}
    assert not {"shallow_fpf", "leak"} & set(results["models"].columns)
    assert all(results["models"]["kept"])
    assert {path.stem for path in (store.directory / "tables").iterdir()} == {"summary"}


def test_survival_is_that_of_the_longest_words(store):
    survival = read_results(store)["survival"]
    if store.study.name == "recognise":
        assert len(survival) == 0
        return
    assert set(survival["split"]) == {"very_long"}
    assert list(dict.fromkeys(survival["condition"])) == [store.study.conditions[0].folder, "without memory"]
    for name in dict.fromkeys(survival["condition"]):
        curve = where(survival, condition=name)["survival"].to_numpy()
        assert (np.diff(curve) <= 0).all()


@pytest.mark.parametrize(
    ("language", "task", "splits", "made"),
    [
        ("dyck1", "next_letters", ("validation",), {"tables", "report.html"}),
        ("dyck1", "next_letters", ("training", "validation", "long"), {"tables", "figures", "report.html"}),
        ("shuffle2", "next_letters", ("validation", "long"), {"tables", "figures", "report.html"}),
        ("shuffle2", "recognise", ("training", "validation"), {"tables", "report.html"}),
    ],
)
def test_models_measured_on_few_splits_are_reported_on_those(tmp_path, language, task, splits, made):
    asked = problem(languages.get(language), tasks.get(task))
    made_words = make_splits(1, language=language, task=task, **{**BY_LENGTH, "validation_words": 8})
    words = {split: made_words[split] for split in splits}
    cell = cells.get("relu", UNITS + 1, 1, asked.letters, len(asked.outputs))
    weights = np.random.default_rng(0).uniform(-1, 1, (2, cell.size())).astype(np.float32)
    keep_models(tmp_path, {cell: weights}, "constructed", {}, words, {"language": language, "task": task})
    assert {path.name for path in draw(tmp_path, jobs=1)} == made
    figures_ = {path.stem for path in (tmp_path / "figures").glob("*.svg")}
    expected = {"survival" if language == "dyck1" else "survival_shuffle2_next_letters"}
    assert figures_ == (expected | {f"{name}_column" for name in expected} if "figures" in made else set())
    page = (tmp_path / "report.html").read_text(encoding="utf-8").split("<script>")[0]
    assert 'id="explorer"' not in page  # too many units to show
    assert 'id="claims"' not in page
    assert not any(word in page for word in ("nan", "None", "undefined"))
