"""aws:lb/targetGroup:TargetGroup and aws:lb/targetGroupAttachment:TargetGroupAttachment.

https://www.pulumi.com/registry/packages/aws/api-docs/lb/targetgroup/
"""

from __future__ import annotations

import re
import time
from typing import Any

from botocore.exceptions import ClientError

from rollout.sandbox.provider.aws import Aws, AwsFailure, code_of, doing
from rollout.sandbox.provider.schema import Kind, Property, Props, ResourceType, block, boolean, integer, string
from rollout.sandbox.provider.tags import as_tags, told_tags, update_tags

SERVICE = "elbv2"
WHAT = "ELBv2 Target Group"
LONGEST_NAME = 32
DELETE_TRIES, PAUSE = 6, 0.5
_ATTRIBUTES = {
    "lambdaMultiValueHeadersEnabled": "lambda.multi_value_headers.enabled",
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "slowStart": "slow_start.duration_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "loadBalancingCrossZoneEnabled": "load_balancing.cross_zone.enabled",
}
_HEALTH = {
    "enabled": "HealthCheckEnabled",
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}
_OF_LAMBDA = {
    "enabled": False,
    "healthyThreshold": 5,
    "interval": 35,
    "path": "/",
    "timeout": 30,
    "unhealthyThreshold": 2,
}
_NOT_FOR_LAMBDA = frozenset(
    {"port", "protocol", "vpcId", "protocolVersion", "stickiness", "targetFailovers", "targetGroupHealth"}
)


def _name_refused(name: Any) -> str | None:
    if len(name) > LONGEST_NAME:
        return f'"name" cannot be longer than {LONGEST_NAME} characters: "{name}"'
    if not re.fullmatch(r"[0-9A-Za-z-]+", name):
        return f'only alphanumeric characters and hyphens allowed in "name": "{name}"'
    if name.startswith("-"):
        return f'"name" cannot begin with a hyphen: "{name}"'
    return f'"name" cannot end with a hyphen: "{name}"' if name.endswith("-") else None


class _TargetGroup:
    def create(self, aws: Aws, new: Props) -> str:
        elb, name = aws.client(SERVICE), new["name"]
        with doing(f"creating {WHAT} ({name})", SERVICE):
            if _described(elb, Names=[name]):
                raise AwsFailure(f"{WHAT} ({name}) already exists")
            given: Props = {"Name": name, "TargetType": new["targetType"]}
            if new["targetType"] != "lambda":
                given |= {"Port": new["port"], "Protocol": new["protocol"], "VpcId": new["vpcId"]}
            if new.get("healthCheck"):
                given |= _health(new["healthCheck"])
            if new.get("tagsAll"):
                given["Tags"] = as_tags(new["tagsAll"])
            arn = str(elb.create_target_group(**given)["TargetGroups"][0]["TargetGroupArn"])
            _set_attributes(elb, arn, new, frozenset(_ATTRIBUTES), creating=True)
        return arn

    def read(self, aws: Aws, id_: str, known: Props | None) -> Props | None:
        elb = aws.client(SERVICE)
        with doing(f"reading {WHAT} ({id_})", SERVICE):
            group = _described(elb, TargetGroupArns=[id_])
            if group is None:
                return None
            said = {
                a["Key"]: a["Value"] for a in elb.describe_target_group_attributes(TargetGroupArn=id_)["Attributes"]
            }
            tags = told_tags(elb, id_)
        is_lambda = group.get("TargetType") == "lambda"
        health = {
            key: group.get(api, _OF_LAMBDA.get(key) if is_lambda else None)
            for key, api in _HEALTH.items()
            if not (is_lambda and key in ("port", "protocol"))
        }
        matcher = (group.get("Matcher") or {}).get("HttpCode")
        told: Props = {
            "arn": group["TargetGroupArn"],
            "arnSuffix": group["TargetGroupArn"].rsplit(":", 1)[-1],
            "name": group["TargetGroupName"],
            "targetType": group.get("TargetType", "instance"),
            "healthCheck": {**health, "matcher": matcher or "200"},
            "ipAddressType": group.get("IpAddressType", "ipv4"),
            "loadBalancerArns": group.get("LoadBalancerArns", []),
            "lambdaMultiValueHeadersEnabled": said.get("lambda.multi_value_headers.enabled") == "true",
            "deregistrationDelay": int(said.get("deregistration_delay.timeout_seconds", 300)),
            "slowStart": int(said.get("slow_start.duration_seconds", 0)),
            "tagsAll": tags,
        }
        if is_lambda and known:  # neither is an attribute of a lambda group: the state just keeps the wish
            told |= {key: known[key] for key in ("deregistrationDelay", "slowStart") if key in known}
        if not is_lambda:
            told |= {"port": group.get("Port"), "protocol": group.get("Protocol"), "vpcId": group.get("VpcId")}
        return told

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        elb = aws.client(SERVICE)
        with doing(f"modifying {WHAT} ({id_})", SERVICE):
            if "healthCheck" in changed and new.get("healthCheck"):
                elb.modify_target_group(TargetGroupArn=id_, **_health(new["healthCheck"]))
            _set_attributes(elb, id_, new, changed)
            update_tags(elb, id_, old, new)

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        elb = aws.client(SERVICE)
        with doing(f"deleting {WHAT} ({id_})", SERVICE):
            for left in reversed(range(DELETE_TRIES)):
                try:
                    elb.delete_target_group(TargetGroupArn=id_)
                except ClientError as error:
                    if code_of(error) == "TargetGroupNotFound":
                        return
                    if code_of(error) != "ResourceInUse" or not left:
                        raise
                    time.sleep(PAUSE)
                else:
                    return


