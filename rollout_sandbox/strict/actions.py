"""A rule's actions: refused where AWS refuses them, and written as AWS answers them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html#forward-actions
Texts in quotes elsewhere on the web are AWS's; those of the order, of the sum of weights, of the number of groups
and of stickiness are ours, since AWS publishes none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.elbv2.exceptions import ELBClientError

from rollout_sandbox.strict import steps

MAX_WEIGHT = 999
MAX_GROUPS = 5
MAX_STICKINESS_SECONDS = 604_800
_TERMINAL = frozenset({"forward", "redirect", "fixed-response"})

Action = Mapping[str, Any]


def as_aws_answers(
    actions: Sequence[Action], protocol: str | None, before: Sequence[Action] = ()
) -> list[dict[str, Any]]:
    """The actions as DescribeRules gives them.

    Each has its order, in which they are; a forward has its groups with their weights, stickiness whether on or off,
    and, when there is exactly one group, that group's ARN as well.

    Args:
        actions: As they were asked for.
        protocol: The listener's.
        before: The rule's actions until now.

    Raises:
        ELBClientError: AWS wouldn't take them.
    """
    kinds = [str(action.get("Type")) for action in actions]
    if sum(kind in _TERMINAL for kind in kinds) > 1 or len(set(kinds)) < len(kinds):
        raise ELBClientError("TooManyActions", "You've reached the limit on the number of actions per rule.")
    if len(actions) > 1 and len({action.get("Order") for action in actions} - {None}) < len(actions):
        raise _invalid("Each of several actions must have an order of its own")
    ordered = sorted(actions, key=lambda action: int(action.get("Order", 1)))
    if actions and ordered[-1].get("Type") not in _TERMINAL:
        raise ELBClientError(
            "InvalidLoadBalancerAction", "The last action must be of type 'forward', 'redirect' or 'fixed-response'"
        )
    for kind in kinds:
        if kind in steps.CONFIGS and protocol != "HTTPS":
            raise ELBClientError(
                "InvalidLoadBalancerAction", f"Actions of type '{kind}' are supported only on HTTPS listeners"
            )
    return [{"Order": index, **_answered(action, before)} for index, action in enumerate(ordered, 1)]


def target_groups(actions: Sequence[Action]) -> set[str]:
    """The ARNs of all groups that the actions, as AWS answers them, forward to."""
    return {
        group["TargetGroupArn"]
        for action in actions
        if action.get("Type") == "forward"
        for group in action["ForwardConfig"]["TargetGroups"]
    }


def _answered(action: Action, before: Sequence[Action]) -> dict[str, Any]:
    if action.get("Type") in steps.CONFIGS:
        return steps.as_aws_answers(action, before)
    if action.get("Type") != "forward":
        return dict(action)
    config = action.get("ForwardConfig", {})
    groups = config.get("TargetGroups", [])
    if single := action.get("TargetGroupArn"):
        if groups and [group["TargetGroupArn"] for group in groups] != [single]:
            raise _invalid(
                "If both a target group ARN and a forward config are specified, the forward config may hold "
                "only one target group, and it must be the same"
            )
        groups = groups or [{"TargetGroupArn": single}]
    weighted = _weighted(groups)
    plain = {key: value for key, value in action.items() if key not in {"TargetGroupArn", "ForwardConfig"}}
    return {
        **plain,
        **({"TargetGroupArn": weighted[0]["TargetGroupArn"]} if len(weighted) == 1 else {}),
        "ForwardConfig": {
            "TargetGroups": weighted,
            "TargetGroupStickinessConfig": _stickiness(config.get("TargetGroupStickinessConfig", {})),
        },
    }


def _weighted(groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if not groups:
        raise _invalid("A target group must be specified for a forward action")
    if len(groups) > MAX_GROUPS:
        raise ELBClientError(
            "InvalidLoadBalancerAction", f"A forward action can have at most '{MAX_GROUPS}' target groups"
        )
    if len(groups) > 1 and any("Weight" not in group for group in groups):
        raise _invalid("You must specify a weight for each target group when there is more than one target group")
    weighted = [{"TargetGroupArn": group["TargetGroupArn"], "Weight": group.get("Weight", 1)} for group in groups]
    if any(not 0 <= group["Weight"] <= MAX_WEIGHT for group in weighted):
        raise _invalid(f"The weight for each target group must be between 0 and {MAX_WEIGHT}, inclusive")
    # AWS doesn't say what all zeros do, so no program of ours may depend on it.
    if not any(group["Weight"] for group in weighted):
        raise _invalid("The weights of a forward action's target groups can't all be 0")
    return weighted


def _stickiness(config: Mapping[str, Any]) -> dict[str, Any]:
    enabled, seconds = bool(config.get("Enabled")), config.get("DurationSeconds")
    if enabled and seconds is None:
        raise _invalid("A duration must be specified when target group stickiness is enabled")
    if seconds is not None and not 1 <= seconds <= MAX_STICKINESS_SECONDS:
        raise _invalid(
            f"The target group stickiness duration must be between 1 and {MAX_STICKINESS_SECONDS} seconds, inclusive"
        )
    return {"Enabled": enabled, **({} if seconds is None else {"DurationSeconds": seconds})}


def _invalid(message: str) -> ELBClientError:
    return ELBClientError("ValidationError", message)
