"""Evaluate frozen weights: loss and first point of failure of many models on many words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from longcount.cells import Cell
from longcount.cells.network import EVERY_TOKEN, LOSSES, Question, initial_state, split
from longcount.engine.compiler import aligned, aligned_empty
from longcount.engine.evaluation_kernel import NO_FAILURE, evaluation_kernel
from longcount.engine.packed import CHUNK, Content, PackedWords, pack_words
from longcount.engine.training import LANES, blocks, check_shapes, in_lanes, lanes_for
from longcount.engine.training_kernel import layout_of
from longcount.languages.words import Words

MANY_MODELS = 8
"""From this many models on, lanes hold models; below, they hold words."""

LONGEST_SHARED_PREFIX = 10_000
"""Tokens for which states are kept to be shared."""


@dataclass(frozen=True)
class Evaluation:
    """Losses and failures of models on words."""

    loss: np.ndarray
    """float64 [models, words]: mean over the tokens after which the network answers, and over outputs; NaN for an
    empty word."""

    first_failure: np.ndarray
    """int64 [models, words]: index of the first token after which the network answers with a wrong output; the
    word's length where there is none."""

    lengths: np.ndarray
    """int64 [words]."""

    @property
    def correct(self) -> np.ndarray:
        """bool [models, words]: every output of every token right."""
        return self.first_failure == self.lengths


def evaluate(
    cell: Cell,
    weights: np.ndarray,
    words: Words,
    targets: np.ndarray,
    loss: str = "mse",
    question: Question = EVERY_TOKEN,
) -> Evaluation:
    """Loss and first point of failure of every model on every word.

    Args:
        cell: the cell.
        weights: float32 (or float64) [models, P].
        words: words of any length below 2^31 tokens.
        targets: uint8 [tokens, outputs]; of a softmax [tokens, 2 outputs], the letters allowed (what is right) and then
            the one that comes (what the loss is of). Where a word has one answer, only its last token's are read.
        loss: "mse" or "bce", of a softmax "ce".
        question: when the networks answer, and how.

    The bits depend neither on the other models and words nor on how lanes are filled.
    """
    weights = np.ascontiguousarray(weights)
    if weights.ndim != 2 or weights.dtype not in (np.float32, np.float64):
        raise ValueError(f"weights are [models, P] in float32 or float64, not {weights.dtype}{weights.shape}")
    check_shapes(cell, weights, words, targets, loss, question)
    lengths = np.diff(words.offsets)
    sums = np.empty((len(weights), len(words)))
    failures = np.empty((len(weights), len(words)), np.int64)
    if len(words) and len(weights):
        layout = layout_of(cell, question)
        packed = pack_words(words, targets, layout)
        if len(weights) >= MANY_MODELS:
            order, parted = _lexicographic(words, Content(targets.tobytes()), layout.targets, question.answers)
            place = np.empty_like(order)
            place[order] = np.arange(len(order), dtype=order.dtype)
            for block in blocks(len(weights)):
                block_sums, block_failures = _many_models(cell, question, weights[block], packed, order, parted, loss)
                rows = slice(block[0], block[-1] + 1)
                sums[rows], failures[rows] = block_sums[place].T, block_failures[place].T
        else:
            _many_words(cell, question, weights, packed, loss, sums, failures)
    with np.errstate(invalid="ignore", divide="ignore"):
        asked = lengths if question.answers == "token" else lengths > 0
        np.divide(sums, LOSSES[loss].terms(cell) * asked, out=sums)
    return Evaluation(sums, np.minimum(failures, lengths, out=failures), lengths)


@lru_cache(maxsize=16)
def _lexicographic(words: Words, target_bytes: Content, columns: int, answers: str) -> tuple[np.ndarray, np.ndarray]:
    """The words in lexicographic order (int32 [words]), and how many tokens each shares with the one before.

    Tokens count as equal only where their targets are equal, too. Words are not compared beyond
    `LONGEST_SHARED_PREFIX`.
    """
    lengths = np.diff(words.offsets)
    symbols = _symbols(words, np.frombuffer(target_bytes, np.uint8).reshape(-1, columns), answers)
    text, width = symbols.tobytes(), symbols.itemsize
    keys = [
        text[a * width : b * width]
        for a, b in zip(words.offsets[:-1].tolist(), words.offsets[1:].tolist(), strict=True)
    ]
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int32)
    parted = np.zeros(len(order), np.int32)
    before, after = words.offsets[order[:-1]], words.offsets[order[1:]]
    limit = np.minimum(np.minimum(lengths[order[:-1]], lengths[order[1:]]), LONGEST_SHARED_PREFIX)
    here = np.flatnonzero(limit > 0)
    reach = 0
    while len(here):
        here = here[symbols[before[here] + reach] == symbols[after[here] + reach]]
        parted[here + 1] += 1
        reach += 1
        here = here[limit[here] > reach]
    return order, parted


