"""The theories that there are of one unit on Dyck-1."""

from __future__ import annotations

from longcount.cells import Cell
from longcount.cells.gru import GRU
from longcount.cells.hard import HardGRU, HardLSTM
from longcount.cells.lstm import LSTM
from longcount.cells.relu import ReLU
from longcount.exact import gru, lstm, relu
from longcount.exact.lower import PLAIN, Fineness
from longcount.exact.theory import Theory

THEORIES: dict[type[Cell], Theory] = {
    LSTM: lstm.THEORY,
    ReLU: relu.THEORY,
    GRU: gru.THEORY,
    HardLSTM: Theory(lstm.THEORY.finenesses),
    HardGRU: Theory(gru.THEORY.finenesses),
}
"""By the equations that a theory is about, never by their name."""


def finenesses_of(cell: Cell) -> tuple[Fineness, ...]:
    """How finely states of a cell are distinguished for a lower bound, from coarse to fine, until the bounds meet;
    those of trained models nearly do, in under a second per model.

    Of a cell without a theory this depends on whether its gates see the state.
    """
    if type(cell) in THEORIES:
        return THEORIES[type(cell)].finenesses
    gated = len(cell.gates) > 1 and (cell.recurrent or cell.own)
    return gru.THEORY.finenesses[:1] if gated else PLAIN
