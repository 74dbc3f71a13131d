"""One reader for foreign JSON: states of other tools, answers of functions, policies, samples.

It limits depth and digits, and has one kind of error. Models validate shapes; no code trusts a key.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json

T = TypeVar("T")


class Unexpected(ValueError):
    """Invalid JSON, or JSON of another shape. The text says which, without quoting it."""


class Foreign(BaseModel):
    """A foreign shape, of which we read only the fields named here."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


def json_of(text: str | bytes) -> Any:
    """A text's JSON data.

    Raises:
        Unexpected: The text is not JSON, or has too many levels or digits.
    """
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise Unexpected(f"is not JSON: {error}") from None


def read_as(kind: type[T], value: object) -> T:
    """JSON data as a type or model.

    Raises:
        Unexpected: It has another shape.
    """
    try:
        found: T = _adapter(cast("Any", kind)).validate_python(value)
    except ValidationError as error:
        raise Unexpected(_reason(error)) from None
    return found


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _reason(error: ValidationError) -> str:
    """The first problem: where, and which kind."""
    first, *_ = error.errors(include_url=False, include_input=False)
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]
