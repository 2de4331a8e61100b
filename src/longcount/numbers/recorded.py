"""Numbers that record the operations on them, and the gradient derived from the record.

Equations that run once on `Recorded` numbers leave a list of steps, each an operation of the table `OPERATIONS` on
earlier places of the list or on constants. From the steps the backward pass follows by reverse accumulation (Griewank
and Walther 2008, section 3.2): it is recorded on the same list, as steps like the others, so it runs on any kind of
vector (NumPy numbers, SIMD lanes) and nobody writes it by hand.

The values of the forward pass that the steps of the backward pass read, and no others, are kept between the two. The
order in which contributions to a gradient are added is part of the numerical contract: the
number's own seed first, then its uses from the last to the first.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from longcount.numbers import elementary
from longcount.numbers import vector as on_vectors
from longcount.numbers.vector import Vector


class Step(NamedTuple):
    """One operation: its name in `OPERATIONS`, and what it acts on, places (int) or constants (float)."""

    operation: str
    arguments: tuple[int | float, ...]


class Operation(NamedTuple):
    """How an operation is computed on vectors, and how a gradient is propagated through it."""

    compute: Callable[..., Any]
    back: Callable[..., tuple[Recorded | None, ...]]
    """From the gradient with respect to the value, the value and the arguments: with respect to each argument; None
    where it is zero."""


class Recording:
    """A list of steps; the first places are inputs, which no step computes."""

    def __init__(self, inputs: int) -> None:
        self.steps: list[Step | None] = [None] * inputs

    def number(self, place: int) -> Recorded:
        """The recorded number of a place."""
        return Recorded(self, place)

    def apply(self, operation: str, *arguments: Any) -> Recorded:
        """Record an operation on recorded numbers and constants."""
        self.steps.append(Step(operation, tuple(_place(argument) for argument in arguments)))
        return Recorded(self, len(self.steps) - 1)

    def gradients(self, seeds: Mapping[int, Recorded], inputs: Sequence[int]) -> list[Recorded | None]:
        """Record the backward pass.

        Args:
            seeds: by place, the gradient with respect to it from outside.
            inputs: places whose gradients are wanted.

        Returns:
            The gradient with respect to each of the inputs; None where it is zero.
        """
        totals = dict(seeds)
        for place in range(max(seeds), -1, -1):
            step = self.steps[place]
            if step is None or place not in totals:
                continue
            arguments = [self.number(a) if isinstance(a, int) else a for a in step.arguments]
            shares = OPERATIONS[step.operation].back(totals[place], self.number(place), *arguments)
            for argument, share in zip(step.arguments, shares, strict=True):
                if isinstance(argument, int) and share is not None:
                    totals[argument] = totals[argument] + share if argument in totals else share
        return [totals.get(place) for place in inputs]

    def needed(self, outputs: Iterable[int], known: Callable[[int], bool]) -> tuple[list[int], list[int]]:
        """The steps needed to compute the outputs where some places are known.

        Returns:
            The places to compute, each as late as the order of the outputs allows, which keeps few numbers in
            registers at a time; and the known places that they read, in the order of the recording.
        """
        compute: dict[int, None] = {}
        read = set()

        def visit(place: int) -> None:
            if known(place):
                read.add(place)
            elif place not in compute:
                step = self.steps[place]
                if step is None:
                    raise ValueError(f"place {place} is an input that is not known")
                for argument in step.arguments:
                    if isinstance(argument, int):
                        visit(argument)
                compute[place] = None

        for place in outputs:
            visit(place)
        return list(compute), sorted(read)

    def run(self, places: Iterable[int], values: dict[int, Vector]) -> None:
        """Compute places, in their order, from the values of earlier ones, and add them to the values."""
        for place in places:
            step = self.steps[place]
            assert step is not None
            arguments = [values[a] if isinstance(a, int) else a for a in step.arguments]
            values[place] = OPERATIONS[step.operation].compute(*arguments)


class Recorded:
    """A number at a place of a recording."""

    __slots__ = ("place", "recording")
    __array_ufunc__ = None  # NumPy numbers on the left leave the operation to us

    def __init__(self, recording: Recording, place: int) -> None:
        self.recording = recording
        self.place = place

    def __add__(self, other: Any) -> Recorded:
        return self.recording.apply("add", self, other)

    def __radd__(self, other: Any) -> Recorded:
        return self.recording.apply("add", other, self)

    def __sub__(self, other: Any) -> Recorded:
        return self.recording.apply("subtract", self, other)

    def __rsub__(self, other: Any) -> Recorded:
        return self.recording.apply("subtract", other, self)

    def __mul__(self, other: Any) -> Recorded:
        return self.recording.apply("multiply", self, other)

    def __rmul__(self, other: Any) -> Recorded:
        return self.recording.apply("multiply", other, self)

    def __truediv__(self, other: Any) -> Recorded:
        return self.recording.apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> Recorded:
        return self.recording.apply("divide", other, self)

    def __neg__(self) -> Recorded:
        return self.recording.apply("negate", self)

    def exp(self) -> Recorded:
        return self.recording.apply("exp", self)

    def log(self) -> Recorded:
        return self.recording.apply("log", self)

    def sqrt(self) -> Recorded:
        return self.recording.apply("sqrt", self)

    def sigmoid(self) -> Recorded:
        return self.recording.apply("sigmoid", self)

    def tanh(self) -> Recorded:
        return self.recording.apply("tanh", self)

    def relu(self) -> Recorded:
        return self.recording.apply("relu", self)

    def hard_sigmoid(self) -> Recorded:
        return self.recording.apply("hard_sigmoid", self)

    def hard_tanh(self) -> Recorded:
        return self.recording.apply("hard_tanh", self)

    def maximum(self, other: Any) -> Recorded:
        return self.recording.apply("maximum", self, other)

    def blended(self, target: Any, weight: Any) -> Recorded:
        return self.recording.apply("blend", self, target, weight)

    def where_positive(self, value: Any) -> Recorded:
        """The value where this number is above 0, else 0."""
        return self.recording.apply("where_positive", self, value)


def _place(argument: Any) -> int | float:
    return argument.place if isinstance(argument, Recorded) else float(argument)


def _back_from_maximum(d: Recorded, value: Recorded, a: Any, b: Any) -> tuple[Recorded, Recorded]:
    """Where both are equal, b gets the whole gradient."""
    to_a = (a - b).where_positive(d)
    return to_a, d - to_a


OPERATIONS: dict[str, Operation] = {
    "add": Operation(operator.add, lambda d, v, a, b: (d, d)),
    "subtract": Operation(operator.sub, lambda d, v, a, b: (d, None if isinstance(b, float) else -d)),
    "multiply": Operation(operator.mul, lambda d, v, a, b: (d * b, d * a)),
    "divide": Operation(operator.truediv, lambda d, v, a, b: (d / b, None if isinstance(b, float) else -(d / b * v))),
    "negate": Operation(operator.neg, lambda d, v, a: (-d,)),
    "exp": Operation(on_vectors.exp, lambda d, v, a: (d * v,)),
    "log": Operation(on_vectors.log, lambda d, v, a: (d / a,)),
    "sqrt": Operation(on_vectors.sqrt, lambda d, v, a: (d * 0.5 / v,)),
    "sigmoid": Operation(on_vectors.sigmoid, lambda d, v, a: (d * v * (1.0 - v),)),
    "tanh": Operation(on_vectors.tanh, lambda d, v, a: (d * (1.0 - v * v),)),
    "relu": Operation(on_vectors.relu, lambda d, v, a: (v.where_positive(d),)),
    # The gradient is zero where a hard gate has reached an end.
    "hard_sigmoid": Operation(
        on_vectors.hard_sigmoid, lambda d, v, a: ((v * (1.0 - v)).where_positive(d * elementary.HARD_SLOPE),)
    ),
    "hard_tanh": Operation(on_vectors.hard_tanh, lambda d, v, a: ((1.0 - v * v).where_positive(d),)),
    "maximum": Operation(on_vectors.maximum, _back_from_maximum),
    # In this form, and not term by term, as PyTorch's GRU has it.
    "blend": Operation(on_vectors.blend, lambda d, v, h, n, z: (d * z, d * (1.0 - z), d * (h - n))),
    "where_positive": Operation(on_vectors.where_positive, lambda d, v, c, a: (None, c.where_positive(d))),
}
"""Every operation that equations may be made of."""
