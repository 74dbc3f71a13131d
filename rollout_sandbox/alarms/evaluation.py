"""Which state an alarm is in, by its last datapoints and by what it makes of missing ones. Pure.

AWS looks at more datapoints than the evaluation periods, two more where they are minutes, and lets a missing one count
as configured only where too few are left. Its page has the tables that the tests hold; what it says beside them about
breaching points that get old contradicts one row, and applies only where no point is within the threshold.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Missing = Literal["missing", "ignore", "breaching", "notBreaching"]

LOOKED_BACK = 2
"""How many more periods than the evaluation periods are looked at."""

COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
"""Each comparison, and how AWS words it."""


@dataclass(frozen=True, slots=True)
class Datapoint:
    """One period's value.

    Attributes:
        start: When the period began, in seconds since 1970.
        value: The statistic's or the expression's.
        breaches: Whether it is beyond the threshold.
    """

    start: int
    value: float
    breaches: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an evaluation came to.

    Attributes:
        state: The state; None to keep the one before.
        points: The datapoints that counted, the newest first.
        filled: How many missing ones counted as configured.
    """

    state: State | None
    points: tuple[Datapoint, ...]
    filled: int = 0


def evaluated(recent: Sequence[Datapoint | None], periods: int, to_alarm: int, missing: Missing) -> Verdict:
    """Evaluate an alarm.

    Args:
        recent: The datapoints of `periods + LOOKED_BACK` periods, the newest first; None where one is missing.
        periods: The evaluation periods, N.
        to_alarm: How many of them have to breach, M.
        missing: What a missing one counts as.
    """
    points = tuple(point for point in recent if point is not None)[:periods]
    breaching, absent = sum(point.breaches for point in points), periods - len(points)
    filled = absent if missing in {"breaching", "notBreaching"} else 0
    if breaching + (absent if missing == "breaching" else 0) >= to_alarm:
        return Verdict("ALARM", points, filled)
    if not absent or missing in {"breaching", "notBreaching"} or breaching < len(points):
        return Verdict("OK", points, filled)
    if missing == "ignore":
        return Verdict(None, points)
    if not points:
        return Verdict("INSUFFICIENT_DATA", points, periods)
    oldest = max(age for age, point in enumerate(recent, start=1) if point is not None)
    return Verdict("ALARM" if oldest >= to_alarm else None, points)
