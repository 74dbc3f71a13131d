"""By which name AWS knows a resource whose creation was cut off, so that what is there is adopted and not made twice. Pure.

The identifiers are those that `pulumi import` takes: https://www.pulumi.com/registry/packages/aws/api-docs/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rollout.live import Live
from rollout.plan import LISTENER_RULE, ResourceState

Inputs = Mapping[str, Any]


def _name(inputs: Inputs, _live: Live) -> str | None:
    return inputs.get("name")


def _permission(inputs: Inputs, _live: Live) -> str:
    qualifier = f":{inputs['qualifier']}" if inputs.get("qualifier") else ""
    return f"{inputs['function']}{qualifier}/{inputs['statementId']}"


def _attachment(inputs: Inputs, _live: Live) -> str:
    port = f",{inputs['port']}" if inputs.get("port") else ""
    return f"{inputs['targetGroupArn']},{inputs['targetId']}{port}"


def _target_group(inputs: Inputs, live: Live) -> str | None:
    group = live.target_groups.get(inputs["name"])
    return group and group.arn


def _rule(inputs: Inputs, live: Live) -> str | None:
    place = (inputs["listenerArn"], inputs["priority"])
    return next((rule.arn for rule in live.rules if (rule.listener, rule.priority) == place), None)


_KEYS: Mapping[str, Callable[[Inputs, Live], str | None]] = {
    "aws:cloudwatch/logGroup:LogGroup": _name,
    "aws:iam/role:Role": _name,
    "aws:iam/rolePolicy:RolePolicy": lambda inputs, _: f"{inputs['role']}:{inputs['name']}",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": lambda inputs, _: f"{inputs['role']}/{inputs['policyArn']}",
    "aws:lambda/function:Function": _name,
    "aws:lambda/permission:Permission": _permission,
    "aws:lb/targetGroup:TargetGroup": _target_group,
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": _attachment,
    LISTENER_RULE: _rule,
}


def natural_id(resource: ResourceState, live: Live) -> str | None:
    """The import identifier of a resource by its natural key, whether or not AWS has it.

    Args:
        resource: Whose creation was begun, with its inputs.
        live: AWS now, which tells the ARNs of target groups and rules.

    Returns:
        None where AWS has no such resource, or where its inputs don't name it.
    """
    key = _KEYS.get(resource.type)
    try:
        return key(resource.inputs, live) if key else None
    except KeyError:  # named by the engine or by AWS
        return None
