"""What gates do to their input: smooth curves, or straight lines that reach 0, 1 and -1 and stay there.

    hard sigmoid(x) = 0 up to x = -3, x / 6 + 1/2, 1 from x = 3 on      as `torch.nn.functional.hardsigmoid`
    hard tanh(x)    = -1 up to x = -1, x, 1 from x = 1 on               as `torch.nn.functional.hardtanh`

The hard ones are made of `relu`, which makes 0 of a NaN: they do not pass one on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from longcount.cells.vector import Vector, relu, sigmoid, tanh, where_positive

HARD_SLOPE = 1.0 / 6.0
"""Of the hard sigmoid between its ends."""


class Squash(NamedTuple):
    """A sigmoid and a tanh, element by element, and the gradient before each, from its value and the gradient by it."""

    sigmoid: Callable[[Vector], Vector]
    tanh: Callable[[Vector], Vector]
    before_sigmoid: Callable[[Vector, Vector], Vector]
    before_tanh: Callable[[Vector, Vector], Vector]


def hard_sigmoid(x: Vector) -> Vector:
    """Exactly 0 and 1 beyond -3 and 3, up to the rounding of x / 6."""
    return 1.0 - relu(1.0 - relu(x * HARD_SLOPE + 0.5))


def hard_tanh(x: Vector) -> Vector:
    """Exactly -1 and 1 beyond -1 and 1."""
    return 1.0 - relu(2.0 - relu(x + 1.0))


SOFT = Squash(
    sigmoid,
    tanh,
    lambda value, d_value: d_value * value * (1.0 - value),
    lambda value, d_value: d_value * (1.0 - value * value),
)
HARD = Squash(
    hard_sigmoid,
    hard_tanh,
    lambda value, d_value: where_positive(value * (1.0 - value), d_value * HARD_SLOPE),
    lambda value, d_value: where_positive(1.0 - value * value, d_value),
)
"""No gradient passes where a value has reached an end."""
