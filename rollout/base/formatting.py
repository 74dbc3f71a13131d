"""Counts for people: `1 route`, `2 routes`, `1,200 requests`. Pure."""

from __future__ import annotations

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
