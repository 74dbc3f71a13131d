"""What an alarm does when its state changes: functions that allow it are invoked, and topics are told, as on AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rollout_sandbox import Sandbox
from tests.sandbox.running import eventually, pass_minutes, recorder
from tests.sandbox.tenant import REGION, Tenant

ALARM: dict[str, Any] = {
    "AlarmName": "errors",
    "AlarmDescription": "too many",
    "Namespace": "Ours",
    "MetricName": "Errors",
    "Dimensions": [{"Name": "Site", "Value": "shop"}],
    "Period": 60,
    "Statistic": "Sum",
    "EvaluationPeriods": 1,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


def permit(tenant: Tenant, alarm: str = "errors", **more: str) -> None:
    tenant.functions.add_permission(
        **{
            "FunctionName": "guard",
            "StatementId": f"alarm-{alarm}",
            "Action": "lambda:InvokeFunction",
            "Principal": "lambda.alarms.cloudwatch.amazonaws.com",
            "SourceAccount": tenant.account,
            "SourceArn": f"arn:aws:cloudwatch:{REGION}:{tenant.account}:alarm:{alarm}",
            **more,
        }
    )


def fail(tenant: Tenant, count: int = 9) -> None:
    datum = {"MetricName": "Errors", "Dimensions": ALARM["Dimensions"], "Value": count}
    tenant.client("cloudwatch").put_metric_data(Namespace="Ours", MetricData=[datum])


def actions(tenant: Tenant, *kinds: str) -> list[str]:
    told = tenant.client("cloudwatch").describe_alarm_history(
        HistoryItemType="Action", AlarmTypes=list(kinds) or ["MetricAlarm"]
    )
    return [item["HistorySummary"] for item in told["AlarmHistoryItems"]]


def test_a_function_gets_awss_event_on_a_change_alone(sandbox: Sandbox, tenant: Tenant) -> None:
    arn, events = recorder(tenant)
    permit(tenant)
    tenant.client("cloudwatch").put_metric_alarm(**ALARM, AlarmActions=[arn])
    pass_minutes(sandbox, 1)
    for _ in range(3):  # it stays in ALARM, which is no change
        fail(tenant)
        pass_minutes(sandbox, 1)
    (event,) = eventually(events)
    alarm = event["alarmData"]
    assert event["source"] == "aws.cloudwatch"
    assert event["alarmArn"] == f"arn:aws:cloudwatch:{REGION}:{tenant.account}:alarm:errors"
    assert (event["accountId"], event["region"], event["time"]) == (tenant.account, REGION, alarm["state"]["timestamp"])
    assert (alarm["alarmName"], alarm["state"]["value"], alarm["previousState"]["value"]) == ("errors", "ALARM", "OK")
    assert "9.0" in alarm["state"]["reason"]
    assert json.loads(alarm["state"]["reasonData"])["recentDatapoints"] == [9.0]
    (metric,) = alarm["configuration"]["metrics"]
    assert alarm["configuration"]["description"] == "too many"
    assert (metric["returnData"], metric["metricStat"]) == (
        True,
        {
            "metric": {"namespace": "Ours", "name": "Errors", "dimensions": {"Site": "shop"}},
            "period": 60,
            "stat": "Sum",
        },
    )
    assert actions(tenant) == [f"Successfully executed action {arn}"]


def test_a_set_state_acts_at_once(sandbox: Sandbox, tenant: Tenant) -> None:
    arn, events = recorder(tenant)
    permit(tenant)
    cloudwatch = tenant.client("cloudwatch")
    cloudwatch.put_metric_alarm(**ALARM, AlarmActions=[arn], OKActions=[arn])
    for value in ("ALARM", "ALARM", "OK"):
        cloudwatch.set_alarm_state(AlarmName="errors", StateValue=value, StateReason="a drill")
    eventually(lambda: len(events()) == 2)
    assert {event["alarmData"]["state"]["value"] for event in events()} == {"ALARM", "OK"}
    assert events()[0]["alarmData"]["state"]["reason"] == "a drill"


@pytest.mark.parametrize(
    "more",
    [
        None,
        {"Principal": "elasticloadbalancing.amazonaws.com"},
        {"SourceArn": "arn:aws:cloudwatch:us-west-2:111122223333:alarm:other"},
        {"SourceAccount": "111111111111"},
        {"Action": "lambda:GetFunction"},
    ],
)
def test_a_function_that_does_not_allow_it_is_not_invoked(tenant: Tenant, more: dict[str, str] | None) -> None:
    arn, events = recorder(tenant)
    if more is not None:
        permit(tenant, **more)
    cloudwatch = tenant.client("cloudwatch")
    cloudwatch.put_metric_alarm(**ALARM, AlarmActions=[arn])
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    (said,) = eventually(lambda: actions(tenant))
    assert said.startswith(f"Failed to execute action {arn}")
    assert "not authorized to perform: lambda:InvokeFunction" in said
    assert events() == []


def test_a_topic_is_told_in_awss_words(tenant: Tenant) -> None:
    sns, sqs, cloudwatch = (tenant.client(each) for each in ("sns", "sqs", "cloudwatch"))
    topic = sns.create_topic(Name="ramps")["TopicArn"]
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{tenant.account}:told")
    cloudwatch.put_metric_alarm(**ALARM, AlarmActions=[topic])
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    (message,) = eventually(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    told = json.loads(message["Body"])
    assert told["Subject"] == 'ALARM: "errors" in US West (Oregon)'
    said = json.loads(told["Message"])
    assert (said["NewStateValue"], said["OldStateValue"]) == ("ALARM", "INSUFFICIENT_DATA")
    assert (said["NewStateReason"], said["AWSAccountId"]) == ("a drill", tenant.account)
    trigger = said["Trigger"]
    assert (trigger["Statistic"], trigger["Dimensions"]) == ("SUM", [{"value": "shop", "name": "Site"}])
    assert actions(tenant) == [f"Successfully executed action {topic}"]


def test_an_alarm_whose_actions_are_off_does_nothing(tenant: Tenant) -> None:
    arn, events = recorder(tenant)
    permit(tenant)
    cloudwatch = tenant.client("cloudwatch")
    cloudwatch.put_metric_alarm(**ALARM, AlarmActions=[arn], ActionsEnabled=False)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    cloudwatch.enable_alarm_actions(AlarmNames=["errors"])
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="over")
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="again")
    eventually(events)
    assert [event["alarmData"]["state"]["reason"] for event in events()] == ["again"]


def test_a_composite_alarm_tells_its_rule(tenant: Tenant) -> None:
    arn, events = recorder(tenant)
    permit(tenant, "any")
    cloudwatch = tenant.client("cloudwatch")
    cloudwatch.put_metric_alarm(**ALARM)
    cloudwatch.put_composite_alarm(AlarmName="any", AlarmRule='ALARM("errors")', AlarmActions=[arn])
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    (event,) = eventually(events)
    assert event["alarmData"]["configuration"] == {"alarmRule": 'ALARM("errors")'}
    assert json.loads(event["alarmData"]["state"]["reasonData"])["triggeringAlarms"][0]["arn"].endswith(":alarm:errors")
    assert actions(tenant, "CompositeAlarm") == [f"Successfully executed action {arn}"]
