"""Options that several commands share, with their bounds."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token
from cyclopts.validators import Number


def whole_number(_: Any, tokens: Sequence[Token]) -> int:
    """The whole number that was typed; 0.5 is refused, where cyclopts alone would round it."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"{tokens[0].value!r} is not a whole number.") from None


def number(least: int, most: int) -> Parameter:
    """An option that takes a whole number in these bounds."""
    return Parameter(converter=whole_number, validator=Number(gte=least, lte=most))


Seed = Annotated[int, number(0, 2**63 - 1), Parameter(help="Decides every random choice: equal seeds, equal bytes.")]
Jobs = Annotated[int | None, number(1, 1024), Parameter(help="Blocks of runs worked on at once; default: all cores.")]
Json = Annotated[
    bool, Parameter(name="--json", negative="", help="Print one JSON list on standard output and nothing else there.")
]
