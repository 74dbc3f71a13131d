"""A candidate role's permissions: the inventory's, and those that its function's settings need. Pure.

A network interface, a trace or a dead letter is sent with the role's own rights, and AWS refuses a function whose role
lacks some of them: https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rollout.inventory.functions import Function

LOGGING, NETWORK = "service-role/AWSLambdaBasicExecutionRole", "service-role/AWSLambdaVPCAccessExecutionRole"
TRACING = "AWSXRayDaemonWriteAccess"


def aws_policies(function: Function) -> tuple[str, ...]:
    """The names of AWS's own policies that a function's settings need."""
    needed = {LOGGING: True, NETWORK: function.vpc is not None, TRACING: function.tracing == "Active"}
    return tuple(name for name, is_needed in needed.items() if is_needed)


def statements(function: Function) -> tuple[Mapping[str, Any], ...]:
    """What else its role may do, as an inline policy's statements."""
    own = (_allow(each.actions, each.resources, each.condition) for each in function.statements)
    return (*own, *_needed(function))


def _needed(function: Function) -> Iterator[Mapping[str, Any]]:
    if letters := function.dead_letter:
        yield _allow(["sqs:SendMessage" if ":sqs:" in letters else "sns:Publish"], [letters])
    if files := function.file_system:
        mounting = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
        yield _allow(mounting, ["*"], {"StringEquals": {"elasticfilesystem:AccessPointArn": files.arn}})
    if function.kms_key:
        yield _allow(["kms:Decrypt"], [function.kms_key])


def _allow(actions: Any, resources: Any, condition: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    said = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {**said, "Condition": condition} if condition else said
