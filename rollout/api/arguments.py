"""Checks the library's arguments: weights, durations, approvals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from rollout.analysis.metrics import MINUTE
from rollout.errors import UsageError
from rollout.inventory.quantities import Percent, format_duration, parse_duration
from rollout.migration.ports import Approver

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

Approval = Approver | Literal[True] | None
"""The approval: a function of the gate, True to approve everything, None to refuse."""


def read_weight(value: Percent | float | str) -> Percent:
    """A weight as an argument.

    Raises:
        UsageError: It isn't 0 to 100 per cent with at most one decimal.
    """
    try:
        return Percent.of(value)
    except ValueError as error:
        raise UsageError(str(error), code="invalid-weight") from None


def read_duration(value: timedelta | str) -> timedelta:
    """A duration as an argument, such as `30s` or `1h30m`.

    Raises:
        UsageError: It isn't one.
    """
    try:
        return parse_duration(value)
    except ValueError as error:
        raise UsageError(str(error), code="invalid-duration") from None


def in_range(value: timedelta | str, shortest: timedelta, longest: timedelta, purpose: str) -> timedelta:
    """A duration within bounds.

    Args:
        value: The duration.
        shortest: The least that is allowed.
        longest: The most.
        purpose: What it is for, for the error.

    Raises:
        UsageError: It isn't a duration, or out of range.
    """
    span = read_duration(value)
    if not shortest <= span <= longest:
        raise UsageError(
            f"{format_duration(span)} is out of range for {purpose}",
            hint=f"allowed are {format_duration(shortest)} to {format_duration(longest)}",
            code="out-of-range",
        )
    return span


def read_span(value: timedelta | str) -> timedelta:
    """How far back requests are counted: 1 min to 1 d.

    Raises:
        UsageError: It isn't a duration, or out of range.
    """
    return in_range(value, MINUTE, DAY, "requests")


def approver(approve: Approval) -> Approver | None:
    """The approval as a function."""
    return (lambda _: True) if approve is True else approve


def names_of(routes: Sequence[str]) -> str:
    """Routes in words."""
    return ", ".join(routes) or "all routes"
