"""The provider's functions: what programs look up rather than make.

A lookup answers each key of pulumi-aws's result, with an empty value where there is nothing to tell.
https://www.pulumi.com/registry/packages/aws/api-docs/lb/gettargetgroup/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.loaders import create_loader

from rollout_sandbox.provider.aws import Aws, AwsFailure, doing
from rollout_sandbox.provider.functions import FUNCTION
from rollout_sandbox.provider.patience import Ignoring
from rollout_sandbox.provider.rule_actions import from_api
from rollout_sandbox.provider.schema import Invoke, Props
from rollout_sandbox.provider.tags import told_tags
from rollout_sandbox.provider.target_groups import TARGET_GROUP

ELB = "elbv2"
_NO_TARGET_GROUP: Props = {
    "connectionTermination": False,
    "deregistrationDelay": "",
    "lambdaMultiValueHeadersEnabled": False,
    "loadBalancingAlgorithmType": "",
    "loadBalancingAnomalyMitigation": "",
    "loadBalancingCrossZoneEnabled": "",
    "port": 0,
    "preserveClientIp": "",
    "protocol": "",
    "protocolVersion": "",
    "proxyProtocolV2": False,
    "slowStart": 0,
    "stickiness": {"cookieDuration": 0, "cookieName": "", "enabled": False, "type": ""},
    "targetControlPort": 0,
    "vpcId": "",
}
_OFF: Props = {"bucket": "", "enabled": False, "prefix": ""}
_NO_LOAD_BALANCER: Props = {
    "accessLogs": _OFF,
    "clientKeepAlive": 3600,
    "connectionLogs": [_OFF],
    "customerOwnedIpv4Pool": "",
    "desyncMitigationMode": "defensive",
    "dnsRecordClientRoutingPolicy": "",
    "dropInvalidHeaderFields": False,
    "enableCrossZoneLoadBalancing": False,
    "enableDeletionProtection": False,
    "enableHttp2": True,
    "enablePrefixForIpv6SourceNat": "",
    "enableTlsVersionAndCipherSuiteHeaders": False,
    "enableWafFailOpen": False,
    "enableXffClientPort": False,
    "enableZonalShift": False,
    "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "",
    "healthCheckLogs": [_OFF],
    "ipamPools": [],
    "preserveHostHeader": False,
    "secondaryIpsAutoAssignedPerSubnet": 0,
    "xffHeaderProcessingMode": "append",
}
_NO_MAPPING: Props = {"allocationId": "", "ipv6Address": "", "outpostId": "", "privateIpv4Address": ""}
_NO_FUNCTION: Props = {
    "capacityProviderConfigs": [],
    "codeSigningConfigArn": "",
    "deadLetterConfig": {"targetArn": ""},
    "durableConfigs": [],
    "environment": {"variables": {}},
    "fileSystemConfigs": [],
    "sourceKmsKeyArn": "",
    "tenancyConfigs": [],
    "vpcConfig": {"ipv6AllowedForDualStack": False, "securityGroupIds": [], "subnetIds": [], "vpcId": ""},
}
_SAME_IN_FUNCTION = (
    *("architectures", "arn", "codeSha256", "deadLetterConfig", "description", "environment", "handler", "imageUri"),
    *("invokeArn", "kmsKeyArn", "lastModified", "layers", "memorySize", "qualifiedArn", "qualifiedInvokeArn"),
    *("reservedConcurrentExecutions", "responseStreamingInvokeArn", "role", "runtime", "signingJobArn"),
    *("signingProfileVersionArn", "sourceCodeSize", "timeout", "tracingConfig", "version"),
)


def _one(elb: Any, found: Iterable[Props], arn: str, args: Props, missing: str) -> tuple[Props, Props]:
    """The one thing that has the wanted tags, and its tags.

    Raises:
        AwsFailure: There is none, or there are several.
    """
    wanted = (args.get("tags") or {}).items()
    tagged = [(thing, told_tags(elb, thing[arn])) for thing in found]
    fitting = [(thing, tags) for thing, tags in tagged if wanted <= tags.items()]
    if not fitting:
        raise AwsFailure(missing)
    if len(fitting) > 1:
        raise AwsFailure(f"Search returned {len(fitting)} results, please revise so only one is returned")
    return fitting[0]


def _all(elb: Any, operation: str, key: str, **by: Any) -> list[Props]:
    """All that an operation finds; nothing is found where AWS says so."""
    with Ignoring("LoadBalancerNotFound", "TargetGroupNotFound", "ListenerNotFound"):
        return [thing for page in elb.get_paginator(operation).paginate(**by) for thing in page[key]]
    return []


def _by(arns: str, args: Props) -> dict[str, list[str]]:
    if args.get("arn"):
        return {arns: [args["arn"]]}
    return {"Names": [args["name"]]} if args.get("name") else {}


def get_target_group(aws: Aws, args: Props) -> Props:
    """By ARN, name or tags."""
    elb, what = aws.client(ELB), "reading ELBv2 Target Groups"
    by = _by("TargetGroupArns", args)
    with doing(what, ELB):
        found = _all(elb, "describe_target_groups", "TargetGroups", **by)
        group, tags = _one(elb, found, "TargetGroupArn", args, f"{what}: couldn't find resource")
    arn = group["TargetGroupArn"]
    state = TARGET_GROUP.operations.read(aws, arn, None) or {}
    keys = {*_NO_TARGET_GROUP, "arn", "arnSuffix", "loadBalancerArns", "name", "targetType"}
    told = {**_NO_TARGET_GROUP, **{key: value for key, value in state.items() if key in keys}}
    told["deregistrationDelay"] = str(told["deregistrationDelay"])
    return {**told, "id": arn, "healthCheck": {"port": "", "protocol": "", **state["healthCheck"]}, "tags": tags}


def get_load_balancer(aws: Aws, args: Props) -> Props:
    """By ARN, name or tags."""
    elb, what = aws.client(ELB), "reading ELBv2 Load Balancers"
    by = _by("LoadBalancerArns", args)
    with doing(what, ELB):
        found = _all(elb, "describe_load_balancers", "LoadBalancers", **by)
        balancer, tags = _one(elb, found, "LoadBalancerArn", args, f"{what}: couldn't find resource")
        arn = balancer["LoadBalancerArn"]
        attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    said: dict[str, str] = {attribute["Key"]: attribute["Value"] for attribute in attributes}
    subnets = [zone["SubnetId"] for zone in balancer["AvailabilityZones"]]
    return {
        **_NO_LOAD_BALANCER,
        "arn": arn,
        "arnSuffix": arn.partition(":loadbalancer/")[2],
        "dnsName": balancer["DNSName"],
        "enableDeletionProtection": said.get("deletion_protection.enabled") == "true",
        "id": arn,
        "idleTimeout": int(said.get("idle_timeout.timeout_seconds", "60")),
        "internal": balancer.get("Scheme") == "internal",
        "ipAddressType": balancer["IpAddressType"],
        "loadBalancerType": balancer["Type"],
        "name": balancer["LoadBalancerName"],
        "securityGroups": balancer.get("SecurityGroups", []),
        "subnetMappings": [{**_NO_MAPPING, "subnetId": subnet} for subnet in subnets],
        "subnets": subnets,
        "tags": tags,
        "vpcId": balancer["VpcId"],
        "zoneId": balancer["CanonicalHostedZoneId"],
    }


def get_listener(aws: Aws, args: Props) -> Props:
    """By ARN, or by load balancer and port."""
    elb = aws.client(ELB)
    by = _by("ListenerArns", args) or {"LoadBalancerArn": args.get("loadBalancerArn", "")}
    with doing("reading ELBv2 Listeners", ELB):
        found = _all(elb, "describe_listeners", "Listeners", **by)
        fitting = [listener for listener in found if args.get("port") in (None, listener["Port"])]
        listener, tags = _one(elb, fitting, "ListenerArn", args, "no matching ELBv2 Listener found")
    certificates = listener.get("Certificates", [])
    return {
        "alpnPolicy": next(iter(listener.get("AlpnPolicy", [])), ""),
        "arn": listener["ListenerArn"],
        "certificateArn": certificates[0]["CertificateArn"] if certificates else "",
        "defaultActions": [_default_action(action) for action in listener["DefaultActions"]],
        "id": listener["ListenerArn"],
        "loadBalancerArn": listener["LoadBalancerArn"],
        "mutualAuthentications": [],
        "port": listener["Port"],
        "protocol": listener["Protocol"],
        "sslPolicy": listener.get("SslPolicy", ""),
        "tags": tags,
    }


def _default_action(action: Props) -> Props:
    """An action whose blocks are lists, as they are in this result alone."""
    forward, fixed, redirect = (
        [action[config]] if action.get(config) else []
        for config in ("ForwardConfig", "FixedResponseConfig", "RedirectConfig")
    )
    return {
        "authenticateCognitos": [],
        "authenticateOidcs": [],
        "fixedResponses": [{"messageBody": "", **from_api(config)} for config in fixed],
        "forwards": [_forward(config) for config in forward],
        "jwtValidations": [],
        "order": action["Order"],
        "redirects": [from_api(config) for config in redirect],
        "targetGroupArn": action.get("TargetGroupArn", ""),
        "type": action["Type"],
    }


def _forward(config: Props) -> Props:
    sticky = config["TargetGroupStickinessConfig"]
    return {
        "stickinesses": [{"duration": sticky.get("DurationSeconds", 0), "enabled": sticky["Enabled"]}],
        "targetGroups": [{"arn": each["TargetGroupArn"], "weight": each["Weight"]} for each in config["TargetGroups"]],
    }


def get_function(aws: Aws, args: Props) -> Props:
    """By name."""
    name = args["functionName"]
    state = FUNCTION.operations.read(aws, name, None)
    if state is None:
        raise AwsFailure(f"reading Lambda Function ({name}): couldn't find resource")
    return {
        **_NO_FUNCTION,
        **{key: state[key] for key in _SAME_IN_FUNCTION if state.get(key) is not None},
        "ephemeralStorages": [state["ephemeralStorage"]],
        "functionName": name,
        "id": name,
        "loggingConfigs": [state["loggingConfig"]],
        "qualifier": args.get("qualifier") or "",
        "sourceCodeHash": state["codeSha256"],
        "tags": state["tagsAll"],
    }


def get_caller_identity(aws: Aws, args: Props) -> Props:  # noqa: ARG001 - it takes none
    """Whose credentials they are."""
    with doing("reading STS Caller Identity", "sts"):
        said = aws.client("sts").get_caller_identity()
    return {"accountId": said["Account"], "arn": said["Arn"], "id": said["Account"], "userId": said["UserId"]}


def get_region(aws: Aws, args: Props) -> Props:
    """The region that is named, or else the provider's."""
    name = args.get("region") or args.get("name") or aws.region
    partition = _partition_of(name)
    return {
        "description": partition["regions"][name]["description"],
        "endpoint": f"ec2.{name}.{partition['dnsSuffix']}",
        "id": name,
        "name": name,
        "region": name,
    }


