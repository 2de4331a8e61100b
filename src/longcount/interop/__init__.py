"""PyTorch and safetensors: models in and out, and a second engine that trains any `torch.nn.Module`.

`modules` holds the networks as plain PyTorch modules, `tensor_files` reads and writes files of tensors, `recognition`
finds a network in other people's names, `exchange` takes models out of a store and into one, `torch_engine` trains.
PyTorch is an extra and imported only when something here needs it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from longcount.errors import UserError

if TYPE_CHECKING:
    from longcount.interop.exchange import export_run, import_models, tensors_of, to_torch
    from longcount.interop.modules import counter, from_torch

__all__ = ["counter", "export_run", "from_torch", "import_models", "need_torch", "tensors_of", "to_torch"]

_ROOMS = {
    "counter": "modules",
    "export_run": "exchange",
    "from_torch": "modules",
    "import_models": "exchange",
    "tensors_of": "exchange",
    "to_torch": "exchange",
}
_OF_TORCH = ("modules", "torch_cells", "torch_engine")


def need_torch() -> None:
    """Import PyTorch.

    Raises:
        UserError: it is not installed; the line says how to install it.
    """
    try:
        importlib.import_module("torch")
    except ModuleNotFoundError:
        raise UserError("PyTorch is not installed: pip install 'longcount[torch]' brings it") from None


def __getattr__(name: str) -> object:
    if name not in _ROOMS and name not in _OF_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = _ROOMS.get(name, name)
    if room in _OF_TORCH:
        need_torch()
    module = importlib.import_module(f"{__name__}.{room}")
    return module if room == name else getattr(module, name)
