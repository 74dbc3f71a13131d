"""CloudWatch's queries and answers, as frozen data. Pure.

CloudWatch finds a series only by exactly the dimensions of its publication, and has no points without events.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from rollout.inventory.model import Arn

MINUTE = timedelta(minutes=1)
SINCE = timedelta(minutes=15)
"""How far back requests are counted by default."""
Unit = Literal["requests", "clients"]
"""What is counted: requests, or clients, of whom each counts once."""
Count = tuple[int | float, int]
"""Bad requests and requests; or the sum of clients' shares of bad requests, and clients."""
ARMS = ("legacy", "the candidate")
"""What people call the two that are compared."""
GAP = math.nan
"""The value of a period of which a source knows nothing: it was down, or has no such query."""


@dataclass(frozen=True, slots=True)
class Series:
    """A metric over time.

    Attributes:
        namespace: Such as `AWS/ApplicationELB`.
        name: Such as `RequestCount`.
        dimensions: Names and values, exactly as published.
        statistic: `Sum`, `SampleCount`, a percentile such as `p99`, or a trimmed count: `TC(:0.25)` is how many values
            are 0.25 or less.
        period: The time of a point, whole minutes.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period: timedelta = MINUTE


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a series, and when its period begins.

    Attributes:
        time: The period's begin, with a time zone.
        value: The value, 0 or more; `GAP` if the source doesn't know what happened.
    """

    time: datetime
    value: float

    @property
    def is_gap(self) -> bool:
        """Whether its value isn't known: that isn't 0."""
        return math.isnan(self.value)


def without_gaps(read: Mapping[Series, Sequence[Point]]) -> dict[Series, list[Point]]:
    """The points of the periods in which no series has a gap, so that their sums can be compared."""
    gaps = {point.time for points in read.values() for point in points if point.is_gap}
    return {series: [point for point in points if point.time not in gaps] for series, points in read.items()}


@dataclass(frozen=True, slots=True)
class Source:
    """A publisher of several metrics with the same dimensions.

    Attributes:
        namespace: See `Series`.
        dimensions: See `Series`.
        of_lambda: Whether functions answer behind it.
    """

    namespace: str
    dimensions: tuple[tuple[str, str], ...]
    of_lambda: bool = field(default=True, compare=False)

    def series(self, name: str, statistic: str = "Sum") -> Series:
        """One of its metrics."""
        return Series(self.namespace, name, self.dimensions, statistic)


def load_balancer(arn: Arn) -> Source:
    """A load balancer's metrics."""
    return Source("AWS/ApplicationELB", (("LoadBalancer", arn.partition(":loadbalancer/")[2]),))


def target_group(balancer: Arn, group: Arn, *, of_lambda: bool = True) -> Source:
    """The metrics of one target group of a load balancer."""
    at = load_balancer(balancer)
    return Source(at.namespace, (*at.dimensions, ("TargetGroup", group.rpartition(":")[2])), of_lambda)


def function(arn: str) -> Source:
    """A Lambda function's invocations, or those of one alias or version, if the ARN names it.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    name, _, qualifier = arn.rpartition(":function:")[2].partition(":")
    resource = (("Resource", f"{name}:{qualifier}"),) if qualifier else ()
    return Source("AWS/Lambda", (("FunctionName", name), *resource))


def version(function: str, alias: str, number: str) -> Source:
    """What one of an alias's two versions answered; CloudWatch has it while the alias points to two.

    https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
    """
    dimensions = (("ExecutedVersion", number), ("FunctionName", function), ("Resource", f"{function}:{alias}"))
    return Source("AWS/Lambda", dimensions)


REPORTS = "REPORT lines"
"""The namespace of values from functions' logs; `log_insights` reads it."""


class AlarmState(StrEnum):
    """An alarm's state; `MISSING` means that there is none of its name.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
    """

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    MISSING = "MISSING"
