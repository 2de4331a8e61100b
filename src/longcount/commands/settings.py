"""The fields of a study as options of ``longcount train``: names, types, bounds and texts are those of `Condition`."""

from typing import TYPE_CHECKING, Annotated, Any, TypedDict, get_args

from annotated_types import Ge, Gt, Le, Lt
from cyclopts import Group, Parameter
from cyclopts.validators import Number
from pydantic.fields import FieldInfo

from longcount.commands.options import whole_number
from longcount.training.protocol import PLACES, Condition
from longcount.training.settings import Settings
from longcount.training.word_source import WordSource

FIELDS = Group("What is trained, and how", sort_key=1)
WORDS = Group("Words", sort_key=2)
NAMES = {"hidden_size": ("--hidden-size", "--units")}
"""Options of more than one name."""


def _option(name: str, field: FieldInfo, group: Group) -> Any:
    bounds: dict[str, Any] = {}
    for bound in field.metadata:
        match bound:
            case Ge():
                bounds["gte"] = bound.ge
            case Gt():
                bounds["gt"] = bound.gt
            case Le():
                bounds["lte"] = bound.le
            case Lt():
                bounds["lt"] = bound.lt
    is_whole = int in (field.annotation, *get_args(field.annotation))
    default = "" if field.is_required() or field.default is None else f" [default: {field.default}]"
    parameter = Parameter(
        name=NAMES.get(name),
        help=f"{field.description}{default}",
        group=group,
        converter=whole_number if is_whole else None,
        validator=Number(**bounds) if bounds else None,
        show_default=False,
    )
    return Annotated[field.annotation, parameter]


def _options() -> Any:
    words = {name: _option(name, field, WORDS) for name, field in WordSource.model_fields.items()}
    for name in ("given", "directory"):  # --data
        del words[name]
    hidden = {"cell", "words", "sources"} | (PLACES - {"runs"})
    fields = {name: _option(name, one, FIELDS) for name, one in Condition.model_fields.items() if name not in hidden}
    typed_dict: Any = TypedDict
    fields["words"] = Annotated[typed_dict("Words", words, total=False), Parameter(group=WORDS)]
    return typed_dict("Fields", fields, total=False)


if TYPE_CHECKING:
    Fields = Settings
else:
    Fields = _options()
