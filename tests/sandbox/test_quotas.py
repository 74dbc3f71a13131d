"""Quotas and rules that AWS documents, and that no service's model holds; `quotas` has the pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.running import TRUST
from tests.sandbox.tenant import Tenant, refused

NOW = datetime.now(UTC)
METRIC = {"Metric": {"Namespace": "Any", "MetricName": "any"}, "Period": 60, "Stat": "Sum"}


def long(length: int) -> str:
    """A policy of a bit more than so many characters, and as much white space."""
    statement = {"Sid": "a" * length, "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=8)


def queried(client: Any, *names: str) -> None:
    queries = [{"Id": name, "MetricStat": METRIC} for name in names]
    client.get_metric_data(MetricDataQueries=queries, StartTime=NOW - timedelta(hours=1), EndTime=NOW)


def put(client: Any, namespace: str = "Any", **datum: Any) -> None:
    client.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "any", **datum}])


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("cloudwatch", lambda c: queried(c, "Upper"), "ValidationError"),
        ("cloudwatch", lambda c: queried(c, "a", "b", "a"), "ValidationError"),
        ("cloudwatch", lambda c: put(c, "AWS/Lambda", Value=1.0), "InvalidParameterValue"),
        ("cloudwatch", put, "MissingParameter"),
        ("cloudwatch", lambda c: put(c, Values=[float(value) for value in range(151)]), "InvalidParameterValue"),
        ("cloudwatch", lambda c: put(c, Value=1.0, StorageResolution=30), "InvalidParameterValue"),
        ("iam", lambda c: c.create_policy(PolicyName="any", PolicyDocument=long(6144)), "LimitExceeded"),
        ("iam", lambda c: c.create_role(RoleName="any", AssumeRolePolicyDocument=long(2048)), "LimitExceeded"),
        ("iam", lambda c: c.create_role(RoleName="any", AssumeRolePolicyDocument="{"), "MalformedPolicyDocument"),
        (
            "scheduler",
            lambda c: c.create_schedule(
                Name="any",
                GroupName="none",
                ScheduleExpression="rate(1 minute)",
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={
                    "Arn": "arn:aws:lambda:us-west-2:111122223333:function:any",
                    "RoleArn": "arn:aws:iam::111122223333:role/any",
                },
            ),
            "ResourceNotFoundException",
        ),
    ],
)
def test_what_aws_does_not_take_is_refused(
    tenant: Tenant, service: str, call: Callable[[Any], object], code: str
) -> None:
    with refused(code, ""):
        call(tenant.client(service))


def test_a_roles_policies_have_a_size_together_and_a_number(tenant: Tenant) -> None:
    iam = tenant.client("iam")
    iam.create_role(RoleName="any", AssumeRolePolicyDocument=json.dumps(TRUST))
    for _ in range(2):  # a second time replaces the first
        iam.put_role_policy(RoleName="any", PolicyName="one", PolicyDocument=long(6000))
    with refused("LimitExceeded", "10240"):
        iam.put_role_policy(RoleName="any", PolicyName="two", PolicyDocument=long(6000))
    made = [iam.create_policy(PolicyName=f"p{n}", PolicyDocument=long(1))["Policy"]["Arn"] for n in range(11)]
    for arn in [*made[:10], made[0]]:
        iam.attach_role_policy(RoleName="any", PolicyArn=arn)
    with refused("LimitExceeded", "PoliciesPerRole: 10"):
        iam.attach_role_policy(RoleName="any", PolicyArn=made[10])


def test_logs_are_kept_for_a_number_of_days_that_aws_knows(tenant: Tenant) -> None:
    logs = tenant.client("logs")
    logs.create_log_group(logGroupName="any")
    logs.put_retention_policy(logGroupName="any", retentionInDays=3653)
    with refused("InvalidParameterException", "2"):
        logs.put_retention_policy(logGroupName="any", retentionInDays=2)


@pytest.mark.parametrize(("subject", "message"), [("two\nlines", "any"), ("a\x07bell", "any"), ("any", "")])
def test_a_notices_subject_is_a_line_and_its_message_is_not_empty(tenant: Tenant, subject: str, message: str) -> None:
    sns = tenant.client("sns")
    topic = sns.create_topic(Name="any")["TopicArn"]
    sns.publish(TopicArn=topic, Subject="Größe\u00a0ok", Message="any")
    with refused("InvalidParameter", "Invalid parameter"):
        sns.publish(TopicArn=topic, Subject=subject, Message=message)


def test_tags_of_load_balancing_are_distinct_not_awss_own_and_read_twenty_at_a_time(tenant: Tenant) -> None:
    group = tenant.group("any")
    with refused("DuplicateTagKeys", ""):
        tenant.elb.add_tags(ResourceArns=[group], Tags=[{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}])
    with refused("ValidationError", "aws:"):
        tenant.elb.add_tags(ResourceArns=[group], Tags=[{"Key": "aws:a", "Value": "1"}])
    tenant.elb.describe_tags(ResourceArns=[group] * 20)
    with refused("ValidationError", "20"):
        tenant.elb.describe_tags(ResourceArns=[group] * 21)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"Timeout": 1801}, "ValidationException"),
        ({"Environment": {"Variables": {"AWS_REGION": "us-west-2"}}}, "InvalidParameterValueException"),
        ({"Environment": {"Variables": {"LONG": "x" * 4096}}}, "InvalidParameterValueException"),
    ],
)
def test_a_functions_settings_are_within_lambdas(tenant: Tenant, settings: dict[str, Any], code: str) -> None:
    tenant.function("any")
    with refused(code, ""):
        tenant.functions.update_function_configuration(FunctionName="any", **settings)


@pytest.mark.parametrize("name", ["two words", "a*", "a/b", "a:b", "a\tb"])
def test_an_executions_name_has_no_special_characters(tenant: Tenant, name: str) -> None:
    machine = f"arn:aws:states:us-west-2:{tenant.account}:stateMachine:any"
    with refused("InvalidName", name):
        tenant.client("stepfunctions").start_execution(stateMachineArn=machine, name=name)
