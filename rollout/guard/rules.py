"""What "legacy alone" is, on a listener rule as AWS's API has it; a rollback takes its actions from here too. Pure.

Every change that the guard makes is `taken_back` of a rule that `needs` it: it never raises the candidate's share, and
never touches a rule that isn't the route's any more.

ModifyRule takes the whole list of actions. A login or a check of a token before the forward is given back as it was
read; its client secret is never told by AWS, and needn't be:
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AuthenticateOidcActionConfig.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Any

from rollout.guard.config import GuardedRoute

Part = Mapping[str, Any]
"""An action or a condition as DescribeRules gives it."""
BEFORE: Mapping[str, tuple[str, Part]] = {
    "authenticate-oidc": ("AuthenticateOidcConfig", {"UseExistingClientSecret": True}),
    "authenticate-cognito": ("AuthenticateCognitoConfig", {}),
    "jwt-validation": ("JwtValidationConfig", {}),
}
"""By the type of an action that may come before a forward: what has its settings, and what ModifyRule gets beside."""


_HEADER, _DIGESTS = "HttpHeaderConfig", {"Values": "Digests", "RegexValues": "RegexDigests"}
MOST = 50_000
"""AWS's highest number of an action; one without a number comes last."""


class Need(StrEnum):
    """What a route's rule needs to be on legacy alone."""

    MOVE = "forwards to the candidate"
    BACK = "forwards to legacy alone"
    FOREIGN = "doesn't only forward to the route's target groups"
    OTHER = "has other conditions than when the guard was installed"
    DEFAULT = "is a default action"
    GONE = "doesn't exist any more"


def needs(rule: Part | None, route: GuardedRoute) -> Need:
    """What a rule needs, as DescribeRules gives it; None if it isn't there."""
    if rule is None:
        return Need.GONE
    if rule.get("IsDefault"):
        return Need.DEFAULT
    if not same_conditions(rule.get("Conditions") or (), route.conditions):
        return Need.OTHER
    weights = weights_of(rule)
    if weights is None or not weights.keys() <= {route.legacy, route.candidate}:
        return Need.FOREIGN
    return Need.BACK if set(weights) == {route.legacy} else Need.MOVE


def taken_back(rule: Part, route: GuardedRoute) -> list[Part]:
    """The actions with which a rule forwards to legacy alone, and does all else as before."""
    before, last = parts(rule["Actions"]) or ((), {})
    return with_forward([written(action) for action in before], legacy_alone(route.legacy), last.get("Order"))


def legacy_alone(legacy: str) -> dict[str, Any]:
    """A forward to one target group, without stickiness."""
    groups = [{"TargetGroupArn": legacy, "Weight": 1}]
    config = {"TargetGroups": groups, "TargetGroupStickinessConfig": {"Enabled": False}}
    return {"Type": "forward", "ForwardConfig": config}


def with_forward(before: Sequence[Part], forward: Part, order: int | None) -> list[Part]:
    """The whole list of actions that ModifyRule takes.

    Args:
        before: Those before the forward, as it takes them.
        order: The forward's number on AWS; None if it has none.
    """
    numbered = {"Order": order or len(before) + 1} if before or order not in {None, 1} else {}
    return [*before, {**forward, **numbered}]


def written(action: Part) -> dict[str, Any]:
    """An action before a forward as ModifyRule takes it."""
    config, beside = BEFORE.get(action["Type"], ("", {}))
    return {**without_secret(action), config: {**without_secret(action)[config], **beside}} if config else {**action}


def without_secret(action: Part) -> dict[str, Any]:
    """An action as it may be kept."""
    config, _ = BEFORE.get(action["Type"], ("", {}))
    if not config:
        return {**action}
    return {**action, config: {key: value for key, value in action.get(config, {}).items() if key != "ClientSecret"}}


def parts(actions: Sequence[Part]) -> tuple[Sequence[Part], Part] | None:
    """The actions before a forward, and the forward.

    Returns:
        None where the last action is none, or where one before it can't be kept: one that is newer than this version
        of rollout or of botocore, of which not all is known.
    """
    *before, last = sorted(actions, key=lambda action: action.get("Order") or MOST) or ({},)
    kept = all(action.get("Type") in BEFORE and BEFORE[action["Type"]][0] in action for action in before)
    return (before, last) if last.get("Type") == "forward" and kept else None


def weights_of(rule: Part) -> Mapping[str, int] | None:
    """The weights that a rule forwards by, by target groups' ARNs; None where it does anything else, or nothing."""
    found = parts(rule.get("Actions") or ())
    if found is None:
        return None
    _, last = found
    groups = (last.get("ForwardConfig") or {}).get("TargetGroups") or ()
    if not groups and last.get("TargetGroupArn"):
        groups = ({"TargetGroupArn": last["TargetGroupArn"]},)
    weights = {group["TargetGroupArn"]: int(group.get("Weight", 1)) for group in groups}
    return weights or None


def shares_of(rule: Part | None, route: GuardedRoute) -> tuple[int, int] | None:
    """The weights of legacy and of the candidate; None where the rule isn't there or forwards elsewhere."""
    weights = weights_of(rule) if rule else None
    if weights is None or not weights.keys() <= {route.legacy, route.candidate}:
        return None
    return weights.get(route.legacy, 0), weights.get(route.candidate, 0)


def same_conditions(one: Sequence[Part], other: Sequence[Part]) -> bool:
    """Whether two rules' conditions match the same requests, whatever the order and the older form of a condition."""
    return sorted(map(_normal, one)) == sorted(map(_normal, other))


def without_header_values(conditions: Iterable[Part]) -> tuple[dict[str, Any], ...]:
    """Conditions with digests in place of the values of headers, which are often secrets; they match the same."""
    return tuple(map(_digested, conditions))


def _digested(condition: Part) -> dict[str, Any]:
    config = condition.get(_HEADER)
    if not config:
        return dict(condition)
    told = {
        _DIGESTS.get(key, key): [sha256(text.encode()).hexdigest() for text in value] if key in _DIGESTS else value
        for key, value in config.items()
    }
    return {**condition, _HEADER: told}


def _normal(condition: Part) -> str:
    """A condition in one form: AWS gives the values of some fields twice, beside and in their `…Config`."""
    condition = _digested(condition)
    config = next((dict(value) for key, value in condition.items() if key.endswith("Config") and value), {})
    config.setdefault("Values", condition.get("Values") or ())
    lists = {key: sorted({_text(value) for value in values}) for key, values in config.items() if _is_list(values)}
    names = {key: value for key, value in config.items() if not _is_list(value)}
    return _text({"Field": condition.get("Field"), **names, **{key: values for key, values in lists.items() if values}})


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        value = {key: item for key, item in value.items() if item not in (None, "")}
    return json.dumps(value, sort_keys=True)
