"""Cold starts by Logs Insights, on the sandbox's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout.adapters.aws.log_insights import LogInsights
from rollout.adapters.aws.session import Access
from rollout.analysis.metrics import MINUTE, REPORTS, Point, Series
from rollout.base.clock import SystemClock
from rollout.errors import AwsError
from rollout_sandbox import Fault
from rollout_sandbox.metrics import REPORTS as LINES
from rollout_sandbox.metrics import Metric, Metrics
from tests.sandbox.tenant import REGION, Tenant

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def series(function: str, name: str) -> Series:
    return Series(REPORTS, name, (("FunctionName", function),), "Sum")


@pytest.fixture
def logs(tenant: Tenant) -> LogInsights:
    """Of a function with a line each minute, every second one of a cold start."""
    metrics: Metrics = tenant.sandbox._metrics  # type: ignore[union-attr]
    for name, step, value in (("Reports", 1, 1.0), ("ColdStarts", 2, 1.0), ("InitMilliseconds", 2, 250.0)):
        for minute in range(0, 10, step):
            metric = Metric(tenant.account, REGION, LINES, name, (("FunctionName", "one"),))
            metrics.put(metric, int((NOON + minute * MINUTE).timestamp()), [value])
    return LogInsights(Access(REGION, tenant.sandbox.endpoint, tenant.account, "any"), SystemClock())


def test_each_minute_is_scanned_once_and_the_end_is_exclusive(tenant: Tenant, logs: LogInsights) -> None:
    asked = [series("one", name) for name in ("Reports", "ColdStarts", "InitMilliseconds")]
    for minutes in (2, 5, 5):
        found = logs.read(asked, NOON, NOON + minutes * MINUTE)
        assert found[asked[0]] == tuple(Point(NOON + at * MINUTE, 1.0) for at in range(minutes))
        assert [point.value for point in found[asked[1]]] == [1.0, 0.0, 1.0, 0.0, 1.0][:minutes]
        assert [point.value for point in found[asked[2]]] == [250.0, 0.0, 250.0, 0.0, 250.0][:minutes]
    spans: list[Any] = [call.parameters for call in tenant.sandbox.calls("logs:StartQuery", tenant.account)]
    assert [(each["startTime"], each["endTime"]) for each in spans] == [
        (int(NOON.timestamp()), int(NOON.timestamp()) + 119),
        (int(NOON.timestamp()) + 120, int(NOON.timestamp()) + 299),
    ]
    later = logs.read(asked, NOON + MINUTE, NOON + 2 * MINUTE)[asked[0]]
    assert later == (Point(NOON + MINUTE, 1.0),)


def test_a_long_time_is_asked_for_in_parts(tenant: Tenant, logs: LogInsights) -> None:
    logs.read([series("one", "Reports")], NOON - timedelta(days=14), NOON)
    assert len(tenant.sandbox.calls("logs:StartQuery", tenant.account)) == 3


def test_a_function_that_never_ran_has_no_points_and_a_refusal_is_told(tenant: Tenant, logs: LogInsights) -> None:
    assert logs.read([series("none", "Reports")], NOON, NOON + MINUTE) == {series("none", "Reports"): ()}
    refused = Fault("logs:StartQuery", code="AccessDeniedException", message="no", status=400)
    tenant.sandbox.faults.add(refused)
    with pytest.raises(AwsError, match=r"StartQuery: AccessDeniedException: no\n.*docs/security.md") as caught:
        logs.read([series("one", "Reports")], NOON, NOON + MINUTE)
    assert (caught.value.where, caught.value.code) == ("/aws/lambda/one", "access-denied")