def _described(elb: Any, **by: list[str]) -> Props | None:
    try:
        found = elb.describe_target_groups(**by)["TargetGroups"]
    except ClientError as error:
        if code_of(error) == "TargetGroupNotFound":
            return None
        raise
    return dict(found[0]) if found else None


def _health(check: Props) -> Props:
    given = {api: check[key] for key, api in _HEALTH.items() if check.get(key) is not None}
    return given | ({"Matcher": {"HttpCode": check["matcher"]}} if check.get("matcher") else {})


def _set_attributes(elb: Any, arn: str, new: Props, changed: frozenset[str], *, creating: bool = False) -> None:
    of_lambda = new["targetType"] == "lambda"
    attributes = []
    for name, key in _ATTRIBUTES.items():
        value = new.get(name)
        if name not in changed or (name == "lambdaMultiValueHeadersEnabled") != of_lambda:
            continue
        if creating and not value:
            continue
        text = str(bool(value)).lower() if name.endswith("Enabled") else str(value)
        attributes.append({"Key": key, "Value": text})
    if attributes:
        elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=attributes)


def _verify(new: Props) -> str | None:
    if new.get("targetType") == "lambda":
        return None
    missing = next((key for key in ("port", "protocol", "vpcId") if not new.get(key)), None)
    argument = {"vpcId": "vpc_id"}.get(missing or "", missing)
    return missing and f'Attribute "{argument}" must be specified when "target_type" is "{new.get("targetType")}".'


def _irrelevant(old: Props, new: Props) -> frozenset[str]:
    return _NOT_FOR_LAMBDA if "lambda" in (old.get("targetType"), new.get("targetType")) else frozenset()


TARGET_GROUP = ResourceType(
    "aws:lb/targetGroup:TargetGroup",
    {
        "arn": string(output=True),
        "arnSuffix": string(output=True),
        "loadBalancerArns": Property(Kind.LIST, output=True, item=string()),
        "name": string(computed=True, force_new=True, auto_name=LONGEST_NAME, refuse=_name_refused),
        "targetType": string(default="instance", force_new=True),
        "port": integer(1, 65_535, force_new=True),
        "protocol": string(force_new=True),
        "protocolVersion": string(computed=True, force_new=True),
        "vpcId": string(force_new=True),
        "ipAddressType": string(computed=True, force_new=True),
        "deregistrationDelay": integer(0, 3600, default=300),
        "slowStart": integer(0, 900),
        "lambdaMultiValueHeadersEnabled": boolean(),
        "loadBalancingAlgorithmType": string(computed=True),
        "loadBalancingCrossZoneEnabled": string(computed=True),
        "healthCheck": block(
            {
                "enabled": boolean(default=True),
                "healthyThreshold": integer(2, 10, default=3),
                "interval": integer(5, 300, default=30),
                "matcher": string(computed=True),
                "path": string(computed=True),
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
            return None
        with doing(f"reading {WHAT} Attachment ({id_})", SERVICE):
            try:
                found = aws.client(SERVICE).describe_target_health(
                    TargetGroupArn=known["targetGroupArn"], Targets=[_target(known)]
                )["TargetHealthDescriptions"]
            except ClientError as error:
                if code_of(error) in ("TargetGroupNotFound", "InvalidTarget"):
                    return None
                raise
        reasons = [item["TargetHealth"].get("Reason") for item in found]
        if not reasons or reasons == ["Target.NotRegistered"]:
            return None
        return {key: known[key] for key in ("targetGroupArn", "targetId", "port", "availabilityZone") if key in known}

    def update(self, aws: Aws, id_: str, old: Props, new: Props, changed: frozenset[str]) -> None:
        raise AssertionError(f"{id_}: every property of an attachment replaces it")

    def delete(self, aws: Aws, id_: str, old: Props) -> None:
        with doing(f"deregistering {WHAT} ({old['targetGroupArn']}) target", SERVICE):
            try:
                aws.client(SERVICE).deregister_targets(TargetGroupArn=old["targetGroupArn"], Targets=[_target(old)])
            except ClientError as error:
                if code_of(error) != "TargetGroupNotFound":
                    raise


def _target(props: Props) -> Props:
    target = {"Id": props["targetId"], "Port": props.get("port"), "AvailabilityZone": props.get("availabilityZone")}
    return {key: value for key, value in target.items() if value}


def _imported(id_: str) -> tuple[str, Props | None]:
    """`TARGET_GROUP_ARN,TARGET_ID[,PORT]`."""
    arn, _, rest = id_.partition(",")
    target, _, port = rest.partition(",")
    if not target:
        raise AwsFailure(f'unexpected format of ID ("{id_}"), expected <target-group-arn>,<target-id>[,<port>]')
    return id_, {"targetGroupArn": arn, "targetId": target, **({"port": int(port)} if port else {})}


TARGET_GROUP_ATTACHMENT = ResourceType(
    "aws:lb/targetGroupAttachment:TargetGroupAttachment",
    {
        "targetGroupArn": string(required=True, force_new=True),
        "targetId": string(required=True, force_new=True),
        "port": integer(1, 65_535, force_new=True),
        "availabilityZone": string(force_new=True),
    },
    _Attachment(),
    imported=_imported,
)
