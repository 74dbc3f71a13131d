"""Each call is held to its service's model, as by AWS, whatever its client checks.

https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.sandbox.tenant import REGION, Tenant, refused

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
FUNCTION = "arn:aws:lambda:us-west-2:111122223333:function:any"


def unchecked(tenant: Tenant, service: str) -> Any:
    """A client that sends whatever it is given."""
    session: Any = boto3.Session()
    return session.client(
        service,
        endpoint_url=tenant.sandbox.endpoint,
        region_name=REGION,
        aws_access_key_id=tenant.account,
        aws_secret_access_key="any",
        aws_session_token=tenant.sandbox.token,
        config=Config(proxies={}, parameter_validation=False),
    )


def schedule(client: Any, **more: Any) -> None:
    target = {"Arn": FUNCTION, "RoleArn": "arn:aws:iam::111122223333:role/any"}
    window = {"Mode": "OFF"}
    given = {"Name": "any", "ScheduleExpression": "rate(1 minute)", "FlexibleTimeWindow": window, "Target": target}
    client.create_schedule(**given | more)


@pytest.mark.parametrize(
    ("service", "call", "code", "text"),
    [
        pytest.param(
            "elbv2",
            lambda c: c.modify_rule(),
            "ValidationError",
            "1 validation error detected: Value null at 'ruleArn' failed to satisfy constraint: Member must not be",
            id="required",
        ),
        pytest.param(
            "elbv2",
            lambda c: c.add_tags(ResourceArns=["arn"], Tags=[{"Key": "team (a)", "Value": "x"}]),
            "ValidationError",
            "Value 'team (a)' at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular",
            id="a tag's letters",
        ),
        pytest.param(
            "cloudwatch",
            lambda c: c.put_composite_alarm(AlarmName="any", AlarmRule="FALSE", AlarmActions=["arn"] * 6),
            "ValidationError",
            "at 'alarmActions' failed to satisfy constraint: Member must have length less than or equal to 5",
            id="a list's length",
        ),
        pytest.param(
            "iam",
            lambda c: c.create_role(RoleName="two words", AssumeRolePolicyDocument=TRUST, Description="x" * 1001),
            "ValidationError",
            "2 validation errors detected: Value 'two words' at 'roleName' failed",
            id="two at once",
        ),
        pytest.param(
            "sts",
            lambda c: c.assume_role(RoleArn="arn:aws:iam::111122223333:role/any", RoleSessionName="two words"),
            "ValidationError",
            r"regular expression pattern: [\w+=,.@-]*",
            id="a session's name",
        ),
        pytest.param(
            "lambda",
            lambda c: c.add_permission(
                FunctionName="any", StatementId="two words", Action="lambda:InvokeFunction", Principal="*"
            ),
            "ValidationException",
            "Value 'two words' at 'statementId' failed",
            id="a pattern",
        ),
        pytest.param(
            "lambda",
            lambda c: c.put_provisioned_concurrency_config(
                FunctionName="any", Qualifier="live", ProvisionedConcurrentExecutions=0
            ),
            "ValidationException",
            "Member must have value greater than or equal to 1",
            id="a range",
        ),
        pytest.param(
            "logs",
            lambda c: c.create_log_group(logGroupName=""),
            "InvalidParameterException",
            "Value '' at 'logGroupName' failed to satisfy constraint: Member must have length greater than or",
            id="empty",
        ),
        pytest.param(
            "scheduler",
            lambda c: schedule(c, State="PAUSED"),
            "ValidationException",
            "Member must satisfy enum value set: [ENABLED, DISABLED]",
            id="an enumeration",
        ),
        pytest.param(
            "stepfunctions",
            lambda c: c.start_execution(stateMachineArn="arn", name="a" * 81),
            "ValidationException",
            "at 'name' failed to satisfy constraint: Member must have length less than or equal to 80",
            id="length",
        ),
        pytest.param(
            "events",
            lambda c: c.put_events(Entries=[{"Source": "x", "DetailType": "y", "Detail": "{}"}] * 11),
            "ValidationException",
            "at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10",
            id="a batch",
        ),
    ],
)
def test_what_its_model_does_not_allow_is_refused(
    tenant: Tenant, service: str, call: Callable[[Any], object], code: str, text: str
) -> None:
    with refused(code, text):
        call(unchecked(tenant, service))
    assert tenant.sandbox.calls(account=tenant.account)[-1].error == code


def test_a_tags_letters_are_of_any_language(tenant: Tenant) -> None:
    group = tenant.group("any")
    tenant.elb.add_tags(ResourceArns=[group], Tags=[{"Key": "Größe:a/b", "Value": "eins_zwei @ 3 + 東京"}])


def test_a_call_that_is_compressed_is_read_as_what_it_says(tenant: Tenant) -> None:
    """As boto3 sends PutMetricData from 10 kB on."""
    cloudwatch = tenant.client("cloudwatch")
    cloudwatch.put_metric_data(Namespace="Any", MetricData=[{"MetricName": "x" * 100, "Value": 1.0}] * 500)
    call = tenant.sandbox.calls("cloudwatch:PutMetricData", tenant.account)[-1]
    assert (call.parameters["Namespace"], len(call.parameters["MetricData"])) == ("Any", 500)
    with refused("ValidationError", "at 'namespace'"):
        cloudwatch.put_metric_data(Namespace=":Any", MetricData=[{"MetricName": "x" * 100, "Value": 1.0}] * 500)
