"""What a cell is: names, shapes and two equations over any kind of number."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from longcount.cells.vector import Vector

Gates = dict[str, Vector]
"""A vector [H] for each gate of a cell."""

VOCABULARY = 2
"""Letters of the language, one-hot input."""

OUTPUTS = 2
"""One output a letter: may it come next?"""


@dataclass(frozen=True)
class Cell(ABC):
    """A recurrent cell: subclass it in a file of its own and add one line to `longcount.cells.CELLS`.

    The engine computes, for every gate k, the two affine maps of `torch.nn`,

        x_k = W_ih,k input + b_ih,k        y_k = W_hh,k h + b_hh,k

    and leaves the rest to the cell. Only gates named in `separate_recurrent_bias` keep b_hh in y; the engine
    adds it to x for all others, because they use nothing but the sum x_k + y_k.
    """

    name: ClassVar[str]
    gates: ClassVar[tuple[str, ...]]
    state_names: ClassVar[tuple[str, ...]]
    tape_names: ClassVar[tuple[str, ...]]
    separate_recurrent_bias: ClassVar[tuple[str, ...]] = ()

    hidden_size: int = 1
    layers: int = 1

    @abstractmethod
    def forward(self, x: Gates, y: Gates, state: tuple[Vector, ...]) -> tuple[tuple[Vector, ...], tuple[Vector, ...]]:
        """The next state (h first) and the tape: the values, named by `tape_names`, that the way back needs."""

    @abstractmethod
    def backward(self, tape: tuple[Vector, ...], d_state: tuple[Vector, ...]) -> tuple[tuple[Any, ...], Gates, Gates]:
        """From the gradient by the next state: by the previous state (what does not pass through y; None for h where
        that is nothing), by x and by y."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes as in `torch.nn`, in the order of the flat parameter vector."""
        rows = len(self.gates) * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(self.layers):
            shapes[f"weight_ih_l{layer}"] = (rows, self.hidden_size if layer else VOCABULARY)
            shapes[f"weight_hh_l{layer}"] = (rows, self.hidden_size)
            shapes[f"bias_ih_l{layer}"] = (rows,)
            shapes[f"bias_hh_l{layer}"] = (rows,)
        shapes["readout.weight"] = (OUTPUTS, self.hidden_size)
        shapes["readout.bias"] = (OUTPUTS,)
        return shapes

    def size(self) -> int:
        """The number of parameters P: at hidden size 1 LSTM 24, GRU 19, ReLU 9."""
        return sum(math.prod(shape) for shape in self.shapes().values())

    def initial_state(self, zero: Any) -> tuple[Vector, ...]:
        """The state of every layer before the first token: every component `zero`."""
        return tuple(Vector([zero] * self.hidden_size) for _ in range(self.layers) for _ in self.state_names)
