"""JSON that others wrote: states of other tools, answers of functions, policies, samples. One reader for all of it.

What comes out is what JSON can hold, within bounds of depth and digits, and what goes wrong is one kind of error.
Shapes are read by models, never by trust in a key.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json

T = TypeVar("T")


class Unexpected(ValueError):
    """It is no JSON, or JSON of another shape; the text says which, and quotes nothing of it."""


class Foreign(BaseModel):
    """A shape that another defines, of which we read what is named here."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


def json_of(text: str | bytes) -> Any:
    """What a text holds as JSON.

    Raises:
        Unexpected: It is none, or has more levels or digits than anybody writes.
    """
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise Unexpected(f"is no JSON: {error}") from None


def read_as(kind: type[T], value: object) -> T:
    """JSON data as a type or model.

    Raises:
        Unexpected: It is of another shape.
    """
    try:
        found: T = TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise Unexpected(_reason(error)) from None
    return found


def _reason(error: ValidationError) -> str:
    """The first thing wrong: where, and of which kind."""
    first, *_ = error.errors(include_url=False, include_input=False)
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]
