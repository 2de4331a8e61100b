"""The cells of which more is known where there is one unit and it reads Dyck-1."""

from __future__ import annotations

from longcount.cells import Cell
from longcount.cells.gru import GRU
from longcount.cells.hard import HardGRU, HardLSTM
from longcount.cells.lstm import LSTM
from longcount.cells.relu import ReLU
from longcount.exact import gru, lstm, relu
from longcount.exact.lower import PLAIN, Fineness
from longcount.exact.one_unit import OneUnit

KNOWN: dict[type[Cell], OneUnit] = {
    LSTM: lstm.ONE_UNIT,
    ReLU: relu.ONE_UNIT,
    GRU: gru.ONE_UNIT,
    HardLSTM: OneUnit(lstm.ONE_UNIT.finenesses),
    HardGRU: OneUnit(gru.ONE_UNIT.finenesses),
}
"""By the equations that this is about, never by a cell's name."""


def finenesses_of(cell: Cell) -> tuple[Fineness, ...]:
    """How finely states of a cell are distinguished for a lower bound, from coarse to fine, until the bounds meet;
    those of trained models nearly do, in under a second per model.

    Of a cell that is not known this depends on whether its gates see the state.
    """
    if type(cell) in KNOWN:
        return KNOWN[type(cell)].finenesses
    gated = len(cell.gates) > 1 and (cell.recurrent or cell.own)
    return gru.ONE_UNIT.finenesses[:1] if gated else PLAIN
