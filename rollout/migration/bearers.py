"""What identifies a resource's owner: its own tags, or those of the resource that it belongs to. Pure.

A permission or an alias belongs to a function, an attachment to a role or a target group. They have no tags; the
owner of the whole decides on its parts.
"""

from __future__ import annotations

from collections.abc import Mapping

from rollout.inventory.marks import Bearer
from rollout.inventory.on_aws import function_name_of
from rollout.state.plan import LISTENER_RULE, TARGET_GROUP, ResourceState

FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
ALIAS = "aws:lambda/alias:Alias"
PROVISIONED = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ROLE_POLICY_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ATTACHMENT = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
JOINT_ALARM = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
TABLE = "aws:dynamodb/table:Table"
EVENT_INVOKE = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
S3_OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
SCHEDULE = "aws:scheduler/schedule:Schedule"
STATE_MACHINE = "aws:sfn/stateMachine:StateMachine"

TAGGED = frozenset(
    {FUNCTION, LOG_GROUP, ROLE, TARGET_GROUP, LISTENER_RULE, ALARM, JOINT_ALARM, TABLE, S3_OBJECT, STATE_MACHINE}
)
"""The types that have tags; a dashboard is known by whose alarms it shows, a schedule by its description."""

REPEATABLE = frozenset({S3_OBJECT})
"""Of those, what is made anew where it is there already."""

_NAMES: Mapping[str, str] = {
    FUNCTION: "name",
    LOG_GROUP: "name",
    ROLE: "name",
    TARGET_GROUP: "name",
    ALARM: "name",
    JOINT_ALARM: "alarmName",
    DASHBOARD: "dashboardName",
    TABLE: "name",
    SCHEDULE: "name",
    STATE_MACHINE: "name",
}
_WHOLES: Mapping[str, tuple[str, str]] = {
    PERMISSION: (FUNCTION, "function"),
    ALIAS: (FUNCTION, "functionName"),
    PROVISIONED: (FUNCTION, "functionName"),
    EVENT_INVOKE: (FUNCTION, "functionName"),
    ROLE_POLICY: (ROLE, "role"),
    ROLE_POLICY_ATTACHMENT: (ROLE, "role"),
    ATTACHMENT: (TARGET_GROUP, "targetGroupArn"),
}
_BY_ID = frozenset({TARGET_GROUP, LISTENER_RULE})
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine gives for what isn't known before something else is made."""


def bearer_of(resource: ResourceState) -> Bearer | None:
    """What carries a resource's mark.

    Args:
        resource: As a state holds it or as a program wants it, with its inputs.

    Returns:
        None where nothing can: nobody gave it a name, or the whole that it is a part of isn't made yet.
    """
    inputs, type_ = resource.inputs, resource.type
    if type_ in _WHOLES:
        whole, key = _WHOLES[type_]
        name = str(inputs.get(key) or _UNKNOWN)
        return Bearer(whole, function_name_of(name) if whole == FUNCTION else name) if _known(name) else None
    if type_ in _BY_ID and resource.id.startswith("arn:"):
        return Bearer(type_, resource.id)
    if type_ == S3_OBJECT:
        place = inputs.get("bucket"), inputs.get("key")
        return Bearer(type_, "/".join(map(str, place))) if all(map(_known, place)) else None
    if type_ == LISTENER_RULE:
        place = inputs.get("listenerArn"), inputs.get("priority")
        return Bearer(type_, rule_place(*map(str, place))) if all(map(_known, place)) else None
    named = inputs.get(_NAMES[type_]) if type_ in _NAMES else None
    return Bearer(type_, str(named)) if _known(named) else None


def rule_place(listener: str, priority: str) -> str:
    """The name of a rule that has no ARN yet."""
    return f"{listener}#{priority}"


def _known(value: object) -> bool:
    return bool(value) and value != _UNKNOWN
