"""A listener rule that sends requests with a header to one target group, before the route's rule.

It has no stickiness: the header decides on every request, and no cookie does.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#http-header-conditions
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pulumi import ComponentResource, Input, ResourceOptions
from pulumi_aws import lb

from rollout.inventory.model import OVERRIDE_TAG, OverrideRule
from rollout.programs.components.listener_rule import condition_args


class HeaderRule(ComponentResource):
    """One listener rule with a higher precedence than the route's rule.

    A tag with its logical name identifies it, so that later phases leave it unchanged. Unlike a weighted rule it
    is deleted with its resource: the route's own rule is always there behind it.

    Args:
        name: The logical name, which never changes.
        target_group_arn: Where the requests go.
        tags: More of its tags: a program passes on the mark that it is given.

    Attributes:
        rule: The listener rule, whose logical name is the same.
    """

    pulumi_type: ClassVar[str] = "rollout:index:HeaderRule"

    def __init__(
        self,
        name: str,
        rule: OverrideRule,
        *,
        listener_arn: Input[str],
        target_group_arn: Input[str],
        tags: Mapping[str, str] | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(self.pulumi_type, name, None, opts)
        self.rule = lb.ListenerRule(
            name,
            listener_arn=listener_arn,
            priority=rule.priority,
            conditions=condition_args(rule.asks),
            actions=[{"type": "forward", "forward": {"target_groups": [{"arn": target_group_arn, "weight": 1}]}}],
            tags={**(tags or {}), OVERRIDE_TAG: name},
            opts=ResourceOptions(parent=self, additional_secret_outputs=["conditions"]),
        )
        self.register_outputs({})
