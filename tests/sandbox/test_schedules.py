"""Schedules fire by the sandbox's clock, with their input and by their role, as EventBridge Scheduler's do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout_sandbox import Sandbox
from rollout_sandbox.schedule_expressions import NotUnderstoodError, due
from tests.sandbox.running import allow, eventually, pass_minutes, policy, recorder
from tests.sandbox.tenant import Tenant, refused

BEGAN = datetime(2026, 11, 28, 9, 30, 12, tzinfo=UTC)  # a Saturday


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}:00+00:00")


@pytest.mark.parametrize(
    ("expression", "fires", "silent"),
    [
        ("rate(1 minute)", ("28T09:31", "28T09:32"), ("28T09:30", "28T09:29")),
        ("rate(5 minutes)", ("28T09:35", "28T10:00"), ("28T09:31", "28T09:34")),
        ("rate(2 hours)", ("28T11:30",), ("28T10:30", "28T11:31")),
        ("rate(1 day)", ("29T09:30",), ("28T21:30",)),
        ("at(2026-11-29T08:00:00)", ("29T08:00",), ("29T08:01", "28T08:00")),
        ("cron(0/15 10 * * ? *)", ("28T10:00", "28T10:45"), ("28T10:01", "28T11:00")),
        ("cron(30 8 ? * MON-FRI *)", ("30T08:30",), ("28T08:30", "29T08:30")),
        ("cron(0 0 1,29 NOV ? 2026-2027)", ("29T00:00",), ("28T00:00",)),
    ],
)
def test_an_expression_says_when(expression: str, fires: tuple[str, ...], silent: tuple[str, ...]) -> None:
    assert [due(expression)(at(each), BEGAN) for each in fires] == [True] * len(fires)
    assert [due(expression)(at(each), BEGAN) for each in silent] == [False] * len(silent)


def test_a_time_zone_counts() -> None:
    berlin = due("cron(0 9 * * ? *)", "Europe/Berlin")
    assert berlin(at("28T08:00"), BEGAN)
    assert not berlin(at("28T09:00"), BEGAN)


@pytest.mark.parametrize(
    "expression",
    [
        "rate(0 minutes)",
        "rate(5 weeks)",
        "cron(0 9 * * * *)",
        "cron(60 9 * * ? *)",
        "cron(0 9 L * ? *)",
        "5 minutes",
        "",
    ],
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(NotUnderstoodError):
        due(expression)


TRUST = {
    "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "scheduler.amazonaws.com"}}
}


def scheduled(tenant: Tenant, function: str, expression: str, *rights: dict[str, Any], **more: Any) -> None:
    iam, name = tenant.client("iam"), f"scheduler-{more.get('Name', 'looks')}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    if rights:
        iam.put_role_policy(RoleName=name, PolicyName="invoke", PolicyDocument=policy(*rights))
    tenant.client("scheduler").create_schedule(
        Name=more.pop("Name", "looks"),
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": function, "RoleArn": role, **more},
    )


def test_a_schedule_fires_each_minute_with_its_input_until_it_is_deleted(sandbox: Sandbox, tenant: Tenant) -> None:
    arn, events = recorder(tenant)
    given = json.dumps({"environment": "production", "at": "<aws.scheduler.scheduled-time>"})
    pass_minutes(sandbox, 1)
    scheduled(tenant, arn, "rate(1 minute)", allow("lambda:InvokeFunction", resource=arn), Input=given)
    began = sandbox.clock.now()
    pass_minutes(sandbox, 3)
    eventually(lambda: len(events()) == 3)
    minutes = {(began + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:00Z") for number in (1, 2, 3)}
    assert {event["at"] for event in events()} == minutes
    assert {event["environment"] for event in events()} == {"production"}
    tenant.client("scheduler").delete_schedule(Name="looks")
    pass_minutes(sandbox, 3)
    assert len(events()) == 3


def test_a_schedule_without_input_sends_awss_event(sandbox: Sandbox, tenant: Tenant) -> None:
    arn, events = recorder(tenant)
    scheduled(tenant, arn, "rate(1 minute)", allow("lambda:InvokeFunction", resource=arn))
    pass_minutes(sandbox, 2)
    event = eventually(events)[0]
    assert (event["source"], event["detail-type"], event["account"]) == (
        "aws.scheduler",
        "Scheduled Event",
        tenant.account,
    )
    tenant.client("scheduler").delete_schedule(Name="looks")


def test_a_role_without_the_right_invokes_nothing(sandbox: Sandbox, tenant: Tenant) -> None:
    arn, events = recorder(tenant)
    scheduled(tenant, arn, "rate(1 minute)", allow("lambda:InvokeFunction", resource=f"{arn}-other"), Input='{"by": 1}')
    may = allow("lambda:InvokeFunction", resource=arn)
    scheduled(tenant, arn, "rate(1 minute)", may, Input='{"by": 2}', Name="others")
    pass_minutes(sandbox, 3)
    eventually(lambda: len(events()) >= 2)
    assert {event["by"] for event in events()} == {2}
    for name in ("looks", "others"):
        tenant.client("scheduler").delete_schedule(Name=name)


def test_a_schedule_that_never_comes_is_refused(tenant: Tenant) -> None:
    with refused("ValidationException", "Invalid Schedule Expression"):
        scheduled(tenant, f"arn:aws:lambda:us-west-2:{tenant.account}:function:any", "rate(5 weeks)")
