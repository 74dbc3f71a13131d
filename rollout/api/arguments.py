"""Checks the library's arguments: weights, durations, approvals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from rollout.analysis.metrics import MINUTE
from rollout.errors import UsageError
from rollout.inventory.model import Environment
from rollout.inventory.quantities import WHOLE, ZERO, Percent, format_duration, parse_duration

if TYPE_CHECKING:
    from rollout.migration.ports import Approver

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

Approval: TypeAlias = "Approver | Literal[True] | None"
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


def read_share(value: Percent | float | str) -> Percent:
    """The share of an alias's requests that a version gets beside another one.

    Raises:
        UsageError: It isn't above 0 and below 100 per cent, with at most one decimal.
    """
    share = read_weight(value)
    if not ZERO < share < WHOLE:
        raise UsageError(
            f"{share} % is no share",
            hint="allowed is above 0 to below 100 per cent; without a share the alias moves",
            code="out-of-range",
        )
    return share


def read_steps(values: Sequence[Percent | float | str]) -> tuple[Percent, ...]:
    """The rising shares of a new build.

    Raises:
        UsageError: They aren't rising, or not above 0 to at most 100 per cent.
    """
    steps = tuple(map(read_weight, values))
    if not steps or list(steps) != sorted(set(steps)) or steps[0] == ZERO:
        raise UsageError(
            f"{', '.join(map(str, steps)) or 'nothing'} is no list of steps",
            hint="give rising shares above 0 to at most 100 per cent, such as 10,50,100",
            code="out-of-range",
        )
    return steps


def deployable(environment: Environment, functions: Sequence[str]) -> tuple[str, ...]:
    """The named functions, or all that have an alias.

    Raises:
        UsageError: There is no such function, or it has no alias; or rollout builds none.
    """
    if not environment.functions:
        raise UsageError(
            f"rollout builds no function of {environment.name}, so there is nothing to deploy",
            hint="deploy its candidates with the tool that builds them; their target groups stay the same",
            code="nothing-to-deploy",
        )
    known = [key for key, function in environment.functions.items() if function.alias]
    unknown = [name for name in functions if name not in known]
    if unknown or not known:
        what = f"function {unknown[0]!r} has no alias" if unknown else "no function has an alias"
        hint = (
            f"functions with an alias: {', '.join(known)}"
            if known
            else f'`rollout phase1 {environment.name}` deploys builds without an alias; docs/builds.md, "By an '
            'alias", says how a function gets one'
        )
        raise UsageError(what, hint=hint, code="unknown-name")
    return tuple(dict.fromkeys(functions)) or tuple(known)


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
            hint=f"allowed: {format_duration(shortest)} to {format_duration(longest)}",
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
    """Routes as text."""
    return ", ".join(routes) or "all routes"
