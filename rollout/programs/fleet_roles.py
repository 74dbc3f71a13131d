"""The roles of a fleet's ramp, each with least rights.

The state machine's role invokes these controllers and publishes to this topic, and nothing else. In another account a
role lets it invoke the controller there, and the controller, which may assume it, answers by a role of the state
machine's account. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from os.path import commonprefix
from typing import Any

from rollout.inventory.fleets import POLICY, FleetPlan, FleetRole, Member
from rollout.programs.documents import allow, document, trust, trust_roles

MAX_RIGHTS, MAX_TRUST = 10_240, 2_048
"""Characters of a role's inline policies, and of its trust policy, without white space.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""
_ANSWERS = ("states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat")


def machine_role(plan: FleetPlan, account: str) -> FleetRole:
    """The state machine's own.

    Args:
        account: Where it is.
    """
    rights = {
        "lambda:InvokeFunction": [member.function for member in plan.members if not member.role],
        "sts:AssumeRole": [member.role for member in plan.members if member.role],
        "sns:Publish": [plan.topic] if plan.topic else [],
    }

    def policy(of: Callable[[Sequence[str]], Sequence[str]]) -> str:
        return document([allow([action], *of(resources)) for action, resources in rights.items() if resources])

    trusted = trust({"Service": "states.amazonaws.com"}, account)
    return FleetRole(plan.title, trusted, fitting(policy, MAX_RIGHTS))


def roles(plan: FleetPlan, account: str) -> tuple[FleetRole, ...]:
    """All that the fleet's stack has.

    Args:
        account: Where it is.
    """
    return tuple(filter(None, (machine_role(plan, account), answer_role(plan))))


def answer_role(plan: FleetPlan) -> FleetRole | None:
    """By which controllers in other accounts answer; None where all are in one account."""
    controllers = [_controller_role(member) for member in plan.members if member.role]
    if not controllers:
        return None
    # a token is the right to answer it: it can't be guessed, and IAM knows no resource for it
    trusted = fitting(lambda of: trust_roles(of(controllers)), MAX_TRUST)
    return FleetRole(_name_of(plan.answer_role), trusted, document([allow(_ANSWERS, "*")]))


def template(plan: FleetPlan, account: str) -> dict[str, Any]:
    """What another account of the fleet needs, as a CloudFormation template.

    Args:
        account: Its number.
    """
    members = [member for member in plan.members if member.role and _account_of(member.function) == account]
    resources = {f"Role{number}": _invoking(plan, member) for number, member in enumerate(members, 1)}
    what = f"The ramp of rollout's fleet {plan.name}."
    return {"AWSTemplateFormatVersion": "2010-09-09", "Description": what, "Resources": resources}


def size(document: str) -> int:
    """As IAM counts it."""
    return len(json.dumps(json.loads(document), separators=(",", ":")))


def fitting(made: Callable[[Callable[[Sequence[str]], Sequence[str]]], str], most: int) -> str:
    """A policy with each ARN by itself, or where that is too much for IAM with a pattern for those of an account.

    Args:
        made: Makes the policy, given what is done to its ARNs.
        most: IAM's limit.
    """
    exact = made(lambda arns: arns)
    return exact if size(exact) <= most else made(_patterns)


def _patterns(arns: Sequence[str]) -> list[str]:
    """What ARNs of an account have in common at both ends: the project's name, and what their names end with."""
    by_account: dict[str, list[str]] = {}
    for arn in arns:
        by_account.setdefault(_account_of(arn), []).append(arn)
    return [_pattern(each) for each in by_account.values()]


def _pattern(arns: Sequence[str]) -> str:
    if len(arns) == 1:
        return arns[0]
    begin = commonprefix(arns)  # noqa: RUF071 - they are no paths
    end = commonprefix([arn[len(begin) :][::-1] for arn in arns])[::-1]  # noqa: RUF071 - as above
    return f"{begin}*{end}"


def _invoking(plan: FleetPlan, member: Member) -> dict[str, Any]:
    machine = f"{plan.answer_role.rpartition('/')[0]}/{plan.title}"
    may = json.loads(document([allow(["lambda:InvokeFunction"], member.function)]))
    properties = {
        "RoleName": _name_of(str(member.role)),
        "AssumeRolePolicyDocument": json.loads(trust_roles([machine])),
        "Policies": [{"PolicyName": POLICY, "PolicyDocument": may}],
    }
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _account_of(arn: str) -> str:
    return arn.split(":")[4]


def _name_of(arn: str) -> str:
    return arn.rpartition("/")[2]


def _controller_role(member: Member) -> str:
    """The controller's own role, which has the name of its function."""
    _, partition, _, _, account, _, name = member.function.split(":")
    return f"arn:{partition}:iam::{account}:role/{name}"
