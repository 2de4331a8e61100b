"""Make a trained model exact by the smallest change that can be proved.

The theory of each cell has its ways: sharpening, projection, rescaling. Where the readout then does not tell depth 0
from depth 1, its threshold is set between them; where the output for `(` falls with depth, its weight is set to 0. A
model that never learned is not repaired: the answer would come from us.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from longcount import cells
from longcount.cells import Cell
from longcount.errors import UserError
from longcount.exact.boxes import Model
from longcount.exact.one_unit import THEORIES, depth_of, prove_one_unit
from longcount.exact.theory import Repairer

Method = Literal["auto", "sharpen", "project", "rescale"]

FACTORS = tuple(2.0**k for k in range(1, 13))
"""Tried in turn; multiplying by a power of two is exact."""


LARGEST_FACTOR = 1_000_000


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


@dataclass(frozen=True)
class Wanted:
    """Which repair is wanted."""

    method: Method = "auto"
    """`sharpen`, `project`, `rescale`, or `auto`: those that the cell has, the smaller change first."""
    factor: float | None = None
    """Of sharpening or rescaling; None: the least of `FACTORS` that is proved."""
    depth: int | None = None
    """To which a repaired model must be proved; None: 2^24, 100,000 for the GRU."""

    def __post_init__(self) -> None:
        if self.factor is not None and not 0 < self.factor <= LARGEST_FACTOR:
            raise UserError(f"factor: {self.factor}: should be a number above 0, at most {LARGEST_FACTOR:,}")

    def repairers(self, cell: Cell) -> dict[str, Repairer]:
        """The ways to try for a cell, by name, in this order.

        Raises:
            UserError: where the cell has none, or not this one, or none that takes a factor where one is given.
        """
        theory = THEORIES.get(type(cell))
        if theory is None or not theory.repairs:
            known = ", ".join(kind.name for kind, theory in THEORIES.items() if theory.repairs)
            raise UserError(f"no repair is known for {cell.name}; there are some for {known}")
        if self.method not in ("auto", *theory.repairs):
            raise UserError(f"{cell.name} is repaired by {' or '.join(theory.repairs)}, not by {self.method}")
        found = {name: way for name, way in theory.repairs.items() if self.method in ("auto", name)}
        taking = {name: way for name, way in found.items() if way.takes_factor or self.factor is None}
        if not taking:
            raise UserError(f"{cell.name}: {' and '.join(found)} takes no factor; leave it out")
        return taking

    def depth_for(self, cell: Cell) -> int:
        """The depth for a cell."""
        return self.depth or depth_of(cell)


ANY = Wanted()


def repair(cell: Cell, flat: np.ndarray, wanted: Wanted = ANY, learned: bool | None = None) -> Repair:
    """The smallest change of a model that is proved exact.

    Args:
        cell: the cell.
        flat: trained weights, float32 [P].
        wanted: which repair.
        learned: whether the model learned its task; None where that is unknown. One that did not is not repaired.

    Raises:
        UserError: for a repair that the cell does not have.
    """
    repairers, depth = wanted.repairers(cell), wanted.depth_for(cell)
    flat = np.asarray(flat, np.float32)
    if learned is False:
        return Repair(None, flat, None, 0, "it never learned the task: there is nothing to make exact")
    proof = prove_one_unit(Model(cell, flat), depth)
    if proof.max_depth >= depth:
        return Repair("none", flat, None, proof.max_depth, proof.reason)
    factors = FACTORS if wanted.factor is None else (wanted.factor,)
    reasons = []
    for name, repairer in repairers.items():
        for used, candidate in repairer.candidates(cell, flat, factors, depth):
            proof = prove_one_unit(Model(cell, candidate), depth)
            if proof.max_depth >= depth:
                return Repair(name, candidate, used, proof.max_depth, proof.reason)
        reasons.append(f"{name}: {proof.reason}")
    return Repair(None, flat, None, 0, "; ".join(reasons))


def changes(cell: Cell, before: np.ndarray, after: np.ndarray) -> dict[str, tuple[float, float]]:
    """Every parameter that changed, by its tensor's name and place, with its old and new value."""
    old, new = cells.unpack(cell, before), cells.unpack(cell, after)
    return {
        f"{name}[{','.join(map(str, place))}]": (float(old[name][place]), float(new[name][place]))
        for name in old
        for place in np.ndindex(old[name].shape)
        if old[name][place] != new[name][place]
    }
