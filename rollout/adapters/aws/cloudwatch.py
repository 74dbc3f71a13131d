"""CloudWatch over botocore: metrics and alarms; the only module that calls it.

One call has as many series as AWS allows, since calls are throttled and billed.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from rollout.adapters.aws.session import Access, explained
from rollout.analysis.metrics import AlarmState, Point, Series
from rollout.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

SERIES_A_CALL, POINTS_A_CALL = 500, 100_800
ALARMS_A_CALL = 100
_RETRIES = 2  # a measurement is never worth a long wait


class CloudWatch:
    """The `Metrics` and `Alarms` ports over botocore."""

    def __init__(self, access: Access) -> None:
        self._access = access

    @cached_property
    def _client(self) -> CloudWatchClient:
        client: CloudWatchClient = self._access.client("cloudwatch", retries=_RETRIES)
        return client

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        asked = tuple(dict.fromkeys(series))
        most = max((int((end - start) / each.period) + 1 for each in asked), default=1)
        size = max(1, min(SERIES_A_CALL, POINTS_A_CALL // most))
        found: dict[Series, tuple[Point, ...]] = {}
        for first in range(0, len(asked), size):
            found |= self._read(asked[first : first + size], start, end)
        return found

    def _read(self, series: Sequence[Series], start: datetime, end: datetime) -> dict[Series, tuple[Point, ...]]:
        ids = {f"s{number}": each for number, each in enumerate(series)}
        queries = [_query(key, each) for key, each in ids.items()]
        paginator = explained(lambda: self._client.get_paginator("get_metric_data"))
        pages = explained(
            lambda: list(
                paginator.paginate(MetricDataQueries=queries, StartTime=start, EndTime=end, ScanBy="TimestampAscending")
            )
        )
        points: dict[str, list[Point]] = {key: [] for key in ids}
        states: dict[str, str] = {}
        for result in (result for page in pages for result in page["MetricDataResults"]):
            times = [time.astimezone(UTC) for time in result.get("Timestamps", ())]
            points[result["Id"]] += map(Point, times, result.get("Values", ()))
            states[result["Id"]] = result.get("StatusCode", "Complete")  # PartialData until its last page
        if unfinished := sorted({state for state in states.values() if state != "Complete"}):
            raise AwsError(
                f"GetMetricData: {', '.join(unfinished)}", hint="try again in a minute", code="incomplete-data"
            )
        return {each: tuple(points[key]) for key, each in ids.items()}

    def states(self, names: Sequence[str]) -> Mapping[str, AlarmState]:
        """See `analysis.ports.Alarms`.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
        """
        asked = tuple(dict.fromkeys(names))
        found = dict.fromkeys(asked, AlarmState.MISSING)
        for first in range(0, len(asked), ALARMS_A_CALL):
            found |= self._states(asked[first : first + ALARMS_A_CALL])
        return found

    def _states(self, names: Sequence[str]) -> dict[str, AlarmState]:
        told = explained(
            lambda: self._client.describe_alarms(
                AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=ALARMS_A_CALL
            )
        )
        alarms = (*told.get("MetricAlarms", ()), *told.get("CompositeAlarms", ()))
        return {alarm["AlarmName"]: AlarmState(alarm["StateValue"]) for alarm in alarms}


def _query(key: str, series: Series) -> MetricDataQueryTypeDef:
    return {
        "Id": key,
        "MetricStat": {
            "Metric": {
                "Namespace": series.namespace,
                "MetricName": series.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions],
            },
            "Period": int(series.period.total_seconds()),
            "Stat": series.statistic,
        },
    }
