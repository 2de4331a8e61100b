"""Parts of a study that cannot change, and what is written of them."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SerializationInfo, SerializerFunctionWrapHandler, model_serializer


class Frozen(BaseModel):
    """A part of a study. What is written and hashed of it leaves out fields of `ADDED` at their defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ADDED: ClassVar[frozenset[str]] = frozenset()
    """Fields that the schema's first version did not have: studies that do not use them keep their hashes and files."""

    def whole(self, exclude: set[str] | None = None) -> dict[str, Any]:
        """Every field as a JSON value, those of `ADDED` at their defaults too: for comparing and naming."""
        return self.model_dump(mode="json", exclude=exclude, context={"whole": True})

    @model_serializer(mode="wrap")
    def _without_added_defaults(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:
        content = handler(self)
        if not (info.context or {}).get("whole"):
            for name in self.ADDED & content.keys():
                if getattr(self, name) == type(self).model_fields[name].default:
                    del content[name]
        return content
