"""What a drill of the guard showed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from rollout.base.plain import Seconds
from rollout.guard.record import Firing


@dataclass(frozen=True, slots=True)
class DrillResult:
    """What a drill showed.

    Attributes:
        alarm: Which was set to ALARM state.
        dry: Whether nothing was moved.
        decision: What the guard did: `dry` or `fire`, or why nothing.
        parts: How long each part took, in order.
        whole: How long it took from the alarm to the last part.
        routes: The routes that it would take back, or took.
        problems: What keeps it from some, and what else went wrong.
    """

    environment: str
    alarm: str
    dry: bool
    decision: str
    parts: Mapping[str, Seconds]
    whole: Seconds
    routes: tuple[str, ...]
    problems: tuple[str, ...]


def drill_result(environment: str, firing: Firing) -> DrillResult:
    """The result by the guard's own record."""
    moments = sorted(firing.times.items(), key=lambda item: item[1])
    parts = {name: at - before for (_, before), (name, at) in pairwise(moments)}
    whole = moments[-1][1] - moments[0][1] if moments else firing.at - firing.at
    routes = tuple(firing.routes)
    return DrillResult(
        environment, firing.alarm, firing.dry, str(firing.decision), parts, whole, routes, firing.problems
    )
