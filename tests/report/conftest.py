"""A small study and a small leaderboard with everything drawn from them, and a browser to look at it."""

import shutil
from pathlib import Path

import pytest

from longcount.analysis.interventions import INTERVENTIONS, leaderboard_study
from longcount.analysis.leaderboard import keep_leaderboard, make_leaderboard
from longcount.analysis.long_training import FOLDER, long_study
from longcount.report.draw import draw
from longcount.store.store import Store
from longcount.studies.run import run_study
from longcount.training.protocol import build_study

WORDS = {
    "training_words": 400,
    "validation_words": 100,
    "long_words": 60,
    "very_long_words": 12,
    "very_long_length": 200,
}


@pytest.fixture(scope="session")
def drawn(tmp_path_factory) -> Path:
    """A folder with a store, its results, tables, figures and page."""
    directory = tmp_path_factory.mktemp("drawn") / "paper"
    grid = [{"cell": "lstm", "runs": 3}, {"cell": "relu", "runs": 6}, {"cell": "gru", "runs": 3}]
    store = run_study(build_study({"name": "small", "words": WORDS, "epochs": 10, "grid": grid}), directory)
    longer = long_study(store)
    shorter = [condition.model_copy(update={"epochs": 14}) for condition in longer.conditions]
    run_study(longer.model_copy(update={"conditions": tuple(shorter)}), directory / FOLDER)
    draw(directory)
    return directory


@pytest.fixture(scope="session")
def leaderboard(tmp_path_factory) -> Path:
    """A folder with a small leaderboard, judged and drawn."""
    directory = tmp_path_factory.mktemp("judged") / "leaderboard"
    names = ("the paper's protocol", "clipped gradient norm", "the exact recipe", "repaired after training")
    chosen = tuple(one for one in INTERVENTIONS if one.name in names)
    study = leaderboard_study(3, overrides={"epochs": 2, "words": WORDS}, interventions=chosen)
    frame = make_leaderboard(directory, study, jobs=1, bounded_runs=2, interventions=chosen)
    keep_leaderboard(Store.open(directory), frame)
    draw(directory)
    return directory


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, without a window and without a network of its own accord."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    assert program, "these tests drive Chromium; `apt-get install chromium` brings it"
    quiet = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, headless=True, args=["--no-sandbox", "--no-first-run", *quiet]
        )
        yield browser
        browser.close()


@pytest.fixture
def opened(browser):
    """Open a folder's page offline and have it drawn; what goes wrong is in ``page.complaints``."""
    contexts = []

    def open_page(directory: Path, width: int = 1200):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, offline=True))
        page = contexts[-1].new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.complaints.append(request.url) if request.url[:5] != "file:" else None)
        page.goto((directory / "report.html").as_uri())
        page.evaluate("window.allFiguresDrawn")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(opened, drawn):
    """The study's page."""
    return opened(drawn)
