"""What CloudWatch is asked for and what it answers, as frozen data: one kind of request for all that is measured. Pure.

CloudWatch finds a series by exactly the dimensions that it was published with, and has no point where nothing happened.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from rollout.model import Arn

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Series:
    """A metric over time.

    Attributes:
        namespace: Such as `AWS/ApplicationELB`.
        name: Such as `RequestCount`.
        dimensions: Name and value of each, all that it was published with.
        statistic: `Sum`, `Average`, or a percentile such as `p99`.
        period: How much time a point stands for, whole minutes.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period: timedelta = MINUTE


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a series, and when its period begins."""

    time: datetime
    value: float


def of_target_group(name: str, load_balancer: Arn, target_group: Arn, statistic: str = "Sum") -> Series:
    """A metric of a target group.

    Args:
        name: Such as `RequestCount`, which counts the requests that a target was chosen for.
        load_balancer: Its load balancer's ARN.
        target_group: Its ARN.
        statistic: See `Series`.
    """
    dimensions = (
        ("LoadBalancer", load_balancer.partition(":loadbalancer/")[2]),
        ("TargetGroup", target_group.rpartition(":")[2]),
    )
    return Series("AWS/ApplicationELB", name, dimensions, statistic)
