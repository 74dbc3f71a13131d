"""The listener rule that divides a route's requests between legacy and candidate.

It adopts the rule that serves the route already and changes that one in place, so that no request ever meets a moment
without a rule. https://www.pulumi.com/docs/iac/concepts/options/import/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from datetime import timedelta
from typing import ClassVar

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import lb

from rollout.alb.forms import PROGRAM
from rollout.alb.weights import forward_of
from rollout.inventory.conditions import DIGEST_OUTPUT, Conditions, digest_of
from rollout.inventory.model import Arn, Split
from rollout.programs.components.listener_rule import condition_args, earlier_conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedRuleArgs:
    """The arguments of `WeightedRule`.

    Attributes:
        listener_arn: The listener.
        priority: 1 to 50000, the same as the adopted rule's.
        conditions: What it asks of a request, as the live rule has it.
        legacy: The legacy target group's ARN.
        candidate: The candidate's.
        split: How requests are divided.
        stickiness: How long a client stays with the group it met first, 1 s to 7 d; None if nothing keeps it.
        adopt: The live rule to import; None once the stack manages it.
        read: The live rule where it does more than forward; None where that is all.
        tags: The rule's tags, all of them.
        ours: Whether the stack makes the rule, before a default action, and deletes it when it is done.
        path: Earlier, with `methods`, in place of `conditions`: a path pattern, or several.
    """

    listener_arn: Input[str]
    priority: int
    conditions: Conditions = ()
    legacy: Input[str]
    candidate: Input[str]
    split: Split
    stickiness: timedelta | None
    adopt: Arn | None = None
    read: Arn | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    ours: bool = False
    path: InitVar[str | tuple[str, ...]] = ()
    methods: InitVar[tuple[str, ...]] = ()

    def __post_init__(self, path: str | tuple[str, ...], methods: tuple[str, ...]) -> None:
        if path:
            object.__setattr__(self, "conditions", earlier_conditions(path, methods))


class WeightedRule(ComponentResource):
    """One listener rule at a priority, weighted between two target groups.

    The action always has the `forward` form, so that every change of weights is one ModifyRule in place. Where the
    candidate is detached the stickiness block is left out, not written as disabled: leaving it out turns a live one
    off, and can't differ from what AWS says of the duration of a disabled one.

    The rule is retained on delete. A route that leaves the inventory, or a destroyed stack, drops it from the state
    and never from the load balancer, where it may be the only one to serve the path. Whoever wants it gone deletes it
    there. A rule that the stack made, before a default action, is deleted: that action then serves again.
    `ignore_changes` is never set: a weight that the engine doesn't look at can't be rolled back by it.

    A rule that does more than forward is only read: the state says what it does, and no update of the stack writes it.
    The provider would give a login an empty client secret. Whoever runs the update changes the weights before it.

    Its output `conditions` is a digest of the rule's conditions, which shows changes on AWS.

    Args:
        name: The logical name, which never changes: the route's key in the inventory.

    Attributes:
        rule: The listener rule, whose logical name is the same.
    """

    pulumi_type: ClassVar[str] = "rollout:index:WeightedRule"

    def __init__(self, name: str, args: WeightedRuleArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        secret = ["conditions"] if any(condition.hidden for condition in args.conditions) else None
        opts = ResourceOptions(parent=self, additional_secret_outputs=secret)
        self.rule = lb.ListenerRule.get(name, args.read, opts=opts) if args.read else self._made(name, args, opts)
        self.register_outputs({DIGEST_OUTPUT: digest_of(name, args.conditions)})

    @staticmethod
    def _made(name: str, args: WeightedRuleArgs, opts: ResourceOptions) -> lb.ListenerRule:
        return lb.ListenerRule(
            name,
            listener_arn=args.listener_arn,
            priority=args.priority,
            conditions=condition_args(args.conditions),
            actions=Output.all(args.legacy, args.candidate).apply(
                lambda groups: [PROGRAM.write(forward_of(args.split, Arn(groups[0]), Arn(groups[1]), args.stickiness))]
            ),
            tags=args.tags or None,
            opts=ResourceOptions.merge(opts, ResourceOptions(import_=args.adopt, retain_on_delete=not args.ours)),
        )
