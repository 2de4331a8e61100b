"""Files of named tensors: safetensors, and state dicts as `torch.save` writes them. Reading one runs no code."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from longcount import disk
from longcount.errors import UserError
from longcount.reading import read_bytes
from longcount.training.pytorch import as_array, need_torch

if TYPE_CHECKING:
    import torch

CELL = "cell"
"""Key of a safetensors file's metadata under which we write and look for the cell's name."""

_SUFFIXES = (".safetensors", ".pt", ".pth")
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"

# Where people's checkpoints keep the state dict among other things.
_WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net")


def read_tensors(path: str | Path) -> tuple[dict[str, np.ndarray], str | None]:
    """The tensors of a file by name, and the cell's name where the file says it.

    Args:
        path: a safetensors file, or a state dict saved by PyTorch (alone, or in a checkpoint under ``state_dict`` or
            ``model_state_dict``); which of the two is seen from its first bytes.

    Raises:
        UserError: where it cannot be read, is neither, is damaged, or would run code when read.
    """
    content = read_bytes(path, "a safetensors file or a PyTorch state dict")
    # A safetensors file begins with its header's length, which may look like the beginning of a pickle.
    whole_header = int.from_bytes(content[:8], "little") <= len(content) - 8
    if content.startswith((_ZIP, _PICKLE)) and not (whole_header and content[8:9] == b"{"):
        return _from_pytorch(content, path), None
    if content[8:9] == b"{":
        return _from_safetensors(content, path)
    raise UserError(f"{path}: neither a safetensors file nor a state dict saved by PyTorch")


def write_tensors(path: str | Path, tensors: Mapping[str, np.ndarray], cell: str) -> None:
    """Write tensors whole or not at all: safetensors, or for the suffix .pt or .pth a PyTorch state dict.

    Raises:
        UserError: for another suffix, or where the disk refuses.
    """
    path = Path(path)
    if path.suffix not in _SUFFIXES:
        raise UserError(f"{path}: the suffix says what to write; it should be one of {', '.join(_SUFFIXES)}")
    if path.is_dir():
        raise UserError(f"{path}: a folder; give the name of a file")
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    if path.suffix == ".safetensors":
        from safetensors.numpy import save

        content = save(contiguous, metadata={CELL: cell})
    else:
        need_torch()
        import torch

        stream = io.BytesIO()
        torch.save({name: torch.tensor(tensor) for name, tensor in contiguous.items()}, stream)
        content = stream.getvalue()
    with disk.disk_errors_told(path):
        disk.write_atomically(path, content)


def _from_safetensors(content: bytes, path: str | Path) -> tuple[dict[str, np.ndarray], str | None]:
    import json

    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(content)
    except SafetensorError as error:
        raise UserError(f"{path}: a damaged safetensors file: {error}") from None
    except KeyError as error:
        raise UserError(f"{path}: holds numbers of type {error.args[0]}; save the model as float32") from None
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return tensors, header.get("__metadata__", {}).get(CELL)


def _from_pytorch(content: bytes, path: str | Path) -> dict[str, np.ndarray]:
    need_torch()
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # a foreign file through a foreign reader: whatever it raises, the file is at fault
        code = re.search(r"(?:[Uu]nsupported (?:global: )?GLOBAL|Unsupported class) (\S+)", str(error))
        if code is not None:
            raise UserError(
                f"{path}: refused: it holds more than tensors ({code[1].rstrip('.')}), and reading that would run "
                "code; save model.state_dict() instead of the model"
            ) from None
        if content.startswith(_PICKLE):
            raise UserError(
                f"{path}: refused: a pickle that is not a state dict saved by PyTorch, or a damaged one; reading it "
                "could run code; write it by torch.save(model.state_dict(), FILE)"
            ) from None
        raise UserError(f"{path}: damaged, or no state dict saved by PyTorch") from None
    state = _state_dict(loaded)
    if state is None:
        raise UserError(f"{path}: holds no state dict: tensors by name, as torch.save(model.state_dict(), FILE) writes")
    sparse = [
        name
        for name, tensor in state.items()
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta
    ]
    if sparse:
        raise UserError(f"{path}: {sparse[0]} is sparse, quantised or without data; save it as an ordinary tensor")
    return {name: as_array(tensor) for name, tensor in state.items()}


def _state_dict(loaded: Any) -> dict[str, torch.Tensor] | None:
    import torch

    if not isinstance(loaded, Mapping) or not loaded:
        return None
    if all(isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in loaded.items()):
        return dict(loaded)
    inner = [loaded[key] for key in _WRAPPERS if isinstance(loaded.get(key), Mapping)]
    return _state_dict(inner[0]) if inner else None
