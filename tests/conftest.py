"""What every test shares: settings, a study that is trained in a moment, and parts of the user's own."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from longcount.analysis.results import analyse
from longcount.store.store import Store
from longcount.studies.executors import Threads
from longcount.studies.run import run_study
from longcount.training.protocol import Study
from longcount.training.study_files import build_study

# The same examples every time, and no failure because the machine was busy.
settings.register_profile("longcount", derandomize=True, deadline=None)
settings.load_profile("longcount")

SMALL_WORDS = {
    "training_words": 40, "validation_words": 20, "long_words": 10, "very_long_words": 3, "very_long_length": 120,
}  # fmt: skip


def _small_study(**fields: Any) -> Study:
    words = {**SMALL_WORDS, **fields.pop("words", {})}
    tables = {"cell": ["lstm", "relu"], "runs": 5, "epochs": 3, "block_runs": 2, "words": words}
    return build_study({**tables, **fields})


def _content(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.relative_to(directory).parts[0] != "log"
    }


@pytest.fixture(scope="session")
def small_study() -> Callable[..., Study]:
    """LSTM and ReLU, 5 runs each in blocks of 2, 3 epochs on 40 words; fields replace or make grids."""
    return _small_study


@pytest.fixture(scope="session")
def content() -> Callable[[Path], dict[str, bytes]]:
    """Every file of a store but its log."""
    return _content


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The small study, made without disturbance; not to be changed."""
    return run_study(_small_study(), tmp_path_factory.mktemp("stores") / "undisturbed", Threads(1))


ANALYSED_WORDS = {
    "training_words": 400,
    "validation_words": 100,
    "long_words": 60,
    "very_long_words": 12,
    "very_long_length": 200,
}


@pytest.fixture(scope="session")
def analysed_words() -> dict[str, int]:
    """Fields of words that are few, and enough for every result."""
    return ANALYSED_WORDS


@pytest.fixture(scope="session")
def analysed(tmp_path_factory) -> Path:
    """A store of LSTM, ReLU and GRU runs, analysed."""
    directory = tmp_path_factory.mktemp("analysed") / "store"
    grid = [{"cell": "lstm", "runs": 3}, {"cell": "relu", "runs": 6}, {"cell": "gru", "runs": 2}]
    run_study(build_study({"name": "small", "words": ANALYSED_WORDS, "epochs": 6, "grid": grid}), directory)
    analyse(directory)
    return directory


OWN_PARTS = {
    "my_cells.py": '''
from longcount.cells import Cell
from my_numbers import gate, tanh

class MGU(Cell):
    """Minimal gated unit."""

    name = "mgu"
    gates = ("f", "n")
    state_names = ("h",)
    counts, keeps = "n", "kept"
    separate_recurrent_bias = ("n",)

    def forward(self, x, y, state, own):
        (h,) = state
        f = gate(x["f"] + y["f"])
        n = tanh(x["n"] + f * y["n"])
        return ((n - h) * f + h,), {"f": f, "n": n, "kept": 1.0 - f}
''',
    "my_numbers.py": """
from longcount.numbers.vector import sigmoid, tanh

def gate(x):
    from my_more.steep import times

    return times(sigmoid(x))
""",
    "my_more/__init__.py": "",
    "my_more/steep.py": "from .factor import FACTOR\n\ndef times(x):\n    return x * FACTOR\n",
    "my_more/factor.py": "FACTOR = 1.0\n",
    "my_starts.py": '''
def halves(cell, tensors):
    """Recurrent weights one half."""
    tensors["weight_hh_l0"][:] = 0.5
''',
    "my_languages.py": """
from longcount.languages import Machine

TWICE = Machine(
    name="twice",
    letters="xy",
    description="two y for every x that came before",
    rules=(("read", "x", "*", "read", (+2,)), ("read", "y", "+", "read", (-1,))),
    ends=(("read", "0"),),
)
""",
    "my_measures.py": '''
import numpy as np

def late(found):
    """Words that fail, if at all, after token 8."""
    return (found.first_failure > 8).sum(axis=1)

def single(found):
    return 3.0
''',
    "my_papers.py": """
from longcount.papers import Paper
from longcount.training.study_files import build_study

WORDS = {"training_words": 40, "validation_words": 20, "training_n": "1-6", "long_n": "7-9", "very_long_n": "10-11"}

def study(runs, seed, data):
    return build_study({"cell": "relu", "language": "an_bn", "runs": runs, "seed": seed, "epochs": 1, "words": WORDS})

TINY = Paper("tiny_2026", "A. Nobody. Counting to eleven. 2026.", 2, study)
""",
    "my_recipes.py": """
from longcount.training.recipes import CrossEntropy, Recipe, Slope

STEEP = Recipe("steep", "mgu", epochs=2, learning_rate=0.02, parts=(CrossEntropy(), Slope("f", start=2)))
""",
}


@pytest.fixture
def without_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports are tables and pages; files of figures are drawn, and tested, elsewhere."""
    for name in ("helpers", "drawing"):
        monkeypatch.setattr(f"longcount.report.image_files.{name}", lambda *_: nullcontext([]))


@pytest.fixture
def own_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a cell, an initialisation and a recipe of the user's own into a new current folder, and further files."""

    def write(**texts: str) -> Path:
        folder = tmp_path / "mine"
        for name, text in (OWN_PARTS | {f"{name}.py": text for name, text in texts.items()}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        monkeypatch.chdir(folder)
        return folder

    return write
