"""PyTorch, where it is installed: an extra, imported only when something here needs it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import numpy as np

from longcount.errors import UserError

if TYPE_CHECKING:
    import torch


def need_torch() -> None:
    """Import PyTorch.

    Raises:
        UserError: it is not installed; the line says how to install it.
    """
    try:
        importlib.import_module("torch")
    except ModuleNotFoundError:
        raise UserError("PyTorch is not installed; install it with pip install 'longcount[torch]'") from None


def as_array(tensor: torch.Tensor) -> np.ndarray:
    """A tensor as an array; the narrow float formats that NumPy lacks become float32, which holds them exactly."""
    tensor = tensor.detach().cpu()
    return tensor.float().numpy() if tensor.is_floating_point() and tensor.itemsize < 4 else tensor.numpy()
