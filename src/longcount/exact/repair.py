"""Make a trained model exact by the smallest change that can be proved.

LSTMs are sharpened (`longcount.exact.sharpening`), ReLU networks projected (`longcount.exact.projecting`). For one
unit on Dyck-1 there are others (`longcount.exact.known`). Where the readout then does not tell depth 0 from depth 1,
its threshold is set between them; where the output for `(` falls with depth, its weight is set to 0. A model that never
learned is not repaired: the answer would come from us.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from longcount import cells
from longcount.cells import Cell
from longcount.cells.lstm import LSTM
from longcount.cells.relu import ReLU
from longcount.errors import UserError
from longcount.exact.certify import LEAST_EXACT_DEPTH, check, is_one_unit_on_dyck1, prove
from longcount.exact.known import KNOWN
from longcount.exact.machines import covers
from longcount.exact.projecting import projected_for
from longcount.exact.proof import EXACT_INTEGERS
from longcount.exact.repairer import Repairer
from longcount.exact.sharpening import sharpened_for
from longcount.training.problem import DYCK1, Problem

Method = Literal["auto", "sharpen", "project", "rescale"]

FACTORS = tuple(2.0**k for k in range(1, 13))
"""Of these ways to repair try some; multiplying by a power of two is exact."""

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
    """Of sharpening or rescaling; None: of `FACTORS`, the least that is tried and proved."""
    depth: int | None = None
    """To which a repaired model must be proved; None: 100,000, and as far beyond as there are proofs."""

    def __post_init__(self) -> None:
        if self.factor is not None and not 0 < self.factor <= LARGEST_FACTOR:
            raise UserError(f"factor: {self.factor}: should be a number above 0, at most {LARGEST_FACTOR:,}")

    def repairers(self, cell: Cell, problem: Problem = DYCK1) -> dict[str, Repairer]:
        """The ways to try for a cell and a problem, by name, in this order.

        Raises:
            UserError: where there are none, or not this one, or none that takes a factor where one is given.
        """
        ways = _ways(cell, problem)
        if self.method not in ("auto", *ways):
            raise UserError(f"{cell.name} is repaired by {' or '.join(ways)}, not by {self.method}")
        found = {name: way for name, way in ways.items() if self.method in ("auto", name)}
        taking = {name: way for name, way in found.items() if way.takes_factor or self.factor is None}
        if not taking:
            raise UserError(f"{cell.name}: {' and '.join(found)} takes no factor; leave it out")
        return taking

    @property
    def depths(self) -> tuple[int, int]:
        """The depth to which proofs are looked for, and the one that they must reach."""
        return (EXACT_INTEGERS, LEAST_EXACT_DEPTH) if self.depth is None else (self.depth, self.depth)


ANY = Wanted()


def _ways(cell: Cell, problem: Problem) -> dict[str, Repairer]:
    """The ways to repair a cell's networks for a problem, the smaller change first."""
    check(cell, problem)
    of_machines = {
        LSTM: {"sharpen": Repairer(partial(sharpened_for, problem))},
        ReLU: {"project": Repairer(partial(projected_for, problem), takes_factor=False)},
    }
    found = dict(of_machines.get(type(cell), {}))
    one_unit = is_one_unit_on_dyck1(cell, problem)
    if one_unit and type(cell) in KNOWN:
        found |= KNOWN[type(cell)].repairs
    if not found:
        kinds = [kind for kind, known in KNOWN.items() if known.repairs] if one_unit else of_machines
        known = ", ".join(kind.name for kind in kinds)
        beyond = "" if one_unit else " beyond one unit that starts at 0 on Dyck-1"
        raise UserError(f"no repair is known for {cell.name}{beyond}; there are some for {known}")
    obstacle = covers(cell, problem)
    if obstacle:
        raise UserError(obstacle)
    return found


def is_repairable(cell: Cell, problem: Problem = DYCK1) -> bool:
    """Whether a way is known to repair models of a cell for a problem."""
    try:
        return bool(ANY.repairers(cell, problem))
    except UserError:
        return False


def repair(
    cell: Cell, flat: np.ndarray, wanted: Wanted = ANY, learned: bool | None = None, problem: Problem = DYCK1
) -> Repair:
    """The smallest change of a model that is proved exact.

    Args:
        cell: the cell.
        flat: trained weights, float32 [P].
        wanted: which repair.
        learned: whether the model learned its task; None where that is unknown. One that did not is not repaired.
        problem: what it is for.

    Raises:
        UserError: for a repair that the cell does not have.
    """
    repairers, (depth, needed) = wanted.repairers(cell, problem), wanted.depths
    flat = np.asarray(flat, np.float32)
    if learned is False:
        return Repair(None, flat, None, 0, "it never learned the task: there is nothing to make exact")
    proof = prove(cell, flat, problem, depth)
    if proof.max_depth >= needed:
        return Repair("none", flat, None, proof.max_depth, proof.reason)
    factors = FACTORS if wanted.factor is None else (wanted.factor,)
    reasons = []
    for name, repairer in repairers.items():
        obstacle = "no network that it makes reads short words right"
        for used, candidate in repairer.candidates(cell, flat, factors, depth):
            proof = prove(cell, candidate, problem, depth)
            if proof.max_depth >= needed:
                return Repair(name, candidate, used, proof.max_depth, proof.reason)
            obstacle = proof.reason
        reasons.append(f"{name}: {obstacle}")
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
