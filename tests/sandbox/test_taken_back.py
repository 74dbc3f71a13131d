"""A function takes a bad candidate's traffic back, by an alarm, on a fast clock, with nobody watching."""

from __future__ import annotations

import json
import time
from datetime import timedelta

from rollout.inventory.quantities import Percent
from rollout_sandbox import EventFault, Profile, Sandbox
from tests.sandbox.data_plane.site import Site
from tests.sandbox.running import allow, eventually, function
from tests.sandbox.tenant import REGION, Tenant

GUARD = """
import boto3, json, os
def handler(event, context):
    elb = boto3.client("elbv2")
    legacy, rule = os.environ["LEGACY"], os.environ["RULE"]
    groups = [{"TargetGroupArn": legacy, "Weight": 1}, {"TargetGroupArn": os.environ["CANDIDATE"], "Weight": 0}]
    elb.modify_rule(RuleArn=rule, Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}])
    (read,) = elb.describe_rules(RuleArns=[rule])["Rules"]
    print(json.dumps({"alarm": event["alarmData"]["alarmName"], "read": read["Actions"][0]["ForwardConfig"]}))
"""


def test_a_bad_candidate_is_taken_back(sandbox: Sandbox, tenant: Tenant) -> None:
    site = Site(tenant)
    legacy, candidate = site.served("legacy", "candidate")
    rule = site.split({legacy: 75, candidate: 25})["RuleArn"]
    names = {"LEGACY": legacy, "CANDIDATE": candidate, "RULE": rule}
    guard = function(
        tenant,
        "guard",
        GUARD,
        allow("elasticloadbalancing:DescribeRules"),
        allow("elasticloadbalancing:ModifyRule", resource=rule),
        allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
        Environment={"Variables": names},
    )
    watch(tenant, candidate, guard)
    sandbox.faults.add(EventFault("twice", "guard"))
    sandbox.behave(Profile("candidate", account=tenant.account, server_errors=Percent(1000)))
    sandbox.clock.run_at(60)
    began, first = sandbox.clock.now(), time.monotonic()
    while split(tenant, rule)[candidate] and time.monotonic() - first < 60:
        for _ in range(20):
            site.get("/a")
        time.sleep(0.1)
    took = sandbox.clock.now() - began
    sandbox.clock.run_at(1)
    assert split(tenant, rule) == {legacy: 1, candidate: 0}
    assert took > timedelta(minutes=2)  # three minutes of five
    assert {site.get("/a").served_by for _ in range(20)} == {"legacy"}
    logged = eventually(lambda: [line for line in lines(tenant) if line.startswith("{")])
    assert json.loads(logged[0])["alarm"] == "errors"


def lines(tenant: Tenant) -> list[str]:
    """What functions logged."""
    logs = tenant.client("logs")
    names = [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]]
    return [event["message"] for name in names for event in logs.filter_log_events(logGroupName=name)["events"]]


def watch(tenant: Tenant, candidate: str, guard: str) -> None:
    """Let an alarm on a target group's errors invoke a function."""
    balancer = tenant.elb.describe_load_balancers(Names=["public"])["LoadBalancers"][0]["LoadBalancerArn"]
    alarm = f"arn:aws:cloudwatch:{REGION}:{tenant.account}:alarm:errors"
    tenant.functions.add_permission(
        FunctionName="guard",
        StatementId="alarm",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceArn=alarm,
    )

    def metric(name: str) -> dict[str, object]:
        dimensions = {
            "LoadBalancer": balancer.partition(":loadbalancer/")[2],
            "TargetGroup": candidate.rpartition(":")[2],
        }
        listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        asked = {"Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": listed}
        return {"Metric": asked, "Period": 60, "Stat": "Sum"}

    tenant.client("cloudwatch").put_metric_alarm(
        AlarmName="errors",
        EvaluationPeriods=5,
        DatapointsToAlarm=3,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[guard],
        Metrics=[
            {"Id": "requests", "MetricStat": metric("RequestCount"), "ReturnData": False},
            {"Id": "failed", "MetricStat": metric("HTTPCode_Target_5XX_Count"), "ReturnData": False},
            {"Id": "watched", "Expression": "IF(requests >= 5, 100 * FILL(failed, 0) / requests, 0)"},
        ],
    )


def split(tenant: Tenant, rule: str) -> dict[str, int]:
    (action,) = tenant.elb.describe_rules(RuleArns=[rule])["Rules"][0]["Actions"]
    return {each["TargetGroupArn"]: each["Weight"] for each in action["ForwardConfig"]["TargetGroups"]}
