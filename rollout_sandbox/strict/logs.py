"""Logs Insights that knows what functions' REPORT lines would tell of cold starts; the sandbox's write no logs.

All other queries are moto's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import ModuleType
from typing import Any, ClassVar

from moto.logs import urls
from moto.logs.models import LogQuery, LogsBackend
from moto.moto_api._internal import mock_random

from rollout_sandbox.metrics import REPORTS, Metric, Metrics

_REPORTS = 'filter @type = "REPORT" | stats count(*) as Reports, count(@initDuration) as ColdStarts by bin(1m)'


class MeasuredLogs(LogsBackend):
    """moto's logs, and the sandbox's measurements in them."""

    measured: ClassVar[Metrics]

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def start_query(self, log_group_names: list[str], start_time: int, end_time: int, query_string: str) -> str:
        """StartQuery: both times are inclusive, in seconds since 1970."""
        name, *others = log_group_names
        lines = self._lines(name, "Reports", start_time, end_time)
        if query_string != _REPORTS or others or not (lines or name in self.groups):
            return str(super().start_query(log_group_names, start_time, end_time, query_string))
        cold = self._lines(name, "ColdStarts", start_time, end_time)
        query = LogQuery(str(mock_random.uuid1()), start_time, end_time, "fields @message", [])
        query.results = [
            {
                "bin(1m)": f"{datetime.fromtimestamp(minute, UTC):%Y-%m-%d %H:%M:%S.000}",
                "Reports": str(count),
                "ColdStarts": str(cold.get(minute, 0)),
            }
            for minute, count in sorted(lines.items())
        ]
        self.queries[query.query_id] = query
        return query.query_id

    def _lines(self, group: str, name: str, start: int, end: int) -> dict[int, int]:
        function = group.removeprefix("/aws/lambda/")
        metric = Metric(self.account_id, self.region_name, REPORTS, name, (("FunctionName", function),))
        return {minute: len(found) for minute, found in self.measured.between(metric, start, end + 1).items()}


def logs_on(metrics: Metrics) -> type[MeasuredLogs]:
    """Logs of these measurements; moto makes one an account and region."""
    attributes: dict[str, Any] = {"measured": metrics}
    return type("MeasuredLogs", (MeasuredLogs,), attributes)
