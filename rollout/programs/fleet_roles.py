"""The roles of a fleet's ramp, each with least rights.

The state machine's role invokes these controllers and publishes to this topic, and nothing else. In another account a
role lets it invoke the controller there, and the controller, which may assume it, answers by a role of the state
machine's account. Pure.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from rollout.inventory.fleets import FleetPlan, Member
from rollout.programs.documents import allow, document, trust

_ANSWERS = ("states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat")


@dataclass(frozen=True, slots=True)
class FleetRole:
    """A role.

    Attributes:
        trusted: Its trust policy.
        policy: What it may do.
    """

    name: str
    trusted: str
    policy: str


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
    statements = [allow([action], *resources) for action, resources in rights.items() if resources]
    return FleetRole(plan.title, trust({"Service": "states.amazonaws.com"}, account), document(statements))


def answer_role(plan: FleetPlan) -> FleetRole | None:
    """By which controllers in other accounts answer; None where all are in one account."""
    controllers = [_controller_role(member) for member in plan.members if member.role]
    if not controllers:
        return None
    # a token is the right to answer it: it can't be guessed, and IAM knows no resource for it
    return FleetRole(_name_of(plan.answer_role), trust({"AWS": controllers}), document([allow(_ANSWERS, "*")]))


def template(plan: FleetPlan, account: str) -> dict[str, Any]:
    """What another account of the fleet needs, as a CloudFormation template.

    Args:
        account: Its number.
    """
    members = [member for member in plan.members if member.role and _account_of(member.function) == account]
    resources = {f"Role{number}": _invoking(plan, member) for number, member in enumerate(members, 1)}
    what = f"The ramp of rollout's fleet {plan.name}."
    return {"AWSTemplateFormatVersion": "2010-09-09", "Description": what, "Resources": resources}


def _invoking(plan: FleetPlan, member: Member) -> dict[str, Any]:
    machine = f"{plan.answer_role.rpartition('/')[0]}/{plan.title}"
    may = json.loads(document([allow(["lambda:InvokeFunction"], member.function)]))
    properties = {
        "RoleName": _name_of(str(member.role)),
        "AssumeRolePolicyDocument": json.loads(trust({"AWS": machine})),
        "Policies": [{"PolicyName": "rollout", "PolicyDocument": may}],
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
