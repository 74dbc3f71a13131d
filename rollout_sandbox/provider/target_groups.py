"""aws:lb/targetGroup:TargetGroup and aws:lb/targetGroupAttachment:TargetGroupAttachment.

https://www.pulumi.com/registry/packages/aws/api-docs/lb/targetgroup/
https://www.pulumi.com/registry/packages/aws/api-docs/lb/targetgroupattachment/
"""

from __future__ import annotations

import re
import time
from typing import Any

from botocore.exceptions import ClientError

from rollout_sandbox.provider.aws import Aws, AwsFailure, code_of, doing, once_made
from rollout_sandbox.provider.patience import Ignoring, trying
from rollout_sandbox.provider.refusals import other_than, too_short_or_long
from rollout_sandbox.provider.schema import Kind, Property, Props, ResourceType, block, boolean, integer, string
from rollout_sandbox.provider.tags import as_tags, told_tags, update_tags

SERVICE = "elbv2"
WHAT = "ELBv2 Target Group"

_LONGEST_NAME = 32
_LAMBDA = "lambda"
_GONE = "TargetGroupNotFound"
_NOT_REGISTERED = frozenset({"Target.NotRegistered", "Target.DeregistrationInProgress"})

# Attributes by their property: the API's key, and what its text stands for.
_Attributes = dict[str, tuple[str, type]]
_OF_LAMBDA: _Attributes = {"lambdaMultiValueHeadersEnabled": ("lambda.multi_value_headers.enabled", bool)}
_OF_OTHERS: _Attributes = {
    "deregistrationDelay": ("deregistration_delay.timeout_seconds", int),
    "loadBalancingAlgorithmType": ("load_balancing.algorithm.type", str),
    "loadBalancingAnomalyMitigation": ("load_balancing.algorithm.anomaly_mitigation", str),
    "loadBalancingCrossZoneEnabled": ("load_balancing.cross_zone.enabled", str),
    "slowStart": ("slow_start.duration_seconds", int),
}
_HEALTH = {
    "enabled": "HealthCheckEnabled",
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}
_HEALTH_OF_OTHERS = {"port": "HealthCheckPort", "protocol": "HealthCheckProtocol"}
_PLACE = {"port": "Port", "protocol": "Protocol", "vpcId": "VpcId"}
_OPTIONAL_PLACE = {"protocolVersion": "ProtocolVersion", "ipAddressType": "IpAddressType"}


class _TargetGroup:
    def create(self, aws: Aws, new: Props) -> str:
        elb, name = aws.client(SERVICE), new["name"]
        with doing(f"reading {WHAT} ({name})", SERVICE), Ignoring(_GONE):
            elb.describe_target_groups(Names=[name])
            raise AwsFailure(f"{WHAT} ({name}) already exists")
        given = {"Name": name, "TargetType": new["targetType"], **_health_check(new)}
        if new["targetType"] != _LAMBDA:
            given |= {api: new[key] for key, api in {**_PLACE, **_OPTIONAL_PLACE}.items() if new.get(key)}
        if new.get("tagsAll"):
            given["Tags"] = as_tags(new["tagsAll"])
        with doing(f"creating {WHAT} ({name})", SERVICE):
            arn = str(elb.create_target_group(**given)["TargetGroups"][0]["TargetGroupArn"])
        with once_made(arn):
            _set_attributes(elb, arn, new, frozenset(name for name, value in new.items() if value not in (None, False)))
        return arn

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        elb = aws.client(SERVICE)
        with doing(f"reading {WHAT} ({id_})", SERVICE), Ignoring(_GONE):
            group = elb.describe_target_groups(TargetGroupArns=[id_])["TargetGroups"][0]
            attributes = elb.describe_target_group_attributes(TargetGroupArn=id_)["Attributes"]
            return {
                "arn": id_,
                "arnSuffix": id_.rpartition(":")[2],
                "name": group["TargetGroupName"],
                "targetType": group["TargetType"],
                "ipAddressType": group.get("IpAddressType", "ipv4"),
                "loadBalancerArns": group.get("LoadBalancerArns", []),
                **(dict.fromkeys(_PLACE) if known else {}),  # None, lest what a program says of a function be state
                **{key: group[api] for key, api in {**_PLACE, **_OPTIONAL_PLACE}.items() if api in group},
                "healthCheck": _told_health_check(group),
                **_told_attributes(group["TargetType"], {pair["Key"]: pair["Value"] for pair in attributes}),
                "tagsAll": told_tags(elb, id_),
            }
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        elb = aws.client(SERVICE)
        with doing(f"updating tags for {WHAT} ({id_})", SERVICE):
            update_tags(elb, id_, old, new)
        if "healthCheck" in changed:
            with doing(f"modifying {WHAT} ({id_})", SERVICE):
                elb.modify_target_group(TargetGroupArn=id_, **_health_check(new))
        _set_attributes(elb, id_, new, changed)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        elb = aws.client(SERVICE)
        with doing(f"deleting {WHAT} ({id_})", SERVICE), Ignoring(_GONE):
            trying(lambda: elb.delete_target_group(TargetGroupArn=id_), again=_in_use)


