"""What an inline program registers, as the engine would get it: the program runs in this process, under Pulumi's mocks.

The same program with the same input and the same things on AWS registers the same, so a run is remembered: most tests
of a process meet the same few. What only AWS can tell, the ids in ARNs of what isn't made yet, are tokens here, which
are replaced once there is something to replace them by.
"""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field, replace
from hashlib import sha256
from threading import Lock
from typing import Any

import pulumi
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.proto import resource_pb2

from rollout.adapters.pulumi.failures import engine_error
from rollout.adapters.pulumi.programs import load_program
from rollout.errors import RolloutError
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.fingerprint import fingerprint
from rollout.fakes.resource_types import FUNCTION, told_arn
from rollout.inventory.model import Arn, ProgramInput

STACK_TYPE = "pulumi:pulumi:Stack"
TOKEN = re.compile("t[0-9a-f]{15}(?![0-9a-z])")
_REMEMBERED = 200
_running = Lock()


@dataclass(frozen=True, slots=True)
class Registration:
    """A resource as the program registered it.

    Attributes:
        custom: Whether it is more than a component.
        parent: A URN; empty for the stack's own resource.
        inputs: As the provider gets them, with tokens, assets and archives in them.
        adopt: The import identifier, empty if there is none.
        read: The identifier of what is only read; empty for what the stack makes.
        outputs: What a component registered of itself.
    """

    urn: str
    type: str
    custom: bool
    parent: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    retain_on_delete: bool = False
    adopt: str = ""
    read: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its logical name."""
        return self.urn.rsplit("::", 1)[-1]


@dataclass(frozen=True, slots=True)
class _Run:
    lookups: Mapping[tuple[str, str], Arn | None]
    registrations: tuple[Registration, ...]


_remembered: dict[tuple[Callable[[ProgramInput], None], str], list[_Run]] = {}


def token(urn: str) -> str:
    """What stands for the id, in its ARN, of a resource that AWS names."""
    return f"t{sha256(urn.encode()).hexdigest()[:15]}"


def version_token(urn: str) -> str:
    """What stands for the version that a function publishes."""
    return token(f"{urn}#version")


def registrations(stack: str, given: ProgramInput, aws: InMemoryAws) -> tuple[Registration, ...]:
    """Run a stack's inline program.

    Args:
        stack: One of those in `inventory.stacks`.
        aws: Where it looks things up.

    Returns:
        The stack's own resource and all others, each after what it depends on.

    Raises:
        EngineError: The program failed.
        ConfigError: There is none.
    """
    environment = given.environment
    program = load_program(getattr(environment.programs, stack), environment.root, stack)
    key = (program, f"{stack} {fingerprint(given)}")
    for run in _remembered.get(key, ()):
        if all(look_up(aws, *wanted) == found for wanted, found in run.lookups.items()):
            return run.registrations
    project = f"{environment.project}-{stack}"
    mocks = _Aws(aws)
    recorder = _Recorder(mocks, environment.name, project)
    with _running, under_mocks():
        try:
            # what the SDK keeps from a run in the same thread would be the next one's parent
            Context().run(_run, lambda: program(given), mocks, project, environment.name, recorder)
        except (RolloutError, pulumi.RunError) as error:
            raise engine_error([str(error)]) from error
    if len(_remembered) >= _REMEMBERED:
        _remembered.clear()
    run = _Run(mocks.lookups, (recorder.root, *recorder.registrations))
    _remembered.setdefault(key, []).append(run)
    return run.registrations


def _run(program: Callable[[], None], mocks: Mocks, project: str, stack: str, recorder: MockMonitor) -> None:
    set_mocks(mocks, project, stack, monitor=recorder)
    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call] # the SDK's mocks aren't typed


def look_up(aws: InMemoryAws, kind: str, wanted: str) -> Arn | None:
    """What a program's lookup finds: a load balancer or target group by name, a listener by load balancer and port."""
    with aws.lock:
        match kind:
            case "LoadBalancer":
                return aws.load_balancers.get(wanted)
            case "TargetGroup":
                found = aws.group_named(wanted)
                return found.arn if found else None
            case "Listener":
                balancer, _, port = wanted.rpartition(":")
                every = (each for each in aws.listeners.values() if each.load_balancer == balancer)
                return next((each.arn for each in every if str(each.port) == port), None)
    raise engine_error([f"get{kind} isn't known to the in-memory provider"])


