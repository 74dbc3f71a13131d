"""What a fleet's ramp needs in an account, as a CloudFormation template: a state machine, and roles with least rights.

The state machine's role invokes these controllers and publishes to this topic, and nothing else. In another account a
role lets it invoke the controller there, and the controller answers by a role of the state machine's account. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rollout.inventory.fleets import FleetPlan, Member
from rollout.programs.fleet_states import definition

_VERSION = "2012-10-17"
_ANSWERS = ("states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat")


def template(plan: FleetPlan, account: str) -> dict[str, Any]:
    """The resources of one account of a fleet, which has some.

    Args:
        account: Its number.
    """
    members = [member for member in plan.members if _account_of(member.function) == account]
    resources = _home(plan) if any(member.role is None for member in members) else _elsewhere(plan, members)
    what = f"The ramp of rollout's fleet {plan.name}."
    return {"AWSTemplateFormatVersion": "2010-09-09", "Description": what, "Resources": resources}


def _home(plan: FleetPlan) -> dict[str, Any]:
    others = [member for member in plan.members if member.role]
    statements = (
        _allow(["lambda:InvokeFunction"], [member.function for member in plan.members if not member.role]),
        _allow(["sts:AssumeRole"], [str(member.role) for member in others]),
        _allow(["sns:Publish"], [plan.topic] if plan.topic else []),
    )
    properties = {
        "StateMachineName": plan.title,
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "DefinitionString": json.dumps(definition(plan)),
    }
    found = {
        "Role": _role(plan.title, {"Service": "states.amazonaws.com"}, statements),
        "StateMachine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties},
    }
    if others:  # a token is the right to answer it: it can't be guessed, and IAM knows no resource for it
        controllers = {"AWS": [_controller_role(member) for member in others]}
        found["AnswerRole"] = _role(_name_of(plan.answer_role), controllers, [_allow(_ANSWERS, ["*"])])
    return found


def _elsewhere(plan: FleetPlan, members: Sequence[Member]) -> dict[str, Any]:
    home = plan.answer_role.rpartition("/")[0]
    found: dict[str, Any] = {}
    for number, member in enumerate(members, 1):
        invokes = [_allow(["lambda:InvokeFunction"], [member.function])]
        found[f"Role{number}"] = _role(_name_of(str(member.role)), {"AWS": f"{home}/{plan.title}"}, invokes)
        answers = {"PolicyName": plan.title, "Roles": [_name_of(_controller_role(member))]}
        document = _document([_allow(["sts:AssumeRole"], [plan.answer_role])])
        found[f"Answers{number}"] = {
            "Type": "AWS::IAM::Policy",
            "Properties": {**answers, "PolicyDocument": document},
        }
    return found


def _account_of(arn: str) -> str:
    return arn.split(":")[4]


def _name_of(arn: str) -> str:
    return arn.rpartition("/")[2]


def _controller_role(member: Member) -> str:
    """The controller's own role, which has the name of its function."""
    _, partition, _, _, account, _, name = member.function.split(":")
    return f"arn:{partition}:iam::{account}:role/{name}"


def _role(name: str, trusted: Mapping[str, Any], statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted}
    policy = {"PolicyName": "rollout", "PolicyDocument": _document(statements)}
    properties = {"RoleName": name, "AssumeRolePolicyDocument": _document([trust]), "Policies": [policy]}
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _document(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Version": _VERSION, "Statement": [each for each in statements if each]}


def _allow(actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)} if resources else {}
