"""Alarms and a dashboard through the command line and the engine: they come, stay, change and go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rollout.changes.plan import Op
from rollout.errors import PreflightFailed
from tests.codes import raises
from tests.conftest import Team

pytestmark = pytest.mark.engine

NOTIFIED = '[notifications.on-call]\nsns = "arn:aws:sns:us-west-2:123456789012:on-call"\n\n[stickiness]'


def alarms(team: Team) -> dict[str, dict[str, Any]]:
    client = team.aws.client("cloudwatch", team.account, "us-west-2")
    found = client.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return {alarm["AlarmName"]: alarm for alarm in (*found["MetricAlarms"], *found["CompositeAlarms"])}


def dashboards(team: Team) -> list[str]:
    client = team.aws.client("cloudwatch", team.account, "us-west-2")
    return [entry["DashboardName"] for entry in client.list_dashboards()["DashboardEntries"]]


def test_alarms_and_a_dashboard_come_stay_change_and_go(legacy: Team) -> None:
    with raises(PreflightFailed, "candidate-missing"):
        legacy.open().monitoring(approve=True)
    legacy.open().phase1(approve=True)
    others = len(legacy.calls("*"))

    made = legacy.run("monitoring", "production", "--yes", "--json")
    assert made.returncode == 0, made.stderr
    told = [json.loads(line) for line in made.stdout.splitlines()]
    (watching,) = (event for event in told if event["event"] == "watching")
    begin = f"rollout-{legacy.project}-production"
    pool = f"{begin}-l-passport-v2-rust-scorer"
    assert watching["alarms"][:3] == [f"{pool}-errors-above-legacy", f"{pool}-latency-above-legacy", f"{pool}-errors"]
    assert watching["alarms"][-1] == f"{begin}-rust-scorer-throttles"
    assert set(watching["alarms"]) == alarms(legacy).keys()  # two legacy groups are few enough for one alarm
    assert {alarm["TreatMissingData"] for alarm in alarms(legacy).values()} == {"notBreaching"}
    balancer = legacy.open().live().load_balancers["public"]
    metric = alarms(legacy)[f"{pool}-errors"]["Metrics"][0]["MetricStat"]["Metric"]
    assert {"Name": "LoadBalancer", "Value": balancer.partition(":loadbalancer/")[2]} in metric["Dimensions"]
    assert dashboards(legacy) == [begin]
    assert watching["dashboard"].endswith(f"#dashboards/dashboard/{begin}")
    assert {call for call in legacy.calls("*")[others:] if not call.startswith(("Get", "List"))} == {
        "PutMetricAlarm",
        "PutDashboard",
    }

    again = legacy.run("monitoring", "production")  # nothing to approve
    assert again.returncode == 0, again.stderr
    assert "nothing to do" in again.stdout
    assert f"      {pool}-errors\n" in again.stdout

    legacy.edit("[stickiness]", NOTIFIED)
    changed = legacy.open().monitoring(approve=True)
    (preview,) = changed.gate.previews
    assert {change.op for change in preview.changes} == {Op.UPDATE}
    assert {change.properties for change in preview.changes} == {("alarmActions",)}
    assert {tuple(alarm["AlarmActions"]) for alarm in alarms(legacy).values()} == {
        ("arn:aws:sns:us-west-2:123456789012:on-call",)
    }
    assert not legacy.open().monitoring(approve=True).changed

    gone = legacy.run("monitoring", "production", "--remove", "--yes")
    assert gone.returncode == 0, gone.stderr
    assert (alarms(legacy), dashboards(legacy)) == ({}, [])
    assert not legacy.open().monitoring(remove=True, approve=True).changed


def test_a_pool_with_many_legacy_groups_is_compared_in_parts(whole: Team) -> None:
    whole.open().phase1(approve=True)
    whole.open().monitoring(approve=True)
    joint = {name: alarm["AlarmRule"] for name, alarm in alarms(whole).items() if "AlarmRule" in alarm}
    assert joint
    for name, rule in joint.items():
        parts = sorted(part for part in alarms(whole) if part.startswith(f"{name}-"))
        assert rule == " AND ".join(f'ALARM("{part}")' for part in parts)
        assert [alarms(whole)[part]["AlarmActions"] for part in parts] == [[]] * len(parts)
    whole.open().monitoring(remove=True, approve=True)
    assert alarms(whole) == {}
