"""The LSTM: counters of step 1 kept by saturated gates.

By hand, after Weiss, Goldberg and Yahav (2018): all gates saturated, c is the depth.

Repaired by *sharpening*: the rows of the gates i, f and g times a factor, which saturates them; o and the readout stay.
A run that learned to count by letting c decay at `)` has no such gates to sharpen: *projection* opens i and f for good
and gives g the directions in which c moved.

Proved: an LSTM is exact where boxes of its states are closed under both letters and every one of them is read right.

Depths below `LOW_DEPTHS` have a box of c and o each, for either last token. One more stands for all depths from there
on: there i and f are exactly 1, g exactly 1 or -1, and tanh(c) exactly 1 or -1 (all times the sign of the counter), so
h is o or -o, and c moves by exactly the rounded sums c + 1 and c - 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from longcount import cells
from longcount.cells import Cell
from longcount.exact.boxes import Model
from longcount.exact.lower import Fineness
from longcount.exact.proof import EXACT_INTEGERS, Proof
from longcount.exact.readout import read_from, readouts
from longcount.exact.theory import SATURATED, Candidates, Repairer, Tensors, Theory, copied
from longcount.languages.words import CLOSE, OPEN
from longcount.numbers.intervals import Interval
from longcount.numbers.monotone import TANH

LOW_DEPTHS = 16
"""Depths below are followed one by one, those from here on all at once."""

STEADY_ROUNDS = 200
"""Rounds within which the boxes must have stopped growing."""

Ends = np.ndarray
"""float32 [2 ends, 2 last tokens, LOW_DEPTHS + 1]; an empty box goes from infinity to minus infinity."""


def prove_lstm(model: Model, depth: int) -> Proof:
    """Exact to `depth`, at most 2^24, or not proved."""
    if not LOW_DEPTHS < depth <= EXACT_INTEGERS:
        return Proof(0, f"the proof needs a depth from {LOW_DEPTHS + 1} to {EXACT_INTEGERS}")
    start = model.step(OPEN, model.start())
    ramp = start
    for _ in range(LOW_DEPTHS - 1):
        ramp = model.step(OPEN, ramp)
    sign = float(np.sign(ramp[0]))
    if not abs(ramp[0]) >= TANH.one_from + 1:
        return Proof(0, f"at depth {LOW_DEPTHS} c is {float(ramp[0]):.3g}: it does not count")
    if not model.surely_right(tuple(Interval.exactly(number) for number in start), False):
        return Proof(0, "the first token is read wrong")

    boxes: list[Ends] = []
    for number in start:
        ends = np.full((2, 2, LOW_DEPTHS + 1), np.inf, np.float32)
        ends[1] = -np.inf
        ends[:, OPEN, 1] = number
        boxes.append(ends)
    for _ in range(STEADY_ROUNDS):
        grown, obstacle = _grow(model, boxes, sign, depth)
        if obstacle:
            return Proof(0, obstacle)
        if all(np.array_equal(new, old) for new, old in zip(grown, boxes, strict=True)):
            return Proof(depth, f"closed boxes; from depth {LOW_DEPTHS} on the gates are 1 and c moves by 1")
        boxes = grown
    return Proof(0, f"the boxes still grow after {STEADY_ROUNDS} rounds")


def _grow(model: Model, boxes: list[Ends], sign: float, depth: int) -> tuple[list[Ends], str]:
    """The boxes joined with all that one token makes of them; or what stands in the way."""
    alive = boxes[0][0] <= boxes[0][1]  # [last, depth]
    filled = [np.where(alive, ends, 0) for ends in boxes]
    after = model.step_both(tuple(Interval(ends[:, None]) for ends in filled))
    possible = np.stack([alive, alive & (np.arange(LOW_DEPTHS + 1) > 0)])
    balanced = np.zeros((2, 1, LOW_DEPTHS + 1), bool)
    balanced[CLOSE, 0, 1] = True
    wrong = possible & ~model.surely_right(after, balanced)
    if wrong.any():
        token, _, place = np.argwhere(wrong)[0].tolist()
        return boxes, f"{'()'[token]!r} at depth {place}{' or more' * (place == LOW_DEPTHS)} may be read wrong"
    high = alive[:, LOW_DEPTHS]
    if high.any():
        obstacle = _unsteady(model, [ends[:, high, LOW_DEPTHS] for ends in filled], sign)
        if obstacle:
            return boxes, obstacle

    grown = []
    for k, (ends, number) in enumerate(zip(boxes, after, strict=True)):
        lower = np.where(possible, number.lower, np.inf).min(axis=1)  # [token, depth before]
        upper = np.where(possible, number.upper, -np.inf).max(axis=1)
        new = ends.copy()
        for place, arriving, join in ((0, lower, np.minimum), (1, upper, np.maximum)):
            new[place, OPEN, 1:] = join(new[place, OPEN, 1:], arriving[OPEN, :-1])
            new[place, CLOSE, :-1] = join(new[place, CLOSE, :-1], arriving[CLOSE, 1:])
            if k > 0:  # o: from depth LOW_DEPTHS and more to the same
                new[place, :, LOW_DEPTHS] = join(new[place, :, LOW_DEPTHS], arriving[:, LOW_DEPTHS])
        grown.append(new)
    grown[0][:, :, LOW_DEPTHS] = _settled(grown[0][:, :, LOW_DEPTHS], grown[1][:, :, LOW_DEPTHS], sign, depth)
    return grown, ""


def _unsteady(model: Model, high: list[np.ndarray], sign: float) -> str:
    """What keeps c from moving by exactly 1 a token from depth LOW_DEPTHS on; boxes float32 [2 ends, last tokens]."""
    c, o = (Interval(ends) for ends in high)
    least = (c.ends * np.float32(sign)).min()
    if least < TANH.one_from + 1:
        return f"at depth {LOW_DEPTHS} c may be as small as {least:.6g}: tanh(c) is not exactly 1"
    for token, step in ((OPEN, sign), (CLOSE, -sign)):
        gates = model.gates(token, (c, o))
        for name, wanted in (("i", 1.0), ("f", 1.0), ("g", step)):
            if not gates[name].is_exactly(wanted):
                least, most = float(gates[name].lower.min()), float(gates[name].upper.max())
                found = f"{least:.9g}" if least == most else f"from {least:.9g} to {most:.9g}"
                return f"at great depth `{'()'[token]}` makes {name} {found}, not {wanted:g}"
    return ""


def _settled(c: np.ndarray, o: np.ndarray, sign: float, depth: int) -> np.ndarray:
    """What c may be at depth LOW_DEPTHS after any excursion above it up to `depth`: float32 [2 ends, last tokens]."""
    lower, upper = float(c[0].min()), float(c[1].max())
    if lower > upper:
        return c
    if sign < 0:
        lower, upper = -upper, -lower
    low, high = settle(np.float32(lower), depth, min), settle(np.float32(upper), depth, max)
    if sign < 0:
        low, high = -high, -low
    alive = o[0] <= o[1]
    return np.stack([np.where(alive, low, np.inf), np.where(alive, high, -np.inf)]).astype(np.float32)


def settle(c: np.float32, depth: int, extreme: Callable[[np.float32, np.float32], np.float32]) -> np.float32:
    """The end (the least or greatest: `extreme` is min or max) at depth LOW_DEPTHS of the least family of intervals of
    c, one per depth up to `depth`, that holds c and is closed under c + 1 upwards and c - 1 downwards in float32.

    Upwards c + 1 is rounded only where it enters a binade, whose numbers are farther apart; downwards c - 1 is always
    exact. So the distance between c and the depth changes at binades only, and brought down again it is the distance
    at depth LOW_DEPTHS; what it is there goes up once more, until nothing changes. A distance above 1 is no count:
    infinity.
    """
    while abs(float(c) - LOW_DEPTHS) <= 1:
        farthest, now, at = c, c, LOW_DEPTHS
        while at < depth:
            inside = min(int(np.ceil(2.0 ** int(np.frexp(now)[1]) - float(now))) - 1, depth - at)
            now, at = np.float32(float(now) + inside), at + inside
            if at < depth:
                now, at = now + np.float32(1), at + 1
            farthest = extreme(farthest, np.float32(float(now) - (at - LOW_DEPTHS)))
        if farthest == c:
            return c
        c = farthest
    return extreme(np.float32(-np.inf), np.float32(np.inf))


def construct_lstm(tensors: Tensors) -> None:
    """See above; the readout's first step is tanh(1)."""
    tensors["bias_ih_l0"][[0, 1, 3]] = SATURATED  # i, f and o are 1
    tensors["weight_ih_l0"][2] = SATURATED, -SATURATED  # g is 1 at `(`, -1 at `)`
    read_from(tensors, float(np.tanh(1.0)))


