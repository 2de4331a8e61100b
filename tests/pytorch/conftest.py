"""Words, models and files that the tests of this folder share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from longcount import cells, engine, make_splits
from longcount.languages import Words, dyck
from longcount.languages.files import write_splits
from longcount.training import streams


@pytest.fixture(scope="session")
def splits() -> dict[str, Words]:
    """A few words of each split, so that stores are made quickly."""
    return make_splits(0, training_words=400, validation_words=50, long_words=20, very_long_words=3)


@pytest.fixture(scope="session")
def data(tmp_path_factory, splits) -> Path:
    """A folder of those words."""
    folder = tmp_path_factory.mktemp("data")
    write_splits(folder, splits)
    return folder


@pytest.fixture(scope="session")
def trained(splits) -> Callable[[str], np.ndarray]:
    """Flat weights float32 [4, P] of a cell after 3,200 updates by the paper's protocol."""
    found: dict[str, np.ndarray] = {}

    def weights(name: str) -> np.ndarray:
        if name not in found:
            cell, words = cells.get(name), splits["training"]
            draws = [streams.initial_weights(0, name, run, cell.size()) for run in range(4)]
            state = engine.start(np.stack(draws))
            for epoch in range(1, 9):
                order = streams.shared_order(0, name, epoch, len(words))
                engine.train(cell, state, words, dyck.targets(words), order, 0.01)
            found[name] = state.parameters
        return found[name]

    return weights


@pytest.fixture
def saved(tmp_path) -> Callable[..., Path]:
    """Save an object by torch.save; returns the file."""

    def save(thing: object, name: str = "model.pt", **how: bool) -> Path:
        torch.save(thing, tmp_path / name, **how)
        return tmp_path / name

    return save
