"""Percentages and durations, with their units in their types, as people write them in stacks.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, PlainSerializer, WithJsonSchema
from pydantic_core import CoreSchema
from pydantic_core.core_schema import (
    float_schema,
    no_info_plain_validator_function,
    plain_serializer_function_ser_schema,
)

ALL_TENTHS = 1000
_LONG = 60
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")


@dataclass(frozen=True, slots=True, order=True)
class Percent:
    """A candidate's share of a route's requests: 0 to 100 per cent in tenths.

    Attributes:
        tenths: The share in tenths of a per cent, 0 to 1000.
    """

    tenths: int

    def __post_init__(self) -> None:
        if not 0 <= self.tenths <= ALL_TENTHS:
            raise ValueError(f"{self} per cent is not a weight; allowed: 0 to 100")

    @classmethod
    def of(cls, value: object) -> Self:
        """Read a percentage.

        Args:
            value: 0 to 100 with at most one decimal: an int, a float, or a text such as `"33.3"`.

        Raises:
            ValueError: It isn't a number, out of range, or finer than a tenth.
        """
        if isinstance(value, cls):
            return value
        text = str(value).strip().removesuffix("%").strip()
        if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]+)?", text):
            raise ValueError(f"{_short(value)} is not a weight; allowed: 0 to 100 per cent, such as 10 or 33.3")
        whole, _, decimals = text.partition(".")
        if decimals.rstrip("0")[1:]:
            raise ValueError(
                f"{text} has too many decimals for a weight; one decimal is allowed, such as {whole}.{decimals[0]}"
            )
        tenths = abs(int(whole)) * 10 + int((decimals or "0")[0])
        if tenths > ALL_TENTHS or (text.startswith("-") and tenths):
            raise ValueError(f"{text} is out of range for a weight; allowed: 0 to 100 per cent")
        return cls(tenths)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        as_number = plain_serializer_function_ser_schema(lambda p: p.tenths / 10, return_schema=float_schema())
        return no_info_plain_validator_function(cls.of, serialization=as_number)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "number", "minimum": 0, "maximum": ALL_TENTHS // 10}

    @property
    def share(self) -> float:
        """The share as a fraction, 0 to 1."""
        return self.tenths / ALL_TENTHS

    def __str__(self) -> str:
        whole, tenth = divmod(self.tenths, 10)
        return f"{whole}.{tenth}" if tenth else str(whole)


ZERO, WHOLE = Percent(0), Percent(ALL_TENTHS)


_DURATION_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LONGEST = timedelta(days=3650)
"""No duration that is written down is longer, so that none carries a time out of the calendar."""
_CENTURY = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def parse_duration(value: object) -> timedelta:
    """Read a duration such as `"90s"`, `"30m"`, `"1h"`, `"1h30m"` or `"7d"`.

    Raises:
        ValueError: It isn't one.
    """
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    else:
        text = str(value).strip()
        if not re.fullmatch(r"([0-9]{1,9}[smhd]){1,9}", text):
            raise ValueError(f"{_short(value)} is not a duration; write it as 90s, 30m, 1h, 1h30m or 7d")
        seconds = sum(int(n) * _DURATION_UNITS[unit] for n, unit in re.findall(r"(\d+)([smhd])", text))
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{_short(value)} is too long; a duration is at most {format_duration(LONGEST)}")
    return timedelta(seconds=seconds)


def parse_moment(text: str) -> datetime:
    """Read a time with its zone, such as `2026-12-24T18:00+01:00`.

    Returns:
        The time in UTC, of this century.

    Raises:
        ValueError: It isn't one.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{_short(text)} is not a time; write it as 2026-12-24T18:00Z") from None
    return bounded(moment)


def bounded(moment: datetime) -> datetime:
    """A time in UTC.

    Raises:
        ValueError: It has no zone, or isn't of this century.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; write it as 2026-12-24T18:00Z")
    if not _CENTURY[0] <= moment < _CENTURY[1]:
        raise ValueError(f"{moment.date()} is not in this century")
    return moment.astimezone(UTC)


def parse_clock(value: object) -> time:
    """Read a time of day without a zone, TOML's own or a text such as `"09:00"`.

    Raises:
        ValueError: It isn't one.
    """
    if isinstance(value, time) and value.tzinfo is None:
        return value
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise ValueError(f"{_short(value)} is not a time of day; write it as 09:00, with its time zone in time-zone")
    return time.fromisoformat(value)


def _short(value: object) -> str:
    """A value as it was given, and of one that is no such value at all its beginning."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def format_duration(value: timedelta) -> str:
    """Write a duration as stacks.toml has it: `1h30m`."""
    rest, parts = int(value.total_seconds()), []
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, _DURATION_UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


Moment = Annotated[datetime, BeforeValidator(lambda value: parse_moment(str(value)))]
TimeOfDay = Annotated[time, BeforeValidator(parse_clock)]
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^([0-9]+[smhd])+$", "examples": ["90s", "30m", "1h"]}),
]
