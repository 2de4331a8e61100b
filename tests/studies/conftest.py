"""A study small enough to be trained in a moment, and a store that holds it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longcount.studies.executors import Threads
from longcount.studies.protocol import Study, build_study
from longcount.studies.run import run_study
from longcount.studies.store import Store

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
