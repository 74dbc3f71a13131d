"""Cold starts and their INIT phases, from logs: CloudWatch has no metric for them, but REPORT lines show them.

This is the `Metrics` port for `metrics.REPORTS`, with Logs Insights. AWS bills what a query scans, so each minute is
queried once and cached.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from rollout.adapters.aws.session import Access, aws_error, explained
from rollout.analysis.metrics import MINUTE, Point, Series
from rollout.base.clock import Clock
from rollout.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

QUERY = (
    'filter @type = "REPORT" | stats count(*) as Reports, count(@initDuration) as ColdStarts, '
    "sum(@initDuration) as InitMilliseconds by bin(1m)"
)
ROWS_A_QUERY = 10_000
_TIME, _POLL = "bin(1m)", timedelta(seconds=0.5)
_PATIENCE = 240
"""The interval between requests for a query's results; most take seconds."""

_Row = Mapping[str, str]


class LogInsights:
    """The `Metrics` port for REPORT lines.

    Args:
        clock: For the pauses until a query is done.
    """

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access, self._clock = access, clock
        self._known: dict[str, tuple[datetime, datetime, tuple[_Row, ...]]] = {}

    @cached_property
    def _client(self) -> CloudWatchLogsClient:
        client: CloudWatchLogsClient = self._access.client("logs")
        return client

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        """See `analysis.ports.Metrics`; a function without a log group has no points."""
        functions = dict.fromkeys(_function(each) for each in series)
        rows = {function: self._rows(function, start, end) for function in functions}
        return explained(
            lambda: {
                each: tuple(
                    Point(datetime.fromisoformat(row[_TIME]).replace(tzinfo=UTC), float(row.get(each.name) or 0))
                    for row in rows[_function(each)]
                )
                for each in series
            }
        )

    def _rows(self, function: str, start: datetime, end: datetime) -> tuple[_Row, ...]:
        since, until, rows = self._known.get(function, (start, start, ()))
        if since != start:
            until, rows = start, ()
        while until < end:
            upto = min(end, until + ROWS_A_QUERY * MINUTE)
            rows = (*rows, *self._queried(function, until, upto))
            until = upto
            self._known[function] = (start, until, rows)
        return rows

    def _queried(self, function: str, start: datetime, end: datetime) -> list[_Row]:
        group = f"/aws/lambda/{function}"
        try:
            query = self._client.start_query(
                logGroupName=group,
                startTime=int(start.timestamp()),
                endTime=int(end.timestamp()) - 1,  # inclusive
                queryString=QUERY,
                limit=ROWS_A_QUERY,
            )["queryId"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return []
            raise aws_error(error, group) from error
        except BotoCoreError as error:
            raise aws_error(error, group) from error
        for _ in range(_PATIENCE):
            told = explained(lambda: self._client.get_query_results(queryId=query), group)
            if told["status"] not in ("Scheduled", "Running"):
                break
            self._clock.sleep(_POLL.total_seconds())
        if told["status"] != "Complete":
            raise AwsError(
                f"Logs Insights: {told['status']}", where=group, hint="try again in a minute", code="incomplete-data"
            )
        return [{each["field"]: each["value"] for each in row} for row in told["results"]]


def _function(series: Series) -> str:
    return dict(series.dimensions)["FunctionName"]
