"""Arguments of public functions, checked against their annotations and refused in the command line's words."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import numpy as np

from longcount.errors import UserError

F = TypeVar("F", bound=Callable[..., Any])

SHOWN = 60  # letters of a value that a message shows

NAMES = {
    int: "a whole number", float: "a number", bool: "True or False", str: "a text", NoneType: "None",
    Callable: "a function", np.ndarray: "an array",
}  # fmt: skip


@dataclass(frozen=True)
class Between:
    """Bounds of a whole number, both included, in an annotation such as ``Annotated[int, Between(1, 4096)]``."""

    least: int
    most: int

    def __call__(self, value: Any) -> None:
        """Raise UserError for anything else."""
        if not (_fits(value, int) and self.least <= value <= self.most):
            raise UserError(f"{_shown(value)}: should be a whole number from {self.least} to {self.most}")


Jobs = Annotated[int, Between(1, 4096)]
"""Threads or processes at once."""
Seed = Annotated[int, Between(0, 2**63 - 1)]
Run = Annotated[int, Between(0, 10_000_000)]
"""A run's number within its condition."""


def checked(function: F) -> F:
    """Check a function's arguments before each call: their types, and what `Annotated` adds to these, functions that
    raise UserError for a value. An annotation that is known to type checkers alone is not checked.

    >>> @checked
    ... def certify(depth: Annotated[int, Between(1, 9)], cells: Sequence[str] = ()) -> None: ...
    >>> certify(0)
    Traceback (most recent call last):
        ...
    longcount.errors.UserError: certify: depth: 0: should be a whole number from 1 to 9
    >>> certify(1, "lstm")
    Traceback (most recent call last):
        ...
    longcount.errors.UserError: certify: cells: should be a list, each a text, not 'lstm': write ['lstm']
    """
    signature = inspect.signature(function)
    wanted: dict[str, Any] = {}

    @wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        if not wanted:  # only now is everything imported that annotations name
            wanted.update({name: _evaluated(one, function) for name, one in signature.parameters.items()})
        try:
            given = signature.bind(*arguments, **keywords).arguments
        except TypeError:
            return function(*arguments, **keywords)  # which says it as Python does
        for name, value in given.items():
            _refuse(value, wanted[name], f"{function.__name__}: {name}")
        return function(*arguments, **keywords)

    return call  # pyright: ignore[reportReturnType]


def _evaluated(parameter: inspect.Parameter, function: Callable[..., Any]) -> Any:
    annotation = parameter.annotation
    if annotation is parameter.empty or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return Any
    try:
        return eval(annotation, function.__globals__) if isinstance(annotation, str) else annotation
    except NameError:
        return Any


def _refuse(value: Any, wanted: Any, where: str) -> None:
    if _fits(value, wanted):
        return
    for one in _alternatives(wanted):
        if get_origin(one) is Annotated:
            for rule in get_args(one)[1:]:
                try:
                    rule(value)
                except UserError as error:
                    raise UserError(f"{where}: {error}") from None
    hint = f": write [{value!r}]" if isinstance(value, str) and "a list" in _named(wanted) else ""
    raise UserError(f"{where}: should be {_named(wanted)}, not {_shown(value)}{hint}")


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _alternatives(wanted: Any) -> tuple[Any, ...]:
    """The types of a union; a type alone."""
    if get_origin(wanted) in (Union, UnionType):
        return tuple(one for each in get_args(wanted) for one in _alternatives(each))
    return (wanted,)


def _fits(value: Any, wanted: Any) -> bool:
    """Whether a value is of an annotation's type; NumPy's numbers are numbers, True is none."""
    origin, inner = get_origin(wanted), get_args(wanted)
    if wanted is Any or isinstance(wanted, TypeVar):
        return True
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is Annotated:
        return _fits(value, inner[0]) and all(_holds(rule, value) for rule in inner[1:])
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in inner)
    if wanted is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    if wanted is float:
        return isinstance(value, Real) and not isinstance(value, bool)
    if wanted is bool:
        return isinstance(value, bool | np.bool_)
    if origin is tuple and Ellipsis not in inner:
        return isinstance(value, tuple) and len(value) == len(inner) and all(map(_fits, value, inner))
    if origin in (Sequence, Iterable, list, tuple):
        if isinstance(value, str | bytes) or not isinstance(value, origin):
            return False
        return isinstance(value, Iterator) or all(_fits(one, inner[0]) for one in value)
    if origin in (Mapping, dict):
        return isinstance(value, origin) and all(_fits(a, inner[0]) and _fits(b, inner[1]) for a, b in value.items())
    if wanted is None:
        return value is None
    return isinstance(value, origin or wanted)


def _holds(rule: Callable[[Any], None], value: Any) -> bool:
    try:
        rule(value)
    except UserError:
        return False
    return True


def _named(wanted: Any) -> str:
    """What an annotation asks for, in words."""
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin in (Union, UnionType):
        names = list(dict.fromkeys(_named(one) for one in inner if one is not NoneType))
        return " or ".join(names)
    if origin is Annotated:
        return _named(inner[0])
    if origin is Literal:
        return ", ".join(map(str, inner))
    if origin is tuple:
        return "a pair of numbers"
    if origin in (Sequence, Iterable, list):
        return f"a list, each {_named(inner[0])}"
    if origin in (Mapping, dict):
        return "a dictionary"
    named = NAMES.get(origin or wanted)
    return named or f"a {(origin or wanted).__name__}"
