"""CloudWatch that knows what the sandbox measures, by its clock: load balancers, functions, and what is put by hand.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from types import SimpleNamespace
from typing import Any, ClassVar

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend, MetricDatum, MetricDatumBase
from moto.cloudwatch.urls import url_bases
from moto.core.responses import ActionResult

from rollout_sandbox.metrics import MINUTE, REPORTS, Metric, Metrics, unit_of
from rollout_sandbox.strict.alarm_states import Transition
from rollout_sandbox.strict.alarms import StrictAlarms
from rollout_sandbox.strict.statistics import statistic

MAX_QUERIES = 500
MAX_POINTS = 100_800
MAX_STATISTICS_POINTS = 1440
PAST, FUTURE = timedelta(weeks=2), timedelta(hours=2)
"""How far a datum's time may be off."""

Query = Mapping[str, Any]


class MeasuredCloudWatch(CloudWatchBackend):
    """moto's CloudWatch, and the sandbox's measurements in it.

    Attributes:
        measured: What the sandbox measures.
        transitions: The changes of alarms' states on which nobody acted yet.
    """

    measured: ClassVar[Metrics]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.transitions: list[Transition] = []

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
            if metric.namespace != REPORTS
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
        first, last = _seconds(start) // MINUTE * MINUTE, math.ceil(_seconds(end))
        found: dict[datetime, tuple[float, ...]] = {}
        for each in self.measured.of_units(metric, said.get("Unit")):
            for minute, values in self.measured.between(each, int(first), last).items():
                at = datetime.fromtimestamp(minute - minute % period, UTC)
                found[at] = (*found.get(at, ()), *values)
        return found

    def put_metric_data(self, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        """PutMetricData, at the sandbox's time where it says none."""
        now = self.measured.now()
        for number, datum in enumerate(metric_data, start=1):
            self._validate_parameters_put_metric_data(datum, number)
            at = datum.get("Timestamp") or now
            if problem := _time_problem(at, now):
                raise InvalidParameterValue(
                    f"The parameter MetricData.member.{number}.Timestamp must specify a time {problem}."
                )
            dimensions = tuple(sorted((each["Name"], each["Value"]) for each in datum.get("Dimensions") or ()))
            metric = Metric(
                self.account_id, self.region_name, namespace, datum["MetricName"], dimensions, datum.get("Unit", "None")
            )
            seconds = int(_seconds(at))
            self.measured.put(metric, seconds - seconds % MINUTE, _values(datum))


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
        if start >= end:
            raise ValidationError("The parameter EndTime must be greater than StartTime.")
        if any("Expression" in query for query in queries):
            raise ValidationError("The sandbox does metric math in alarms only.")
        newest_first = asked.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        shown = [query for query in queries if query.get("ReturnData", True)]
        results = [self._result(query, start, end, newest_first=newest_first) for query in shown]
        return ActionResult(_page(results, int(asked.get("MaxDatapoints") or MAX_POINTS), asked.get("NextToken")))

    def get_metric_statistics(self) -> ActionResult:
        """GetMetricStatistics, with ExtendedStatistics."""
        asked = self._get_params()
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


def on(metrics: Metrics) -> type[MeasuredCloudWatch]:
    """A CloudWatch of these measurements; moto makes one an account and region."""
    return type("MeasuredCloudWatch", (MeasuredCloudWatch,), {"measured": metrics})


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


def _time_problem(at: datetime, now: datetime) -> str:
    off = _seconds(at) - now.timestamp()
    if off < -PAST.total_seconds():
        return "no more than two weeks in the past"
    return "no more than two hours in the future" if off > FUTURE.total_seconds() else ""


def _values(datum: Query) -> Sequence[float]:
    """A datum's values; of statistics as many that have the same sum, ends and count."""
    if datum.get("Values"):
        counted = zip(datum["Values"], datum.get("Counts") or repeat(1), strict=False)
        return [float(value) for value, count in counted for _ in range(int(float(count)))]
    if not (told := datum.get("StatisticValues")):
        return [float(datum.get("Value", 0))]
    count, low, high, total = (int(told["SampleCount"]), *(float(told[key]) for key in ("Minimum", "Maximum", "Sum")))
    inner = max(0, count - 2)
    return [low, high, *([(total - low - high) / inner] * inner if inner else [])][:count]


def _seconds(time: datetime) -> float:
    return time.replace(tzinfo=time.tzinfo or UTC).timestamp()
