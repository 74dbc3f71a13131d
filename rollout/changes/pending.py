"""What a run that was cut off leaves behind: locks, and creations of which nobody knows what became. Pure.

A resource is found again by the name that AWS knows it by, so that what is there is adopted and not made twice. The
identifiers are those that `pulumi import` takes: https://www.pulumi.com/registry/packages/aws/api-docs/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from rollout.changes.plan import LISTENER_RULE, TARGET_GROUP, ResourceState
from rollout.live import Live

Inputs = Mapping[str, Any]


class Holder(StrEnum):
    """What became of a lock's holder, as far as this host can tell."""

    ALIVE = "alive"
    ORPHAN = "orphan"  # an engine whose rollout is dead: it can't finish
    DEAD = "dead"
    ELSEWHERE = "elsewhere"

    @property
    def words(self) -> str:
        """For people."""
        return {
            Holder.ALIVE: "at work on this machine",
            Holder.ORPHAN: "an engine on this machine whose rollout is dead",
            Holder.DEAD: "dead",
            Holder.ELSEWHERE: "on another machine, of which nobody can tell from here",
        }[self]


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a stack.

    Attributes:
        stack: legacy, candidate, routing or monitoring.
        since: When it was taken; None where the engine doesn't say.
        state: What became of its holder when it was last looked at.
    """

    stack: str
    user: str
    host: str
    pid: int
    since: datetime | None
    state: Holder

    @property
    def holder(self) -> str:
        """Who, where and since when."""
        when = f", since {self.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        return f"{self.user}@{self.host} (pid {self.pid}{when})"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of creations that were begun.

    Attributes:
        adopted: AWS has them, and now the state has, too.
        gone: AWS has no such thing, so they are made anew.
    """

    adopted: tuple[ResourceState, ...] = ()
    gone: tuple[ResourceState, ...] = ()


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
    return group.arn if group else None


def _rule(inputs: Inputs, live: Live) -> str | None:
    place = (inputs["listenerArn"], inputs["priority"])
    return next((rule.arn for rule in live.rules if (rule.listener, rule.priority) == place), None)


_KEYS: Mapping[str, Callable[[Inputs, Live], str | None]] = {
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": lambda inputs, _: inputs["alarmName"],
    "aws:cloudwatch/dashboard:Dashboard": lambda inputs, _: inputs["dashboardName"],
    "aws:cloudwatch/logGroup:LogGroup": _name,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _name,
    "aws:iam/role:Role": _name,
    "aws:iam/rolePolicy:RolePolicy": lambda inputs, _: f"{inputs['role']}:{inputs['name']}",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": lambda inputs, _: f"{inputs['role']}/{inputs['policyArn']}",
    "aws:lambda/function:Function": _name,
    "aws:lambda/permission:Permission": _permission,
    TARGET_GROUP: _target_group,
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
