"""Options that several commands share, with their bounds."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token
from cyclopts.validators import Number

from longcount.commands.output import Format
from longcount.errors import UserError


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
Jobs = Annotated[int | None, number(1, 4096), Parameter(help="Blocks of runs worked on at once; default: all cores.")]
Settings = Annotated[
    list[str] | None,
    Parameter(name="--set", negative="", help="FIELD=VALUE changes the study; FIELD=VALUE,VALUE,... makes a grid."),
]
Json = Annotated[
    bool, Parameter(name="--json", negative="", help="Print one JSON list on standard output and nothing else there.")
]
Form = Annotated[
    Format,
    Parameter(name="--format", help="Of the table: text, its texts as Markdown or LaTeX, its numbers as CSV or JSON."),
]


def form_of(form: Format, json: bool) -> Format:
    """How a table is printed: --json is short for --format json.

    Raises:
        UserError: where the two disagree.
    """
    if json and form not in ("text", "json"):
        raise UserError(f"--json and --format {form} disagree; give one of them")
    return "json" if json else form


def fields_of(settings: list[str] | None, option: str = "--set") -> dict[str, Any]:
    """``["epochs=3", "order=shared,fixed"]`` as field names and values, lists where there are several.

    Raises:
        UserError: for a setting without an equals sign.
    """
    fields: dict[str, Any] = {}
    for setting in settings or []:
        name, sign, text = setting.partition("=")
        if not sign or not name.strip() or not text.strip():
            raise UserError(f"{option} {setting!r}: should be FIELD=VALUE")
        values = [_value(part.strip()) for part in text.split(",")]
        fields[name.strip()] = values if len(values) > 1 else values[0]
    return fields


def _value(text: str) -> Any:
    import tomllib

    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def window_of(_: Any, tokens: Sequence[Token]) -> tuple[int, int]:
    """The ends of a window such as 2-50, or of one number alone."""
    least, dash, most = tokens[0].value.partition("-")
    numbers = (least, most) if dash else (least, least)
    if not all(number.isascii() and number.isdigit() and len(number) < 10 for number in numbers):
        raise ValueError(f"{tokens[0].value!r} is not a window; give its ends, such as 2-50.")
    return int(numbers[0]), int(numbers[1])


Window = Annotated[tuple[int, int], Parameter(converter=window_of, n_tokens=1, metavar="LEAST-MOST", negative="")]
"""A window of lengths or of numbers n, both ends included."""

LanguageName = Annotated[str, Parameter(name="--language", help="Its name (`longcount list languages`), or "
                                        "module:Name of your own.")]  # fmt: skip
TaskName = Annotated[str, Parameter(name="--task", help="Its name (`longcount list tasks`), or module:Name of your "
                                    "own.")]  # fmt: skip
