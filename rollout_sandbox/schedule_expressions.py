"""When a schedule is due: EventBridge Scheduler's `rate`, `cron` and `at`, by the minute. Pure.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

_UNITS: Mapping[str, int] = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_FIELDS = ((0, 59, ()), (0, 23, ()), (1, 31, ()), (1, 12, _MONTHS), (1, 7, _DAYS), (1970, 2199, ()))
"""The least and greatest of minutes, hours, days, months, weekdays and years, and their names from the least on."""

Due = Callable[[datetime, datetime], bool]


class NotUnderstoodError(ValueError):
    """The expression isn't one, or has what the sandbox doesn't know."""


@cache
def due(expression: str, timezone: str = "UTC") -> Due:
    """What says whether a schedule is due in a minute, given the minute's beginning and when it began to run.

    Raises:
        NotUnderstoodError: It can't be told.
    """
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    if found := _RATE.fullmatch(expression):
        every = int(found[1]) * _UNITS[found[2]]
        if every:
            return lambda minute, began: _minutes(minute, began) % every == 0 and minute > began
    if found := re.fullmatch(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", expression):
        once = datetime.fromisoformat(found[1]).replace(tzinfo=zone, second=0)
        return lambda minute, _: minute == once
    if found := re.fullmatch(r"cron\((.+)\)", expression):
        return _cron(found[1].split(), zone)
    raise NotUnderstoodError(f"Invalid Schedule Expression {expression}.")


def _minutes(minute: datetime, began: datetime) -> int:
    """Whole minutes between, in seconds."""
    return int((minute - began.replace(second=0, microsecond=0)).total_seconds())


def _cron(fields: list[str], zone: tzinfo) -> Due:
    if len(fields) != len(_FIELDS) or (fields[2] == "?") == (fields[4] == "?"):
        raise NotUnderstoodError(f"Invalid Schedule Expression cron({' '.join(fields)}).")
    minutes, hours, days, months, weekdays, years = (
        _values(field, *bounds) for field, bounds in zip(fields, _FIELDS, strict=True)
    )

    def is_due(minute: datetime, _: datetime) -> bool:
        local = minute.astimezone(zone)
        return (
            local.minute in minutes
            and local.hour in hours
            and local.day in days
            and local.month in months
            and local.isoweekday() % 7 + 1 in weekdays
            and local.year in years
        )

    return is_due


def _values(field: str, low: int, high: int, names: tuple[str, ...]) -> frozenset[int]:
    """The values of a field: `*`, `?`, one, a range, a step, or a list of these."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        try:
            begin = low if first in {"*", "?"} else _value(first, low, names)
            end = _value(last, low, names) if last else high if step or first in {"*", "?"} else begin
            every = range(begin, end + 1, int(step or 1))
        except ValueError:
            raise NotUnderstoodError(f"the sandbox doesn't know {part!r} in a cron expression") from None
        if not every or not low <= begin <= end <= high:
            raise NotUnderstoodError(f"{part!r} isn't between {low} and {high}")
        found.update(every)
    return frozenset(found)


def _value(text: str, low: int, names: tuple[str, ...]) -> int:
    return names.index(text.upper()) + low if text.upper() in names else int(text)
