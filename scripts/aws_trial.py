"""What a trial on a real AWS account needs, and how all of it is removed again: plain boto3, apart from rollout.

One load balancer in the default network, open to one address alone, and one legacy function behind a rule. Everything
is named `rollout-trial`, is found by that name, and is left as it is where it is there already.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

NAME = "rollout-trial"
LEGACY, CANDIDATE = f"{NAME}-legacy", f"{NAME}-candidate"
PATH = "/hello"
PRIORITY = 10
CODE = """
def handler(event, context):
    return {"statusCode": 200, "headers": {"x-served-by": context.function_name}, "body": context.function_name}
"""
_GONE = ("NotFound", "NoSuchEntity", "ResourceNotFound", "InvalidGroup.NotFound")

Client = Callable[[str], Any]


def make(client: Client, account: str, visitor: str) -> str:
    """Make it.

    Args:
        client: Gives a boto3 client by its service's name.
        account: Twelve digits.
        visitor: The only addresses that may send requests, such as `203.0.113.7/32`.

    Returns:
        The load balancer's DNS name.
    """
    ec2, elb = client("ec2"), client("elbv2")
    default = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [default]}])["Subnets"][:2]
    group = ec2.create_security_group(GroupName=NAME, Description=NAME, VpcId=default)["GroupId"]
    opened = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": visitor}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[opened])
    made = elb.create_load_balancer(Name=NAME, Subnets=[each["SubnetId"] for each in subnets], SecurityGroups=[group])
    balancer = made["LoadBalancers"][0]
    nothing = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "not found"}
    listener = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": nothing}],
    )["Listeners"][0]["ListenerArn"]
    target_group = _legacy(client, account)
    elb.create_rule(
        ListenerArn=listener,
        Priority=PRIORITY,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": [PATH]}}],
        Actions=[{"Type": "forward", "TargetGroupArn": target_group}],
    )
    elb.get_waiter("load_balancer_available").wait(Names=[NAME])
    return str(balancer["DNSName"])


def remove(client: Client) -> list[str]:
    """Remove it, and what rollout's phase 1 made beside it; it may be run again.

    Returns:
        What was there, and is gone now.
    """
    ec2, elb, iam, logs = client("ec2"), client("elbv2"), client("iam"), client("logs")
    gone: list[str] = []
    with _told(gone, f"load balancer {NAME}"):
        balancer = elb.describe_load_balancers(Names=[NAME])["LoadBalancers"][0]["LoadBalancerArn"]
        elb.delete_load_balancer(LoadBalancerArn=balancer)
        elb.get_waiter("load_balancers_deleted").wait(LoadBalancerArns=[balancer])
    for name in (LEGACY, CANDIDATE):
        with _told(gone, f"target group {name}"):
            (group,) = elb.describe_target_groups(Names=[name])["TargetGroups"]
            elb.delete_target_group(TargetGroupArn=group["TargetGroupArn"])
        with _told(gone, f"function {name}"):
            client("lambda").delete_function(FunctionName=name)
        with _told(gone, f"role {name}"):
            for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
                iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
            iam.delete_role(RoleName=name)
        with _told(gone, f"log group /aws/lambda/{name}"):
            logs.delete_log_group(logGroupName=f"/aws/lambda/{name}")
    found = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [NAME]}])["SecurityGroups"]
    if found:  # the balancer's addresses still use it for a while
        with _told(gone, f"security group {NAME}"):
            _patiently(lambda: ec2.delete_security_group(GroupId=found[0]["GroupId"]), "DependencyViolation")
    return gone


def package() -> bytes:
    """A function that says its name, as a zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("hello.py"), CODE)
    return packed.getvalue()


def _legacy(client: Client, account: str) -> str:
    """The legacy function and its target group's ARN."""
    iam, functions, elb = client("iam"), client("lambda"), client("elbv2")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName=LEGACY, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    made = _patiently(  # a role that is new can't be assumed everywhere yet
        lambda: functions.create_function(
            FunctionName=LEGACY,
            Runtime="python3.12",
            Handler="hello.handler",
            Role=f"arn:aws:iam::{account}:role/{LEGACY}",
            Code={"ZipFile": package()},
        ),
        "InvalidParameterValueException",
    )
    group = elb.create_target_group(Name=LEGACY, TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]
    functions.add_permission(
        FunctionName=LEGACY,
        StatementId="balancer",
        Action="lambda:InvokeFunction",
        Principal="elasticloadbalancing.amazonaws.com",
        SourceArn=group,
    )
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": made["FunctionArn"]}])
    return str(group)


def _patiently(act: Callable[[], Any], code: str, tries: int = 30) -> Any:
    """Try again, for a minute at most, while AWS says a code."""
    for left in reversed(range(tries)):
        try:
            return act()
        except ClientError as error:
            if error.response["Error"]["Code"] != code or not left:
                raise
            time.sleep(2)
    return None


@contextmanager
def _told(gone: list[str], what: str) -> Iterator[None]:
    """Note what was removed; what isn't there needs no removing."""
    try:
        yield
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith(_GONE):
            raise
    else:
        gone.append(what)
