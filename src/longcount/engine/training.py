"""Train many runs at once: Adam, one word an update, every run in its own order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longcount.cells import Cell
from longcount.engine.adam import corrections
from longcount.engine.packed import CHUNK, ROW, PackedWords, pack_words
from longcount.engine.training_kernel import tape_values, training_kernel
from longcount.languages.words import Words

LANES = (16, 32)
"""Widths of a block: 32 runs are the quickest by run; up to 16 the narrower block is the quicker."""


@dataclass
class TrainingState:
    """Runs in training. All arrays are [runs, P], float32 (or float64 for checks), and change in place."""

    parameters: np.ndarray
    first_moment: np.ndarray
    second_moment: np.ndarray
    updates: int


def start(initial: np.ndarray) -> TrainingState:
    """The state before the first update, of initial parameters [runs, P], which are copied."""
    parameters = np.array(initial, order="C")
    if parameters.dtype not in (np.float32, np.float64) or parameters.ndim != 2:
        raise ValueError(f"initial parameters are [runs, P] in float32 or float64, not {initial.dtype}{initial.shape}")
    return TrainingState(parameters, np.zeros_like(parameters), np.zeros_like(parameters), 0)


def train(
    cell: Cell,
    state: TrainingState,
    words: Words,
    targets: np.ndarray,
    orders: np.ndarray,
    learning_rate: float | np.ndarray,
    loss: str = "mse",
    hidden_size: int = 1,
) -> np.ndarray:
    """Train every run on the words in its order, one update a word; `state` changes in place.

    The bits of a run depend neither on the other runs nor on how many there are. Empty words change nothing.

    Args:
        cell: the cell.
        state: parameters, moments and update count.
        words: the training words.
        targets: uint8 [tokens, outputs], as `longcount.languages.dyck.targets` gives them.
        orders: integers [runs, updates], the words of each run in turn, or [updates] for all runs alike.
        learning_rate: one for all updates, or [updates].
        loss: "mse" or "bce".
        hidden_size: H.

    Returns:
        float64 [runs]: the mean over updates of the loss before each.
    """
    runs = len(state.parameters)
    orders = _without_empty(words, np.broadcast_to(np.asarray(orders, np.int32), (runs, np.shape(orders)[-1])))
    updates = orders.shape[1]
    if not updates:
        return np.zeros(runs)
    packed = pack_words(words, targets)
    rates = np.broadcast_to(np.asarray(learning_rate, np.float64), (updates,))
    step_sizes, roots = corrections(state.updates, rates, state.parameters.dtype)
    online_loss = np.empty(runs)
    for block in blocks(runs):
        online_loss[block] = _train_block(
            cell, state, block, packed, orders[block], step_sizes, roots, loss, hidden_size
        )
    state.updates += updates
    return online_loss / updates


def gradients(
    cell: Cell, parameters: np.ndarray, words: Words, targets: np.ndarray, loss: str = "mse", hidden_size: int = 1
) -> np.ndarray:
    """The gradient [runs, words, P] of every (not empty) word's loss at parameters [runs, P], for checks."""
    runs, size = parameters.shape
    packed = pack_words(words, targets)
    kernel_lanes = LANES[0]
    kernel = training_kernel(cell, loss, kernel_lanes, hidden_size, parameters.dtype.name, keep_gradient=True)
    result = np.empty((runs, len(words), size), parameters.dtype)
    for first in range(0, runs, kernel_lanes):
        block = np.arange(first, first + kernel_lanes).clip(max=runs - 1)
        flat = np.ascontiguousarray(parameters[block].T)
        kept = np.zeros((len(words), size, kernel_lanes), parameters.dtype)
        orders = np.ascontiguousarray(np.tile(np.arange(len(words), dtype=np.int32)[:, None], kernel_lanes))
        unused = np.zeros(1, parameters.dtype)
        kernel(flat, kept, unused, *packed, orders, len(words), unused, unused, np.zeros(kernel_lanes),
               *_scratch(cell, packed, kernel_lanes, hidden_size, parameters.dtype))  # fmt: skip
        result[block] = kept.transpose(2, 0, 1)
    return result


def blocks(count: int) -> list[np.ndarray]:
    """Cut runs 0..count-1 into groups that fit the lanes."""
    return [np.arange(first, min(first + LANES[-1], count)) for first in range(0, count, LANES[-1])]


def lanes_for(count: int) -> int:
    """The narrowest width that holds so many."""
    return next(width for width in LANES if count <= width)


def in_lanes(array: np.ndarray, lanes: int) -> np.ndarray:
    """[runs, n] as [n, lanes]; lanes without a run repeat the last run."""
    return np.ascontiguousarray(array[np.arange(lanes).clip(max=len(array) - 1)].T)


def _train_block(
    cell: Cell,
    state: TrainingState,
    block: np.ndarray,
    packed: PackedWords,
    orders: np.ndarray,
    step_sizes: np.ndarray,
    roots: np.ndarray,
    loss: str,
    hidden_size: int,
) -> np.ndarray:
    """Train runs that fit the lanes; returns float64 [runs], the sum of their losses."""
    count, dtype = len(block), state.parameters.dtype
    lanes = lanes_for(count)
    kernel = training_kernel(cell, loss, lanes, hidden_size, dtype.name)
    arrays = [state.parameters, state.first_moment, state.second_moment]
    columns = [in_lanes(array[block], lanes) for array in arrays]
    total = np.zeros(lanes)
    kernel(*columns, *packed, in_lanes(orders, lanes), orders.shape[1], step_sizes, roots, total,
           *_scratch(cell, packed, lanes, hidden_size, dtype))  # fmt: skip
    for array, column in zip(arrays, columns, strict=True):
        array[block] = column.T[:count]
    return total[:count]


def _scratch(
    cell: Cell, packed: PackedWords, lanes: int, hidden_size: int, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    longest = int(packed.lengths.max())
    return (
        np.empty((-(-longest // CHUNK), ROW, lanes), np.int32),
        np.empty((longest, tape_values(cell, hidden_size), lanes), dtype),
    )


def _without_empty(words: Words, orders: np.ndarray) -> np.ndarray:
    empty = np.diff(words.offsets) == 0
    if not empty.any():
        return orders
    kept = ~empty[orders]
    if len(set(kept.sum(axis=1).tolist())) > 1:
        raise ValueError("the runs' orders hold different numbers of empty words")
    return orders[kept].reshape(len(orders), -1)
