"""Events and results as plain JSON data, by their types: fields' names with hyphens, and what a type says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any

from pydantic import ConfigDict, PlainSerializer, TypeAdapter, WithJsonSchema

Seconds = Annotated[timedelta, PlainSerializer(lambda span: int(span.total_seconds()), return_type=int)]
Timestamp = Annotated[
    datetime,
    PlainSerializer(datetime.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
_BARE = {timedelta: Seconds, datetime: Timestamp}
_EARLIER = {"hint": "then"}  # names that JSON keeps
_CONFIG = ConfigDict(
    alias_generator=lambda name: _EARLIER.get(name, name.replace("_", "-")), arbitrary_types_allowed=True
)


def plain(value: object) -> Any:
    """A value as plain JSON data; what isn't data, such as an error, by its text.

    Args:
        value: A dataclass, a value of one, or several in a mapping or a sequence.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    adapter = _adapter(_BARE.get(type(value), type(value)))
    (data,) = adapter.dump_python((value,), mode="json", by_alias=True, fallback=str)
    return data


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON schema of what `plain` makes of a type's values, with their definitions."""
    found = _adapter(kind).json_schema(mode="serialization", by_alias=True)
    return {**found["prefixItems"][0], "$defs": found.get("$defs", {})}


@cache
def _adapter(kind: Any) -> TypeAdapter[tuple[Any]]:
    return TypeAdapter(tuple[kind], config=_CONFIG)  # a dataclass alone takes no config
