"""Make a trained model exact by the smallest change that can be proved.

LSTM, *sharpening*: the rows of the gates i, f and g times a factor, which saturates them; o and the readout stay. A run
that learned to count by letting c decay at `)` has no such gates to sharpen: *projection* opens i and f for good and
gives g the directions in which c moved.
ReLU, *projection* on the counter indicator conditions: recurrent weight 1, increments d and -d with the d nearest to
the trained ones that float32 counts with, no biases.
GRU, *rescaling* to the one counter that its rounded update has: update gate 1 - 2^-23 for both letters, the rows of
the candidate n times a factor, the readout rescaled to the new step.

Where the readout then does not tell depth 0 from depth 1, its threshold is set between them; where the output for `(`
falls with depth, its weight is set to 0. A model that never learned is not repaired: the answer would come from us.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from longcount import cells
from longcount.cells import Cell
from longcount.cells.gru import GRU
from longcount.errors import UserError
from longcount.exact.boxes import Model
from longcount.exact.construct import GRU_STEP, SATURATED, UPDATE_BIAS
from longcount.exact.proof import EXACT_INTEGERS
from longcount.exact.proofs import prove
from longcount.languages.words import CLOSE, OPEN

FACTORS = tuple(2.0**k for k in range(1, 13))
"""Tried in turn; multiplying by a power of two is exact."""

Tensors = dict[str, np.ndarray]


@dataclass(frozen=True)
class Repair:
    """What was done to a model."""

    method: str | None
    """`none` (it was exact), `sharpen`, `project`, `rescale`; None where it could not be repaired."""
    weights: np.ndarray
    """float32 [P]: the repaired ones, or the old where there are none."""
    factor: float | None
    """Of sharpening."""
    max_depth: int
    """Proved exact to this depth; 0 where it is not."""
    reason: str
    """The proof, or why the model is not repairable."""

    @property
    def repaired(self) -> bool:
        """Whether the weights are proved exact."""
        return self.max_depth > 0


def repair(
    cell: Cell,
    flat: np.ndarray,
    method: str = "auto",
    factor: float | None = None,
    depth: int | None = None,
    learned: bool | None = None,
) -> Repair:
    """The smallest change of a model that is proved exact.

    Args:
        cell: the cell.
        flat: trained weights, float32 [P].
        method: `sharpen`, `project`, `rescale`, or `auto`: those that the cell has, in this order.
        factor: of sharpening or rescaling; default: the least of `FACTORS` that is proved.
        depth: to which it must be proved; default 2^24, 100,000 for the GRU.
        learned: whether the model learned its task; None where that is unknown. One that did not is not repaired.

    Raises:
        UserError: for a method that the cell does not have, or a factor for one that takes none.
    """
    methods = methods_of(cell.name, method)
    if factor is not None:
        methods = tuple(known for known in methods if known != "project")
        if not methods:
            raise UserError(f"{cell.name}: projection takes no factor; leave it out")
    depth = depth or depth_of(cell)
    flat = np.asarray(flat, np.float32)
    if learned is False:
        return Repair(None, flat, None, 0, "it never learned the task: there is nothing to make exact")
    proof = prove(Model(cell, flat), depth)
    if proof.max_depth >= depth:
        return Repair("none", flat, None, proof.max_depth, proof.reason)
    reasons = []
    for wanted in methods:
        for used, candidate in _METHODS[wanted](cell, flat, FACTORS if factor is None else (factor,), depth):
            proof = prove(Model(cell, candidate), depth)
            if proof.max_depth >= depth:
                return Repair(wanted, candidate, used, proof.max_depth, proof.reason)
        reasons.append(f"{wanted}: {proof.reason}")
    return Repair(None, flat, None, 0, "; ".join(reasons))


DEPTHS: dict[type[Cell], int] = {GRU: 100_000}
"""What an exact model of a cell, or of one derived from it, is asked to count to; 2^24 for other cells."""


def depth_of(cell: Cell) -> int:
    """The depth to which a model of a cell has to be proved to be called exact, where none is asked for."""
    return next((DEPTHS[kind] for kind in type(cell).__mro__ if kind in DEPTHS), EXACT_INTEGERS)


REPAIRS = {"lstm": ("sharpen", "project"), "relu": ("project",), "gru": ("rescale",)}
"""The methods of each cell, the smaller change first."""


def methods_of(name: str, method: str = "auto") -> tuple[str, ...]:
    """The methods to try for a cell.

    Raises:
        UserError: where the cell has none, or not this one.
    """
    if name not in REPAIRS:
        raise UserError(f"no repair is known for {name}; there are some for {', '.join(REPAIRS)}")
    if method == "auto":
        return REPAIRS[name]
    if method not in REPAIRS[name]:
        raise UserError(f"{name} is repaired by {' or '.join(REPAIRS[name])}, not by {method}")
    return (method,)


def changes(cell: Cell, before: np.ndarray, after: np.ndarray) -> dict[str, tuple[float, float]]:
    """Every parameter that changed, by its tensor's name and place, with its old and new value."""
    old, new = cells.unpack(cell, before), cells.unpack(cell, after)
    return {
        f"{name}[{','.join(map(str, place))}]": (float(old[name][place]), float(new[name][place]))
        for name in old
        for place in np.ndindex(old[name].shape)
        if old[name][place] != new[name][place]
    }


