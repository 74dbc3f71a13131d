"""Alarms and a dashboard through the command line: they come, stay, change and go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from rollout.errors import PreflightFailed
from rollout.state.plan import Op
from tests.behaviour.team import InMemoryTeam

NOTIFIED = '[notifications.on-call]\nsns = "arn:aws:sns:us-west-2:123456789012:on-call"\n\n[stickiness]'


def alarms(team: InMemoryTeam) -> dict[str, Mapping[str, Any]]:
    return {name: alarm for (type_, name), alarm in team.aws.resources.items() if type_.endswith("Alarm")}


def dashboards(team: InMemoryTeam) -> list[str]:
    return [name for type_, name in team.aws.resources if type_.endswith(":Dashboard")]


def test_alarms_and_a_dashboard_come_stay_change_and_go(legacy: InMemoryTeam) -> None:
    with pytest.raises(PreflightFailed, match="run `rollout phase1 production` first"):
        legacy.open().monitoring(approve=True)
    legacy.open().phase1(approve=True)
    others = len(legacy.calls("*"))

    made = legacy.run("monitoring", "production", "--yes", "--json")
    assert made.returncode == 0, made.stderr
    told = [json.loads(line) for line in made.stdout.splitlines()]
    (watching,) = (event for event in told if event["event"] == "watching")
    begin = "rollout-passport-scorer-production"
    pool = f"{begin}-l-passport-v2-rust-scorer"
    assert watching["alarms"][:3] == [f"{pool}-errors-above-legacy", f"{pool}-latency-above-legacy", f"{pool}-errors"]
    assert watching["alarms"][-1] == f"{begin}-rust-scorer-throttles"
    assert set(watching["alarms"]) == alarms(legacy).keys()  # two legacy groups are few enough for one alarm
    assert {alarm["treatMissingData"] for alarm in alarms(legacy).values()} == {"notBreaching"}
    balancer = legacy.open().traffic.alb_state().load_balancers["public"]
    metric = alarms(legacy)[f"{pool}-errors"]["metricQueries"][0]["metric"]
    assert metric["dimensions"]["LoadBalancer"] == balancer.partition(":loadbalancer/")[2]
    assert dashboards(legacy) == [begin]
    assert watching["dashboard"].endswith(f"#dashboards/dashboard/{begin}")
    assert set(legacy.calls("*")[others:]) == {"PutMetricAlarm", "PutDashboard"}

    again = legacy.run("monitoring", "production")  # nothing to approve
    assert again.returncode == 0, again.stderr
    assert "nothing to do" in again.stdout
    assert f"{len(watching['alarms'])} alarms" in again.stdout
    named = legacy.run("-v", "monitoring", "production")
    assert f"      {pool}-errors\n" in named.stdout

    legacy.edit("[stickiness]", NOTIFIED)
    changed = legacy.open().monitoring(approve=True)
    (preview,) = changed.gate.previews
    assert {change.op for change in preview.changes} == {Op.UPDATE}
    assert {change.properties for change in preview.changes} == {("alarmActions",)}
    assert {tuple(alarm["alarmActions"]) for alarm in alarms(legacy).values()} == {
        ("arn:aws:sns:us-west-2:123456789012:on-call",)
    }
    assert not legacy.open().monitoring(approve=True).changed

    gone = legacy.run("monitoring", "production", "--remove", "--yes")
    assert gone.returncode == 0, gone.stderr
    assert (alarms(legacy), dashboards(legacy)) == ({}, [])
    assert not legacy.open().monitoring(remove=True, approve=True).changed


def test_a_pool_with_many_legacy_groups_is_compared_in_parts(whole: InMemoryTeam) -> None:
    whole.open().phase1(approve=True)
    whole.open().monitoring(approve=True)
    joint = {name: alarm["alarmRule"] for name, alarm in alarms(whole).items() if "alarmRule" in alarm}
    assert joint
    for name, rule in joint.items():
        parts = sorted(part for part in alarms(whole) if part.startswith(f"{name}-"))
        assert rule == " AND ".join(f'ALARM("{part}")' for part in parts)
        assert [alarms(whole)[part].get("alarmActions", []) for part in parts] == [[]] * len(parts)
    whole.open().monitoring(remove=True, approve=True)
    assert alarms(whole) == {}
