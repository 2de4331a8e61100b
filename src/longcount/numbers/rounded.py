"""Numbers of another floating-point format: each operation is computed in float32 and its result rounded.

For addition, subtraction, multiplication, division and the square root this is what arithmetic of the format itself
gives, because float32 has more than twice its digits and two bits (Figueroa 1995, "When is double rounding
innocuous?"). An elementary function is the project's own in float32, rounded once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from longcount.numbers import elementary


def to_float16(values: np.ndarray) -> np.ndarray:
    """float32 values rounded to the nearest of IEEE binary16: 11 binary digits, at most 65,504."""
    with np.errstate(over="ignore"):
        return values.astype(np.float16).astype(np.float32)


def to_bfloat16(values: np.ndarray) -> np.ndarray:
    """float32 values rounded to the nearest of bfloat16: 8 binary digits, the exponents of float32."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    to_even = (bits >> np.uint32(16)) & np.uint32(1)
    rounded = (bits + np.uint32(0x7FFF) + to_even) & np.uint32(0xFFFF0000)
    return np.where(np.isnan(values), values, rounded.view(np.float32)).astype(np.float32)


FORMATS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "float32": lambda values: values,
    "bfloat16": to_bfloat16,
    "float16": to_float16,
}
"""What rounds to a format, by its name."""


class Rounded:
    """An array of numbers of a format, kept as float32."""

    def __init__(self, values: Any, form: str):
        self.form = form
        self.values = FORMATS[form](np.asarray(values, np.float32))

    def _of(self, values: Any) -> Rounded:
        return Rounded(values, self.form)

    def _value(self, other: Any) -> Any:
        return other.values if isinstance(other, Rounded) else self._of(other).values

    def __add__(self, other: Any) -> Rounded:
        return self._of(self.values + self._value(other))

    def __sub__(self, other: Any) -> Rounded:
        return self._of(self.values - self._value(other))

    def __mul__(self, other: Any) -> Rounded:
        return self._of(self.values * self._value(other))

    def __truediv__(self, other: Any) -> Rounded:
        return self._of(self.values / self._value(other))

    def __rsub__(self, other: Any) -> Rounded:
        return self._of(self._value(other) - self.values)

    def __rtruediv__(self, other: Any) -> Rounded:
        return self._of(self._value(other) / self.values)

    def __neg__(self) -> Rounded:
        return self._of(-self.values)

    __radd__, __rmul__ = __add__, __mul__

    def exp(self) -> Rounded:
        """See `longcount.numbers.elementary.exp`."""
        return self._of(elementary.exp(self.values))

    def log(self) -> Rounded:
        """See `longcount.numbers.elementary.log`."""
        return self._of(elementary.log(self.values))

    def sqrt(self) -> Rounded:
        """See `longcount.numbers.elementary.sqrt`."""
        return self._of(elementary.sqrt(self.values))

    def sigmoid(self) -> Rounded:
        """See `longcount.numbers.elementary.sigmoid`."""
        return self._of(elementary.sigmoid(self.values))

    def tanh(self) -> Rounded:
        """See `longcount.numbers.elementary.tanh`."""
        return self._of(elementary.tanh(self.values))

    def relu(self) -> Rounded:
        """See `longcount.numbers.elementary.relu`."""
        return self._of(elementary.relu(self.values))

    def maximum(self, other: Any) -> Rounded:
        """See `longcount.numbers.elementary.maximum`."""
        return self._of(elementary.maximum(self.values, self._value(other)))

    def where_positive(self, value: Rounded) -> Rounded:
        """See `longcount.numbers.elementary.where_positive`."""
        return self._of(elementary.where_positive(self.values, value.values))
