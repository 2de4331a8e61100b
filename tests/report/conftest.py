"""A small study and a small leaderboard with everything drawn from them, and a browser to look at it."""

import fcntl
import os
import shutil
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from longcount import engine
from longcount.analysis.interventions import OF_DYCK1, leaderboard_study
from longcount.analysis.leaderboard import keep_leaderboard, make_leaderboard
from longcount.analysis.long_training import FOLDER, long_study
from longcount.languages import Language
from longcount.languages.uniforms import Uniforms
from longcount.languages.words import Words
from longcount.report.draw import draw
from longcount.store.store import Store
from longcount.studies.run import run_study
from longcount.training.study_files import build_study


@pytest.fixture(scope="session")
def drawn(tmp_path_factory, analysed_words) -> Path:
    """A folder with a store, its results, tables, figures and page; not to be changed. Processes that run tests side by
    side share it: the first that needs it makes it."""
    common = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        common = common.parent
    with (common / "drawn.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (common / "drawn").exists():
            _draw_small_study(common / "being drawn" / "paper", analysed_words)
            (common / "being drawn").rename(common / "drawn")
    return common / "drawn" / "paper"


def _draw_small_study(directory: Path, analysed_words) -> None:
    grid = [{"cell": "lstm", "runs": 3}, {"cell": "relu", "runs": 6}, {"cell": "gru", "runs": 3}]
    store = run_study(build_study({"name": "small", "words": analysed_words, "epochs": 10, "grid": grid}), directory)
    longer = long_study(store)
    shorter = [condition.model_copy(update={"epochs": 14}) for condition in longer.conditions]
    run_study(longer.model_copy(update={"conditions": tuple(shorter)}), directory / FOLDER)
    draw(directory, jobs=1)  # here and elsewhere: helpers would wait for each other where tests run side by side


@pytest.fixture(scope="session")
def leaderboard(tmp_path_factory, analysed_words) -> Path:
    """A folder with a small leaderboard, judged and drawn."""
    directory = tmp_path_factory.mktemp("judged") / "leaderboard"
    names = ("the paper's protocol", "clipped gradient norm", "the exact recipe", "repaired after training")
    chosen = tuple(one for one in OF_DYCK1 if one.name in names)
    study = leaderboard_study(3, overrides={"epochs": 2, "words": analysed_words}, interventions=chosen)
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


@contextmanager
def opening(browser):
    """Open folders' pages offline and have them drawn; what goes wrong is in ``page.complaints``. What is opened at a
    part of the page is not waited for."""
    contexts = []

    def open_page(directory: Path, width: int = 1200, at: str = "", touch: bool = False, script: str = ""):
        viewport = {"width": width, "height": 900}
        contexts.append(browser.new_context(viewport=viewport, offline=True, has_touch=touch))
        page = contexts[-1].new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.complaints.append(request.url) if request.url[:4] == "http" else None)
        if script:
            page.add_init_script(script)
        page.goto((directory / "report.html").as_uri() + at)
        if not at:
            page.evaluate("window.allFiguresDrawn")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def opened(browser):
    """Open pages as `opening` does, for one test."""
    with opening(browser) as open_page:
        yield open_page


@pytest.fixture(scope="session")
def hold_explorer():
    """Hold what the explorer of an opened page computes of one model on a word to the engine's bits."""

    def hold(page, store: Store, condition: str, run: int, epoch: int, text: str) -> None:
        problem, cell = store.condition(condition).problem(), store.condition(condition).built_in_cell()
        word = Words.from_strings([text], problem.language.letters)
        weights, targets = store.weights(condition, run, epoch), problem.targets(word)
        found = page.evaluate(TRACE, [condition, run, epoch, text])
        expected = engine.trace(cell, weights, word.tokens, problem.question)
        units = {name: values.reshape(len(text), -1) for name, values in expected.items()}
        outputs = units.pop("outputs")
        inner = {
            name if values.shape[1] == 1 else f"{name}_{unit}": values[:, unit]
            for name, values in units.items()
            for unit in range(values.shape[1])
        }
        named = inner | {name: outputs[:, k] for k, name in enumerate(problem.outputs)}
        assert sorted(found["numbers"]) == sorted(named)
        for name, ours in found["numbers"].items():
            assert np.array(ours, np.float32).tobytes() == named[name].astype(np.float32).tobytes(), (condition, name)
        asked = slice(None) if problem.question.answers == "token" else slice(-1, None)
        assert found["targets"][asked] == targets[asked, : len(problem.outputs)].astype(bool).tolist()
        judged = engine.evaluate(cell, weights[None], word, targets, problem.loss, problem.question)
        assert found["first_failure"] == judged.first_failure[0, 0]

    return hold


@pytest.fixture(scope="session")
def words_of():
    """Random words of a language of some lengths, where it has any, then the same with one letter changed."""

    def draw_words(language: Language, lengths: Sequence[int]) -> list[str]:
        uniforms, generator = Uniforms(3, 0), np.random.default_rng(3)
        texts = [language.draw(length, uniforms) for length in lengths if language.count(length)]
        for text in tuple(texts):
            at, letter = generator.integers(len(text)), language.letters[generator.integers(len(language.letters))]
            texts.append(text[:at] + letter + text[at + 1 :])
        return texts

    return draw_words


TRACE = """
  async ([name, run, epoch, word]) => {
    const traced = await longcount.trace(name, run, epoch, word);
    const parts = [...traced.gates, ...traced.states, ...traced.outputs];
    const numbers = Object.fromEntries(parts.map((part) => [part.name, [...part.values]]));
    const targets = [...word].map((_, at) => traced.outputs.map(({ right }) => right[at] === 1));
    return { numbers, targets, first_failure: traced.first_failure };
  }
"""


@pytest.fixture
def page(opened, drawn):
    """The study's page."""
    return opened(drawn)