Candidates = Iterator[tuple[float | None, np.ndarray]]


def _sharpened(cell: Cell, flat: np.ndarray, factors: tuple[float, ...], depth: int) -> Candidates:
    for factor in factors:
        tensors = _copied(cell, flat)
        for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
            tensors[name][:3] *= np.float32(factor)  # i, f, g
        yield factor, cells.pack(cell, tensors)


def _projected(cell: Cell, flat: np.ndarray, factors: tuple[float, ...], depth: int) -> Candidates:
    project = {"relu": _projected_relu, "lstm": _projected_lstm}[cell.name]
    yield from ((None, candidate) for candidate in project(cell, flat, depth))


def _projected_relu(cell: Cell, flat: np.ndarray, depth: int) -> Iterator[np.ndarray]:
    up, down = (float(letter["h"][0]) for letter in Model(cell, flat).letters)
    if not up > 0 > down:
        return
    tensors = _copied(cell, flat)
    step = nearest_step((up - down) / 2, depth)
    tensors["weight_hh_l0"][:] = 1.0
    tensors["weight_ih_l0"][0] = step, -step
    tensors["bias_ih_l0"][:] = tensors["bias_hh_l0"][:] = 0.0
    yield from _readouts(cell, tensors, step)


def _projected_lstm(cell: Cell, flat: np.ndarray, depth: int) -> Iterator[np.ndarray]:
    model = Model(cell, flat)
    counts = [model.start()[0]]
    state = model.start()
    for token in [OPEN] * _PROBED + [CLOSE] * _PROBED:
        state = model.step(token, state)
        counts.append(state[0])
    moves = np.sign(np.diff(counts))
    if moves[0] == 0 or not (moves == np.repeat([moves[0], -moves[0]], _PROBED)).all():
        return
    tensors = _copied(cell, flat)
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
        tensors[name][:3] = 0.0
    tensors["bias_ih_l0"][:2] = SATURATED  # i and f
    tensors["weight_ih_l0"][2] = SATURATED * moves[0], -SATURATED * moves[0]  # g
    first = Model(cell, cells.pack(cell, tensors))
    yield from _readouts(cell, tensors, float(first.view.state(first.step(OPEN, first.start()))[0]))


_PROBED = 5
"""Depth of the ramp that shows whether c goes one way on `(` and the other on `)`."""


def nearest_step(step: float, depth: int) -> float:
    """The number nearest to a step that float32 counts with up to a depth: m 2^q with m depth <= 2^24."""
    bits = max(int(np.log2(EXACT_INTEGERS / depth)), 1)
    fraction, exponent = np.frexp(step)
    if EXACT_INTEGERS // depth < 3:  # powers of two only
        return float(2.0**exponent if fraction > 0.75 else 2.0 ** (exponent - 1))
    return float(np.ldexp(np.round(fraction * 2**bits), exponent - bits))


def _rescaled(cell: Cell, flat: np.ndarray, factors: tuple[float, ...], depth: int) -> Candidates:
    model = Model(cell, flat)
    opened = model.step(OPEN, model.start())
    signs = [float(model.gates(token, model.start())["n"]) for token in (OPEN, CLOSE)]
    if signs[OPEN] * signs[CLOSE] >= 0 or opened[0] == 0:
        return
    for factor in factors:
        tensors = _copied(cell, flat)
        tensors["weight_ih_l0"][1] = tensors["weight_hh_l0"][1] = tensors["bias_hh_l0"][1] = 0.0  # z
        tensors["bias_ih_l0"][1] = UPDATE_BIAS
        for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
            tensors[name][2] *= np.float32(factor)  # n
        step = GRU_STEP * float(np.sign(signs[OPEN]))
        tensors["readout.weight"] *= np.float32(float(opened[0]) / step)
        yield from ((factor, candidate) for candidate in _readouts(cell, tensors, step))


def _readouts(cell: Cell, tensors: Tensors, step: float) -> Iterator[np.ndarray]:
    """The readout as it is, and with as little changed as makes it right for a counter of this step."""
    yield cells.pack(cell, tensors)
    weight, bias = tensors["readout.weight"][:, 0], tensors["readout.bias"]
    if weight[0] * step < 0:  # `(` would be refused at some depth
        weight[0] = 0.0
        yield cells.pack(cell, tensors)
    if weight[1] * step > 0:
        bias[1] = -weight[1] * np.float32(step) / np.float32(2)
        yield cells.pack(cell, tensors)


def _copied(cell: Cell, flat: np.ndarray) -> Tensors:
    return {name: tensor.copy() for name, tensor in cells.unpack(cell, flat).items()}


_METHODS: dict[str, Callable[[Cell, np.ndarray, tuple[float, ...], int], Candidates]] = {
    "sharpen": _sharpened,
    "project": _projected,
    "rescale": _rescaled,
}
