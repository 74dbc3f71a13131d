"""What functions used, period by period: CloudWatch's points as numbers.

A function's metrics are those of all its versions, as its bill is. Lambda's Duration leaves the INIT phase out, which
is billed since August 2025; functions' REPORT lines alone have it.
- https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
- https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
- https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rollout.analysis.metrics import MINUTE, REPORTS, Point, Series, Source, function
from rollout.analysis.ports import FunctionSettings, Metrics

PERIODS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 360, 1440))
ENOUGH = 20
"""So many periods make an interval; CloudWatch keeps each length as long as such a time needs it."""
INIT = "InitMilliseconds"
"""The metric of `log_insights` that has the INIT phases of a minute."""
_ON_PROVISIONED = "ProvisionedConcurrencyInvocations"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a function used; all sequences have one number a period.

    Attributes:
        settings: Its settings, as they are now.
        span: All periods together.
        invocations: Those that are billed: throttled ones aren't.
        milliseconds: Their durations.
        log_bytes: What it wrote to CloudWatch Logs.
        on_provisioned: Invocations on provisioned concurrency.
        init: The milliseconds of INIT phases; None if they weren't read.
    """

    settings: FunctionSettings
    span: timedelta
    invocations: tuple[float, ...]
    milliseconds: tuple[float, ...]
    log_bytes: tuple[float, ...]
    on_provisioned: tuple[float, ...]
    init: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Periods:
    """Periods of one length, from a whole minute on."""

    first: datetime
    length: timedelta
    number: int

    @classmethod
    def until(cls, end: datetime, span: timedelta) -> Periods:
        """The periods of a span up to the last whole one, as long as CloudWatch has them.

        CloudWatch's periods begin at multiples of their length since 1970, and an end within one would cut it.
        """
        length = max((each for each in PERIODS if span / each >= ENOUGH), default=MINUTE)
        seconds = int(length.total_seconds())
        last = end - timedelta(seconds=int(end.timestamp()) % seconds, microseconds=end.microsecond)
        return cls(last - span // length * length, length, span // length)

    @property
    def span(self) -> timedelta:
        """All of them together."""
        return self.length * self.number

    def sums(self, points: Iterable[Point]) -> tuple[float, ...]:
        """The sum of points in each."""
        found = [0.0] * self.number
        for point in points:
            at = (point.time - self.first) // self.length
            if 0 <= at < self.number:
                found[at] += max(0.0, point.value)
        return tuple(found)


def usages(
    settings: Mapping[str, FunctionSettings], metrics: Metrics, logs: Metrics | None, periods: Periods
) -> dict[str, Usage]:
    """What functions used.

    Args:
        settings: By function's name.
        metrics: CloudWatch.
        logs: Functions' REPORT lines; None leaves the INIT phases unread.

    Raises:
        AwsError: AWS refused, can't be reached, or its answer is incomplete.
    """
    asked = {name: _series(name, each, periods.length) for name, each in settings.items()}
    end = periods.first + periods.span
    found = metrics.read([each for series in asked.values() for each in series.values()], periods.first, end)
    inits = {name: Source(REPORTS, function(name).dimensions).series(INIT) for name in settings} if logs else {}
    logged = logs.read([*inits.values()], periods.first, end) if logs else {}

    def sums(name: str, metric: str) -> tuple[float, ...]:
        series = asked[name].get(metric)
        return periods.sums(found.get(series, ()) if series else ())

    return {
        name: Usage(
            each,
            periods.span,
            sums(name, "Invocations"),
            sums(name, "Duration"),
            sums(name, "IncomingBytes"),
            sums(name, _ON_PROVISIONED),
            periods.sums(logged.get(inits[name], ())) if logs else None,
        )
        for name, each in settings.items()
    }


def _series(name: str, settings: FunctionSettings, period: timedelta) -> dict[str, Series]:
    metrics = ("Invocations", "Duration", *((_ON_PROVISIONED,) if settings.provisioned else ()))
    found = [function(name).series(each) for each in metrics]
    found.append(Source("AWS/Logs", (("LogGroupName", settings.log_group),)).series("IncomingBytes"))
    return {each.name: replace(each, period=period) for each in found}
