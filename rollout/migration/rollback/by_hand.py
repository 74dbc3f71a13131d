"""The AWS CLI commands that move a rule without rollout, ready to copy. Pure."""

from __future__ import annotations

import json
import shlex

from rollout.alb.extras import NO_EXTRAS, Extras
from rollout.alb.weights import ForwardAction
from rollout.inventory.model import Arn
from rollout.migration.rollback.targets import Target


def command_for(target: Target, region: str) -> str:
    """The line that gives a rule to legacy alone; where the legacy group isn't known, one that tells what there is."""
    rule = target.rule
    if not target.legacy:
        return f"aws elbv2 describe-target-groups --region {region}"
    if target.is_default:
        actions = f"--default-actions {_actions(target.legacy, rule.extras)}"
        return f"aws elbv2 modify-listener --listener-arn {shlex.quote(rule.listener)} --region {region} {actions}"
    return modify_rule(rule.arn, target.legacy, region, rule.extras)


def modify_rule(rule: Arn, legacy: Arn, region: str, extras: Extras = NO_EXTRAS) -> str:
    """The line that gives a rule to a target group alone, and keeps what else it does."""
    actions = f"--actions {_actions(legacy, extras)}"
    return f"aws elbv2 modify-rule --rule-arn {shlex.quote(rule)} --region {region} {actions}"


def describe_rules(listener: Arn, region: str) -> str:
    """The line that tells a listener's rules."""
    return f"aws elbv2 describe-rules --region {region} --listener-arn {shlex.quote(listener)}"


def _actions(legacy: Arn, extras: Extras) -> str:
    return shlex.quote(json.dumps(extras.actions(ForwardAction({legacy: 1})), separators=(",", ":")))
