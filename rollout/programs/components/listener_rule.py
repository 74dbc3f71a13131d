"""A listener rule's inputs, written the same way wherever one is described.

A rule changes hands between stacks. If owners wrote its conditions differently, adopting it would show more than the
change of its actions, and the cutover's policy would rightly refuse it.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi import Input, ResourceOptions
from pulumi_aws import lb

from rollout.inventory.model import Arn


@dataclass(frozen=True, slots=True)
class ListenerRuleArgs:
    """Where a rule stands and which requests it takes.

    Attributes:
        load_balancer: A name for the listener's load balancer, by which its target groups go too.
        listener_arn: The listener.
        priority: 1 to 50000; lower ones are matched first.
        path: A path pattern; `*` is 0 or more characters, `?` exactly one.
        methods: HTTP methods in capitals; any method if empty.
        retain: Whether a stack that drops the rule leaves it on the load balancer. Only the state knows of this.
        adopt: The live rule to import; None where the stack makes it or holds it.
        tags: The rule's tags, all of them.
    """

    load_balancer: str
    listener_arn: Input[str]
    priority: int
    path: str
    methods: tuple[str, ...] = ()
    retain: bool = False
    adopt: Arn | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def conditions(path: str, methods: tuple[str, ...]) -> list[lb.ListenerRuleConditionArgsDict]:
    """A rule's conditions for a path pattern and HTTP methods; without methods there is none on them."""
    found: list[lb.ListenerRuleConditionArgsDict] = [{"path_pattern": {"values": [path]}}]
    if methods:
        found.append({"http_request_method": {"values": list(methods)}})
    return found


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
        conditions=conditions(args.path, args.methods),
        actions=[{"type": "forward", "target_group_arn": target_group_arn}],
        tags=args.tags or None,
        opts=ResourceOptions.merge(opts, ResourceOptions(retain_on_delete=args.retain, import_=args.adopt)),
    )
