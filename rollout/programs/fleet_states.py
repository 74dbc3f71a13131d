"""A fleet's ramp as a state machine, in the Amazon States Language: wave after wave, and back on a failure. Pure.

A controller gets a task token and answers when its ramp has ended, so nothing polls and the history stays short: eight
events an environment, of 25,000. The first failure of a wave ends the wait for its others, and all of them are
rolled back. https://states-language.net/spec.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from rollout.errors import UsageError
from rollout.inventory.fleets import APPROVAL, FleetPlan, Member
from rollout.programs.fleet_roles import MAX_RIGHTS, MAX_TRUST, answer_role, machine_role, size

MAX_EVENTS, MAX_BYTES, MAX_DEFINITION = 25_000, 262_144, 1_048_576
"""Of an execution's history, of a state's input, of a definition.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""
_ANY_ACCOUNT = "0" * 12
EVENTS_EACH = 50
"""Of an environment at most: its ramp and its rollback, with five retries each."""
_FOR_A_LOOK = timedelta(minutes=16)
"""A rollback waits for a look that is under way, and a look takes 15 minutes at most."""
_THROTTLED = [
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
]
"""https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html"""


def definition(plan: FleetPlan) -> dict[str, Any]:
    """The state machine of a fleet.

    Raises:
        UsageError: It is too large for Step Functions, or for IAM.
    """
    states: dict[str, Any] = {}
    for number, wave in enumerate(plan.waves, 1):
        is_last = number == len(plan.waves)
        states |= _approval(plan, number) if number > 1 and plan.topic else {}
        states[f"Wave {number}"] = {
            "Type": "Pass",
            "Result": [_item(member) for member in wave],
            "ResultPath": "$.wave",
            "Next": f"Ramp wave {number}",
        }
        states[f"Ramp wave {number}"] = {
            **_each(_ramp(plan, wave), {"restart.$": "$.restart"}, plan.at_once),
            "ResultPath": None,
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failed", "Next": "Roll back the wave"}],
            "Next": "Done" if is_last else _begin(plan, number + 1),
        }
    made = {
        "Comment": f"Ramps the environments of fleet {plan.name}, wave by wave.",
        "StartAt": "Wave 1",
        "States": states | _ways_back(plan) | {"Done": {"Type": "Succeed"}},
    }
    _check_size(plan, made)
    return made


def _begin(plan: FleetPlan, number: int) -> str:
    return f"{APPROVAL}{number}" if plan.topic else f"Wave {number}"


def _item(member: Member) -> dict[str, Any]:
    where = {"role": member.role} if member.role else {}
    return {"environment": member.name, "function": member.function, "silence": member.silence, **where}


def _each(states: Mapping[str, Any], given: Mapping[str, str], at_once: int) -> dict[str, Any]:
    """Does something to each environment of the wave."""
    item = {"ItemSelector": {"member.$": "$$.Map.Item.Value", **given}}
    processor = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": next(iter(states)), "States": states}
    return {"Type": "Map", "ItemsPath": "$.wave", **item, "MaxConcurrency": at_once, "ItemProcessor": processor}


def _ramp(plan: FleetPlan, wave: Sequence[Member]) -> dict[str, Any]:
    """One environment's ramp: it ends when the controller says so."""
    event = {"act": "ramp", "token.$": "$$.Task.Token", "restart.$": "$.restart"}
    task = {
        **_invoke(plan, "lambda:invoke.waitForTaskToken", event),
        "HeartbeatSecondsPath": "$.member.silence",
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}],
        "End": True,
    }
    failed = {
        "Type": "Fail",
        "Error": "RampFailed",
        # the whole error, since a time-out has no cause, and a path to nothing would end everything without a way back
        "CausePath": "States.Format('{}: {}', $.member.environment, States.JsonToString($.error))",
    }
    parameters = {**task["Parameters"], "Payload": {**event, "role": plan.answer_role}}
    return {**_by_account("Ramp", task, wave, {"Parameters": parameters}), "Failed": failed}


