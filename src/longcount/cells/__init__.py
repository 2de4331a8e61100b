"""The cells: one file a cell, its equations written once over any kind of number.

>>> get("lstm").shapes()["weight_ih_l0"], get("gru").size()
((4, 2), 19)
"""

from __future__ import annotations

import difflib

from longcount.cells.cell import OUTPUTS, VOCABULARY, Cell
from longcount.cells.gru import GRU
from longcount.cells.hard import HardGRU, HardLSTM
from longcount.cells.initialisation import SCHEMES, initialise
from longcount.cells.linear import Linear
from longcount.cells.lstm import LSTM
from longcount.cells.parameters import pack, unpack
from longcount.cells.relu import ReLU
from longcount.cells.tanh import Tanh
from longcount.errors import UserError

CELLS: dict[str, type[Cell]] = {cell.name: cell for cell in (LSTM, ReLU, GRU, Tanh, Linear, HardLSTM, HardGRU)}
"""Every cell by name: a new cell is one file and one entry here."""


def names() -> tuple[str, ...]:
    """The names of all cells, the paper's three first."""
    return tuple(CELLS)


def get(name: str, hidden_size: int = 1, layers: int = 1, letters: int = VOCABULARY, outputs: int = OUTPUTS) -> Cell:
    """The cell of that name, in layers of that size, for so many letters and outputs.

    Raises:
        UserError: no cell has that name.
    """
    try:
        kind = CELLS[name]
    except KeyError:
        near = difflib.get_close_matches(name.lower(), CELLS, 1)
        hint = f"did you mean {near[0]}?" if near else f"the cells are {', '.join(CELLS)}"
        raise UserError(f"no cell is called {name!r}: {hint}") from None
    return kind(hidden_size, layers, letters, outputs)


__all__ = ["CELLS", "OUTPUTS", "SCHEMES", "VOCABULARY", "Cell", "get", "initialise", "names", "pack", "unpack"]
