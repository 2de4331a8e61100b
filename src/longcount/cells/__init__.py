"""The cells: one file per cell, its equations written once over any kind of number.

>>> get("lstm").shapes()["weight_ih_l0"], get("gru").size()
((4, 2), 19)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from longcount.cells.cell import OUTPUTS, VOCABULARY, Cell
from longcount.cells.coupled import CoupledLSTM
from longcount.cells.derivation import derive, works_unit_by_unit
from longcount.cells.gru import GRU
from longcount.cells.gru_without_reset import GRUWithoutReset
from longcount.cells.hard import HardGRU, HardLSTM
from longcount.cells.initialisation import KIND as INITIALISATIONS
from longcount.cells.initialisation import initialise
from longcount.cells.linear import Linear
from longcount.cells.lstm import LSTM
from longcount.cells.mingru import LogMinGRU, MinGRU
from longcount.cells.minlstm import MinLSTM
from longcount.cells.mlstm import MLSTM
from longcount.cells.network import initial_state, inputs_of_letters, split, step
from longcount.cells.parameters import pack, unpack
from longcount.cells.peephole import PeepholeLSTM
from longcount.cells.qrnn import QRNNfo, QRNNifo
from longcount.cells.relu import ReLU
from longcount.cells.rglru import RGLRU
from longcount.cells.s6 import S6, NegativeS6
from longcount.cells.slstm import SLSTM
from longcount.cells.sru import SRU
from longcount.cells.tanh import Tanh
from longcount.errors import UserError
from longcount.numbers.vector import Vector
from longcount.registry import Kind, what_it_is
from longcount.sources import Source, mistakes_told, place_of

_GATED = (PeepholeLSTM, CoupledLSTM, GRUWithoutReset, MinGRU, LogMinGRU, MinLSTM, SRU, QRNNfo, QRNNifo, SLSTM, MLSTM)
_LINEAR_IN_THE_STATE = (RGLRU, S6, NegativeS6)
CELLS: dict[str, type[Cell]] = {
    cell.name: cell for cell in (LSTM, ReLU, GRU, Tanh, Linear, HardLSTM, HardGRU, *_GATED, *_LINEAR_IN_THE_STATE)
}
"""Every built-in cell by name: a new one is one file and one entry here."""


def _refusal(part: Any) -> str | None:
    if not (isinstance(part, type) and issubclass(part, Cell)):
        return what_it_is(part)
    lacking = [name for name in ("name", "gates", "state_names") if not hasattr(part, name)]
    lacking += sorted(getattr(part, "__abstractmethods__", ()))
    if lacking:
        return f"lacks {lacking[0]}"
    for field in ("gates", "state_names", "separate_recurrent_bias", "own", "opens"):
        value = getattr(part, field)
        if not isinstance(value, tuple) or not all(isinstance(name, str) for name in value):
            return f"has {field} = {value!r}, not a tuple of names"
    return None


KIND = Kind("cell", "cells", CELLS, "a subclass of longcount.cells.Cell with its names and equations", _refusal)


def try_equations(cell: Cell, source: Source) -> None:
    """Run a user-defined cell's equations once, forward and backward.

    Raises:
        UserError: where they raise or return anything other than states and gates, with file and line.
    """
    try:
        with mistakes_told():
            derive(type(cell))
            if not works_unit_by_unit(replace(cell, hidden_size=2)):
                raise ValueError("forward lets units see each other: they do through W_hh alone")
            weights = split(cell, [0.5] * cell.size())
            state, gates = step(cell, weights, inputs_of_letters(cell, weights)[0], initial_state(cell, weights, 0.0))
            shown = {name: value for layer in gates for name, value in layer.items()}
            if not all(isinstance(value, Vector) for value in (*state, *shown.values())):
                raise TypeError("forward should return the next state, a tuple of vectors, and a dictionary of them")
    except UserError:
        raise
    except Exception as error:  # what is wrong with the user's equations may come to light in ours
        raise UserError(f"{place_of(source)}: {source.name}: {type(error).__name__}: {error}") from error


def names() -> tuple[str, ...]:
    """The names of all built-in cells, the paper's three first."""
    return tuple(CELLS)


def get(name: str, hidden_size: int = 1, layers: int = 1, letters: int = VOCABULARY, outputs: int = OUTPUTS) -> Cell:
    """The cell of that name, in layers of that size, for that many letters and outputs.

    Args:
        name: of a built-in cell or one that an installed package offers, or `module:Name` of a file of your own.
        hidden_size: units of a layer.
        layers: how many.
        letters: of the input.
        outputs: of the readout.

    Raises:
        UserError: there is none.
    """
    return KIND.get(name)(hidden_size, layers, letters, outputs)


__all__ = [
    "CELLS",
    "INITIALISATIONS",
    "KIND",
    "OUTPUTS",
    "VOCABULARY",
    "Cell",
    "get",
    "initialise",
    "names",
    "pack",
    "try_equations",
    "unpack",
]