def _ways_back(plan: FleetPlan) -> dict[str, Any]:
    """The rollback of each environment of the wave whatever comes of the others, and the two ends of a failure."""
    why = f"States.Format('fleet {plan.name}: {{}}', $.why)"
    invoke = _invoke(plan, "lambda:invoke", {"act": "rollback", "why.$": why})
    again = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 30, "MaxAttempts": 3, "JitterStrategy": "FULL"}
    task = {
        **invoke,
        "TimeoutSeconds": int(_FOR_A_LOOK.total_seconds()),
        "Retry": [*invoke["Retry"], again],
        "ResultPath": None,
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Left"}],
        "End": True,
    }
    left = {"environment.$": "$.member.environment", "error.$": "$.error.Error"}
    states = {**_by_account("Roll back", task, plan.members), "Left": {"Type": "Pass", "Parameters": left, "End": True}}
    return {
        "Roll back the wave": {
            **_each(states, {"why.$": "$.failed.Cause"}, plan.at_once),
            "ResultSelector": {"left.$": "$[?(@.error)]"},
            "ResultPath": "$.back",
            "Next": "Is the wave back?",
        },
        "Is the wave back?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.back.left[0]", "IsPresent": True, "Next": "Not all are back"}],
            "Default": "The wave failed",
        },
        "The wave failed": {
            "Type": "Fail",
            "Error": "WaveFailed",
            "CausePath": "States.Format('{}; the wave was rolled back', $.failed.Cause)",
        },
        "Not all are back": {
            "Type": "Fail",
            "Error": "RollbackFailed",
            "CausePath": "States.Format('{}; not rolled back: {}', $.failed.Cause, States.JsonToString($.back.left))",
        },
    }


def _invoke(plan: FleetPlan, how: str, event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": _integration(plan, how),
        "Parameters": {"FunctionName.$": "$.member.function", "Payload": event},
        "Retry": [_patience(_THROTTLED)],
    }


def _integration(plan: FleetPlan, how: str) -> str:
    """What a task calls; also in the partitions of China and of the US government."""
    partition = plan.members[0].function.split(":")[1]
    return f"arn:{partition}:states:::{how}"


def _patience(errors: Sequence[str]) -> dict[str, Any]:
    """Against throttling, and a function that is at another look: it has a concurrency of one."""
    waits = {"IntervalSeconds": 2, "BackoffRate": 2, "MaxDelaySeconds": 120, "MaxAttempts": 15}
    return {"ErrorEquals": list(errors), **waits, "JitterStrategy": "FULL"}


def _by_account(
    name: str, task: Mapping[str, Any], members: Sequence[Member], there_else: Mapping[str, Any] = {}
) -> dict[str, Any]:
    """The task, and where some environments are in other accounts the same by their roles."""
    if not any(member.role for member in members):
        return {name: task}
    there = f"{name} in its account"
    choice = {"Variable": "$.member.role", "IsPresent": True, "Next": there}
    return {
        "Whose account?": {"Type": "Choice", "Choices": [choice], "Default": name},
        name: task,
        there: {**task, **there_else, "Credentials": {"RoleArn.$": "$.member.role"}},
    }


def _approval(plan: FleetPlan, number: int) -> dict[str, Any]:
    """A person's approval of a wave; who declines ends the execution, and the waves before stay as they are."""
    before, wave = (", ".join(member.name for member in plan.waves[index]) for index in (number - 2, number - 1))
    said = f"Wave {number - 1} of fleet {plan.name} is done: {before}.\n\nWave {number} waits for approval: {wave}.\n"
    return {
        f"{APPROVAL}{number}": {
            "Type": "Task",
            "Resource": _integration(plan, "sns:publish.waitForTaskToken"),
            "Parameters": {
                "TopicArn": plan.topic,
                "Subject": f"rollout: wave {number} waits for approval",
                "Message": f"{said}\nTo begin it: rollout fleet approve {plan.name} {number}",
                # not in the message, since mails are forwarded
                "MessageAttributes": {"token": {"DataType": "String", "StringValue.$": "$$.Task.Token"}},
            },
            "Retry": [_patience(["SNS.ThrottledException", "SNS.InternalErrorException", "SNS.SdkClientException"])],
            "ResultPath": None,
            "Next": f"Wave {number}",
        }
    }


def _check_size(plan: FleetPlan, made: Mapping[str, Any]) -> None:
    """Whether Step Functions and IAM take it, with room for what a failure says."""
    home, answers = machine_role(plan, _ANY_ACCOUNT), answer_role(plan)
    largest = max(len(json.dumps([_item(member) for member in wave])) for wave in plan.waves)
    limits = {
        "events": (len(plan.members) * EVENTS_EACH, MAX_EVENTS),
        "bytes of a wave": (largest, MAX_BYTES // 4),
        "bytes of its definition": (len(json.dumps(made)), MAX_DEFINITION),
        "characters of its role's policy": (size(home.policy), MAX_RIGHTS),
        "characters of the trust policy by which other accounts answer": (
            size(answers.trusted) if answers else 0,
            MAX_TRUST,
        ),
    }
    for what, (has, most) in limits.items():
        if has > most:
            raise UsageError(
                f"fleet {plan.name} is too large for AWS: {has:,} {what}, at most {most:,}",
                where=f"fleets.{plan.name}",
                hint="divide it into several fleets, or its waves into smaller ones",
                code="fleet-too-large",
            )
