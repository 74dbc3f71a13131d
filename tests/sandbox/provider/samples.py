"""Inputs of each resource type that create it, given what it stands on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from tests.sandbox.provider import engine
from tests.sandbox.tenant import REGION, Tenant

SIGNATURE = "4dabf18193072939515e22adb298388d"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
BALANCERS = "elasticloadbalancing.amazonaws.com"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}],
}
LOGGING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}
PATHS = [{"pathPattern": {"values": ["/a/*"]}}, {"httpRequestMethod": {"values": ["GET", "POST"]}}]
STICKY = {"enabled": True, "duration": 3600}

Sample = Callable[[Tenant], dict[str, Any]]


def code(text: str) -> dict[str, Any]:
    """An archive of one file, as the engine sends it."""
    told = hashlib.sha256(text.encode()).hexdigest()
    file = {SIGNATURE: ASSET, "text": text, "hash": told}
    return {SIGNATURE: ARCHIVE, "assets": {"app.py": file}, "hash": told}


def forward(weights: dict[str, int], stickiness: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """One weighted action."""
    groups = [{"arn": group, "weight": weight} for group, weight in weights.items()]
    more = {} if stickiness is None else {"stickiness": stickiness}
    return [{"type": "forward", "forward": {"targetGroups": groups, **more}}]


def rule(tenant: Tenant) -> dict[str, Any]:
    listener = tenant.landscape.listeners["public"]
    actions = forward({tenant.group("legacy"): 100, tenant.group("candidate"): 0}, STICKY)
    return {"listenerArn": listener, "priority": 20, "actions": actions, "conditions": PATHS}


def group(_: Tenant) -> dict[str, Any]:
    return {"name": "scorer", "targetType": "lambda"}


def attachment(tenant: Tenant) -> dict[str, Any]:
    target, to = tenant.function("scorer"), tenant.group("scorer")
    tenant.permit("scorer", to)
    return {"targetGroupArn": to, "targetId": target}


def role(_: Tenant) -> dict[str, Any]:
    return {"name": "runner", "assumeRolePolicy": json.dumps(TRUST)}


def function(tenant: Tenant) -> dict[str, Any]:
    made = tenant.client("iam").create_role(RoleName="runner", AssumeRolePolicyDocument=json.dumps(TRUST))
    return {
        "name": "scorer",
        "role": made["Role"]["Arn"],
        "runtime": "python3.12",
        "handler": "app.handler",
        "code": code("handler = None"),
    }


def alias(tenant: Tenant) -> dict[str, Any]:
    tenant.function("scorer")
    tenant.functions.publish_version(FunctionName="scorer")
    return {"functionName": "scorer", "name": "live", "functionVersion": "1"}


def provisioned(tenant: Tenant) -> dict[str, Any]:
    tenant.function("scorer")
    tenant.functions.publish_version(FunctionName="scorer")
    return {"functionName": "scorer", "qualifier": "1", "provisionedConcurrentExecutions": 2}


def permission(tenant: Tenant) -> dict[str, Any]:
    tenant.function("scorer")
    return {
        "function": "scorer",
        "statementId": "balancer",
        "action": "lambda:InvokeFunction",
        "principal": BALANCERS,
        "sourceArn": tenant.group("scorer"),
    }


def policy(tenant: Tenant) -> dict[str, Any]:
    tenant.function("runner")
    return {"role": "runner", "name": "logging", "policy": json.dumps(LOGGING)}


def policy_attachment(tenant: Tenant) -> dict[str, Any]:
    tenant.function("runner")
    return {"role": "runner", "policyArn": MANAGED}


def logs(_: Tenant) -> dict[str, Any]:
    return {"name": "/aws/lambda/scorer", "retentionInDays": 14}


def alarm(_: Tenant) -> dict[str, Any]:
    """The candidate's errors, in per cent of its requests."""
    dimensions = {"LoadBalancer": "app/public/1", "TargetGroup": "targetgroup/new/1"}
    metric = {"namespace": "AWS/ApplicationELB", "dimensions": dimensions, "period": 60, "stat": "Sum"}
    return {
        "name": "errors",
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 1.5,
        "evaluationPeriods": 5,
        "datapointsToAlarm": 3,
        "treatMissingData": "notBreaching",
        "metricQueries": [
            {"id": "requests", "metric": {**metric, "metricName": "RequestCount"}},
            {"id": "failed", "metric": {**metric, "metricName": "HTTPCode_Target_5XX_Count"}, "label": "5xx"},
            {"id": "watched", "expression": "100 * FILL(failed, 0) / requests", "returnData": True},
        ],
    }


