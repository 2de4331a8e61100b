"""The cells: one file a cell, its equations written once over any kind of number.

>>> get("lstm").shapes()["weight_ih_l0"], get("gru").size()
((4, 2), 19)
"""

from __future__ import annotations

import difflib

from longcount.cells.cell import OUTPUTS, VOCABULARY, Cell
from longcount.cells.gru import GRU
from longcount.cells.lstm import LSTM
from longcount.cells.parameters import initial_bound, pack, unpack
from longcount.cells.relu import ReLU
from longcount.errors import UserError

CELLS: dict[str, Cell] = {cell.name: cell for cell in (LSTM(), ReLU(), GRU())}
"""Every cell by name: a new cell is one file and one entry here."""


def names() -> tuple[str, ...]:
    """The names of all cells, in the paper's order."""
    return tuple(CELLS)


def get(name: str) -> Cell:
    """The cell of that name.

    Raises:
        UserError: no cell has that name.
    """
    try:
        return CELLS[name]
    except KeyError:
        near = difflib.get_close_matches(name.lower(), CELLS, 1)
        hint = f"did you mean {near[0]}?" if near else f"the cells are {', '.join(CELLS)}"
        raise UserError(f"no cell is called {name!r}: {hint}") from None


__all__ = ["CELLS", "OUTPUTS", "VOCABULARY", "Cell", "get", "initial_bound", "names", "pack", "unpack"]
