"""A small study with its results."""

from pathlib import Path

import pytest

from longcount.analysis.results import analyse
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
def analysed(tmp_path_factory) -> Path:
    """A store of LSTM, ReLU and GRU runs, analysed."""
    directory = tmp_path_factory.mktemp("analysed") / "store"
    grid = [{"cell": "lstm", "runs": 3}, {"cell": "relu", "runs": 6}, {"cell": "gru", "runs": 2}]
    run_study(build_study({"name": "small", "words": WORDS, "epochs": 6, "grid": grid}), directory)
    analyse(directory)
    return directory
