"""The AWS CLI's lines that move a rule without rollout, to be copied as they are. Pure."""

from __future__ import annotations

import json
import shlex

from rollout.alb.forms import AWS
from rollout.alb.weights import ForwardAction
from rollout.inventory.model import Arn
from rollout.migration.rollback.targets import Target


def command_for(target: Target, region: str) -> str:
    """The line that gives a rule to legacy alone; where the legacy group isn't known, one that tells what there is."""
    if not target.legacy:
        return f"aws elbv2 describe-target-groups --region {region}"
    if target.is_default:
        return _modify("modify-listener --listener-arn", target.rule.listener, target.legacy, region, "default-actions")
    return modify_rule(target.rule.arn, target.legacy, region)


def modify_rule(rule: Arn, legacy: Arn, region: str) -> str:
    """The line that gives a rule to a target group alone."""
    return _modify("modify-rule --rule-arn", rule, legacy, region, "actions")


def describe_rules(listener: Arn, region: str) -> str:
    """The line that tells a listener's rules."""
    return f"aws elbv2 describe-rules --region {region} --listener-arn {shlex.quote(listener)}"


def _modify(what: str, arn: Arn, legacy: Arn, region: str, option: str) -> str:
    actions = json.dumps([AWS.write(ForwardAction({legacy: 1}))], separators=(",", ":"))
    return f"aws elbv2 {what} {shlex.quote(arn)} --region {region} --{option} {shlex.quote(actions)}"
