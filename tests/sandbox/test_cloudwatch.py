"""The adapter over CloudWatch, on the sandbox's."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout.adapters.aws.cloudwatch import CloudWatch
from rollout.adapters.aws.session import Access
from rollout.analysis.metrics import MINUTE, AlarmState, Point, Series, target_group
from rollout.errors import AwsError
from rollout.inventory.model import Arn
from rollout_sandbox import Fault
from rollout_sandbox.daemon import SandboxInfo

REGION = "us-west-2"
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
ELB = "arn:aws:elasticloadbalancing:us-west-2:123456789012"
_accounts = itertools.count(400_000_000_000)


@pytest.fixture
def account() -> str:
    return str(next(_accounts))


@pytest.fixture
def metrics(aws: SandboxInfo, account: str) -> CloudWatch:
    return CloudWatch(Access(REGION, aws.endpoint, account, "any"))


@pytest.fixture
def put(aws: SandboxInfo, account: str) -> Callable[..., None]:
    client = aws.client("cloudwatch", account, REGION)

    def one(series: Series, time: datetime, value: float) -> None:
        dimensions = [{"Name": name, "Value": value} for name, value in series.dimensions]
        data: Any = {"MetricName": series.name, "Dimensions": dimensions, "Timestamp": time, "Value": value}
        client.put_metric_data(Namespace=series.namespace, MetricData=[data])

    return one


def ours(name: str, group: str = "new", statistic: str = "Sum") -> Series:
    return Series("shop", name, (("LoadBalancer", "app/shop/1"), ("TargetGroup", f"targetgroup/{group}/1")), statistic)


def test_a_target_groups_series_is_named_by_the_ends_of_the_arns() -> None:
    balancer, group = Arn(f"{ELB}:loadbalancer/app/shop/50dc"), Arn(f"{ELB}:targetgroup/new/73e2")
    assert target_group(balancer, group).series("RequestCount") == Series(
        "AWS/ApplicationELB",
        "RequestCount",
        (("LoadBalancer", "app/shop/50dc"), ("TargetGroup", "targetgroup/new/73e2")),
        "Sum",
    )


def test_each_minute_is_a_point_and_none_is_outside_of_the_time_asked_for(
    metrics: CloudWatch, put: Callable[..., None]
) -> None:
    requests = ours("Requests")
    for minutes_ago, count in ((4, 1), (3, 10), (2, 20), (2, 5), (1, 100)):
        put(requests, NOW - minutes_ago * MINUTE, count)
    found = metrics.read([requests], NOW - 3 * MINUTE, NOW - MINUTE)
    assert found == {requests: (Point(NOW - 3 * MINUTE, 10.0), Point(NOW - 2 * MINUTE, 25.0))}


def test_series_of_other_dimensions_and_statistics_go_in_one_call_and_none_is_left_out(
    aws: SandboxInfo, account: str, metrics: CloudWatch, put: Callable[..., None]
) -> None:
    for group, value in (("new", 1.0), ("new", 3.0), ("old", 7.0)):
        put(ours("Time", group), NOW - MINUTE, value)
    asked = [ours("Time"), ours("Time", statistic="Average"), ours("Time", "old"), ours("Time", "none")]
    found = metrics.read([*asked, asked[0]], NOW - 5 * MINUTE, NOW)
    assert [[point.value for point in found[series]] for series in asked] == [[4.0], [2.0], [7.0], []]
    assert len(aws.calls("cloudwatch:GetMetricData", account)) == 1


def test_more_than_a_call_takes_is_asked_for_in_several(aws: SandboxInfo, account: str, metrics: CloudWatch) -> None:
    groups = [ours("Requests", f"g{number}") for number in range(501)]
    assert metrics.read(groups, NOW - MINUTE, NOW) == dict.fromkeys(groups, ())
    assert len(aws.calls("cloudwatch:GetMetricData", account)) == 2
    day = timedelta(days=1)  # 1,440 points each, of 100,800 a call
    metrics.read(groups[:100], NOW - day, NOW)
    assert len(aws.calls("cloudwatch:GetMetricData", account)) == 4


def test_a_throttled_call_is_tried_again_and_a_refused_one_is_told(
    aws: SandboxInfo, account: str, metrics: CloudWatch
) -> None:
    aws.faults.add(Fault("cloudwatch:GetMetricData"))
    assert metrics.read([ours("Requests")], NOW - MINUTE, NOW) == {ours("Requests"): ()}
    aws.faults.add(Fault("cloudwatch:GetMetricData", code="AccessDenied", message="no", status=403))
    with pytest.raises(AwsError, match=r"GetMetricData: AccessDenied: no\n.*docs/security.md") as caught:
        metrics.read([ours("Requests")], NOW - MINUTE, NOW)
    assert caught.value.code == "access-denied"
    assert len(aws.calls("cloudwatch:GetMetricData", account)) == 3


def test_alarms_are_asked_together_and_one_that_is_not_there_is_missing(
    aws: SandboxInfo, account: str, metrics: CloudWatch
) -> None:
    client = aws.client("cloudwatch", account, REGION)
    for state in ("OK", "ALARM", "INSUFFICIENT_DATA"):
        client.put_metric_alarm(
            AlarmName=f"said-{state}", Namespace="shop", MetricName="Errors", Statistic="Sum", Period=60, Threshold=1,
            EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
        client.set_alarm_state(AlarmName=f"said-{state}", StateValue=state, StateReason="a test")
    states = {f"said-{state}": state for state in AlarmState}
    assert metrics.states([*states, "said-OK"]) == states
    assert len(aws.calls("cloudwatch:DescribeAlarms", account)) == 1
    assert metrics.states([]) == {}
    many = metrics.states([f"none-{number}" for number in range(101)])
    assert set(many.values()) == {AlarmState.MISSING}
    assert len(aws.calls("cloudwatch:DescribeAlarms", account)) == 3
