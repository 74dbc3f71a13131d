"""Run a program under Pulumi's mocks and keep every registration, with its options, as the engine would get it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.proto import resource_pb2

from rollout.fakes.registrations import LoopingMonitor, under_mocks
from rollout.inventory.model import ProgramInput

RULE = "aws:lb/listenerRule:ListenerRule"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
ATTACHMENT = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
PERMISSION = "aws:lambda/permission:Permission"
FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
PROVISIONED = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
LOGGING = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


@dataclass(frozen=True, slots=True)
class Registration:
    """A resource as the program registered it."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    request: resource_pb2.RegisterResourceRequest


class _Aws(Mocks):
    """Names become ARNs; what is in `missing` isn't there, or not to be read where it says `denied:NAME`."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        self._missing = missing
        self.calls: list[tuple[str, str]] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        name = args.inputs.get("name", args.name)
        return args.resource_id or f"{args.name}-id", {**args.inputs, "arn": arn(args.typ, name)}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        wanted = args.args.get("name") or f"{args.args['loadBalancerArn']}:{args.args['port']:.0f}"
        kind = args.token.rpartition(":")[2].removeprefix("get")
        self.calls.append((kind, wanted))
        if f"denied:{wanted}" in self._missing:
            return {}, [("", "reading: AccessDenied")]
        if kind in self._missing or wanted in self._missing:
            reason = "no matching ELBv2 Listener found" if kind == "Listener" else "couldn't find resource"
            return {}, [("", f"reading: {reason}")]
        return {"arn": arn(kind, wanted), "targetType": "lambda"}, []


def arn(kind: str, name: str) -> str:
    """The ARN that the mocks give to a thing."""
    return f"arn:aws-cn:{kind.rpartition(':')[2]}:{name}"


def listener(load_balancer: str, port: int) -> str:
    """The ARN that the mocks give to a listener."""
    return arn("Listener", f"{arn('LoadBalancer', load_balancer)}:{port}")


class _Recorder(LoopingMonitor):
    def __init__(self, mocks: _Aws) -> None:
        super().__init__(mocks)
        self.registrations: list[Registration] = []

    def registered(self, request: resource_pb2.RegisterResourceRequest, inputs: Mapping[str, Any]) -> None:
        urn = self.make_urn(request.parent, request.type, request.name)
        self.registrations.append(Registration(urn, request.type, request.name, inputs, request))


@dataclass(frozen=True)
class Run:
    """What a program did."""

    registrations: list[Registration]
    calls: list[tuple[str, str]]

    def of(self, type_: str) -> dict[str, Registration]:
        """The registrations of a type, by logical name."""
        return {r.name: r for r in self.registrations if r.type == type_}

    @property
    def counts(self) -> dict[str, int]:
        """How many resources of each type there are, components aside."""
        return dict(Counter(r.type for r in self.registrations if r.request.custom))


def run(program: Callable[[ProgramInput], None], given: ProgramInput, *missing: str) -> Run:
    """Run a program.

    Args:
        program: The program.
        given: What it is given.
        missing: Names that lookups don't find, kinds of things such as `Listener`, or `denied:NAME`.
    """
    mocks = _Aws(missing)
    recorder = _Recorder(mocks)
    with under_mocks():
        set_mocks(mocks, monitor=recorder)
        pulumi.runtime.test(lambda: program(given))()  # type: ignore[no-untyped-call] # the SDK's mocks aren't typed
    return Run(recorder.registrations, mocks.calls)
