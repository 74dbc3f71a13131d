"""Frozen dataclasses as JSON and back, by their types; `base.plain` and `base.foreign` need pydantic.

A key that a class doesn't have is left out: a newer version may write one. A `format` above the class's default is of a
newer version that can't be read; that, and anything else of another shape, is `Garbled`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")
_hints = cache(get_type_hints)


class Garbled(ValueError):
    """A text is not the JSON of what was to be read; the message quotes nothing of it."""


def instant(text: str) -> datetime:
    """A time in UTC, of AWS's or our text.

    Raises:
        ValueError: It is none, or has no time zone.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("no time zone")
    return at.astimezone(UTC)


def dumps(value: object) -> str:
    """A dataclass as JSON, always in the same order."""
    return json.dumps(value, default=_plain, sort_keys=True, separators=(",", ":"))


def loads(kind: type[T], text: object) -> T:
    """A dataclass of its JSON.

    Raises:
        Garbled: It isn't.
    """
    try:
        return _read(kind, json.loads(text), kind.__name__)  # type: ignore[arg-type,no-any-return]
    except Garbled:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Garbled(f"{kind.__name__}: {type(error).__name__}") from None


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return {each.name: getattr(value, each.name) for each in fields(value)}  # type: ignore[arg-type]


def _read(kind: Any, data: Any, place: str) -> Any:
    """A value of a type; each kind of type that a dataclass of the guard has."""
    if kind is Any:
        return data
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return None if data is None else _read(inner[0], data, place)
    if origin is tuple and isinstance(data, list):
        kinds = [inner[0]] * len(data) if inner[-1] is ... else inner
        return tuple(_read(each, item, place) for each, item in zip(kinds, data, strict=True))
    if origin is Mapping and isinstance(data, dict):
        return {key: _read(inner[1], item, f"{place}.{key}") for key, item in data.items()}
    if is_dataclass(kind) and isinstance(data, dict):
        return _dataclass(kind, data, place)
    if kind is datetime and isinstance(data, str):
        return instant(data)
    if kind is timedelta and isinstance(data, float):
        return timedelta(seconds=data)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    if type(data) is kind:
        return data
    raise Garbled(f"{place}: not as expected")


def _dataclass(kind: Any, data: Mapping[str, Any], place: str) -> Any:
    hints, values = _hints(kind), {}
    for each in fields(kind):
        if each.name in data:
            values[each.name] = value = _read(hints[each.name], data[each.name], f"{place}.{each.name}")
            if each.name == "format" and value > each.default:
                raise Garbled(f"of a newer version: format {value}")
        elif each.default is MISSING and each.default_factory is MISSING:
            raise Garbled(f"{place}.{each.name}: missing")
    return kind(**values)
