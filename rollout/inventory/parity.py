"""What stacks.toml says of comparing a route's answers: what may differ, and whether to send what changes something.

Each exception has a reason and a last day, so that none outlives what it was for.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from rollout.inventory.fields import Frozen

Replay = Literal["never", "idempotent", "sandboxed"]


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return text


class Excused(Frozen):
    """A place where answers may differ, why, and until when."""

    path: str = Field(
        min_length=1,
        max_length=256,
        description='a JSON path such as "$.stamps[*].expires", or "header:NAME"; `**` is any part of a path',
    )
    reason: str = Field(min_length=1, max_length=256, description="why it may differ, for the report")
    until: date = Field(description="the last day on which the rule counts, such as 2027-01-31")


class Ignore(Excused):
    """A place where differences don't count."""


class Tolerance(Excused):
    """Numbers that may differ by this much; 1 and 1.0 are equal."""

    absolute: float = Field(0.0, ge=0, description="how far numbers may be apart, 0 or more")
    relative: float = Field(0.0, ge=0, le=1, description="how far they may be apart as a share of legacy's, 0 to 1")


class Unordered(Excused):
    """The list there has no order."""


class Normalise(Excused):
    """Text that is replaced, by a regular expression, before both answers are compared."""

    pattern: Annotated[str, AfterValidator(_expression)] = Field(max_length=256, description="a regular expression")
    replacement: str = Field("", max_length=256, description="what replaces each match")


class RouteParity(Frozen):
    """How a route's answers are compared by `rollout parity`."""

    replay: Replay = Field(
        "never",
        description='"never", "idempotent" or "sandboxed": whether requests that may change something are sent, too',
    )
    max_difference: float | None = Field(None, gt=0, le=100, description="for this route, instead of [ramp]'s")
    coverage: float | None = Field(None, ge=0, le=100, description="for this route, instead of [ramp]'s")
    ignore: tuple[Ignore, ...] = Field((), description="places where differences don't count")
    tolerance: tuple[Tolerance, ...] = Field((), description="numbers that may differ a little")
    unordered: tuple[Unordered, ...] = Field((), description="lists without an order")
    normalise: tuple[Normalise, ...] = Field((), description="texts of which a part doesn't count")

    @property
    def excused(self) -> tuple[Excused, ...]:
        """All of them."""
        return (*self.ignore, *self.tolerance, *self.unordered, *self.normalise)