def _symbols(words: Words, targets: np.ndarray, answers: str) -> np.ndarray:
    """A number for each token [T], of one byte or two: equal where token and targets are."""
    keys = words.tokens.astype(np.int64)
    if answers == "word":
        last = words.offsets[1:][np.diff(words.offsets) > 0] - 1
        asked = np.zeros(len(keys), np.int64)
        asked[last] = 1
        keys, targets = keys << 1 | asked, targets * asked[:, None].astype(np.uint8)
    for column in targets.T:
        keys = keys << 1 | column
    kinds, symbols = np.unique(keys, return_inverse=True)
    if len(kinds) > 1 << 16:
        raise ValueError(f"{len(kinds):,} kinds of tokens and targets are more than {1 << 16:,}")
    return symbols.astype(np.uint8 if len(kinds) <= 1 << 8 else ">u2")


def _many_models(
    cell: Cell,
    question: Question,
    weights: np.ndarray,
    packed: PackedWords,
    order: np.ndarray,
    parted: np.ndarray,
    loss: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of loss and first failures [words, models], words in the given order."""
    count, lanes, words = len(weights), lanes_for(len(weights)), len(order)
    kernel = evaluation_kernel(cell, question, loss, lanes, True, weights.dtype.name)
    kept = int(parted.max())
    by_lane = in_lanes(weights, lanes)
    # The kernel could put the start there itself, but LLVM takes minutes for stores beside the loads of many weights.
    start = initial_state(cell, split(cell, list(by_lane)), np.zeros(lanes, weights.dtype))
    numbers = [number for part in start for number in part]
    kept_numbers = aligned(np.zeros((kept + 2, len(numbers) + 1, lanes), weights.dtype))
    kept_numbers[0, :-1] = numbers
    sums, failures = np.empty((words, lanes)), np.empty((words, lanes), np.int32)
    rows = aligned_empty((layout_of(cell, question).row, lanes), np.int32)
    kernel(
        by_lane, *packed, order, words, sums, failures, rows,
        parted, kept, kept_numbers,
        np.full((kept + 2, lanes), NO_FAILURE, np.int32),
        np.zeros((kept // CHUNK + 2, lanes)),
    )  # fmt: skip
    return sums[:, :count], failures[:, :count]


def _many_words(
    cell: Cell,
    question: Question,
    weights: np.ndarray,
    packed: PackedWords,
    loss: str,
    sums: np.ndarray,
    failures: np.ndarray,
) -> None:
    """Fill sums of loss and first failures [models, words]: each model takes an equal share of the lanes."""
    models, words = failures.shape
    lanes = LANES[0] if models * words <= LANES[0] else LANES[-1]
    share = min(lanes // models, words)
    kernel = evaluation_kernel(cell, question, loss, lanes, False, weights.dtype.name)
    by_length = np.argsort(-packed.lengths[:-1].astype(np.int64), kind="stable")
    groups = -(-words // share)
    dealt = np.full(groups * share, words, np.int32)
    dealt[:words] = by_length
    idle = np.full((groups, lanes), words, np.int32)
    idle[:, : models * share] = np.tile(dealt.reshape(groups, share), models)
    model_of_lane = np.repeat(np.arange(models), share)
    group_sums, group_failures = np.empty((groups, lanes)), np.empty((groups, lanes), np.int32)
    kernel(in_lanes(weights[model_of_lane], lanes), *packed, idle, groups, group_sums, group_failures,
           aligned_empty((layout_of(cell, question).row, lanes), np.int32))  # fmt: skip
    for model in range(models):
        columns = slice(model * share, (model + 1) * share)
        sums[model, by_length] = group_sums[:, columns].reshape(-1)[:words]
        failures[model, by_length] = group_failures[:, columns].reshape(-1)[:words]
