"""What the sandbox refuses of alarms and dashboards, as AWS's pages have it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.programs.alarms import dashboard
from rollout.programs.alarms.alarms import MAX_SERIES, Alarm, JointAlarm, alarms, names, title
from rollout.programs.alarms.pools import Query
from rollout_sandbox.strict.alarms import alarm_problems, composite_problems
from rollout_sandbox.strict.dashboards import body_problems, name_problem
from tests.unit.watched_pools import places, shared

SERIES: dict[str, Any] = {"Metric": {"Namespace": "AWS/Lambda", "MetricName": "Errors"}, "Period": 60, "Stat": "Sum"}
BASE: dict[str, Any] = {
    "AlarmName": "a",
    "EvaluationPeriods": 5,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}
ONE: dict[str, Any] = {**BASE, "Namespace": "AWS/Lambda", "MetricName": "Errors", "Period": 60, "Statistic": "Sum"}
MATH: dict[str, Any] = {
    **BASE,
    "Metrics": [
        {"Id": "m1", "MetricStat": SERIES, "ReturnData": False},
        {"Id": "e1", "Expression": "FILL(m1, 0) * 2"},
    ],
}


def without(asked: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if name != key}


@pytest.mark.parametrize("asked", [ONE, MATH])
def test_a_sound_alarm_is_taken(asked: dict[str, Any]) -> None:
    assert list(alarm_problems(asked)) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({**ONE, "AlarmName": "x" * 256}, "1 to 255 characters"),
        ({**ONE, "AlarmName": "a\nb"}, "control characters"),
        (without(ONE, "EvaluationPeriods"), "EvaluationPeriods is required"),
        (without(ONE, "ComparisonOperator"), "ComparisonOperator is required"),
        (without(ONE, "Period"), "Period is required"),
        (without(ONE, "Statistic"), "Statistic and ExtendedStatistic"),
        ({**ONE, "ExtendedStatistic": "p99"}, "Statistic and ExtendedStatistic"),
        (without(ONE, "Threshold"), "Threshold and ThresholdMetricId"),
        ({**ONE, "ThresholdMetricId": "m1"}, "Threshold and ThresholdMetricId"),
        ({**ONE, "DatapointsToAlarm": 6}, "less than or equal to EvaluationPeriods"),
        ({**ONE, "TreatMissingData": "fine"}, "Option fine is not supported"),
        ({**ONE, "Period": 45}, "multiple of 60"),
        ({**ONE, "EvaluationPeriods": 1441}, "<= 86400"),
        ({**ONE, "EvaluationPeriods": 169, "Period": 3600}, "<= 604800"),
        ({**ONE, "AlarmActions": ["arn:aws:sns:r:1:t"] * 6}, "size greater than 5"),
        ({**ONE, "OKActions": ["topic"]}, "Invalid action ARN"),
        ({**ONE, "Tags": [{"Key": str(n), "Value": ""} for n in range(51)]}, "size greater than 50"),
        ({**MATH, "Namespace": "AWS/Lambda"}, "Metrics and Namespace cannot both"),
        ({**BASE, "Metrics": MATH["Metrics"][:1]}, "Exactly one element"),
        ({**BASE, "Metrics": [*MATH["Metrics"], {"Id": "e2", "Expression": "m1"}]}, "Exactly one element"),
        ({**BASE, "Metrics": [*MATH["Metrics"], MATH["Metrics"][0]]}, "m1 is used more than once"),
        ({**BASE, "Metrics": [{"Id": "M1", "MetricStat": SERIES}]}, "start with a lowercase letter"),
        ({**BASE, "Metrics": [{"Id": "m1", "MetricStat": SERIES, "Expression": "m1"}]}, "Exactly one of MetricStat"),
        ({**BASE, "Metrics": [{"Id": "e1", "Expression": "m2 / 2"}]}, "m2 is not an id"),
        (
            {**BASE, "Metrics": [{"Id": f"m{n}", "MetricStat": SERIES, "ReturnData": n == 0} for n in range(11)]},
            "more than 10 individual metrics",
        ),
        (
            {**BASE, "Metrics": [{"Id": f"e{n}", "Expression": "1", "ReturnData": n == 0} for n in range(21)]},
            "size greater than 20",
        ),
    ],
)
def test_an_alarm_is_refused(asked: dict[str, Any], said: str) -> None:
    (problem,) = alarm_problems(asked)
    assert said in problem


def test_a_week_is_watched_by_the_hour() -> None:
    assert list(alarm_problems({**ONE, "EvaluationPeriods": 168, "Period": 3600})) == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('ALARM("a") AND (OK(b) OR NOT ALARM(arn:aws:cloudwatch:r:1:alarm:a))', ""),
        ("FALSE", ""),
        ('ALARM("c")', "alarms [c] in the alarm rule do not exist"),
        ('ALARM("a") BUT OK("b")', "syntax error"),
        (' ALARM("a")', "syntax error"),
    ],
)
def test_a_composite_alarms_rule_is_read(rule: str, said: str) -> None:
    there: Any = dict.fromkeys(("a", "b"))
    problems = list(composite_problems({"AlarmName": "all", "AlarmRule": rule}, there))
    assert [said in problem for problem in problems] == ([True] if said else [])


GRAPH = {"region": "us-west-2", "metrics": [["AWS/Lambda", "Errors", {"id": "m1"}], [{"expression": "m1", "id": "e1"}]]}


def body(**widget: Any) -> str:
    return json.dumps({"widgets": [{"type": "metric", "properties": GRAPH, **widget}]})


def graph(*metrics: list[Any]) -> str:
    return body(properties={**GRAPH, "metrics": list(metrics)})


def test_a_sound_dashboard_is_taken() -> None:
    assert list(body_problems(body(x=0, y=0, width=24, height=6))) == []
    assert name_problem("rollout-shop_1") is None


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("{", "", "valid JSON"),
        ("[]", "", "Should be object"),
        ("{}", "/widgets", "Should be array"),
        ('{"widgets": [1]}', "/widgets/0", "Should be object"),
        ('{"widgets": [], "periodOverride": "no"}', "/periodOverride", "allowed values"),
        (json.dumps({"widgets": json.loads(body())["widgets"] * 501}), "/widgets", "more than 500"),
        (body(type="graph"), "/widgets/0/type", "allowed values"),
        (body(x=24, width=0), "/widgets/0/x", "<= 23"),
        (body(width=25), "/widgets/0/width", "<= 24"),
        (body(x=20, width=6), "/widgets/0/width", "24 columns"),
        (body(y=-1), "/widgets/0/y", ">= 0"),
        (body(height="6"), "/widgets/0/height", "integer"),
        (body(properties=None), "/widgets/0", "required property 'properties'"),
        (body(properties={"metrics": []}), "/widgets/0/properties", "required property 'region'"),
        (body(properties={"region": "us-west-2"}), "/widgets/0/properties", "required property 'metrics'"),
        (body(type="text"), "/widgets/0/properties", "required property 'markdown'"),
        (body(type="alarm", properties={"alarms": ["a"] * 101}), "/widgets/0/properties/alarms", "more than 100"),
        (graph(["AWS/Lambda", 1]), "/widgets/0/properties/metrics/0", "Should be string"),
        (graph(["AWS/Lambda"]), "/widgets/0/properties/metrics/0", "pairs of dimensions"),
        (graph(["AWS/Lambda", "Errors", "Function"]), "/widgets/0/properties/metrics/0", "pairs of dimensions"),
        (graph(["AWS/Lambda", {"expression": "m1"}]), "/widgets/0/properties/metrics/0", "more than 1 items"),
        (graph(["A", "B", {"id": "M"}]), "/widgets/0/properties/metrics/0/id", "match pattern"),
        (
            graph(["A", "B", {"id": "m"}], ["A", "C", {"id": "m"}]),
            "/widgets/0/properties/metrics/1/id",
            "more than once",
        ),
    ],
)
def test_a_dashboard_is_refused(text: str, path: str, said: str) -> None:
    assert any(where == path and said in what for where, what in body_problems(text))


@given(st.integers(1, 12), st.integers(1, 12))
def test_aws_takes_every_alarm_and_the_dashboard(count: int, candidates: int) -> None:
    inventory = shared(count, candidates)
    every = alarms(inventory, places(inventory))
    made = {each.name: each for each in every}
    assert len(made) == len({each.key for each in every}) == len(every)
    for each in every:
        if isinstance(each, JointAlarm):
            there: Any = made
            assert list(composite_problems({"AlarmName": each.name, "AlarmRule": each.rule}, there)) == []
        else:
            assert list(alarm_problems(asked(each))) == []
            assert sum(query.series is not None for query in each.queries) <= MAX_SERIES
    text = json.dumps(dashboard.body(inventory, places(inventory), names(inventory)))
    assert list(body_problems(text)) == []
    assert name_problem(title(inventory)) is None


def asked(alarm: Alarm) -> dict[str, Any]:
    def query(each: Query) -> dict[str, Any]:
        metric = {"MetricStat": {"Period": 60}} if each.series else {"Expression": each.expression}
        return {"Id": each.id, "ReturnData": each is alarm.queries[-1], **metric}

    settings = {"EvaluationPeriods": 5, "Threshold": alarm.threshold, "ComparisonOperator": "GreaterThanThreshold"}
    return {"AlarmName": alarm.name, "Metrics": [query(each) for each in alarm.queries], **settings}
