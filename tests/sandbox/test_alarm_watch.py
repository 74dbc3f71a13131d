"""Alarms go off by the sandbox's clock, keep a history, and are overwritten by the next evaluation, as on AWS."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from rollout_sandbox import Sandbox
from tests.sandbox.tenant import Tenant, refused

HEARTBEAT = {
    "AlarmName": "heartbeat",
    "Namespace": "Rollout",
    "MetricName": "Heartbeat",
    "Period": 60,
    "Statistic": "SampleCount",
    "EvaluationPeriods": 3,
    "Threshold": 1,
    "ComparisonOperator": "LessThanThreshold",
    "TreatMissingData": "breaching",
}


@pytest.fixture(autouse=True)
def _on_the_minute(sandbox: Sandbox) -> Iterator[None]:
    """Begin after an evaluation, and let no other one come by itself."""
    pass_minutes(sandbox, 1)
    yield
    sandbox.clock.run_at(1)


def pass_minutes(sandbox: Sandbox, count: int) -> None:
    """Go to the tenth second of a later minute."""
    now = sandbox.clock.now()
    sandbox.clock.pass_by(seconds=60 * count - now.second - now.microsecond / 1e6 + 10)


def eventually(met: Callable[[], bool], within: float = 5) -> None:
    """What happens beside may take a moment."""
    end = time.monotonic() + within
    while not met():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def state(tenant: Tenant, name: str) -> dict[str, Any]:
    kinds = ["MetricAlarm", "CompositeAlarm"]
    found = tenant.client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=kinds)
    return dict((*found["MetricAlarms"], *found["CompositeAlarms"])[0])


def in_state(tenant: Tenant, name: str, value: str) -> Callable[[], bool]:
    return lambda: bool(state(tenant, name)["StateValue"] == value)


def beat(tenant: Tenant, **more: Any) -> None:
    value = {} if "StatisticValues" in more else {"Value": 1}
    tenant.client("cloudwatch").put_metric_data(
        Namespace="Rollout", MetricData=[{"MetricName": "Heartbeat", **value, **more}]
    )


def test_a_heartbeat_that_ends_is_an_alarm_and_one_that_comes_back_is_none(sandbox: Sandbox, tenant: Tenant) -> None:
    tenant.client("cloudwatch").put_metric_alarm(**HEARTBEAT)
    beat(tenant)
    assert in_state(tenant, "heartbeat", "INSUFFICIENT_DATA")()
    pass_minutes(sandbox, 1)
    eventually(in_state(tenant, "heartbeat", "OK"))
    pass_minutes(sandbox, 4)
    assert in_state(tenant, "heartbeat", "OK")()  # five periods are looked at, and the fifth has it
    pass_minutes(sandbox, 1)
    eventually(in_state(tenant, "heartbeat", "ALARM"))
    found = state(tenant, "heartbeat")
    assert "3 missing datapoints were treated as [Breaching]" in found["StateReason"]
    assert json.loads(found["StateReasonData"])["recentDatapoints"] == []
    assert abs(found["StateTransitionedTimestamp"] - sandbox.clock.now()) < timedelta(minutes=1)
    beat(tenant)
    pass_minutes(sandbox, 1)
    eventually(in_state(tenant, "heartbeat", "OK"))


def test_each_minute_that_a_jump_passes_by_is_evaluated(sandbox: Sandbox, tenant: Tenant) -> None:
    cloudwatch = tenant.client("cloudwatch")
    cloudwatch.put_metric_alarm(**{**HEARTBEAT, "EvaluationPeriods": 1, "TreatMissingData": "missing"})
    beat(tenant, Timestamp=sandbox.clock.now() + timedelta(minutes=5))
    pass_minutes(sandbox, 10)
    eventually(lambda: len(history(tenant)) >= 2)
    moves = [item["HistorySummary"] for item in history(tenant)]
    assert moves == ["Alarm updated from OK to INSUFFICIENT_DATA", "Alarm updated from INSUFFICIENT_DATA to OK"]


def history(tenant: Tenant, kind: str = "StateUpdate", **more: Any) -> list[dict[str, Any]]:
    told = tenant.client("cloudwatch").describe_alarm_history(HistoryItemType=kind, **more)
    return list(told["AlarmHistoryItems"])


def test_metric_math_is_evaluated_by_minute_of_the_traffic(sandbox: Sandbox, tenant: Tenant) -> None:
    def metric(name: str) -> dict[str, Any]:
        return {"Metric": {"Namespace": "Ours", "MetricName": name}, "Period": 60, "Stat": "Sum"}

    tenant.client("cloudwatch").put_metric_alarm(
        AlarmName="errors",
        EvaluationPeriods=5,
        DatapointsToAlarm=3,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        Metrics=[
            {"Id": "failed", "MetricStat": metric("Failed"), "ReturnData": False},
            {"Id": "requests", "MetricStat": metric("Requests"), "ReturnData": False},
            {"Id": "share", "Expression": "100 * FILL(failed, 0) / requests", "ReturnData": False},
            {"Id": "watched", "Expression": "IF(requests >= 50, share, 0)"},
        ],
    )
    for failed in (6, 6, 0, 6):
        minute = [{"MetricName": "Requests", "Value": 100}]
        if failed:
            minute.append({"MetricName": "Failed", "Value": failed})
        tenant.client("cloudwatch").put_metric_data(Namespace="Ours", MetricData=minute)
        pass_minutes(sandbox, 1)
    eventually(in_state(tenant, "errors", "ALARM"))
    assert "3 out of the last 5 datapoints [6.0" in state(tenant, "errors")["StateReason"]


def test_a_set_state_holds_until_the_next_evaluation(sandbox: Sandbox, tenant: Tenant) -> None:
    cloudwatch = tenant.client("cloudwatch")
    cloudwatch.put_metric_alarm(**{**HEARTBEAT, "TreatMissingData": "notBreaching"})
    pass_minutes(sandbox, 1)
    eventually(in_state(tenant, "heartbeat", "OK"))
    cloudwatch.set_alarm_state(AlarmName="heartbeat", StateValue="ALARM", StateReason="a drill")
    assert state(tenant, "heartbeat")["StateReason"] == "a drill"
    pass_minutes(sandbox, 1)
    eventually(in_state(tenant, "heartbeat", "OK"))
    newest, drill, *_ = history(tenant)
    assert json.loads(newest["HistoryData"])["oldState"]["stateReason"] == "a drill"
    assert drill["HistorySummary"] == "Alarm updated from OK to ALARM"


def test_a_composite_alarm_follows_its_parts_at_once(sandbox: Sandbox, tenant: Tenant) -> None:
    cloudwatch = tenant.client("cloudwatch")
    for name in ("one", "two"):
        cloudwatch.put_metric_alarm(**{**HEARTBEAT, "AlarmName": name, "TreatMissingData": "notBreaching"})
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("one") AND ALARM("two")')
    cloudwatch.put_composite_alarm(AlarmName="above", AlarmRule='ALARM("both")')
    pass_minutes(sandbox, 1)
    eventually(in_state(tenant, "above", "OK"))
    for name, above in (("one", "OK"), ("two", "ALARM")):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
        assert in_state(tenant, "above", above)()
    assert ":alarm:two transitioned to ALARM at" in state(tenant, "both")["StateReason"]
    assert len(history(tenant, AlarmTypes=["CompositeAlarm"])) == 4


def test_a_history_is_read_by_pages(sandbox: Sandbox, tenant: Tenant) -> None:
    cloudwatch = tenant.client("cloudwatch")
    cloudwatch.put_metric_alarm(**HEARTBEAT)
    for value in ("OK", "ALARM", "OK"):
        cloudwatch.set_alarm_state(AlarmName="heartbeat", StateValue=value, StateReason="a drill")
    pages = cloudwatch.get_paginator("describe_alarm_history").paginate(
        AlarmName="heartbeat", ScanBy="TimestampAscending", PaginationConfig={"PageSize": 3}
    )
    kinds = [[item["HistoryItemType"] for item in page["AlarmHistoryItems"]] for page in pages]
    assert kinds == [["ConfigurationUpdate", "StateUpdate", "StateUpdate"], ["StateUpdate"]]
    assert history(tenant, StartDate=sandbox.clock.now() + timedelta(minutes=1)) == []


def test_a_unit_that_nobody_puts_is_no_data(sandbox: Sandbox, tenant: Tenant) -> None:
    cloudwatch = tenant.client("cloudwatch")
    for name, unit in (("none", "None"), ("seconds", "Seconds")):
        cloudwatch.put_metric_alarm(**{**HEARTBEAT, "AlarmName": name, "Unit": unit, "EvaluationPeriods": 1})
    beat(tenant)
    pass_minutes(sandbox, 1)
    eventually(in_state(tenant, "none", "OK"))
    eventually(in_state(tenant, "seconds", "ALARM"))


@pytest.mark.parametrize("off", [timedelta(weeks=-3), timedelta(hours=3)])
def test_a_datum_of_another_time_is_refused(sandbox: Sandbox, tenant: Tenant, off: timedelta) -> None:
    with refused("InvalidParameterValue", "Timestamp must specify a time no more than two"):
        beat(tenant, Timestamp=sandbox.clock.now() + off)


def test_statistic_values_are_as_if_each_had_been_put(sandbox: Sandbox, tenant: Tenant) -> None:
    beat(tenant, StatisticValues={"SampleCount": 4, "Minimum": 1, "Maximum": 5, "Sum": 10})
    wanted = ["SampleCount", "Minimum", "Maximum", "Sum", "Average"]
    now = sandbox.clock.now()
    (point,) = tenant.client("cloudwatch").get_metric_statistics(
        Namespace="Rollout",
        MetricName="Heartbeat",
        StartTime=now - timedelta(minutes=1),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=wanted,
    )["Datapoints"]
    assert [point[name] for name in wanted] == [4, 1, 5, 10, 2.5]