@contextmanager
def under_mocks() -> Iterator[None]:
    """A block in which a program may run under Pulumi's mocks."""
    with event_loop(), warnings.catch_warnings():
        # pulumi_aws.lambda_ and pulumi_aws.s3 warn of types of their own on import
        warnings.filterwarnings("ignore", "(aws.)?(lambda/microvmsimage|s3)", DeprecationWarning)
        yield


@contextmanager
def event_loop() -> Iterator[None]:
    """An event loop of this thread, which is closed afterwards."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class LoopingMonitor(MockMonitor):
    """Gives each call an event loop: calls come on worker threads, where the SDK opens one and leaves it open."""

    def registered(self, request: resource_pb2.RegisterResourceRequest, inputs: Mapping[str, Any]) -> None:
        """A resource is registered that isn't the stack's own."""
        raise NotImplementedError

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> Any:  # noqa: N802 - gRPC's name
        with event_loop():
            return super().Invoke(request)  # type: ignore[no-untyped-call] # as above

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:  # noqa: N802 - gRPC's name
        with event_loop():
            if request.type != STACK_TYPE:
                self.registered(request, rpc.deserialize_properties(request.object))
            return super().RegisterResource(request)  # type: ignore[no-untyped-call] # as above


class _Aws(Mocks):
    def __init__(self, aws: InMemoryAws) -> None:
        self._aws = aws
        self.lookups: dict[tuple[str, str], Arn | None] = {}
        self.urns: dict[tuple[str, str], str] = {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        arn = told_arn(args.typ, args.inputs, token(self.urns[args.typ, args.name]), self._aws)
        version = {"version": version_token(self.urns[args.typ, args.name])} if args.typ == FUNCTION else {}
        return arn, {**args.inputs, "arn": arn, **version}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        kind = args.token.rpartition(":")[2].removeprefix("get")
        wanted = args.args.get("name") or f"{args.args['loadBalancerArn']}:{args.args['port']:.0f}"
        found = self.lookups[kind, wanted] = look_up(self._aws, kind, wanted)
        if not found:
            return {}, [("", f"reading ELBv2 {kind}: couldn't find resource")]
        group = self._aws.target_groups.get(found)
        return {"arn": found, **({"targetType": group.target_type} if group else {})}, []


class _Recorder(LoopingMonitor):
    def __init__(self, mocks: _Aws, environment: str, project: str) -> None:
        super().__init__(mocks)
        self._mocks, self._prefix = mocks, f"urn:pulumi:{environment}::{project}::"
        self.root = Registration(f"{self._prefix}{STACK_TYPE}::{project}-{environment}", STACK_TYPE, False, "")
        self.registrations: list[Registration] = []

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        inside = "" if self._parent(parent) == self.root.urn else f"{parent.split('::')[2]}$"
        return f"{self._prefix}{inside}{type_}::{name}"

    def _parent(self, urn: str) -> str:
        """Under the mocks, the stack of a process's first run is the one of all."""
        return self.root.urn if not urn or f"::{STACK_TYPE}::" in urn else urn

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Any:  # noqa: N802 - as above
        at = next((n for n, each in enumerate(self.registrations) if each.urn == request.urn), None)
        if at is not None:
            outputs = rpc.deserialize_properties(request.outputs)
            self.registrations[at] = replace(self.registrations[at], outputs=outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call] # as above

    def registered(self, request: resource_pb2.RegisterResourceRequest, inputs: Mapping[str, Any]) -> None:
        urn = self.make_urn(request.parent, request.type, request.name)
        self._mocks.urns[request.type, request.name] = urn
        self.registrations.append(
            Registration(
                urn,
                request.type,
                request.custom,
                self._parent(request.parent),
                _unwrapped(inputs),
                request.retainOnDelete,
                request.importId,
            )
        )

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> Any:  # noqa: N802 - gRPC's name
        urn, parent = self.make_urn(request.parent, request.type, request.name), self._parent(request.parent)
        self.registrations.append(Registration(urn, request.type, True, parent, read=request.id))
        return resource_pb2.ReadResourceResponse(urn=urn, properties=request.properties)


def _unwrapped(value: Any) -> Any:
    """Inputs with secrets as the values that they are."""
    if rpc.is_rpc_secret(value):
        return _unwrapped(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: _unwrapped(item) for key, item in value.items()}
    return [_unwrapped(item) for item in value] if isinstance(value, list) else value