def _in_use(error: ClientError) -> bool:
    return code_of(error) == "ResourceInUse"


def _health_check(new: Props) -> Props:
    """The health check as the API takes it; that of a function has no port and protocol."""
    check = new.get("healthCheck") or {}
    fields = _HEALTH if new["targetType"] == _LAMBDA else {**_HEALTH, **_HEALTH_OF_OTHERS}
    given = {api: check[key] for key, api in fields.items() if check.get(key) is not None}
    return {**given, "Matcher": {"HttpCode": check["matcher"]}} if check.get("matcher") else given


def _told_health_check(group: Props) -> Props:
    told = {key: group[api] for key, api in {**_HEALTH, **_HEALTH_OF_OTHERS}.items() if api in group}
    return {**told, "matcher": group.get("Matcher", {}).get("HttpCode", "")}


def _attributes_of(target_type: str) -> _Attributes:
    return _OF_LAMBDA if target_type == _LAMBDA else _OF_OTHERS


def _set_attributes(elb: Any, arn: str, new: Props, names: frozenset[str]) -> None:
    """Send the named attributes that a group of this type has; a function's other ones are only recorded."""
    attributes = [
        {"Key": key, "Value": str(kind(new.get(name) or 0)).lower() if kind is not str else new[name]}
        for name, (key, kind) in _attributes_of(new["targetType"]).items()
        if name in names
    ]
    if attributes:
        with doing(f"modifying {WHAT} ({arn}) attributes", SERVICE):
            elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=attributes)


def _told_attributes(target_type: str, texts: Props) -> Props:
    return {
        name: texts[key] == "true" if kind is bool else kind(texts[key])
        for name, (key, kind) in _attributes_of(target_type).items()
        if key in texts
    }


def _bad_name(name: str) -> str | None:
    if len(name) > _LONGEST_NAME:
        return f'"{{path}}" cannot be longer than {_LONGEST_NAME} characters'
    if not re.fullmatch(r"[0-9A-Za-z-]+", name):
        return 'only alphanumeric characters and hyphens allowed in "{path}"'
    if name.startswith("-"):
        return '"{path}" cannot begin with a hyphen'
    return '"{path}" cannot end with a hyphen' if name.endswith("-") else None


def _bad_delay(seconds: int) -> str | None:
    low, high = 0, 3600
    return None if low <= seconds <= high else f"expected {{path}} to be at between ({low}) and ({high}), got {seconds}"


def _bad_slow_start(seconds: int) -> str | None:
    low, high = 30, 900
    good = seconds == 0 or low <= seconds <= high
    return None if good else f"expected {{path}} to be in the range ({low} - {high}), got {seconds}"


def _verify(new: Props) -> str | None:
    if new["targetType"] == _LAMBDA:
        return None
    missing = next((key for key in _PLACE if not new.get(key)), None)
    argument = "vpc_id" if missing == "vpcId" else missing
    return missing and f'Attribute "{argument}" must be specified when "target_type" is "{new["targetType"]}".'


def _irrelevant(_old: Props, new: Props) -> frozenset[str]:
    """A function has no place, and its health check no port and protocol, whatever the program says."""
    if new["targetType"] != _LAMBDA:
        return frozenset()
    return frozenset({*_PLACE, "protocolVersion", *(f"healthCheck.{key}" for key in _HEALTH_OF_OTHERS)})


