"""Runs trained in this process, which a longer training of the same runs can continue.

A run's bits depend on its own streams alone, so continuing from epoch e gives the weights that training from the start
gives. Nothing of this is stored: another process trains from the start and comes to the same bytes.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np

from longcount.training.protocol import Condition, canonical_sha256
from longcount.training.trained import Trained


class _Kept(NamedTuple):
    condition: Condition
    runs: range
    trained: Trained


class Memory:
    """What was trained, by everything that decides it but the number of epochs. For several threads at once."""

    def __init__(self) -> None:
        self._kept: dict[str, list[_Kept]] = {}
        self._lock = threading.Lock()

    def keep(self, condition: Condition, words: str, runs: range, trained: Trained) -> None:
        """Remember runs trained on the training words of that SHA-256, if their training can be continued."""
        if trained.state is not None:
            with self._lock:
                self._kept.setdefault(_key(condition, words), []).append(_Kept(condition, runs, trained))

    def recall(self, condition: Condition, words: str, runs: range) -> Trained | None:
        """The runs after fewer epochs than the condition has, the most that are known; None where they are not."""
        with self._lock:
            kept = list(self._kept.get(_key(condition, words), []))
        known = [each for each in kept if set(runs) <= set(each.runs) and _is_beginning_of(condition, each.condition)]
        if not known:
            return None
        longest = max(known, key=lambda each: each.condition.epochs)
        return _rows(longest.trained, np.searchsorted(longest.runs, runs))


def _key(condition: Condition, words: str) -> str:
    settings = condition.settings()
    for name in ("epochs", "words"):
        settings.pop(name)
    return canonical_sha256({"settings": settings, "training_words": words})


def _is_beginning_of(longer: Condition, shorter: Condition) -> bool:
    """Whether the shorter training is how the longer one begins: schedules may depend on the number of epochs.

    Rates are those of an epoch of two updates: with one, every schedule begins alike.
    """
    return shorter.epochs < longer.epochs and all(
        np.array_equal(_first_rates(longer, epoch), _first_rates(shorter, epoch))
        for epoch in range(1, shorter.epochs + 1)
    )


def _first_rates(condition: Condition, epoch: int) -> np.ndarray:
    return condition.learning_rates(epoch, 2 * condition.batch_size)


def _rows(trained: Trained, rows: np.ndarray) -> Trained:
    """Some of the runs, in copies: training changes the state in place."""
    state = trained.state
    assert state is not None
    return Trained(
        trained.weights[rows],
        trained.online_losses[rows],
        trained.draws[rows],
        state.rows(rows),
    )