def sharpened(cell: Cell, flat: np.ndarray, factors: tuple[float, ...], depth: int) -> Candidates:
    """The rows of i, f and g times each factor in turn."""
    for factor in factors:
        tensors = copied(cell, flat)
        for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
            tensors[name][: 3 * cell.hidden_size] *= np.float32(factor)  # i, f, g
        yield factor, cells.pack(cell, tensors)


def _projected(cell: Cell, flat: np.ndarray, factors: tuple[float, ...], depth: int) -> Candidates:
    model = Model(cell, flat)
    counts = [model.start()[0]]
    state = model.start()
    for token in [OPEN] * _PROBED + [CLOSE] * _PROBED:
        state = model.step(token, state)
        counts.append(state[0])
    moves = np.sign(np.diff(counts))
    if moves[0] == 0 or not (moves == np.repeat([moves[0], -moves[0]], _PROBED)).all():
        return
    tensors = copied(cell, flat)
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
        tensors[name][:3] = 0.0
    tensors["bias_ih_l0"][:2] = SATURATED  # i and f
    tensors["weight_ih_l0"][2] = SATURATED * moves[0], -SATURATED * moves[0]  # g
    first = Model(cell, cells.pack(cell, tensors))
    step = float(first.view.state(first.step(OPEN, first.start()))[0])
    yield from ((None, candidate) for candidate in readouts(cell, tensors, step))


_PROBED = 5
"""Depth of the ramp that shows whether c goes one way on `(` and the other on `)`."""


THEORY = Theory(
    prove_lstm,
    (Fineness(history=1, pieces=512, most=8), Fineness(history=2, pieces=4096, most=64)),
    construct_lstm,
    {"sharpen": Repairer(sharpened), "project": Repairer(_projected, takes_factor=False)},
)
