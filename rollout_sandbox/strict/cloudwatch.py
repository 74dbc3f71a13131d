"""CloudWatch that knows the sandbox's own traffic: metrics of load balancers and functions, with percentiles.

Whatever else there is stays moto's. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, ClassVar

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend, MetricDatum, MetricDatumBase
from moto.cloudwatch.urls import url_bases
from moto.core.responses import ActionResult

from rollout_sandbox.metrics import MINUTE, Metric, Metrics
from rollout_sandbox.strict.alarms import StrictAlarms

MAX_QUERIES = 500
MAX_POINTS = 100_800
MAX_STATISTICS_POINTS = 1440
_OURS = frozenset({"AWS/ApplicationELB", "AWS/Lambda"})
_UNITS = {"TargetResponseTime": "Seconds", "Duration": "Milliseconds", "LambdaTargetProcessedBytes": "Bytes"}
Statistic = Callable[[Sequence[float]], float]
_STATISTICS: Mapping[str, Statistic] = {
    "Average": lambda values: math.fsum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Sum": math.fsum,
}
_RANGE = re.compile(r"(TC|PR)\((\d+(?:\.\d{1,10})?)?:(\d+(?:\.\d{1,10})?)?\)")

Query = Mapping[str, Any]


class MeasuredCloudWatch(CloudWatchBackend):
    """moto's CloudWatch, and the sandbox's measurements in it."""

    measured: ClassVar[Metrics]

    @property
    def _url_module(self) -> SimpleNamespace:
        return SimpleNamespace(url_bases=url_bases, url_paths={"{0}/$": MeasuredResponse.dispatch})

    def get_filtered_metrics(
        self, metric_name: str, namespace: str, dimensions: list[dict[str, str]]
    ) -> list[MetricDatumBase]:
        """ListMetrics, before it is cut into pages."""
        wanted = [(each["Name"], each.get("Value")) for each in dimensions or ()]
        ours = [
            MetricDatum(
                metric.namespace, metric.name, 0, [{"Name": n, "Value": v} for n, v in metric.dimensions], None, None
            )
            for metric in self.measured.known(self.account_id, self.region_name)
            if metric.namespace in _OURS
            and namespace in (None, metric.namespace)
            and metric_name in (None, metric.name)
            and all(any(name == n and value in (None, v) for n, v in metric.dimensions) for name, value in wanted)
        ]
        return [*super().get_filtered_metrics(metric_name, namespace, dimensions), *ours]

    def points(self, said: Query, start: datetime, end: datetime) -> dict[datetime, tuple[float, ...]]:
        """A metric's values by period, those alone that have any.

        Raises:
            ValidationError: The period isn't in whole minutes.
        """
        period = int(said["Period"])
        if period <= 0 or period % MINUTE:
            raise ValidationError("The parameter Period must be a multiple of 60 for metrics of standard resolution.")
        dimensions = sorted((each["Name"], each["Value"]) for each in said.get("Dimensions") or ())
        metric = Metric(self.account_id, self.region_name, said["Namespace"], said["MetricName"], tuple(dimensions))
        if said.get("Unit") not in (None, unit_of(metric.name)):
            return {}
        first, last = _seconds(start) // MINUTE * MINUTE, math.ceil(_seconds(end))
        found: dict[datetime, tuple[float, ...]] = {}
        for minute, values in self.measured.between(metric, int(first), last).items():
            at = datetime.fromtimestamp(minute - minute % period, UTC)
            found[at] = (*found.get(at, ()), *values)
        return found


class MeasuredResponse(StrictAlarms):
    """The calls that read metrics, with AWS's limits."""

    @property
    def _measured(self) -> MeasuredCloudWatch:
        backend = self.cloudwatch_backend
        assert isinstance(backend, MeasuredCloudWatch)  # noqa: S101 - for mypy: `strict` put it there
        return backend

    def get_metric_data(self) -> ActionResult:
        """GetMetricData; pages are cut by points, and a result that goes on is PartialData."""
        asked = self._get_params()
        queries, start, end = asked.get("MetricDataQueries", []), asked["StartTime"], asked["EndTime"]
        if len(queries) > MAX_QUERIES:
            raise ValidationError(f"The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}.")
        if not any(map(_is_ours, queries)):
            return super().get_metric_data()
        if start >= end:
            raise ValidationError("The parameter EndTime must be greater than StartTime.")
        if any("Expression" in query for query in queries):
            raise ValidationError("The sandbox does no metric math with metrics of load balancers and functions.")
        newest_first = asked.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        results = []
        for query in queries:
            if not query.get("ReturnData", True):
                continue
            if _is_ours(query):
                results.append(self._result(query, start, end, newest_first=newest_first))
            else:
                results += self._lax_result(query, start, end, asked.get("ScanBy", "TimestampDescending"))
        return ActionResult(_page(results, int(asked.get("MaxDatapoints") or MAX_POINTS), asked.get("NextToken")))

    def get_metric_statistics(self) -> ActionResult:
        """GetMetricStatistics, with ExtendedStatistics."""
        asked = self._get_params()
        if asked["Namespace"] not in _OURS:
            return super().get_metric_statistics()
        wanted, extended = asked.get("Statistics") or [], asked.get("ExtendedStatistics") or []
        if not wanted and not extended:
            raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
        start, end = asked["StartTime"], asked["EndTime"]
        if start >= end:
            raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
        computed = {name: statistic(name) for name in (*wanted, *extended)}
        found = self._measured.points(asked, start, end)
        if (_seconds(end) - _seconds(start)) / int(asked["Period"]) > MAX_STATISTICS_POINTS:
            raise InvalidParameterCombination(
                f"You have requested more than {MAX_STATISTICS_POINTS} datapoints; reduce them by a longer Period"
            )
        points = [
            {
                "Timestamp": at,
                "Unit": unit_of(asked["MetricName"]),
                **{name: computed[name](values) for name in wanted},
                **({"ExtendedStatistics": {name: computed[name](values) for name in extended}} if extended else {}),
            }
            for at, values in found.items()
        ]
        return ActionResult({"Label": asked["MetricName"], "Datapoints": points})

    def _result(self, query: Query, start: datetime, end: datetime, *, newest_first: bool) -> dict[str, Any]:
        stat = query["MetricStat"]
        compute = statistic(stat["Stat"])
        found = self._measured.points({**stat["Metric"], **stat}, start, end)
        times = sorted(found, reverse=newest_first)
        return {
            "Id": query["Id"],
            "Label": query.get("Label") or stat["Metric"]["MetricName"],
            "Timestamps": times,
            "Values": [float(compute(found[at])) for at in times],
        }

    def _lax_result(self, query: Query, start: datetime, end: datetime, scan_by: str) -> list[dict[str, Any]]:
        told = self._measured.get_metric_data([dict(query)], start, end, scan_by)
        return [
            {"Id": each["id"], "Label": each["label"], "Timestamps": each["timestamps"], "Values": each["values"]}
            for each in told
        ]


