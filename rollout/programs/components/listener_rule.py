"""A listener rule's inputs, in one form.

A rule changes hands between stacks. If owners wrote its conditions differently, adopting it would show more than the
change of its actions, and the cutover's policy would rightly refuse it.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from typing import Any

from pulumi import Input, Output, ResourceOptions, RunError
from pulumi_aws import lb

from rollout.inventory.conditions import Condition, ConditionField, Conditions, for_endpoint, in_order
from rollout.inventory.model import Arn


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerRuleArgs:
    """A rule's listener, priority and conditions.

    Attributes:
        load_balancer: A name for the listener's load balancer, by which its target groups go too.
        listener_arn: The listener.
        priority: 1 to 50000; lower ones are matched first.
        conditions: What it asks of a request.
        retain: Whether a stack that drops the rule leaves it on the load balancer. Only the state knows of this.
        adopt: The live rule to import; None if the stack creates it or already manages it.
        tags: The rule's tags, all of them.
        path: Earlier, with `methods`, in place of `conditions`: a path pattern, or several.
    """

    load_balancer: str
    listener_arn: Input[str]
    priority: int
    conditions: Conditions = ()
    retain: bool = False
    adopt: Arn | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    path: InitVar[str | tuple[str, ...]] = ()
    methods: InitVar[tuple[str, ...]] = ()

    def __post_init__(self, path: str | tuple[str, ...], methods: tuple[str, ...]) -> None:
        if path:
            object.__setattr__(self, "conditions", earlier_conditions(path, methods))


def earlier_conditions(path: str | tuple[str, ...], methods: tuple[str, ...]) -> Conditions:
    """The conditions of a path and methods, as rules' arguments had them in earlier versions."""
    warnings.warn("path and methods are conditions now: conditions=route.conditions", DeprecationWarning, stacklevel=4)
    return for_endpoint(path, methods)


def condition_args(conditions: Conditions) -> list[lb.ListenerRuleConditionArgsDict]:
    """A rule's conditions; the values of a header, which are often secrets, are secrets to the engine."""
    return [_condition(condition) for condition in in_order(conditions)]


def _condition(condition: Condition) -> lb.ListenerRuleConditionArgsDict:
    texts: Input[list[str]] = list(condition.texts)
    if condition.hidden:
        texts = Output.secret(list(condition.texts))
    key = "regex_values" if condition.regex else "values"
    values: Any = {key: texts}
    match condition.field:
        case ConditionField.METHOD:
            return {"http_request_method": values}
        case ConditionField.PATH:
            return {"path_pattern": values}
        case ConditionField.HOST:
            return {"host_header": values}
        case ConditionField.HEADER:
            return {"http_header": values | {"http_header_name": condition.name}}
        case ConditionField.QUERY:
            pairs = (value.partition("=") for value in condition.values)
            return {"query_strings": [_pair(key, value) for key, _, value in pairs]}
        case ConditionField.SOURCE:
            return {"source_ip": values}
    raise RunError(f"no program can write a condition on {condition.field}")


def _pair(key: str, value: str) -> lb.ListenerRuleConditionQueryStringArgsDict:
    return {"key": key, "value": value} if key else {"value": value}


def forwarding_rule(
    name: str, args: ListenerRuleArgs, target_group_arn: Input[str], opts: ResourceOptions | None = None
) -> lb.ListenerRule:
    """A rule that forwards all its requests to one target group.

    Args:
        target_group_arn: Where to.
    """
    return lb.ListenerRule(
        name,
        listener_arn=args.listener_arn,
        priority=args.priority,
        conditions=condition_args(args.conditions),
        actions=[{"type": "forward", "target_group_arn": target_group_arn}],
        tags=args.tags or None,
        opts=ResourceOptions.merge(opts, ResourceOptions(retain_on_delete=args.retain, import_=args.adopt)),
    )
