"""`[fleets.NAME]`: environments that get a weight or a ramp together, wave by wave."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Annotated

from pydantic import AfterValidator, Field

from rollout.inventory.fields import Frozen, distinct

MOST_AT_ONCE = 40
"""Iterations of an inline Map at a time: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html"""


def _once_each(waves: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    """Waves that all have environments, none of which is there twice."""
    if not all(waves):
        raise ValueError("a wave is empty")
    distinct(tuple(chain.from_iterable(waves)))
    return waves


class Fleet(Frozen):
    """Environments that get a weight or a ramp together, wave by wave."""

    waves: Annotated[tuple[tuple[str, ...], ...], AfterValidator(_once_each)] = Field(
        min_length=1, description='lists of environments, such as [["staging"], ["europe"], ["america", "asia"]]'
    )
    at_once: int = Field(
        10, strict=True, ge=1, le=MOST_AT_ONCE, description="how many of a wave ramp at the same time, 1 to 40"
    )
    approve_between: bool = Field(
        False, strict=True, description="true or false: whether each wave but the first waits for a person's approval"
    )


@dataclass(frozen=True, slots=True)
class Member:
    """An environment of a fleet, as its state machine sees it.

    Attributes:
        name: The environment's.
        function: The ARN of its controller.
        silence: How long, in seconds, its controller may give no sign of life.
        role: The ARN of the role that may invoke it, where it is in another account.
    """

    name: str
    function: str
    silence: int
    role: str | None = None


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """A fleet whose environments are known.

    Attributes:
        name: Of `[fleets.NAME]`.
        title: The state machine's name, and its role's.
        waves: The environments, in order.
        at_once: How many of a wave ramp at the same time.
        topic: The ARN of the SNS topic that is told where a wave waits for approval; None where none does.
    """

    name: str
    title: str
    waves: tuple[tuple[Member, ...], ...]
    at_once: int = 10
    topic: str | None = None

    @property
    def members(self) -> tuple[Member, ...]:
        """All environments."""
        return tuple(chain.from_iterable(self.waves))
