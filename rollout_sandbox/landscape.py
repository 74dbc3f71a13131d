"""Prepares an account: load balancers that answer 404 and log requests, and target groups without Lambda functions.

Plain boto3, as somebody's own Terraform or console would have left it. What exists already is left as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_logs import CloudWatchLogsClient

NETWORK = "10.20.0.0/16"
SUBNETS = ("10.20.1.0/24", "10.20.2.0/24")
REGISTERED_IP = "10.20.1.10"
GROUP_PORT = 8000
_NAME = "landscape"


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer with one listener.

    Attributes:
        name: At most 32 characters.
        internal: Whether it is reachable from its network only.
        port: The listener's; 443 makes it HTTPS.
    """

    name: str
    internal: bool = False
    port: int = 443


@dataclass(frozen=True, slots=True)
class Landscape:
    """The prepared resources.

    Attributes:
        listeners: The listeners' ARNs, by load balancer.
        target_groups: The target groups' ARNs, by name.
    """

    listeners: Mapping[str, str]
    target_groups: Mapping[str, str]


def prepare(
    client: Callable[[str], Any], account: str, balancers: Sequence[Balancer], target_groups: Sequence[str] = ()
) -> Landscape:
    """Make what isn't there yet.

    Args:
        client: Gives a boto3 client by its service's name; it is asked for ec2 and elbv2.
        account: Whose certificates the HTTPS listeners name, twelve digits.
        balancers: The load balancers.
        target_groups: Names of groups of type `ip`, each with one registered address.

    Returns:
        What is there now, whoever made it.
    """
    ec2: EC2Client = client("ec2")
    elb: ElasticLoadBalancingv2Client = client("elbv2")
    vpc, subnets = _network(ec2)
    certificate = f"arn:{elb.meta.partition}:iam::{account}:server-certificate/{_NAME}"
    return Landscape(
        {each.name: _listener(elb, _balancer(elb, each, subnets), each.port, certificate) for each in balancers},
        {name: _target_group(elb, name, vpc) for name in target_groups},
    )


def log_requests(client: Callable[[str], Any], account: str, balancers: Sequence[str]) -> str:
    """Let load balancers write access logs, but for those that have had a bucket already.

    Args:
        client: Gives a boto3 client by its service's name; it is asked for s3 and elbv2.
        account: Whose load balancers they are, twelve digits.
        balancers: Their names.

    Returns:
        The bucket's name.
    """
    elb: ElasticLoadBalancingv2Client = client("elbv2")
    bucket = f"access-logs-{account}-{elb.meta.region_name}"
    found = elb.describe_load_balancers(Names=balancers)["LoadBalancers"] if balancers else ()
    arns = [each["LoadBalancerArn"] for each in found]
    new = [arn for arn in arns if not _attributes(elb, arn)["access_logs.s3.bucket"]]
    if new:
        _log_bucket(client("s3"), elb.meta.partition, account, bucket)
    wanted: Any = [
        {"Key": "access_logs.s3.bucket", "Value": bucket},
        {"Key": "access_logs.s3.enabled", "Value": "true"},
    ]
    for arn in new:
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=wanted)
    return bucket


def deliver_logs(client: Callable[[str], Any], balancers: Sequence[str], group: str) -> None:
    """Let load balancers' access logs be delivered to CloudWatch Logs, as JSON.

    Args:
        client: Gives a boto3 client by its service's name; it is asked for logs and elbv2.
        balancers: Their names.
        group: The log group, which must not be there yet.
    """
    elb: ElasticLoadBalancingv2Client = client("elbv2")
    logs: CloudWatchLogsClient = client("logs")
    logs.create_log_group(logGroupName=group)
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    destination = logs.put_delivery_destination(
        name="access-logs",
        outputFormat="json",
        deliveryDestinationConfiguration={"destinationResourceArn": found["arn"]},
    )["deliveryDestination"]["arn"]
    for each in elb.describe_load_balancers(Names=balancers)["LoadBalancers"]:
        name = each["LoadBalancerName"]
        logs.put_delivery_source(name=name, resourceArn=each["LoadBalancerArn"], logType="ALB_ACCESS_LOGS")
        logs.create_delivery(deliverySourceName=name, deliveryDestinationArn=destination)


def _attributes(elb: ElasticLoadBalancingv2Client, balancer: str) -> dict[str, str]:
    told = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    return {each["Key"]: each["Value"] for each in told}


def _log_bucket(s3: Any, partition: str, account: str, name: str) -> None:
    region = s3.meta.region_name
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=name, **where)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:{partition}:s3:::{name}/AWSLogs/{account}/*",
    }
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def _network(ec2: EC2Client) -> tuple[str, list[str]]:
    """Its own, known by its tag."""
    tags: Any = [{"Key": "Name", "Value": _NAME}]
    named: Any = [{"Name": "tag:Name", "Values": [_NAME]}]
    vpcs = ec2.describe_vpcs(Filters=named)["Vpcs"]
    vpc = vpcs[0]["VpcId"] if vpcs else ec2.create_vpc(CidrBlock=NETWORK)["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=tags)
    found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    there = {subnet["CidrBlock"]: subnet["SubnetId"] for subnet in found}
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
    for block, zone in zip(SUBNETS, zones, strict=False):
        if block not in there:
            made = ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)
            there[block] = made["Subnet"]["SubnetId"]
    return vpc, list(there.values())


def _balancer(elb: ElasticLoadBalancingv2Client, balancer: Balancer, subnets: list[str]) -> str:
    try:
        return elb.describe_load_balancers(Names=[balancer.name])["LoadBalancers"][0]["LoadBalancerArn"]
    except elb.exceptions.LoadBalancerNotFoundException:
        scheme: Literal["internal", "internet-facing"] = "internal" if balancer.internal else "internet-facing"
        made = elb.create_load_balancer(Name=balancer.name, Subnets=subnets, Scheme=scheme)
        return made["LoadBalancers"][0]["LoadBalancerArn"]


def _listener(elb: ElasticLoadBalancingv2Client, balancer: str, port: int, certificate: str) -> str:
    for listener in elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]:
        if listener["Port"] == port:
            return listener["ListenerArn"]
    secure: Any = (
        {"Protocol": "HTTPS", "Certificates": [{"CertificateArn": certificate}]}
        if port == 443  # noqa: PLR2004 - HTTPS's own
        else {"Protocol": "HTTP"}
    )
    made = elb.create_listener(
        LoadBalancerArn=balancer,
        Port=port,
        DefaultActions=[
            {
                "Type": "fixed-response",
                "FixedResponseConfig": {
                    "StatusCode": "404",
                    "ContentType": "text/plain",
                    "MessageBody": "not found",
                },
            }
        ],
        **secure,
    )
    return made["Listeners"][0]["ListenerArn"]


def _target_group(elb: ElasticLoadBalancingv2Client, name: str, vpc: str) -> str:
    try:
        groups = elb.describe_target_groups(Names=[name])["TargetGroups"]
    except elb.exceptions.TargetGroupNotFoundException:
        made = elb.create_target_group(Name=name, TargetType="ip", Protocol="HTTP", Port=GROUP_PORT, VpcId=vpc)
        groups = made["TargetGroups"]
    arn = groups[0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": REGISTERED_IP}])
    return arn