def get_partition(aws: Aws, args: Props) -> Props:  # noqa: ARG001 - it takes none
    """The partition that the provider's region is in."""
    partition = _partition_of(aws.region)
    name, suffix = partition["partition"], partition["dnsSuffix"]
    return {
        "dnsSuffix": suffix,
        "id": name,
        "partition": name,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def _partition_of(region: str) -> Any:
    """What AWS's SDK knows of a region's partition."""
    for partition in create_loader().load_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return partition
    raise AwsFailure(f"finding Region ({region}): couldn't find resource")


def _regional(lookup: Invoke) -> Invoke:
    """Look up in the region that is asked for, and answer it."""

    def look_up(aws: Aws, args: Props) -> Props:
        region = args.get("region") or aws.region
        return {**lookup(aws.of(region), args), "region": region}

    return look_up


INVOKES: Mapping[str, Invoke] = {
    "aws:index/getCallerIdentity:getCallerIdentity": get_caller_identity,
    "aws:index/getPartition:getPartition": get_partition,
    "aws:index/getRegion:getRegion": get_region,
    "aws:lambda/getFunction:getFunction": _regional(get_function),
    "aws:lb/getListener:getListener": _regional(get_listener),
    "aws:lb/getLoadBalancer:getLoadBalancer": _regional(get_load_balancer),
    "aws:lb/getTargetGroup:getTargetGroup": _regional(get_target_group),
}
