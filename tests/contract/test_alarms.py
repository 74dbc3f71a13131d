"""CloudWatch's alarms over the adapter, on moto: which of them invoke a function."""

from __future__ import annotations

import boto3
from moto import mock_aws

from rollout.adapters.aws.cloudwatch import CloudWatch
from rollout.adapters.aws.session import Access
from rollout.analysis.metrics import AlarmState
from rollout.inventory.model import Arn

REGION = "us-west-2"
GUARD = Arn(f"arn:aws:lambda:{REGION}:123456789012:function:guard")
TOPIC = f"arn:aws:sns:{REGION}:123456789012:people"


def test_alarms_that_do_not_invoke_a_function_are_told_with_the_reason() -> None:
    with mock_aws():
        made = boto3.client("cloudwatch", REGION)
        actions: dict[str, list[str]] = {"calls": [GUARD, TOPIC], "off": [GUARD], "others": [TOPIC]}
        for name, each in actions.items():
            made.put_metric_alarm(
                AlarmName=name,
                ActionsEnabled=name != "off",
                AlarmActions=each,
                ComparisonOperator="GreaterThanThreshold",
                EvaluationPeriods=1,
                MetricName="Errors",
                Namespace="AWS/Lambda",
                Period=60,
                Statistic="Sum",
                Threshold=1,
            )
        alarms, names = CloudWatch(Access(REGION, None, "any", "any")), ("calls", "off", "others", "gone")
        assert alarms.mute(names, GUARD) == {
            "off": "its actions are disabled",
            "others": "it isn't among its actions",
            "gone": "it doesn't exist",
        }
        assert alarms.states(names)["gone"] is AlarmState.MISSING
        assert AlarmState.MISSING not in {alarms.states(names)[name] for name in names[:-1]}
