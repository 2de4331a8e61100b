"""From named tensors, as `torch.nn` keeps them, to the flat parameter vector of the engine and back."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from longcount.cells.cell import Cell


def pack(cell: Cell, tensors: Mapping[str, np.ndarray]) -> np.ndarray:
    """The flat parameters [..., P] of tensors [..., *shape], in the order of `cell.shapes`, each in C order.

    Raises:
        ValueError: a tensor is missing, unexpected, or of the wrong shape.
    """
    shapes = cell.shapes()
    if set(tensors) != set(shapes):
        raise ValueError(f"{cell.name} has the tensors {', '.join(shapes)}, not {', '.join(tensors)}")
    parts = []
    for name, shape in shapes.items():
        tensor = np.asarray(tensors[name])
        leading = tensor.shape[: tensor.ndim - len(shape)]
        if tensor.shape[len(leading) :] != shape:
            raise ValueError(f"{name} of {cell.name} has shape {shape}, not {tensor.shape}")
        parts.append(tensor.reshape(*leading, math.prod(shape)))
    return np.concatenate(parts, axis=-1)


def unpack(cell: Cell, flat: np.ndarray) -> dict[str, np.ndarray]:
    """The tensors [..., *shape] of flat parameters [..., P].

    Raises:
        ValueError: the last extent is not the cell's number of parameters.
    """
    if flat.shape[-1] != cell.size():
        raise ValueError(f"{cell.name} has {cell.size()} parameters, not {flat.shape[-1]}")
    tensors = {}
    start = 0
    for name, shape in cell.shapes().items():
        stop = start + math.prod(shape)
        tensors[name] = flat[..., start:stop].reshape(*flat.shape[:-1], *shape)
        start = stop
    return tensors
