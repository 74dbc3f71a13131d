"""Maps our metrics to AWS's, and their points to counts by minute. Pure.

- https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
- https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
- https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from rollout.analysis.metrics import MINUTE, REPORTS, Point, Series, Source
from rollout.analysis.streams import Arm, Counts
from rollout.inventory.ramp_settings import MetricName

_SECOND, _MILLISECOND = timedelta(seconds=1), timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Rate:
    """A metric whose events and requests are sums of AWS's metrics.

    Attributes:
        events: AWS's names of the events.
        requests: AWS's names of the requests.
        logged: Whether only functions' logs have them.
        failed: Whether events are also the requests that got the load balancer's own answer since the target failed.
    """

    events: tuple[str, ...]
    requests: tuple[str, ...]
    logged: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Time:
    """A metric whose events are values above a limit.

    Attributes:
        name: AWS's name of it.
        quantile: The share of legacy's values up to its limit.
        unit: AWS's unit.
    """

    name: str
    quantile: float
    unit: timedelta


# A failed function is the load balancer's own 502: a LambdaUserError, not a Target_5XX. So is a connection that fails.
_FAILED = {True: ("LambdaUserError", "LambdaInternalError"), False: ("TargetConnectionErrorCount",)}
BY_TARGET_GROUP: Mapping[MetricName, Rate | Time] = {
    "server-errors": Rate(("HTTPCode_Target_5XX_Count",), ("RequestCount",), failed=True),
    "client-errors": Rate(("HTTPCode_Target_4XX_Count",), ("RequestCount",)),
    "lambda-errors": Rate((), ("RequestCount",), failed=True),
    "latency-p50": Time("TargetResponseTime", 0.5, _SECOND),
    "latency-p99": Time("TargetResponseTime", 0.99, _SECOND),
}
# Lambda counts throttled invocations separately.
BY_FUNCTION: Mapping[MetricName, Rate | Time] = {
    "function-errors": Rate(("Errors",), ("Invocations",)),
    "throttles": Rate(("Throttles",), ("Invocations", "Throttles")),
    "cold-starts": Rate(("ColdStarts",), ("Reports",), logged=True),
    "duration-p50": Time("Duration", 0.5, _MILLISECOND),
    "duration-p99": Time("Duration", 0.99, _MILLISECOND),
}
_FUNCTION_ERRORS = BY_FUNCTION["function-errors"]
# Of two versions Lambda alone counts: what a load balancer sees is answered by both. The first name of a recipe counts.
BY_VERSION: Mapping[MetricName, Rate | Time] = {
    "function-errors": _FUNCTION_ERRORS,
    "lambda-errors": _FUNCTION_ERRORS,
    "server-errors": _FUNCTION_ERRORS,
    "throttles": BY_FUNCTION["throttles"],
    "duration-p50": BY_FUNCTION["duration-p50"],
    "latency-p50": BY_FUNCTION["duration-p50"],
    "duration-p99": BY_FUNCTION["duration-p99"],
    "latency-p99": BY_FUNCTION["duration-p99"],
}


@dataclass(frozen=True, slots=True)
class Tally:
    """The series whose sums make one arm.

    Attributes:
        requests: The requests.
        events: The events.
        others: Subtracted from the events.
    """

    requests: tuple[Series, ...]
    events: tuple[Series, ...]
    others: tuple[Series, ...] = ()

    @property
    def series(self) -> tuple[Series, ...]:
        """All of them."""
        return (*self.requests, *self.events, *self.others)


NOTHING = Tally((), ())


def tally(recipe: Rate | Time, sources: Sequence[Source], limit: timedelta = timedelta(0)) -> Tally:
    """How a metric of some sources is counted.

    Args:
        sources: What publishes it.
        limit: For a `Time`, above which its values are events.
    """

    def of(*names: str, statistic: str = "Sum") -> tuple[Series, ...]:
        return tuple(source.series(name, statistic) for source in sources for name in names)

    if isinstance(recipe, Rate):
        if recipe.logged:
            sources = [Source(REPORTS, source.dimensions) for source in sources]
        failed = [each.series(name) for each in sources if recipe.failed for name in _FAILED[each.of_lambda]]
        return Tally(of(*recipe.requests), (*of(*recipe.events), *failed))
    values = of(recipe.name, statistic="SampleCount")
    # TC(:X), values up to X, was tried by others on AWS; TC(X:) is only documented.
    bound = f"{limit / recipe.unit:.6f}".rstrip("0").rstrip(".")
    return Tally(values, values, of(recipe.name, statistic=f"TC(:{bound})"))


class Minutes:
    """Points as one number a minute.

    Args:
        first: The first minute.
        length: How many there are.
        read: The points of each series; a minute without one counts nothing, and one with a gap isn't known.
    """

    def __init__(self, first: datetime, length: int, read: Mapping[Series, Sequence[Point]]) -> None:
        self._first, self._length, self._read = first, length, read

    def total(self, series: Iterable[Series]) -> NDArray[np.float64]:
        """The sum of series; not a number where one has a gap."""
        total = np.zeros(self._length)
        for point in (point for each in series for point in self._read.get(each, ())):
            at = (point.time - self._first) // MINUTE
            if 0 <= at < self._length:
                total[at] += point.value
        return total

    def arm(self, tallied: Tally, since: datetime | None = None) -> tuple[Arm, int, int]:
        """An arm, and how many of its minutes are capped, since points may arrive unevenly, and how many aren't known.

        A minute with a gap is no evidence: it has neither requests nor events.

        Args:
            tallied: How it is counted.
            since: Minutes before this count nothing.
        """
        asked, events = self.total(tallied.requests), self.total(tallied.events) - self.total(tallied.others)
        gaps = np.isnan(asked) | np.isnan(events)
        requests = np.rint(np.where(gaps, 0, asked)).astype(np.int64)
        found = _whole(np.maximum(np.where(gaps, 0, events), 0))
        if since is not None:
            skipped = max(0, (since - self._first) // MINUTE)
            requests[:skipped] = found[:skipped] = 0
        requests[gaps] = found[gaps] = 0  # a fraction that was carried over
        return Arm(requests, np.minimum(found, requests)), int((found > requests).sum()), int(gaps.sum())


def _whole(counts: NDArray[np.float64]) -> Counts:
    """Whole numbers with the same running sum: a trimmed count is interpolated and may be a fraction."""
    return np.diff(np.floor(np.cumsum(counts) + 0.5), prepend=0).astype(np.int64)