def composite(tenant: Tenant) -> dict[str, Any]:
    for name in ("part-1", "part-2"):
        tenant.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/Lambda",
            MetricName="Errors",
            Period=60,
            Statistic="Sum",
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        )
    return {"alarmName": "both", "alarmRule": 'ALARM("part-1") AND ALARM("part-2")'}


def dashboard(_: Tenant) -> dict[str, Any]:
    text = {"type": "text", "x": 0, "y": 0, "width": 24, "height": 1, "properties": {"markdown": "# Scores"}}
    return {"dashboardName": "scores", "dashboardBody": json.dumps({"widgets": [text]})}


def events(tenant: Tenant) -> dict[str, Any]:
    tenant.function("scorer")
    topic = tenant.client("sns").create_topic(Name="failed")["TopicArn"]
    return {"functionName": "scorer", "destinationConfig": {"onFailure": {"destination": topic}}}


def table(_: Tenant) -> dict[str, Any]:
    key = {"hashKey": "id", "attributes": [{"name": "id", "type": "S"}]}
    return {"name": "guard", "billingMode": "PAY_PER_REQUEST", **key}


def state_machine(tenant: Tenant) -> dict[str, Any]:
    trust = json.dumps(TRUST).replace("lambda.amazonaws.com", "states.amazonaws.com")
    role = tenant.client("iam").create_role(RoleName="ramp", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    return {"name": "ramp", "roleArn": role, "definition": json.dumps(definition)}


def file(text: str) -> dict[str, Any]:
    """A file, as the engine sends it."""
    return {SIGNATURE: ASSET, "text": text, "hash": hashlib.sha256(text.encode()).hexdigest()}


def object_(tenant: Tenant) -> dict[str, Any]:
    bucket, s3 = f"states-{tenant.account}", tenant.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return {"bucket": bucket, "key": "controller/one.zip", "source": file("one"), "contentType": "application/zip"}


def schedule(tenant: Tenant) -> dict[str, Any]:
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": tenant.account}},
        },
    }
    made = tenant.client("iam").create_role(RoleName="invoker", AssumeRolePolicyDocument=json.dumps(trust))
    function_ = f"arn:aws:lambda:{REGION}:{tenant.account}:function:looks"
    target = {"arn": function_, "roleArn": made["Role"]["Arn"], "input": '{"act": "look"}'}
    return {
        "name": "looks",
        "scheduleExpression": "rate(1 minute)",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {**target, "retryPolicy": {"maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 60}},
    }


SAMPLES: dict[str, Sample] = {
    engine.RULE: rule,
    engine.GROUP: group,
    engine.ATTACHMENT: attachment,
    engine.ROLE: role,
    engine.FUNCTION: function,
    engine.ALIAS: alias,
    engine.PROVISIONED: provisioned,
    engine.PERMISSION: permission,
    engine.POLICY: policy,
    engine.POLICY_ATTACHMENT: policy_attachment,
    engine.LOGS: logs,
    engine.ALARM: alarm,
    engine.COMPOSITE: composite,
    engine.DASHBOARD: dashboard,
    engine.EVENTS: events,
    engine.TABLE: table,
    engine.OBJECT: object_,
    engine.SCHEDULE: schedule,
    engine.STATE_MACHINE: state_machine,
}
