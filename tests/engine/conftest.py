"""Random words, targets and weights: the engine learns whatever it is told, so none need be sensible."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from longcount.cells import Cell
from longcount.languages.words import Words


def _random_words(lengths: Sequence[int], seed: int = 0) -> tuple[Words, np.ndarray]:
    random = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    tokens = random.integers(0, 2, offsets[-1], dtype=np.uint8)
    words = Words(tokens, offsets)
    return words, np.stack([words.depths % 3 != 0, words.depths > 0], axis=1).astype(np.uint8)


def _random_weights(cell: Cell, runs: int, dtype: str = "float32", seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (runs, cell.size())).astype(dtype)


@pytest.fixture(scope="session")
def random_words() -> Callable[..., tuple[Words, np.ndarray]]:
    """Random tokens in words of the given lengths, and targets [tokens, outputs] that depend on the prefix, as a
    language's do."""
    return _random_words


@pytest.fixture(scope="session")
def random_weights() -> Callable[..., np.ndarray]:
    """Weights [runs, P] uniform in (-1, 1)."""
    return _random_weights
