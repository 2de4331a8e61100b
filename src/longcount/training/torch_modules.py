"""The networks as plain PyTorch modules: recurrent layers, a linear readout, a sigmoid.

A module is its recurrent layer with a readout beside it, so its tensors have the names that a store and an exported
file use (``weight_ih_l0`` ... ``readout.bias``), and ``load_state_dict(strict=True)`` takes such a file as it is.
Letters: N words, T tokens, H hidden size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from longcount import cells
from longcount.cells import OUTPUTS, VOCABULARY, Cell
from longcount.cells.recognition import recognise
from longcount.errors import UserError
from longcount.training.pytorch import as_array
from longcount.training.recurrent_modules import LACKING, Recurrent


class Counter(nn.Module):
    """What every network here adds to its recurrent layer; a subclass names that layer as its second base."""

    def __init__(self, hidden_size: int = 1, layers: int = 1, dropout: float = 0.0, **kind: Any) -> None:
        super().__init__(VOCABULARY, hidden_size, layers, batch_first=True, dropout=dropout, **kind)
        self.readout = nn.Linear(hidden_size, OUTPUTS)

    def forward(self, letters: torch.Tensor) -> torch.Tensor:
        """For one-hot letters [N, T, 2] or [T, 2], at every token: may ``(`` come next, may ``)``? Both in (0, 1)."""
        hidden_states, _ = super().forward(letters)
        return torch.sigmoid(self.readout(hidden_states))


class LSTMCounter(Counter, nn.LSTM):  # pyright: ignore[reportIncompatibleMethodOverride]
    """`torch.nn.LSTM` and a readout."""


class GRUCounter(Counter, nn.GRU):  # pyright: ignore[reportIncompatibleMethodOverride]
    """`torch.nn.GRU` and a readout."""


class ReLUCounter(Counter, nn.RNN):  # pyright: ignore[reportIncompatibleMethodOverride]
    """`torch.nn.RNN` of rectified linear units and a readout."""

    def __init__(self, hidden_size: int = 1, layers: int = 1, dropout: float = 0.0) -> None:
        super().__init__(hidden_size, layers, dropout, nonlinearity="relu")


class TanhCounter(Counter, nn.RNN):  # pyright: ignore[reportIncompatibleMethodOverride]
    """`torch.nn.RNN` as it is by default (Elman's) and a readout."""


def _with_readout(kind: type[Recurrent]) -> type[Counter]:
    name = f"{kind.__name__}Counter"
    members = {"__doc__": f"`{kind.__name__}` and a readout.", "__module__": __name__}
    globals()[name] = made = type(name, (Counter, kind), members)  # where pickle looks for it
    return made


COUNTERS: dict[str, type[Counter]] = {
    "lstm": LSTMCounter,
    "relu": ReLUCounter,
    "gru": GRUCounter,
    "tanh": TanhCounter,
    **{name: _with_readout(kind) for name, kind in LACKING.items()},
}


def counter(cell: Cell, tensors: Mapping[str, np.ndarray] | None = None, dropout: float = 0.0) -> Counter:
    """The PyTorch module of a cell.

    Args:
        cell: from `longcount.cells.get`, with its hidden size and layers.
        tensors: its weights by name, float [*shape]; PyTorch's own random ones where not given.
        dropout: the share of each layer's outputs that training drops on their way to the next layer.

    Raises:
        UserError: PyTorch has no such cell.
    """
    if cell.name not in COUNTERS:
        raise UserError(f"{cell.name}: no PyTorch module of this cell; there is one of {', '.join(COUNTERS)}")
    module = COUNTERS[cell.name](cell.hidden_size, cell.layers, dropout)
    if tensors is not None:
        given = {name: torch.tensor(np.asarray(tensor)) for name, tensor in tensors.items()}
        module = module.to(next(iter(given.values())).dtype)
        module.load_state_dict(given, strict=True)
    return module


def from_torch(module: nn.Module, cell: str | None = None) -> tuple[Cell, np.ndarray]:
    """The cell and flat weights, float32 [P], of any module made of recurrent layers and a linear readout.

    Args:
        module: with torch.nn's LSTM, GRU, RNN or one of their cells, and a linear readout, under any names.
        cell: its cell's name; default: as the module's recurrent layer says.

    Raises:
        UserError: where the module's tensors are not those of such a network.
    """
    tensors = {name: as_array(tensor) for name, tensor in module.state_dict().items()}
    found = recognise(tensors, cell=cell or _cell_name(module), where=type(module).__name__)
    return found.cell, cells.pack(found.cell, found.tensors)


def _cell_name(module: nn.Module) -> str | None:
    for part in module.modules():
        if isinstance(part, nn.RNN | nn.RNNCell):
            return part.nonlinearity
        if isinstance(part, Recurrent):
            return part.cell
    return None
