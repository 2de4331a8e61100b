"""Train many runs at once: every run in its own order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from longcount.cells import Cell
from longcount.cells.network import EVERY_TOKEN, LOSSES, Question, Sizes
from longcount.engine.compiler import aligned, aligned_empty
from longcount.engine.options import PAPER, Options
from longcount.engine.packed import CHUNK, PackedWords, pack_words
from longcount.engine.training_kernel import layout_of, tape_values, training_kernel
from longcount.languages.words import Words

LANES = (8, 16, 32)
"""Widths of a block; runs that are fewer take the narrowest block that holds them."""

MOST_PARAMETERS = {16: 384, 32: 64}
"""Networks of more parameters train faster in narrower blocks, because what a block reads and writes for each word has
to stay in the processor's nearest cache: LSTMs of 8 units take 0.31, 0.35 and 0.45 ns per token and parameter in 8, 16
and 32 lanes, of 4 units 0.44, 0.36 and 0.39, of one 0.85, 0.50 and 0.40 (`benchmarks/against.py`, AVX-512)."""


@dataclass
class TrainingState:
    """Runs in training. All arrays are [runs, P], float32 (or float64 for checks), and change in place."""

    parameters: np.ndarray
    kept: dict[str, np.ndarray] = field(default_factory=dict)
    """What the optimiser keeps for each parameter, by name; nothing before the first update."""

    updates: int = 0

    def rows(self, chosen: np.ndarray) -> TrainingState:
        """Some of the runs (their numbers, or bool [runs]), in copies."""
        kept = {name: array[chosen] for name, array in self.kept.items()}
        return TrainingState(self.parameters[chosen], kept, self.updates)

    def begin(self, options: Options) -> None:
        """Make room for what the optimiser keeps, zeros before the first update.

        Raises:
            ValueError: runs that were trained with another optimiser.
        """
        names = options.rule().kept
        if not self.updates:
            self.kept = {name: np.zeros_like(self.parameters) for name in names}
        if tuple(self.kept) != names:
            raise ValueError(f"runs continue with what they started with: it keeps {[*self.kept]}, not {[*names]}")


def start(initial: np.ndarray) -> TrainingState:
    """The state before the first update, of initial parameters [runs, P], which are copied."""
    parameters = np.array(initial, order="C")
    if parameters.dtype not in (np.float32, np.float64) or parameters.ndim != 2:
        raise ValueError(f"initial parameters are [runs, P] in float32 or float64, not {initial.dtype}{initial.shape}")
    return TrainingState(parameters)


def train(
    cell: Cell,
    state: TrainingState,
    words: Words,
    targets: np.ndarray,
    orders: np.ndarray,
    learning_rate: float | np.ndarray,
    options: Options = PAPER,
    scales: np.ndarray | None = None,
    question: Question = EVERY_TOKEN,
) -> np.ndarray:
    """Train every run on the words in its order; `state` changes in place.

    The bits of a run depend neither on the other runs nor on how many there are. Empty words change nothing.

    Args:
        cell: the cell.
        state: parameters, what the optimiser keeps of them, and update count.
        words: the training words.
        targets: uint8 [tokens, outputs]; of a softmax [tokens, 2 outputs], the letters allowed and then the one that
            comes. Where a word has one answer, only its last token's are read.
        orders: integers [runs, n], the words of each run in turn, or [n] for all runs alike.
        learning_rate: one for all updates, or [updates]; there are n / batch size of them, rounded up.
        options: how an update is made.
        scales: [P], or None for ones: the network's weights are the parameters times this (see `folded`).
        question: when the network answers, and how.

    Returns:
        float64 [runs]: the mean over words of the loss before the word's update.
    """
    check_shapes(cell, state.parameters, words, targets, options.loss, question)
    runs = len(state.parameters)
    if np.size(orders) and not 0 <= np.min(orders) <= np.max(orders) < len(words):
        raise ValueError(f"orders hold numbers of words, from 0 to {len(words) - 1}")
    orders = _without_empty(words, np.broadcast_to(np.asarray(orders, np.int32), (runs, np.shape(orders)[-1])))
    count = orders.shape[1]
    if not count:
        return np.zeros(runs)
    updates = -(-count // options.batch_size)
    rates = np.broadcast_to(np.asarray(learning_rate, np.float64), (updates,))
    dtype = state.parameters.dtype
    table = options.rates(rates, state.updates, dtype)
    state.begin(options)
    packed = pack_words(words, targets, layout_of(cell, question))
    epoch = _Epoch(cell, question, options, packed, table, scales)
    total = np.empty(runs)
    for block in blocks(runs, widest(cell.size())):
        total[block] = _train_block(epoch, state, block, orders[block])
    state.updates += updates
    return total / count


def folded(state: TrainingState, scales: np.ndarray | None = None) -> np.ndarray:
    """The weights [runs, P] of the ordinary network that the parameters stand for: a copy, times the scales."""
    return state.parameters.copy() if scales is None else state.parameters * scales.astype(state.parameters.dtype)


def tie(state: TrainingState, options: Options) -> None:
    """Set tied parameters from their sources, as every update does; for use before the first."""
    for position, source, factor in options.ties:
        state.parameters[:, position] = state.parameters[:, source] * state.parameters.dtype.type(factor)


def gradients(
    cell: Cell,
    parameters: np.ndarray,
    words: Words,
    targets: np.ndarray,
    options: Options = PAPER,
    question: Question = EVERY_TOKEN,
) -> np.ndarray:
    """The gradient [runs, batches, P] of every batch of words (none empty) at parameters [runs, P], for checks."""
    check_shapes(cell, parameters, words, targets, options.loss, question)
    runs, size = parameters.shape
    packed = pack_words(words, targets, layout_of(cell, question))
    lanes, dtype = LANES[0], parameters.dtype
    kernel = training_kernel(cell, question, options, lanes, dtype.name, keep_gradient=True)
    batches = -(-len(words) // options.batch_size)
    result = np.empty((runs, batches, size), dtype)
    unused = np.zeros(1, dtype)
    for first in range(0, runs, lanes):
        block = np.arange(first, first + lanes).clip(max=runs - 1)
        kept = np.zeros((batches, size, lanes), dtype)
        orders = np.ascontiguousarray(np.tile(np.arange(len(words), dtype=np.int32)[:, None], lanes))
        scratch = _scratch(cell, question, packed, lanes, dtype)
        kernel(np.ascontiguousarray(parameters[block].T), kept, *packed, orders, len(words),
               unused, unused, np.zeros(lanes), *scratch)  # fmt: skip
        result[block] = kept.transpose(2, 0, 1)
    return result


def check_shapes(
    cell: Sizes, parameters: np.ndarray, words: Words, targets: np.ndarray, loss: str, question: Question
) -> None:
    """Refuse what the kernels would misread.

    Raises:
        ValueError: parameters or targets of another shape or type, a letter that the network does not have, an unknown
            loss or one that does not take the question's link.
    """
    if parameters.shape[-1] != cell.size():
        raise ValueError(f"the network has {cell.size()} parameters, not {parameters.shape[-1]}")
    shape = (len(words.tokens), layout_of(cell, question).targets)
    if targets.shape != shape or targets.dtype != np.uint8:
        raise ValueError(f"targets are uint8 {list(shape)}, not {targets.dtype}{targets.shape}")
    if words.tokens.size and words.tokens.max() >= cell.letters:
        raise ValueError(f"the network has {cell.letters} letters, numbered from 0, and no {words.tokens.max()}")
    if loss not in LOSSES or LOSSES[loss].link != question.link:
        fitting = [name for name, one in LOSSES.items() if one.link == question.link]
        raise ValueError(f"the losses of a {question.link} are {', '.join(fitting)}, not {loss!r}")


def widest(size: int) -> int:
    """The widest block that networks of that many parameters are trained in."""
    return max(width for width in LANES if size <= MOST_PARAMETERS.get(width, size))


def blocks(count: int, width: int = LANES[-1]) -> list[np.ndarray]:
    """Cut runs 0..count-1 into groups that fit that many lanes."""
    return [np.arange(first, min(first + width, count)) for first in range(0, count, width)]


def lanes_for(count: int) -> int:
    """The narrowest width that holds that many."""
    return next(width for width in LANES if count <= width)


def in_lanes(array: np.ndarray, lanes: int) -> np.ndarray:
    """[runs, n] as [n, lanes]; lanes without a run repeat the last run."""
    return aligned(array[np.arange(lanes).clip(max=len(array) - 1)].T)


class _Epoch(NamedTuple):
    """What all blocks of an epoch share."""

    cell: Cell
    question: Question
    options: Options
    packed: PackedWords
    rates: np.ndarray  # see `Options.rates`
    scales: np.ndarray | None


def _train_block(epoch: _Epoch, state: TrainingState, block: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Train runs that fit the lanes; returns float64 [runs], the sum of their losses."""
    cell, question, options, packed, rates, scales = epoch
    count, dtype = len(block), state.parameters.dtype
    lanes = lanes_for(count)
    kernel = training_kernel(cell, question, options, lanes, dtype.name, scales is not None)
    arrays = [state.parameters, *state.kept.values()]
    columns = aligned(np.stack([in_lanes(array[block], lanes) for array in arrays]))
    factors = np.ones(1, dtype) if scales is None else np.ascontiguousarray(scales, dtype)
    total = np.zeros(lanes)
    kernel(columns[0], columns[1:], *packed, in_lanes(orders, lanes), orders.shape[1], rates, factors, total,
           *_scratch(cell, question, packed, lanes, dtype))  # fmt: skip
    for array, column in zip(arrays, columns, strict=True):
        array[block] = column.T[:count]
    return total[:count]


def _scratch(
    cell: Cell, question: Question, packed: PackedWords, lanes: int, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    longest = int(packed.lengths.max())
    rows = aligned_empty((-(-longest // CHUNK), layout_of(cell, question).row, lanes), np.int32)
    return rows, aligned_empty((longest + 1, tape_values(cell), lanes), dtype)


def _without_empty(words: Words, orders: np.ndarray) -> np.ndarray:
    empty = np.diff(words.offsets) == 0
    if not empty.any():
        return orders
    kept = ~empty[orders]
    if len(set(kept.sum(axis=1).tolist())) > 1:
        raise ValueError("the runs' orders hold different numbers of empty words")
    return orders[kept].reshape(len(orders), -1)