def on(metrics: Metrics) -> type[MeasuredCloudWatch]:
    """A CloudWatch of these measurements; moto makes one an account and region."""
    return type("MeasuredCloudWatch", (MeasuredCloudWatch,), {"measured": metrics})


def statistic(name: str) -> Statistic:
    """How several values become one number.

    A percentile is the least value that so many per cent don't exceed. `TC(A:B)` counts the values above A and up to B,
    `PR(A:B)` is their share in per cent; AWS interpolates both, and they are exact here.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html

    Raises:
        ValidationError: There is no such statistic here.
    """
    if name in _STATISTICS:
        return _STATISTICS[name]
    if percentile := re.fullmatch(r"p(\d{1,2}(?:\.\d{1,10})?|100)", name):
        share = float(percentile[1]) / 100
        return lambda values: sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
    if (within := _RANGE.fullmatch(name)) and (within[2] or within[3]):
        low, high = float(within[2] or "-inf"), float(within[3] or "inf")
        if low < high:
            count = within[1] == "TC"
            return lambda values: sum(low < v <= high for v in values) * (1 if count else 100 / len(values))
    raise ValidationError(f"The value {name} for parameter Stat is not supported.")


def unit_of(metric: str) -> str:
    """The unit in which a metric is published."""
    return _UNITS.get(metric, "Count")


def _is_ours(query: Query) -> bool:
    return query.get("MetricStat", {}).get("Metric", {}).get("Namespace") in _OURS


def _page(results: list[dict[str, Any]], room: int, token: str | None) -> dict[str, Any]:
    """As many points as a page may have, from the one that the token counts to."""
    if token is not None and not token.isdecimal():
        raise InvalidParameterValue("Request parameter NextToken is invalid")
    skip = done = int(token or 0)
    told = []
    for result in results:
        size = len(result["Values"])
        here = slice(skip, skip + room)
        taken = len(result["Values"][here])
        if taken or (not size and not token):
            rest = size > skip + taken
            cut = {key: result[key][here] for key in ("Timestamps", "Values")}
            told.append({**result, **cut, "StatusCode": "PartialData" if rest else "Complete"})
        skip, room, done = max(0, skip - size), room - taken, done + taken
    more = done < sum(len(result["Values"]) for result in results)
    return {"MetricDataResults": told, **({"NextToken": str(done)} if more else {})}


def _seconds(time: datetime) -> float:
    return time.replace(tzinfo=time.tzinfo or UTC).timestamp()
