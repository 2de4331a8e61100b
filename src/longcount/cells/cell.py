"""The definition of a cell: names, shapes and its equations over any kind of number."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from longcount.numbers.vector import Vector

Gates = dict[str, Vector]
"""A vector [H] for each gate of a cell, or for each of its own parameters."""

State = tuple[Vector, ...]
"""A vector [H] for each of a cell's state names."""

VOCABULARY = 2
"""Letters of Dyck-1, one-hot input."""

OUTPUTS = 2
"""One output per letter of Dyck-1: may it come next?"""


@dataclass(frozen=True)
class Cell(ABC):
    """A recurrent cell with the sizes of the network around it: subclass it in a file of its own.

    The engine computes, for every gate k, the two affine maps of `torch.nn`,

        x_k = W_ih,k input + b_ih,k        y_k = W_hh,k h + b_hh,k

    and leaves the rest to the cell. Only gates named in `separate_recurrent_bias` keep b_hh in y; the engine
    adds it to x for all others, because they use nothing but the sum x_k + y_k.
    """

    name: ClassVar[str]
    gates: ClassVar[tuple[str, ...]]
    """The affine maps, in the order of the rows of the weights."""
    state_names: ClassVar[tuple[str, ...]]
    """The parts of the state; readout and y are computed from the first."""
    recurrent: ClassVar[bool] = True
    """Whether gates depend on h; where they depend on the input alone there are no W_hh and b_hh, and y is empty."""
    separate_recurrent_bias: ClassVar[tuple[str, ...]] = ()
    own: ClassVar[tuple[str, ...]] = ()
    """Parameters of the cell's own, a vector [H] each: `weight_ci` is the tensor `weight_ci_l0`."""

    counter: ClassVar[str] = "h"
    """The part of the state that counts."""
    counts: ClassVar[str] = "h"
    """The gate that makes a step of the counter."""
    keeps: ClassVar[str | None] = None
    """What multiplies the counter at every token, by its name among what `forward` shows; None: the recurrent weight of
    the gate that counts."""
    opens: ClassVar[tuple[str, ...]] = ()
    """The gates that are open in a network that counts."""
    sigmoids: ClassVar[tuple[str, ...]] = ()
    """Of what `forward` shows, what saturates at 0 and 1."""
    tanhs: ClassVar[tuple[str, ...]] = ()
    """Of what `forward` shows, what saturates at -1 and 1."""
    rarely_meant: ClassVar[bool] = False
    """Whether another, more common cell has the same tensors: a file is taken for this cell only where no other
    fits."""
    paper_rate: ClassVar[float] = 0.01
    """Learning rate of the first paper's protocol, or of its nearest cell."""
    paper_runs: ClassVar[int] = 10
    """Runs of it."""

    hidden_size: int = 1
    layers: int = 1
    letters: int = VOCABULARY
    outputs: int = OUTPUTS
    learned_start: bool = False
    """Whether the state before the first token is learned, as tensors such as `h_0_l0`; else it is 0."""

    @property
    def counting(self) -> int:
        """The place of `counter` among the parts of the state; the first where there is no such part."""
        return self.state_names.index(self.counter) if self.counter in self.state_names else 0

    @abstractmethod
    def forward(self, x: Gates, y: Gates, state: State, own: Gates) -> tuple[State, Gates]:
        """One token, unit by unit: what units see of each other they see through W_hh alone.

        Args:
            x: by gate [H].
            y: by gate [H]; empty where the cell is not `recurrent`.
            state: the state before the token, [H] each.
            own: the cell's own parameters by name, [H] each.

        Returns:
            The next state, and the values of the gates by name, as traces and proofs show them.
        """

    def start(self, tensors: dict[str, np.ndarray]) -> None:  # noqa: B027 (most cells start as PyTorch does)
        """Change initial tensors [..., *shape], by their names, in place; all have been drawn as PyTorch does."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes as in `torch.nn`, in the order of the flat parameter vector."""
        rows = len(self.gates) * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(self.layers):
            shapes[f"weight_ih_l{layer}"] = (rows, self.hidden_size if layer else self.letters)
            if self.recurrent:
                shapes[f"weight_hh_l{layer}"] = (rows, self.hidden_size)
            shapes[f"bias_ih_l{layer}"] = (rows,)
            if self.recurrent:
                shapes[f"bias_hh_l{layer}"] = (rows,)
            shapes |= {f"{name}_l{layer}": (self.hidden_size,) for name in self.own}
        shapes["readout.weight"] = (self.outputs, self.hidden_size)
        shapes["readout.bias"] = (self.outputs,)
        if self.learned_start:
            shapes |= {f"{name}_0_l{k}": (self.hidden_size,) for k in range(self.layers) for name in self.state_names}
        return shapes

    @lru_cache(maxsize=64)  # noqa: B019 (cells are few, small and equal by value)
    def size(self) -> int:
        """The number of parameters P: for Dyck-1 and hidden size 1 LSTM 24, GRU 19, ReLU 9."""
        return sum(math.prod(shape) for shape in self.shapes().values())

    def initial_state(self, zero: Any) -> State:
        """The state of every layer before the first token where it is not learned: every component `zero`."""
        return tuple(Vector([zero] * self.hidden_size) for _ in range(self.layers) for _ in self.state_names)
