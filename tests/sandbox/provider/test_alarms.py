"""Alarms and dashboards: upserts, compared by meaning, and what the provider and AWS refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.provider.engine import ALARM, COMPOSITE, DASHBOARD, Engine, failing, without
from tests.sandbox.provider.samples import SAMPLES
from tests.sandbox.tenant import Tenant

SIMPLE = {
    "name": "throttles",
    "namespace": "AWS/Lambda",
    "metricName": "Throttles",
    "dimensions": {"FunctionName": "scorer"},
    "statistic": "Sum",
    "period": 60,
    "evaluationPeriods": 1,
    "threshold": 0,
    "comparisonOperator": "GreaterThanThreshold",
}
TOPIC = "arn:aws:sns:us-west-2:123456789012:on-call"


def test_an_alarm_on_one_metric_differs_in_nothing_either(engine: Engine) -> None:
    one = engine.make(ALARM, {**SIMPLE, "alarmActions": [TOPIC]})
    assert (one.id, one.outputs["treatMissingData"], one.outputs["threshold"]) == ("throttles", "missing", 0)
    again = one.refresh()
    assert again is not None
    assert again.outputs == one.outputs
    assert not again.diff({**SIMPLE, "alarmActions": [TOPIC]}).changes
    imported = engine.import_(ALARM, "throttles")
    assert imported is not None
    assert not imported.diff({**SIMPLE, "alarmActions": [TOPIC]}).changes


def test_an_alarm_changes_in_place_and_keeps_state_and_tags(engine: Engine, tenant: Tenant) -> None:
    inputs = {**SAMPLES[ALARM](tenant), "tags": {"team": "scores"}}
    one = engine.make(ALARM, inputs)
    client = tenant.client("cloudwatch")

    def state() -> str:
        return str(client.describe_alarms(AlarmNames=["errors"])["MetricAlarms"][0]["StateValue"])

    assert state() == "INSUFFICIENT_DATA"
    client.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a test")
    changed = {**inputs, "threshold": 3.5, "alarmDescription": "errors"}
    assert one.diff(changed).names == ["alarmDescription", "threshold"]
    again = one.update(changed)
    assert (again.outputs["threshold"], again.outputs["tagsAll"], state()) == (3.5, {"team": "scores"}, "ALARM")
    assert again.diff(inputs).paths == {"alarmDescription": "DELETE", "threshold": "UPDATE"}


def test_the_order_of_queries_says_nothing_and_a_changed_one_is_told(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[ALARM](tenant)
    one = engine.make(ALARM, inputs)
    assert not one.diff({**inputs, "metricQueries": inputs["metricQueries"][::-1]}).changes
    *metrics, watched = inputs["metricQueries"]
    found = one.diff({**inputs, "metricQueries": [*metrics, {**watched, "expression": "failed"}]})
    assert (found.names, found.replaces) == (["metricQueries"], [])


@pytest.mark.parametrize(("type_", "key"), [(ALARM, "name"), (COMPOSITE, "alarmName"), (DASHBOARD, "dashboardName")])
def test_another_name_is_another_one(engine: Engine, tenant: Tenant, type_: str, key: str) -> None:
    inputs = SAMPLES[type_](tenant)
    found = engine.make(type_, inputs).diff({**inputs, key: "other"})
    assert (found.replaces, found.delete_first) == ([key], type_ == ALARM)


@pytest.mark.parametrize("type_", [ALARM, COMPOSITE, DASHBOARD])
def test_one_that_is_there_is_put_again(engine: Engine, tenant: Tenant, type_: str) -> None:
    inputs = SAMPLES[type_](tenant)
    assert engine.make(type_, inputs).id == engine.make(type_, inputs).id


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"metricName": "Errors"}, 'Conflicting configuration arguments. "metric_name": conflicts with metric_query'),
        ({"thresholdMetricId": "m"}, '"threshold": conflicts with threshold_metric_id'),
        ({"comparisonOperator": "Above"}, "expected comparison_operator to be one of"),
        ({"evaluationPeriods": 0}, "expected evaluation_periods to be at least (1), got 0"),
        ({"treatMissingData": "fine"}, "expected treat_missing_data to be one of"),
        ({"alarmActions": ["on-call"]}, "is an invalid ARN"),
        ({"threshold": "much"}, "expected type float"),
        ({"name": "x" * 256}, "to be in the range (0 - 255)"),
    ],
)
def test_what_does_not_fit_is_refused_at_check(
    engine: Engine, tenant: Tenant, change: dict[str, Any], reason: str
) -> None:
    _, failures = engine.check(ALARM, {**SAMPLES[ALARM](tenant), **change})
    assert any(reason in failure for failure in failures), failures


def test_a_query_is_checked_too(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[ALARM](tenant)
    metric, *rest = inputs["metricQueries"]
    bad = {**metric, "metric": {**metric["metric"], "period": 45, "stat": "Most"}}
    _, failures = engine.check(ALARM, {**inputs, "metricQueries": [bad, *rest]})
    for reason in ("divisible by 60", "match regular expression"):
        assert any(reason in failure for failure in failures), failures


def test_a_refusal_of_aws_is_told_as_the_provider_does(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[ALARM](tenant)
    silent = [without(query, "returnData") for query in inputs["metricQueries"]]
    with failing(
        "creating CloudWatch Metric Alarm (errors): operation error CloudWatch: PutMetricAlarm",
        "Exactly one element of the metrics list should return data.",
    ):
        engine.make(ALARM, {**inputs, "metricQueries": silent})
    with failing("One of `statistic` or `extended_statistic` must be set"):
        engine.make(ALARM, without(SIMPLE, "statistic"))
    with failing("putting CloudWatch Dashboard (scores)", "Should be array"):
        engine.make(DASHBOARD, {"dashboardName": "scores", "dashboardBody": "{}"})


def test_a_composite_alarm_needs_its_parts_and_keeps_them(engine: Engine, tenant: Tenant) -> None:
    both = SAMPLES[COMPOSITE](tenant)
    with failing("creating CloudWatch Composite Alarm (both)", "alarms [part-3] in the alarm rule do not exist"):
        engine.make(COMPOSITE, {**both, "alarmRule": 'ALARM("part-1") AND ALARM("part-3")'})
    one = engine.make(COMPOSITE, both)
    assert tenant.client("cloudwatch").describe_alarms(AlarmNames=["both"])["CompositeAlarms"] == []  # not asked for
    part = engine.import_(ALARM, "part-1")
    assert part is not None
    with failing("deleting CloudWatch Metric Alarm (part-1)", "referenced by composite alarm(s) both"):
        part.delete()
    found = one.update({**both, "alarmRule": 'ALARM("part-2")'}).refresh()
    assert found is not None
    assert found.outputs["alarmRule"] == 'ALARM("part-2")'
    part.delete()
    assert engine.import_(ALARM, "part-1") is None
    assert engine.import_(COMPOSITE, "part-2") is None  # each kind is found as what it is


def test_a_dashboard_is_compared_by_what_its_body_says(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[DASHBOARD](tenant)
    one = engine.make(DASHBOARD, inputs)
    assert one.outputs["dashboardArn"] == f"arn:aws:cloudwatch::{tenant.account}:dashboard/scores"
    spaced = json.dumps(json.loads(inputs["dashboardBody"]), indent=4, sort_keys=True)
    assert not one.diff({**inputs, "dashboardBody": spaced}).changes
    empty = {**inputs, "dashboardBody": json.dumps({"widgets": []})}
    assert one.diff(empty).paths == {"dashboardBody": "UPDATE"}
    assert one.update(empty).outputs["dashboardBody"] == '{"widgets":[]}'


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"dashboardName": "all scores"}, "doesn't comply with restrictions"),
        ({"dashboardName": "x" * 256}, "cannot be longer than 255 characters"),
        ({"dashboardBody": "{"}, "contains an invalid JSON"),
    ],
)
def test_a_bad_dashboard_is_refused_at_check(
    engine: Engine, tenant: Tenant, change: dict[str, str], reason: str
) -> None:
    _, failures = engine.check(DASHBOARD, {**SAMPLES[DASHBOARD](tenant), **change})
    assert [reason in failure for failure in failures] == [True]
