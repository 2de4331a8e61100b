"""Parts of a study that cannot change, and what is written of them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)


class Frozen(BaseModel):
    """A part of a study. What is written and hashed of it leaves out fields of `ADDED` at their defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ADDED: ClassVar[frozenset[str]] = frozenset()
    """Fields that the schema's first version did not have: studies that do not use them keep their hashes and files."""

    def whole(self, exclude: set[str] | None = None) -> dict[str, Any]:
        """Every field as a JSON value, those of `ADDED` at their defaults too: for comparing and naming."""
        return self.model_dump(mode="json", exclude=exclude, context={"whole": True})

    @model_validator(mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, values: Any) -> Any:
        """No field is true or false, and pydantic would take these for 1 and 0."""
        for name, value in values.items() if isinstance(values, Mapping) else ():
            if isinstance(value, bool):
                raise ValueError(f"{name}: should be a value, not {str(value).lower()}")
        return values

    @model_serializer(mode="wrap")
    def _without_added_defaults(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:
        content = handler(self)
        if not (info.context or {}).get("whole"):
            for name in self.ADDED & content.keys():
                if getattr(self, name) == type(self).model_fields[name].default:
                    del content[name]
        return content
