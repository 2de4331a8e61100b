"""A vector of numbers of any kind, so that a cell's equations read as they do in a paper.

Arithmetic is element by element; a plain number or a number of the same kind on either side applies to every element.
Hidden size 1 is a vector of length 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from longcount.numbers import elementary


class Vector(tuple[Any, ...]):
    """An immutable vector of H numbers (floats, NumPy arrays, SIMD lanes, tensors, intervals, symbols).

    >>> Vector((1.0, 2.0)) * Vector((3.0, 4.0)) + 1.0
    (4.0, 9.0)
    >>> 1.0 - Vector((0.25,))
    (0.75,)
    """

    __slots__ = ()

    def _with(self, other: Any, operation: Callable[[Any, Any], Any]) -> Vector:
        if isinstance(other, Vector):
            return Vector(operation(a, b) for a, b in zip(self, other, strict=True))
        return Vector(operation(a, other) for a in self)

    def __add__(self, other: Any) -> Vector:
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other: Any) -> Vector:
        return self._with(other, lambda a, b: a - b)

    def __mul__(self, other: Any) -> Vector:
        return self._with(other, lambda a, b: a * b)

    def __truediv__(self, other: Any) -> Vector:
        return self._with(other, lambda a, b: a / b)

    def __neg__(self) -> Vector:
        return self.map(lambda a: -a)

    def __radd__(self, other: Any) -> Vector:
        return self._with(other, lambda a, b: b + a)

    def __rsub__(self, other: Any) -> Vector:
        return self._with(other, lambda a, b: b - a)

    def __rmul__(self, other: Any) -> Vector:
        return self._with(other, lambda a, b: b * a)

    def __rtruediv__(self, other: Any) -> Vector:
        return self._with(other, lambda a, b: b / a)

    def map(self, function: Callable[[Any], Any]) -> Vector:
        """The function of every element."""
        return Vector(function(element) for element in self)


def exp(vector: Vector) -> Vector:
    """Element by element, `longcount.numbers.elementary.exp`."""
    return vector.map(elementary.exp)


def log(vector: Vector) -> Vector:
    """Element by element, `longcount.numbers.elementary.log`."""
    return vector.map(elementary.log)


def sqrt(vector: Vector) -> Vector:
    """Element by element, `longcount.numbers.elementary.sqrt`."""
    return vector.map(elementary.sqrt)


def sigmoid(vector: Vector) -> Vector:
    """Element by element, `longcount.numbers.elementary.sigmoid`."""
    return vector.map(elementary.sigmoid)


def tanh(vector: Vector) -> Vector:
    """Element by element, `longcount.numbers.elementary.tanh`."""
    return vector.map(elementary.tanh)


def relu(vector: Vector) -> Vector:
    """Element by element, `longcount.numbers.elementary.relu`."""
    return vector.map(elementary.relu)


def hard_sigmoid(vector: Vector) -> Vector:
    """Element by element, `longcount.numbers.elementary.hard_sigmoid`."""
    return vector.map(elementary.hard_sigmoid)


def hard_tanh(vector: Vector) -> Vector:
    """Element by element, `longcount.numbers.elementary.hard_tanh`."""
    return vector.map(elementary.hard_tanh)


def softplus(vector: Vector) -> Vector:
    """log(1 + exp(x)), element by element, in a form that never overflows: max(0, x) + log(1 + exp(-|x|))."""
    above = relu(vector)
    return above + log(exp(-(above + relu(-vector))) + 1.0)


def log_sigmoid(vector: Vector) -> Vector:
    """log(sigmoid(x)) = -softplus(-x), element by element."""
    return -softplus(-vector)


def maximum(one: Vector, other: Vector | float) -> Vector:
    """The greater, element by element."""
    others = other if isinstance(other, Vector) else [other] * len(one)
    return Vector(elementary.maximum(a, b) for a, b in zip(one, others, strict=True))


def blend(h: Vector, n: Vector, z: Vector) -> Vector:
    """(h - n) z + n, element by element: n where z = 0, h where z = 1."""
    return Vector(elementary.blend(*three) for three in zip(h, n, z, strict=True))


def where_positive(condition: Vector, value: Vector) -> Vector:
    """value where condition > 0, else 0, element by element."""
    return Vector(elementary.where_positive(c, v) for c, v in zip(condition, value, strict=True))


def dot(row: Sequence[Any], column: Sequence[Any]) -> Any:
    """The sum of products, from the first to the last: the order is part of the numerical contract."""
    total = row[0] * column[0]
    for a, b in zip(row[1:], column[1:], strict=True):
        total = total + a * b
    return total


def matrix_vector(matrix: Sequence[Sequence[Any]], column: Sequence[Any]) -> Vector:
    """matrix [R][C] times column [C]."""
    return Vector(dot(row, column) for row in matrix)


def transposed(matrix: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Rows become columns."""
    return list(zip(*matrix, strict=True))
