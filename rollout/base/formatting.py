"""Counts and times for people: `1 route`, `1,200 requests`, `2026-12-24 18:00 UTC`. Pure."""

from __future__ import annotations

from datetime import datetime

_SIBILANTS = ("s", "x", "z", "ch", "sh")


def count_of(count: int, noun: str) -> str:
    """A number and its noun.

    Args:
        count: 0 or more.
        noun: In the singular: `target group`.
    """
    return f"{count:,} {plural(noun, count)}"


def plural(noun: str, count: int) -> str:
    """The noun in the singular or the plural."""
    if count == 1:
        return noun
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return noun + ("es" if noun.endswith(_SIBILANTS) else "s")


def moment(at: datetime) -> str:
    """A time in UTC, to the minute."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
