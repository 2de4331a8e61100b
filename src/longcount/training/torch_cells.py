"""PyTorch modules in a cell's place: built-in ones, and any that a user names as ``module:function``."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from longcount.cells import OUTPUTS, VOCABULARY, Cell
from longcount.cells.network import Link
from longcount.errors import UserError
from longcount.registry import Kind, what_it_is
from longcount.sources import Source, locate, mistakes_told
from longcount.training.pytorch import need_torch

need_torch()  # studies import this module first, and a missing PyTorch is for the user to install

import torch  # noqa: E402
from torch import nn  # noqa: E402

from longcount.training.torch_modules import counter  # noqa: E402

GENERATOR = threading.Lock()
"""Held while PyTorch's global random generator is in use: blocks are made in several threads."""


@dataclass(frozen=True, eq=False)
class TorchCell:
    """A module that maps one-hot letters [words, tokens, letters] to [words, tokens, outputs] in (0, 1).

    It stands where `longcount.cells.Cell` stands: `longcount.cells.pack` and `unpack` take it too.
    """

    name: str
    make: Callable[[], nn.Module]
    """Makes a module with fresh random weights."""
    module: nn.Module
    """One instance, into which weights are loaded in turn."""
    names: tuple[str, ...]
    """Its parameters, in the order of the flat parameter vector."""
    letters: int = VOCABULARY
    outputs: int = OUTPUTS
    link: Link = "sigmoid"
    """Whether outputs stand each by itself, or are a distribution."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the parameters by name, in the order of the flat parameter vector."""
        return {name: tuple(self.module.get_parameter(name).shape) for name in self.names}

    def size(self) -> int:
        """The number of parameters P."""
        return sum(math.prod(shape) for shape in self.shapes().values())

    @property
    def random(self) -> bool:
        """Whether training draws random numbers: some dropout is above 0."""
        return any(_dropout(part) > 0 for part in self.module.modules())

    def initial_weights(self, seed: int, run: int) -> np.ndarray:
        """The module's own initialisation, float32 [P], drawn for this run of this seed and name alone."""
        with GENERATOR, torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of("initial weights", seed, self.name, run))
            made = self.make()
        return torch.cat([made.get_parameter(name).detach().reshape(-1) for name in self.names]).float().numpy()


def seed_of(*purpose: str | int) -> int:
    """A seed for PyTorch's generator (below 2^63), a hash of what it is for."""
    return int.from_bytes(hashlib.sha256(json.dumps(purpose).encode()).digest()[:8], "little") >> 1


def torch_cell(cell: Cell, dropout: float = 0.0, link: Link = "sigmoid") -> TorchCell:
    """The PyTorch module of a built-in cell, with dropout between its layers.

    Raises:
        UserError: PyTorch has no such cell.
    """

    def make() -> nn.Module:
        return counter(cell, dropout=dropout, link=link)

    return TorchCell(cell.name, make, make(), tuple(cell.shapes()), cell.letters, cell.outputs, link)


def _refusal(part: Any) -> str | None:
    if inspect.isfunction(part) or (isinstance(part, type) and issubclass(part, nn.Module)):
        return None
    return what_it_is(part)


MODULES = Kind("module", "modules", {}, "a subclass of torch.nn.Module, or a function that returns one", _refusal)
"""There are no built-in ones: cells have their own."""


