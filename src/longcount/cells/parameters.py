"""From named tensors, as `torch.nn` keeps them, to the flat parameter vector of the engine and back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from longcount.cells.cell import Cell


def pack(cell: Cell, tensors: Mapping[str, np.ndarray], hidden_size: int = 1) -> np.ndarray:
    """The flat parameters [..., P] of tensors [..., *shape], in the order of `cell.shapes`, each in C order.

    Raises:
        ValueError: a tensor is missing, is one too many, or has another shape.
    """
    shapes = cell.shapes(hidden_size)
    if set(tensors) != set(shapes):
        raise ValueError(f"{cell.name} has the tensors {', '.join(shapes)}, not {', '.join(tensors)}")
    parts = []
    for name, shape in shapes.items():
        tensor = np.asarray(tensors[name])
        leading = tensor.shape[: tensor.ndim - len(shape)]
        if tensor.shape[len(leading) :] != shape:
            raise ValueError(f"{name} of {cell.name} has shape {shape}, not {tensor.shape}")
        parts.append(tensor.reshape(*leading, -1))
    return np.concatenate(parts, axis=-1)


def unpack(cell: Cell, flat: np.ndarray, hidden_size: int = 1) -> dict[str, np.ndarray]:
    """The tensors [..., *shape] of flat parameters [..., P].

    Raises:
        ValueError: the last extent is not the cell's number of parameters.
    """
    if flat.shape[-1] != cell.size(hidden_size):
        raise ValueError(f"{cell.name} has {cell.size(hidden_size)} parameters, not {flat.shape[-1]}")
    tensors = {}
    start = 0
    for name, shape in cell.shapes(hidden_size).items():
        stop = start + int(np.prod(shape))
        tensors[name] = flat[..., start:stop].reshape(*flat.shape[:-1], *shape)
        start = stop
    return tensors


def initial_bound(hidden_size: int = 1) -> float:
    """PyTorch's default initialisation draws every parameter uniformly from (-bound, bound)."""
    return float(1.0 / np.sqrt(hidden_size))
