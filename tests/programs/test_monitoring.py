from __future__ import annotations

import json

from programs.monitoring import program
from rollout.inventory.model import Environment, ProgramInput
from rollout.inventory.ramp_settings import Notification
from rollout.programs.alarms.alarms import names
from tests.programs.recording import Run, run

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
JOINT = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
MARK = {"rollout:project": "passport-scorer", "rollout:environment": "production"}
ON_CALL = "arn:aws:sns:us-west-2:123456789012:on-call"


def watched(environment: Environment, **more: object) -> Run:
    return run(program, ProgramInput(environment.model_copy(update=more), monitored=True, mark=MARK))


def test_it_makes_alarms_and_a_dashboard_and_nothing_else(production: Environment) -> None:
    done = watched(production)
    assert done.counts.keys() == {ALARM, JOINT, DASHBOARD}
    made = {r.inputs["name"] for r in done.of(ALARM).values()} | {
        r.inputs["alarmName"] for r in done.of(JOINT).values()
    }
    assert set(names(production)) <= made
    (dashboard,) = done.of(DASHBOARD).values()
    assert dashboard.inputs["dashboardName"] == "rollout-passport-scorer-production"
    assert json.loads(dashboard.inputs["dashboardBody"])["widgets"]


def test_asked_for_nothing_it_declares_nothing_and_looks_nothing_up(production: Environment) -> None:
    done = run(program, ProgramInput(production))
    assert (done.registrations, done.calls) == ([], [])


def test_an_alarm_is_by_metric_math_over_three_of_five_minutes(production: Environment) -> None:
    inputs = dict(watched(production).of(ALARM)["l-passport-v2-rust-scorer-errors"].inputs)
    queries = inputs.pop("metricQueries")
    assert inputs == {
        "name": "rollout-passport-scorer-production-l-passport-v2-rust-scorer-errors",
        "alarmDescription": "More than 5 % of the candidate's answers are errors.",
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 5.0,
        "evaluationPeriods": 5,
        "datapointsToAlarm": 3,
        "treatMissingData": "notBreaching",
        "tags": MARK,
    }
    assert [query["id"] for query in queries if query["returnData"]] == ["watched"]
    assert queries[0]["metric"] == {
        "namespace": "AWS/ApplicationELB",
        "metricName": "RequestCount",
        "dimensions": {"LoadBalancer": "", "TargetGroup": "l-passport-v2-rust-scorer"},  # by the mocks' short ARNs
        "period": 60,
        "stat": "Sum",
    }


def test_topics_are_told_by_whole_alarms_and_not_by_parts(production: Environment) -> None:
    told = {"on-call": Notification(sns=ON_CALL), "chat": Notification(webhook="https://example.com/hook")}
    done = watched(production, notifications=told)
    loud = {
        r.inputs.get("name") or r.inputs["alarmName"]
        for r in (*done.of(ALARM).values(), *done.of(JOINT).values())
        if r.inputs.get("alarmActions") == [ON_CALL]
    }
    assert loud == set(names(production))


def test_a_joint_alarm_waits_for_its_parts(production: Environment) -> None:
    done = watched(production)
    for name, joint in done.of(JOINT).items():
        parts = {r.urn for key, r in done.of(ALARM).items() if key.startswith(f"{name}-")}
        assert parts
        assert parts <= set(joint.request.dependencies)


def test_no_change_is_ever_ignored_and_nothing_is_kept_on_delete(production: Environment) -> None:
    for each in watched(production).registrations:
        assert not each.request.ignoreChanges
        assert not each.request.retainOnDelete
