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
    from mypy_boto3_cloudwatch.type_defs import CompositeAlarmTypeDef, MetricAlarmTypeDef, MetricDataQueryTypeDef

    from rollout.inventory.model import Arn

    AnyAlarm = CompositeAlarmTypeDef | MetricAlarmTypeDef

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
        found = self._described(names)
        return {name: AlarmState(found[name]["StateValue"]) if name in found else AlarmState.MISSING for name in names}

    def mute(self, names: Sequence[str], function: Arn) -> Mapping[str, str]:
        """See `analysis.ports.Alarms`."""
        found = self._described(names)
        reasons = {name: _why_mute(found.get(name), function) for name in names}
        return {name: why for name, why in reasons.items() if why}

    def _described(self, names: Sequence[str]) -> dict[str, AnyAlarm]:
        asked = tuple(dict.fromkeys(names))
        found: dict[str, AnyAlarm] = {}
        for first in range(0, len(asked), ALARMS_A_CALL):
            some = asked[first : first + ALARMS_A_CALL]
            told = explained(
                lambda some=some: self._client.describe_alarms(  # type: ignore[misc]
                    AlarmNames=some, AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=ALARMS_A_CALL
                )
            )
            found |= {alarm["AlarmName"]: alarm for alarm in told.get("MetricAlarms", ())}
            found |= {alarm["AlarmName"]: alarm for alarm in told.get("CompositeAlarms", ())}
        return found


def _why_mute(alarm: AnyAlarm | None, function: Arn) -> str:
    if alarm is None:
        return "it doesn't exist"
    if not alarm.get("ActionsEnabled", True):
        return "its actions are disabled"
    return "" if function in alarm.get("AlarmActions", ()) else "it isn't among its actions"


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
