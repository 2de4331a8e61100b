"""The networks as plain PyTorch modules: recurrent layers, a linear readout, a sigmoid or softmax.

A module is its recurrent layer with a readout beside it, so its tensors have the names that a store and an exported
file use (``weight_ih_l0`` ... ``readout.bias``), and ``load_state_dict(strict=True)`` takes such a file as it is.
Symbols: N words, T tokens, H hidden size, L layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from longcount import cells
from longcount.arguments import checked
from longcount.cells import OUTPUTS, VOCABULARY, Cell
from longcount.cells.network import Link
from longcount.cells.recognition import recognise
from longcount.errors import UserError
from longcount.training.pytorch import as_array
from longcount.training.recurrent_modules import LACKING, Recurrent


class Counter(nn.Module):
    """Readout and link of every network here; a subclass names its recurrent layers as its second base.

    Args:
        hidden_size: H.
        layers: L.
        dropout: the share of each layer's outputs that training drops on their way to the next layer.
        letters: of the input.
        outputs: of the readout.
        learned_start: whether the state before the first token is learned, in parameters [H] named as the cell's
            (``h_0_l0`` ...); else it is 0.
        link: from the readout's pre-activations to the outputs.
        kind: further arguments of the recurrent layers.
    """

    cell: ClassVar[str]
    """The cell's name."""

    def __init__(
        self,
        hidden_size: int = 1,
        layers: int = 1,
        dropout: float = 0.0,
        *,
        letters: int = VOCABULARY,
        outputs: int = OUTPUTS,
        learned_start: bool = False,
        link: Link = "sigmoid",
        **kind: Any,
    ) -> None:
        super().__init__(letters, hidden_size, layers, batch_first=True, dropout=dropout, **kind)
        self.readout = nn.Linear(hidden_size, outputs)
        self.link = link
        self.learned_parts = cells.CELLS[self.cell].state_names if learned_start else ()
        self.extents = layers, hidden_size
        for layer in range(layers):
            for part in self.learned_parts:
                drawn = torch.empty(hidden_size).uniform_(-(hidden_size**-0.5), hidden_size**-0.5)
                self.register_parameter(f"{part}_0_l{layer}", nn.Parameter(drawn))

    def forward(self, letters: torch.Tensor) -> torch.Tensor:
        """The outputs [N, T, outputs] or [T, outputs] for one-hot letters [N, T, letters] or [T, letters].

        Of a sigmoid each lies in (0, 1) by itself (may ``(`` come next, may ``)``?); of a softmax they are a
        distribution.
        """
        hidden_states, _ = super().forward(letters, self.initial_state(letters))
        before = self.readout(hidden_states)
        return torch.sigmoid(before) if self.link == "sigmoid" else torch.softmax(before, dim=-1)

    def initial_state(self, letters: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...] | None:
        """The learned state before the first token, as torch.nn takes it: [L, N, H] for each of its parts."""
        if not self.learned_parts:
            return None
        layers, hidden_size = self.extents
        words = letters.shape[:-2]
        parts = []
        for part in self.learned_parts:
            by_layer = torch.stack([getattr(self, f"{part}_0_l{layer}") for layer in range(layers)])
            spread = by_layer.reshape(layers, *(1 for _ in words), hidden_size)
            parts.append(spread.expand(layers, *words, hidden_size).contiguous())
        return tuple(parts) if len(parts) > 1 else parts[0]


class LSTMCounter(Counter, nn.LSTM):  # pyright: ignore[reportIncompatibleMethodOverride]
    """`torch.nn.LSTM` and a readout."""

    cell = "lstm"


class GRUCounter(Counter, nn.GRU):  # pyright: ignore[reportIncompatibleMethodOverride]
    """`torch.nn.GRU` and a readout."""

    cell = "gru"


class ReLUCounter(Counter, nn.RNN):  # pyright: ignore[reportIncompatibleMethodOverride]
    """`torch.nn.RNN` of rectified linear units and a readout."""

    cell = "relu"

    def __init__(self, hidden_size: int = 1, layers: int = 1, dropout: float = 0.0, **sizes: Any) -> None:
        super().__init__(hidden_size, layers, dropout, nonlinearity="relu", **sizes)


class TanhCounter(Counter, nn.RNN):  # pyright: ignore[reportIncompatibleMethodOverride]
    """`torch.nn.RNN` as it is by default (Elman's) and a readout."""

    cell = "tanh"


def _with_readout(kind: type[Recurrent]) -> type[Counter]:
    name = f"{kind.__name__}Counter"
    members = {"__doc__": f"`{kind.__name__}` and a readout.", "__module__": __name__, "cell": kind.cell}
    globals()[name] = made = type(name, (Counter, kind), members)  # where pickle looks for it
    return made


COUNTERS: dict[str, type[Counter]] = {
    kind.cell: kind
    for kind in (LSTMCounter, ReLUCounter, GRUCounter, TanhCounter, *(map(_with_readout, LACKING.values())))
}


@checked
def counter(
    cell: Cell, tensors: Mapping[str, np.ndarray] | None = None, dropout: float = 0.0, link: Link = "sigmoid"
) -> Counter:
    """The PyTorch module of a cell.

    Args:
        cell: from `longcount.cells.get`, with its sizes.
        tensors: its weights by name, float ``[*shape]``; PyTorch's own random ones where not given.
        dropout: the share of each layer's outputs that training drops on their way to the next layer.
        link: "softmax" where the network gives a distribution.

    Raises:
        UserError: PyTorch has no such cell.
    """
    if cell.name not in COUNTERS:
        raise UserError(f"{cell.name}: no PyTorch module of this cell; there is one of {', '.join(COUNTERS)}")
    module = COUNTERS[cell.name](
        cell.hidden_size,
        cell.layers,
        dropout,
        letters=cell.letters,
        outputs=cell.outputs,
        learned_start=cell.learned_start,
        link=link,
    )
    if tensors is not None:
        given = {name: torch.tensor(np.asarray(tensor)) for name, tensor in tensors.items()}
        module = module.to(next(iter(given.values())).dtype)
        module.load_state_dict(given, strict=True)
    return module


@checked
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
        if isinstance(part, Counter | Recurrent):
            return part.cell
        if isinstance(part, nn.RNN | nn.RNNCell):
            return part.nonlinearity
    return None
