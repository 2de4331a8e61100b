"""Which epoch of a run is its best: the earliest with the lowest validation loss."""

from typing import Annotated, Literal

import numpy as np

from longcount.errors import UserError

Reading = Literal["average", "last_word"]
"""Of the validation loss: the mean over words, or the released code's reading, the last word's alone."""


def refuse_no_epoch(epoch: object) -> None:
    """Raise UserError for what says no epoch of a run: neither "best", "last" nor a whole number from 0."""
    if isinstance(epoch, str) and epoch in ("best", "last"):
        return
    if isinstance(epoch, bool) or not isinstance(epoch, int | np.integer) or epoch < 0:
        raise UserError(f"{epoch!r} is not an epoch; give best, last or a whole number of at least 0")


Epoch = Annotated[Literal["best", "last"] | int, refuse_no_epoch]
"""Which model of a run: that of the lowest validation loss, the last, or that of an epoch (0: the initial weights)."""

LOSS_COLUMNS: dict[Reading, str] = {"average": "loss", "last_word": "last_word_loss"}
"""Where the metrics keep each reading, in rows of the validation split."""


def best_epochs(validation_losses: np.ndarray) -> np.ndarray:
    """Best epoch of each run among 1 to E (0 where nothing was trained), int64 [R].

    Args:
        validation_losses: float [R, E + 1]; a loss that is not a number counts as infinitely bad.

    >>> best_epochs(np.array([[0.0, 3.0, 2.0, 2.0], [0.0, np.nan, 5.0, 7.0]])).tolist()
    [2, 2]
    """
    if validation_losses.shape[1] == 1:
        return np.zeros(len(validation_losses), np.int64)
    return np.argmin(np.where(np.isnan(validation_losses), np.inf, validation_losses)[:, 1:], axis=1) + 1


def stopped_early(validation_losses: np.ndarray, patience: int) -> np.ndarray:
    """The epoch after which each run would have stopped, had it been left after so many epochs in a row without a lower
    validation loss than ever before; its last one where that never happened, int64 [R].

    Args:
        validation_losses: as for `best_epochs`.
        patience: at least 1.

    >>> losses = np.array([[9.0, 3.0, 4.0, 2.0, 2.0, 2.5, 1.0], [9.0, 6.0, 5.0, 4.0, 3.0, 2.0, np.nan]])
    >>> stopped_early(losses, 2).tolist(), stopped_early(losses, 1).tolist()
    ([5, 6], [2, 6])
    """
    losses = np.where(np.isnan(validation_losses), np.inf, validation_losses)[:, 1:]
    epochs = np.arange(1, losses.shape[1] + 1)
    lowest_before = np.minimum.accumulate(np.insert(losses, 0, np.inf, axis=1), axis=1)[:, :-1]
    since = epochs - np.maximum.accumulate(np.where(losses < lowest_before, epochs, 0), axis=1)
    stops = since >= patience
    return np.where(stops.any(axis=1), stops.argmax(axis=1) + 1, losses.shape[1])