TARGET_GROUP = ResourceType(
    "aws:lb/targetGroup:TargetGroup",
    {
        "arn": string(output=True),
        "arnSuffix": string(output=True),
        "loadBalancerArns": Property(Kind.LIST, output=True, item=string()),
        "name": string(computed=True, force_new=True, auto_name=_LONGEST_NAME, refuse=_bad_name),
        "targetType": string(
            default="instance",
            force_new=True,
            refuse=other_than("instance", "ip", _LAMBDA, "alb", name="target_type"),
        ),
        "port": integer(1, 65_535, force_new=True),
        "protocol": string(force_new=True),
        "protocolVersion": string(computed=True, force_new=True),
        "vpcId": string(force_new=True),
        "ipAddressType": string(computed=True, force_new=True),
        "deregistrationDelay": Property(Kind.INT, default=300, refuse=_bad_delay),
        "slowStart": Property(Kind.INT, refuse=_bad_slow_start),
        "lambdaMultiValueHeadersEnabled": boolean(),
        "loadBalancingAlgorithmType": string(computed=True),
        "loadBalancingAnomalyMitigation": string(computed=True),
        "loadBalancingCrossZoneEnabled": string(computed=True),
        "healthCheck": block(
            {
                "enabled": boolean(default=True),
                "healthyThreshold": integer(2, 10, default=3),
                "interval": integer(5, 300, default=30),
                "matcher": string(computed=True),
                "path": string(computed=True, refuse=too_short_or_long(1, 1024)),
                "port": string(default="traffic-port"),
                "protocol": string(default="HTTP"),
                "timeout": integer(2, 120, computed=True),
                "unhealthyThreshold": integer(2, 10, default=3),
            },
            computed=True,
        ),
    },
    _TargetGroup(),
    tagged=True,
    verify=_verify,
    irrelevant=_irrelevant,
)


class _Attachment:
    def create(self, aws: Aws, new: Props) -> str:
        group = new["targetGroupArn"]
        with doing(f"registering {WHAT} ({group}) target", SERVICE):
            aws.client(SERVICE).register_targets(TargetGroupArn=group, Targets=[_target(new)])
        return f"{group}-{time.time_ns()}"

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        if known is None:
            raise AssertionError(f"{id_}: an import tells the target")
        elb, group = aws.client(SERVICE), known["targetGroupArn"]
        with doing(f"reading {WHAT} Attachment ({id_})", SERVICE), Ignoring(_GONE, "InvalidTarget"):
            found = elb.describe_target_health(TargetGroupArn=group, Targets=[_target(known)])
            reasons = [target["TargetHealth"].get("Reason") for target in found["TargetHealthDescriptions"]]
            if any(reason not in _NOT_REGISTERED for reason in reasons):
                return {key: known[key] for key in TARGET_GROUP_ATTACHMENT.properties if key in known}
        return None

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        raise AssertionError(f"{id_}: every property of an attachment replaces it")

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        group = old["targetGroupArn"]
        with doing(f"deregistering {WHAT} ({group}) target", SERVICE), Ignoring(_GONE, "InvalidTarget"):
            aws.client(SERVICE).deregister_targets(TargetGroupArn=group, Targets=[_target(old)])


def _target(props: Props) -> Props:
    target = {"Id": props["targetId"], "Port": props.get("port"), "AvailabilityZone": props.get("availabilityZone")}
    return {key: value for key, value in target.items() if value}


def _imported(id_: str) -> tuple[str, Props]:
    """`TARGET_GROUP_ARN,TARGET_ID[,PORT]`."""
    parts = re.fullmatch(r"([^,]+),([^,]+)(?:,(\d+))?", id_)
    if parts is None:
        raise AwsFailure(f'unexpected format of ID ("{id_}"), expected <target-group-arn>,<target-id>[,<port>]')
    group, target, port = parts.groups()
    return id_, {"targetGroupArn": group, "targetId": target, **({"port": int(port)} if port else {})}


TARGET_GROUP_ATTACHMENT = ResourceType(
    "aws:lb/targetGroupAttachment:TargetGroupAttachment",
    {
        "targetGroupArn": string(required=True, force_new=True),
        "targetId": string(required=True, force_new=True),
        "port": Property(Kind.INT, force_new=True),
        "availabilityZone": string(force_new=True),
    },
    _Attachment(),
    imported=_imported,
)
