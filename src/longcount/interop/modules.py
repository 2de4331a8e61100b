"""The networks as plain PyTorch modules: recurrent layers, a linear readout, a sigmoid.

A module is its recurrent layer with a readout beside it, so its tensors have the names that a store and an exported
file use (``weight_ih_l0`` ... ``readout.bias``), and ``load_state_dict(strict=True)`` takes such a file as it is.
Letters: N words, T tokens, H hidden size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from longcount import cells
from longcount.cells import OUTPUTS, VOCABULARY, Cell
from longcount.errors import UserError
from longcount.interop.recognition import recognise
from longcount.interop.tensor_files import as_array


class Counter(nn.Module):
    """What every network here adds to its recurrent layer; a subclass names that layer as its second base."""

    def __init__(self, hidden_size: int = 1, layers: int = 1, dropout: float = 0.0, **kind: Any) -> None:
        super().__init__(VOCABULARY, hidden_size, layers, batch_first=True, dropout=dropout, **kind)
        self.readout = nn.Linear(hidden_size, OUTPUTS)

    def forward(self, letters: torch.Tensor) -> torch.Tensor:
        """For one-hot letters [N, T, 2] or [T, 2], at every token: may ``(`` come next, may ``)``? Both in (0, 1)."""
        hidden_states, _ = super().forward(letters)
        return torch.sigmoid(self.readout(hidden_states))


class Recurrent(nn.Module, ABC):
    """Layers of a cell that torch.nn lacks, with the names and shapes of torch.nn's; a subclass says its equations."""

    gates = 1
    """How many rows of the weights belong to a unit."""
    parts = 1
    """How many numbers a unit's state has, h the first."""

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, batch_first: bool = True, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if not batch_first:
            raise ValueError("words are the first extent here: batch_first=True")
        self.hidden_size, self.num_layers, self.dropout = hidden_size, num_layers, nn.Dropout(dropout)
        for layer in range(num_layers):
            inputs = hidden_size if layer else input_size
            shapes = {"weight_ih": (inputs,), "weight_hh": (hidden_size,), "bias_ih": (), "bias_hh": ()}
            for name, columns in shapes.items():
                bound = hidden_size**-0.5
                drawn = torch.empty(self.gates * hidden_size, *columns).uniform_(-bound, bound)
                self.register_parameter(f"{name}_l{layer}", nn.Parameter(drawn))

    @abstractmethod
    def step(self, x: torch.Tensor, y: torch.Tensor, state: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """The next state, each part [..., H], from x = W_ih input + b_ih and y = W_hh h + b_hh, [..., gates H]."""

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The last layer's h [..., T, H] for inputs [..., T, I], and the last of them."""
        states = inputs
        for layer in range(self.num_layers):
            weight_ih, weight_hh, bias_ih, bias_hh = (
                getattr(self, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            below = self.dropout(states) if layer else states
            driven = nn.functional.linear(below, weight_ih, bias_ih)
            state = (torch.zeros_like(driven[..., 0, : self.hidden_size]),) * self.parts
            steps = []
            for token in range(inputs.shape[-2]):
                state = self.step(driven[..., token, :], state[0] @ weight_hh.T + bias_hh, state)
                steps.append(state[0])
            states = torch.stack(steps, dim=-2)
        return states, states[..., -1, :]


class LinearRNN(Recurrent):
    """``h' = W_ih x + b_ih + W_hh h + b_hh``."""

    def step(self, x: torch.Tensor, y: torch.Tensor, state: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """See `Recurrent.step`."""
        return (x + y,)


def hard_sigmoid(x: torch.Tensor) -> torch.Tensor:
    """x / 6 + 1/2 between 0 and 1. The gradient of PyTorch's own is 1/6 rounded to float32, in float64 too."""
    return (x / 6.0 + 0.5).clamp(0.0, 1.0)


class HardLSTM(Recurrent):
    """`torch.nn.LSTM` with hard sigmoid and hardtanh in place of sigmoid and tanh."""

    gates, parts = 4, 2

    def step(self, x: torch.Tensor, y: torch.Tensor, state: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """See `Recurrent.step`."""
        i, f, g, o = (x + y).chunk(4, dim=-1)
        c = hard_sigmoid(f) * state[1] + hard_sigmoid(i) * nn.functional.hardtanh(g)
        return hard_sigmoid(o) * nn.functional.hardtanh(c), c


class HardGRU(Recurrent):
    """`torch.nn.GRU` with hard sigmoid and hardtanh in place of sigmoid and tanh."""

    gates = 3

    def step(self, x: torch.Tensor, y: torch.Tensor, state: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """See `Recurrent.step`."""
        (x_r, x_z, x_n), (y_r, y_z, y_n) = x.chunk(3, dim=-1), y.chunk(3, dim=-1)
        z = hard_sigmoid(x_z + y_z)
        n = nn.functional.hardtanh(x_n + hard_sigmoid(x_r + y_r) * y_n)
        return ((state[0] - n) * z + n,)


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


class LinearCounter(Counter, LinearRNN):  # pyright: ignore[reportIncompatibleMethodOverride]
    """`LinearRNN` and a readout."""


class HardLSTMCounter(Counter, HardLSTM):  # pyright: ignore[reportIncompatibleMethodOverride]
    """`HardLSTM` and a readout."""


class HardGRUCounter(Counter, HardGRU):  # pyright: ignore[reportIncompatibleMethodOverride]
    """`HardGRU` and a readout."""


COUNTERS: dict[str, type[Counter]] = {
    "lstm": LSTMCounter,
    "relu": ReLUCounter,
    "gru": GRUCounter,
    "tanh": TanhCounter,
    "linear": LinearCounter,
    "hard_lstm": HardLSTMCounter,
    "hard_gru": HardGRUCounter,
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
        for kind, name in ((LinearRNN, "linear"), (HardLSTM, "hard_lstm"), (HardGRU, "hard_gru")):
            if isinstance(part, kind):
                return name
    return None
