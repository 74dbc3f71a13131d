"""The provider's functions: what programs look up rather than make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from rollout.sandbox.provider.aws import Aws, AwsFailure, code_of, doing
from rollout.sandbox.provider.functions import FUNCTION
from rollout.sandbox.provider.schema import Invoke, Props
from rollout.sandbox.provider.tags import told_tags
from rollout.sandbox.provider.target_groups import TARGET_GROUP

_GONE = frozenset({"LoadBalancerNotFound", "TargetGroupNotFound", "ListenerNotFound"})


def _first(call: Any, key: str, **given: Any) -> Props | None:
    """The first of what a call finds; None where AWS says that there is none."""
    try:
        found = call(**given)[key]
    except ClientError as error:
        if code_of(error) in _GONE:
            return None
        raise
    return dict(found[0]) if found else None


def get_target_group(aws: Aws, args: Props) -> Props:
    """By name or ARN."""
    elb = aws.client("elbv2")
    by = {"TargetGroupArns": [args["arn"]]} if args.get("arn") else {"Names": [args.get("name", "")]}
    with doing("reading ELBv2 Target Groups", "elbv2"):
        group = _first(elb.describe_target_groups, "TargetGroups", **by)
        if group is None:
            raise AwsFailure("reading ELBv2 Target Groups: couldn't find resource")
    state = TARGET_GROUP.operations.read(aws, group["TargetGroupArn"], None) or {}
    tags = state.pop("tagsAll", {})
    nothing = {
        "connectionTermination": False,
        "preserveClientIp": "",
        "protocol": "",
        "protocolVersion": "",
        "vpcId": "",
    }
    stickiness = {"cookieDuration": 0, "cookieName": "", "enabled": False, "type": ""}
    return {
        **nothing,
        "port": 0,
        "proxyProtocolV2": False,
        "loadBalancingAlgorithmType": "",
        "loadBalancingAnomalyMitigation": "",
        "loadBalancingCrossZoneEnabled": "",
        "targetControlPort": 0,
        **state,
        "deregistrationDelay": str(state.get("deregistrationDelay", "")),
        "stickiness": stickiness,
        "tags": tags,
        "id": group["TargetGroupArn"],
        "region": aws.region,
    }


def get_load_balancer(aws: Aws, args: Props) -> Props:
    """By name or ARN."""
    elb = aws.client("elbv2")
    by = {"LoadBalancerArns": [args["arn"]]} if args.get("arn") else {"Names": [args.get("name", "")]}
    with doing("reading ELBv2 Load Balancers", "elbv2"):
        found = _first(elb.describe_load_balancers, "LoadBalancers", **by)
        if found is None:
            raise AwsFailure("reading ELBv2 Load Balancers: couldn't find resource")
        tags = told_tags(elb, found["LoadBalancerArn"])
    arn, zones = found["LoadBalancerArn"], found.get("AvailabilityZones", [])
    off = {"bucket": "", "enabled": False, "prefix": ""}
    return {
        "arn": arn,
        "arnSuffix": arn.rpartition("loadbalancer/")[2],
        "id": arn,
        "name": found["LoadBalancerName"],
        "dnsName": found["DNSName"],
        "zoneId": found.get("CanonicalHostedZoneId", ""),
        "internal": found.get("Scheme") == "internal",
        "ipAddressType": found.get("IpAddressType", "ipv4"),
        "loadBalancerType": found.get("Type", "application"),
        "securityGroups": found.get("SecurityGroups", []),
        "subnets": [zone["SubnetId"] for zone in zones],
        "subnetMappings": [
            {
                "subnetId": z["SubnetId"],
                "allocationId": "",
                "ipv6Address": "",
                "outpostId": "",
                "privateIpv4Address": "",
            }
            for z in zones
        ],
        "vpcId": found.get("VpcId", ""),
        "accessLogs": off,
        "connectionLogs": [off],
        "healthCheckLogs": [off],
        "ipamPools": [],
        "clientKeepAlive": 3600,
        "customerOwnedIpv4Pool": "",
        "desyncMitigationMode": "defensive",
        "dnsRecordClientRoutingPolicy": "",
        "dropInvalidHeaderFields": False,
        "enableCrossZoneLoadBalancing": True,
        "enableDeletionProtection": False,
        "enableHttp2": True,
        "enablePrefixForIpv6SourceNat": "",
        "enableTlsVersionAndCipherSuiteHeaders": False,
        "enableWafFailOpen": False,
        "enableXffClientPort": False,
        "enableZonalShift": False,
        "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "",
        "idleTimeout": 60,
        "preserveHostHeader": False,
        "secondaryIpsAutoAssignedPerSubnet": 0,
        "xffHeaderProcessingMode": "append",
        "tags": tags,
        "region": aws.region,
    }


def get_listener(aws: Aws, args: Props) -> Props:
    """By ARN, or by load balancer and port."""
    elb = aws.client("elbv2")
    with doing("reading ELBv2 Listener", "elbv2"):
        if args.get("arn"):
            found = _first(elb.describe_listeners, "Listeners", ListenerArns=[args["arn"]])
        else:
            try:
                pages = list(elb.get_paginator("describe_listeners").paginate(LoadBalancerArn=args["loadBalancerArn"]))
            except ClientError as error:
                if code_of(error) not in _GONE:
                    raise
                pages = []
            listeners = [listener for page in pages for listener in page["Listeners"]]
            found = next((listener for listener in listeners if listener["Port"] == args.get("port")), None)
        if found is None:
            raise AwsFailure("no matching ELBv2 Listener found")
        tags = told_tags(elb, found["ListenerArn"])
    return {
        "arn": found["ListenerArn"],
        "id": found["ListenerArn"],
        "loadBalancerArn": found["LoadBalancerArn"],
        "port": found["Port"],
        "protocol": found["Protocol"],
        "sslPolicy": found.get("SslPolicy", ""),
        "certificateArn": next((c["CertificateArn"] for c in found.get("Certificates", ())), ""),
        "alpnPolicy": "",
        "mutualAuthentications": [],
        "defaultActions": [_default_action(action) for action in found.get("DefaultActions", ())],
        "tags": tags,
        "region": aws.region,
    }


def _default_action(action: Props) -> Props:
    fixed = action.get("FixedResponseConfig")
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    return {
        "type": action["Type"],
        "order": action.get("Order", 0),
        "targetGroupArn": action.get("TargetGroupArn", ""),
        "fixedResponses": [
            {
                "contentType": fixed.get("ContentType", ""),
                "messageBody": fixed.get("MessageBody", ""),
                "statusCode": fixed.get("StatusCode", ""),
            }
        ]
        if fixed
        else [],
        "forwards": [{"targetGroups": [{"arn": g["TargetGroupArn"], "weight": g.get("Weight", 1)} for g in groups]}]
        if groups
        else [],
        "redirects": [],
        "authenticateCognitos": [],
        "authenticateOidcs": [],
        "jwtValidations": [],
    }


def get_function(aws: Aws, args: Props) -> Props:
    """By name."""
    name = args["functionName"]
    state = FUNCTION.operations.read(aws, name, None)
    if state is None:
        raise AwsFailure(f"reading Lambda Function ({name}): couldn't find resource")
    blocks = {
        plural: [state.pop(one)]
        for one, plural in (("ephemeralStorage", "ephemeralStorages"), ("loggingConfig", "loggingConfigs"))
    }
    return {**state, **blocks, "functionName": name, "id": name, "tags": state.pop("tagsAll", {}), "region": aws.region}


def get_caller_identity(aws: Aws, args: Props) -> Props:  # noqa: ARG001 - it takes none
    """Whose credentials they are."""
    with doing("reading STS Caller Identity", "sts"):
        said = aws.client("sts").get_caller_identity()
    return {"accountId": said["Account"], "arn": said["Arn"], "userId": said["UserId"], "id": said["Account"]}


def get_region(aws: Aws, args: Props) -> Props:  # noqa: ARG001 - the port's own
    """The region."""
    name = aws.region
    return {"id": name, "name": name, "region": name, "description": name, "endpoint": f"ec2.{name}.amazonaws.com"}


def get_partition(aws: Aws, args: Props) -> Props:  # noqa: ARG001 - it takes none
    """The partition: the sandbox is in the first."""
    return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


INVOKES: Mapping[str, Invoke] = {
    "aws:lb/getTargetGroup:getTargetGroup": get_target_group,
    "aws:lb/getLoadBalancer:getLoadBalancer": get_load_balancer,
    "aws:lb/getListener:getListener": get_listener,
    "aws:lambda/getFunction:getFunction": get_function,
    "aws:index/getCallerIdentity:getCallerIdentity": get_caller_identity,
    "aws:index/getRegion:getRegion": get_region,
    "aws:index/getPartition:getPartition": get_partition,
}