def user_cell(
    factory: str, settings: Mapping[str, Any] | None = None, name: str | None = None, source: Source | None = None
) -> TorchCell:
    """A user's module in a cell's place.

    Args:
        factory: ``module:Name`` of a function or class. What it returns must be causal: outputs at a token depend on
            that word's tokens up to it.
        settings: such as hidden_size, layers, dropout; those whose names are among its parameters are given to it. What
            it reads and gives has to fit letters, outputs and link; default: those of `TorchCell`.
        name: what the cell is called; default: the function's name in lower case.
        source: of the module; default: what ``factory`` means now, in the current folder or among installed modules.

    Raises:
        UserError: where there is no such function, or what it makes is no such module.
    """
    made_by = MODULES.loaded(source or locate(factory, [Path.cwd()]))
    try:
        wanted = inspect.signature(made_by).parameters
    except (TypeError, ValueError):
        wanted = {}
    sizes = {"letters": VOCABULARY, "outputs": OUTPUTS, "link": "sigmoid"}
    known = {**sizes, **(settings or {})}
    given = {key: value for key, value in known.items() if key in wanted}

    def make() -> nn.Module:
        try:
            with mistakes_told():
                return made_by(**given)
        except UserError:
            raise
        except Exception as error:  # the user's own code: whatever it raises is theirs to fix
            raise UserError(f"{factory}: raised {type(error).__name__}: {error}") from error

    with GENERATOR, torch.random.fork_rng(devices=[]):
        module = make()
    _refuse_no_module(module, factory)
    parameters = tuple(name for name, _ in module.named_parameters())
    of_task = {size: known[size] for size in sizes}
    cell = TorchCell(name or factory.rpartition(":")[2].lower(), make, module, parameters, **of_task)
    _refuse_strange_outputs(cell, factory)
    return cell


def _refuse_no_module(module: Any, factory: str) -> None:
    """Refuse what cannot be trained and judged as the cells are."""
    if not isinstance(module, nn.Module):
        raise UserError(f"{factory}: returned a {type(module).__name__}; it should return a torch.nn.Module")
    parameters = dict(module.named_parameters())
    if not parameters:
        raise UserError(f"{factory}: the module has no parameters to train")
    odd = [name for name, parameter in parameters.items() if parameter.dtype != torch.float32]
    if odd:
        raise UserError(f"{factory}: {odd[0]} is {parameters[odd[0]].dtype}; parameters should be torch.float32")
    beside = sorted(set(module.state_dict()) - set(parameters))
    if beside:
        raise UserError(
            f"{factory}: {beside[0]} is not a parameter of its own (a buffer, or shared); all that a module keeps must "
            "be in its parameters; constants go into persistent=False buffers"
        )


def _refuse_strange_outputs(cell: TorchCell, factory: str) -> None:
    """Refuse outputs that cannot be judged: see `user_cell`."""
    module = cell.module.eval()
    words = torch.randint(cell.letters, (3, 4), generator=torch.Generator().manual_seed(1))
    letters = torch.eye(cell.letters)[words]
    try:
        with torch.no_grad():
            outputs = module(letters)
            alone, shorter = module(letters[-1:]), module(letters[:, :2])
    except Exception as error:  # the user's own code, or PyTorch's for it
        told = f"for letters {list(letters.shape)} the module raised {type(error).__name__}: {error}"
        raise UserError(f"{factory}: {told}") from error
    shape = (*letters.shape[:2], cell.outputs)
    if not isinstance(outputs, torch.Tensor) or outputs.shape != shape:
        found = list(outputs.shape) if isinstance(outputs, torch.Tensor) else type(outputs).__name__
        raise UserError(f"{factory}: for letters {list(letters.shape)} the module returns {found}, not {list(shape)}")
    if not bool(((outputs >= 0) & (outputs <= 1)).all()):
        raise UserError(f"{factory}: outputs should lie in (0, 1); end the module in torch.{cell.link}")
    if cell.link == "softmax" and not torch.allclose(outputs.sum(-1), torch.ones(shape[:2]), atol=1e-4):
        raise UserError(f"{factory}: the outputs after a token should add up to 1; end the module in torch.softmax")
    if not torch.allclose(outputs[-1:], alone, atol=1e-4):
        raise UserError(
            f"{factory}: a word's outputs depend on other words; words are the first dimension (batch_first)"
        )
    if not torch.allclose(outputs[:, :2], shorter, atol=1e-4):
        raise UserError(f"{factory}: outputs depend on later tokens; a network that counts reads left to right")


def _dropout(part: nn.Module) -> float:
    if isinstance(part, nn.modules.dropout._DropoutNd):
        return part.p
    return float(part.dropout) if isinstance(part, nn.RNNBase) else 0.0
