"""A rule's forward action in the forms in which others write it: AWS's API, Pulumi's states, Pulumi's programs. Pure.

They say the same by different names. A single target group may stand in an action without a forward block, and its
weight says nothing: it is read as 1. Every weight is written, since one that gets lost becomes 1, not 0.
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html
https://www.pulumi.com/registry/packages/aws/api-docs/lb/listenerrule/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from rollout.alb.weights import ForwardAction
from rollout.inventory.model import Arn


@dataclass(frozen=True, slots=True)
class Form:
    """By which names a forward action is written.

    Attributes:
        type: The action's type.
        block: What holds the groups and their stickiness.
        single: A target group's ARN beside the type.
        off: Stickiness where it is off; empty where it is left out.
    """

    type: str
    block: str
    single: str
    groups: str
    arn: str
    weight: str
    stickiness: str
    enabled: str
    duration: str
    off: Mapping[str, bool] = field(default_factory=dict)

    def read(self, action: Mapping[str, Any]) -> ForwardAction | None:
        """What an action forwards to; None where it does anything else."""
        if action.get(self.type) != "forward":
            return None
        block = action.get(self.block) or {}
        weights = {Arn(each[self.arn]): int(each.get(self.weight, 1)) for each in block.get(self.groups) or ()}
        if not weights and action.get(self.single):
            weights = {Arn(action[self.single]): 1}
        if len(weights) == 1:
            weights = dict.fromkeys(weights, 1)
        sticky = block.get(self.stickiness) or {}
        kept = timedelta(seconds=int(sticky.get(self.duration) or 0)) if sticky.get(self.enabled) else None
        return ForwardAction(weights, kept)

    def write(self, forward: ForwardAction) -> Any:  # each API's stubs have a type of their own for it
        """An action that forwards so."""
        groups = [{self.arn: arn, self.weight: weight} for arn, weight in forward.weights.items()]
        block: dict[str, Any] = {self.groups: groups}
        if forward.stickiness is not None:
            seconds = forward.stickiness // timedelta(seconds=1)
            block[self.stickiness] = {self.enabled: True, self.duration: seconds}
        elif self.off:
            block[self.stickiness] = dict(self.off)
        return {self.type: "forward", self.block: block}


AWS = Form(
    "Type",
    "ForwardConfig",
    "TargetGroupArn",
    "TargetGroups",
    "TargetGroupArn",
    "Weight",
    "TargetGroupStickinessConfig",
    "Enabled",
    "DurationSeconds",
    off={"Enabled": False},
)
"""What DescribeRules answers and ModifyRule takes, which leaves alone what isn't said."""
PULUMI = Form("type", "forward", "targetGroupArn", "targetGroups", "arn", "weight", "stickiness", "enabled", "duration")
"""Inputs and outputs in previews and states."""
PROGRAM = replace(PULUMI, single="target_group_arn", groups="target_groups")
"""Arguments of pulumi_aws."""
