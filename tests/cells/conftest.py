"""PyTorch's modules with a model's weights: an implementation of somebody else to compare with."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from longcount import cells
from longcount.cells import Cell
from longcount.training.recurrent_modules import LACKING

torch.set_num_threads(1)  # its threads wait for each other on networks this small


class TorchNetwork(torch.nn.Module):
    """A recurrent module of `torch.nn`, a linear readout and a sigmoid, as the paper's authors wrote it."""

    def __init__(self, cell: Cell):
        super().__init__()
        kinds: dict[str, Any] = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "relu": torch.nn.RNN, "tanh": torch.nn.RNN}
        kinds |= LACKING
        options = {"nonlinearity": cell.name} if kinds[cell.name] is torch.nn.RNN else {}
        self.cell = cell
        self.recurrent = kinds[cell.name](2, cell.hidden_size, cell.layers, **options)
        self.readout = torch.nn.Linear(cell.hidden_size, 2)

    def forward(self, tokens: np.ndarray) -> torch.Tensor:
        """Outputs [tokens, 2] on one word."""
        letters = torch.eye(2, dtype=self.readout.weight.dtype)[torch.from_numpy(tokens.astype(np.int64))]
        hidden, _ = self.recurrent(letters)
        return torch.sigmoid(self.readout(hidden))

    def tensors(self) -> dict[str, torch.nn.Parameter]:
        """The parameters by the cell's names."""
        return {name.removeprefix("recurrent."): tensor for name, tensor in self.named_parameters()}

    def flat(self, tensors: dict[str, torch.Tensor]) -> np.ndarray:
        """Such tensors as a flat vector [P]."""
        return cells.pack(self.cell, {name: tensor.detach().numpy() for name, tensor in tensors.items()})


def _torch_network(cell: Cell, weights: np.ndarray) -> TorchNetwork:
    network = TorchNetwork(cell).to(torch.float64 if weights.dtype == np.float64 else torch.float32)
    tensors = cells.unpack(cell, weights)
    with torch.no_grad():
        for name, parameter in network.tensors().items():
            parameter.copy_(torch.from_numpy(tensors[name].copy()))
    return network


@pytest.fixture(scope="session")
def torch_network() -> Callable[[Cell, np.ndarray], TorchNetwork]:
    """The PyTorch network with weights [P], in their precision."""
    return _torch_network


@pytest.fixture(scope="session")
def torch_loss() -> Callable[[str], Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]:
    """PyTorch's own "mse" or "bce", the mean over tokens and outputs."""
    return {"mse": torch.nn.functional.mse_loss, "bce": torch.nn.functional.binary_cross_entropy}.__getitem__
