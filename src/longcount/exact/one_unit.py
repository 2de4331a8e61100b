"""The theories that there are, and what follows from them for a model.

Each proof is a theorem of the documentation (`docs/exact.md`) with its conditions checked in the engine's own float32
arithmetic; depth 0 means that no proof was found, never that the model is wrong.
"""

from __future__ import annotations

from dataclasses import replace

from longcount.cells import Cell
from longcount.cells.gru import GRU
from longcount.cells.hard import HardGRU, HardLSTM
from longcount.cells.lstm import LSTM
from longcount.cells.relu import ReLU
from longcount.exact import gru, lstm, relu
from longcount.exact.boxes import Model
from longcount.exact.lower import PLAIN, Fineness
from longcount.exact.proof import EXACT_INTEGERS, Proof
from longcount.exact.theory import Theory

# Hard gates reach 1 and -1 sooner; what the proofs ask of them is the same.
THEORIES: dict[type[Cell], Theory] = {
    LSTM: lstm.THEORY,
    ReLU: relu.THEORY,
    GRU: gru.THEORY,
    HardLSTM: replace(lstm.THEORY, construct=None, repairs={}),
    HardGRU: replace(gru.THEORY, construct=None, repairs={}),
}
"""By the equations that a theory is about, never by their name."""


def prove_one_unit(model: Model, depth: int) -> Proof:
    """The strongest proof there is for the model's cell, up to a depth."""
    if not model.in_range:
        return Proof(0, f"a weight is not a number below {model.largest:g}")
    if type(model.cell) not in THEORIES:
        return Proof(0, f"no proof is known for the cell {model.cell.name}")
    return THEORIES[type(model.cell)].prove(model, min(depth, EXACT_INTEGERS))


def depth_of(cell: Cell) -> int:
    """The depth to which a model of a cell has to be proved to be called exact, where nothing else is asked for."""
    return THEORIES[type(cell)].depth if type(cell) in THEORIES else EXACT_INTEGERS


def finenesses_of(cell: Cell) -> tuple[Fineness, ...]:
    """How finely states of a cell are distinguished for a lower bound, from coarse to fine, until the bounds meet;
    those of trained models nearly do, in under a second per model.

    Of a cell without a theory this depends on whether its gates see the state.
    """
    if type(cell) in THEORIES:
        return THEORIES[type(cell)].finenesses
    gated = len(cell.gates) > 1 and (cell.recurrent or cell.own)
    return gru.THEORY.finenesses[:1] if gated else PLAIN
