"""A guaranteed lower bound on the first point of failure over all Dyck-1 words.

After n tokens the states that some word can reach are held in boxes, one for every depth and every choice of the last
few tokens (the history). Each step sends every box through the cell's equations on intervals, cut into pieces because
intervals forget how numbers depend on each other, and joins what arrives. The first token at which some box cannot be
shown to answer right is the bound: no word fails before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from longcount.exact.boxes import Model
from longcount.numbers.intervals import Interval


@dataclass(frozen=True)
class Fineness:
    """How finely states are distinguished."""

    history: int  # the last tokens that have boxes of their own
    pieces: int  # into which all boxes together are cut before a step
    most: int  # pieces of one box


PLAIN = (Fineness(history=1, pieces=0, most=1),)
"""Enough where the next state rises or falls with the state, as a ReLU's does: then boxes lose nothing."""


def no_failure_before(model: Model, limit: int, fineness: Fineness) -> int:
    """The index of the first token at which some Dyck-1 word might fail; `limit` where none might before.

    Args:
        model: the network.
        limit: tokens to look at.
        fineness: how finely states are distinguished; a finer bound is higher and takes longer.
    """
    if not model.in_range:
        return 0
    histories = 2**fineness.history
    boxes = [Interval.exactly(np.full((histories, 1), number)) for number in model.start()]
    alive = np.zeros((histories, 1), bool)  # by history and depth // 2: whether some word is there
    alive[0, 0] = True
    for token in range(limit):
        odd = token % 2  # depth is 2 j + odd
        pieces = _cut(boxes, min(fineness.pieces // alive.size, fineness.most))
        with np.errstate(over="ignore", invalid="ignore"):
            after = model.step_both(tuple(Interval(number.ends[:, None]) for number in pieces))
            after = tuple(Interval(np.broadcast_to(n.ends, (2, 2, *n.ends.shape[2:]))) for n in after)
            depth = 2 * np.arange(alive.shape[1]) + odd
            balanced = np.stack([depth < 0, depth == 1])[:, None, :, None]
            right = model.surely_right(after, balanced).all(axis=-1)
        possible = np.stack([alive, alive & (depth > 0)])
        if not (right | ~possible).all():
            return token
        boxes, alive = _join(after, possible, odd)
    return limit


def _cut(boxes: list[Interval], count: int) -> tuple[Interval, ...]:
    """The boxes cut along their first coordinate, the counter; pieces along a new last axis."""
    counter = boxes[0].pieces(max(count, 1))
    return counter, *(Interval(box.ends[..., None]) for box in boxes[1:])


def _join(after: tuple[Interval, ...], possible: np.ndarray, odd: int) -> tuple[list[Interval], np.ndarray]:
    """Boxes [histories, depths] after the token, of what arrives [2 tokens, histories, depths, pieces]."""
    tokens, histories, depths = possible.shape
    met = possible.reshape(tokens, 2, histories // 2, depths)  # the oldest token of the history is forgotten
    alive = _move(np.asarray(met.any(axis=1)), odd, False)
    joined = []
    for number in after:
        lower = np.where(possible, number.lower.min(axis=-1), np.inf).reshape(met.shape).min(axis=1)
        upper = np.where(possible, number.upper.max(axis=-1), -np.inf).reshape(met.shape).max(axis=1)
        ends = np.stack([_move(lower, odd, np.inf), _move(upper, odd, -np.inf)])
        joined.append(Interval(np.where(alive, ends, 0).astype(np.float32)))
    return joined, alive


def _move(arriving: np.ndarray, odd: int, empty: float | bool) -> np.ndarray:
    """[2 tokens, histories / 2, depths] by history and depth before, as [histories, depths] by those after it."""
    _, half, depths = arriving.shape
    moved = np.full((half, 2, depths + odd), empty, arriving.dtype)
    if odd:  # 2 j + 1 becomes 2 (j + 1) or 2 j
        moved[:, 0, 1:], moved[:, 1, :-1] = arriving
    else:  # 2 j becomes 2 j + 1 or 2 (j - 1) + 1
        moved[:, 0, :] = arriving[0]
        moved[:, 1, :-1] = arriving[1][:, 1:]
    return moved.reshape(2 * half, depths + odd)
