"""The engine's side of the provider's protocol, in plain data, for one account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

Props = Mapping[str, Any]

RULE = "aws:lb/listenerRule:ListenerRule"
GROUP = "aws:lb/targetGroup:TargetGroup"
ATTACHMENT = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
PROVISIONED = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
PERMISSION = "aws:lambda/permission:Permission"
ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
POLICY_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
EVENTS = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
TABLE = "aws:dynamodb/table:Table"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
STATE_MACHINE = "aws:sfn/stateMachine:StateMachine"
SCHEDULE = "aws:scheduler/schedule:Schedule"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
Naming = pb.CheckRequest.AutonamingOptions


@contextmanager
def failing(*texts: str) -> Iterator[None]:
    """The call fails, and its error has these texts."""
    with pytest.raises(grpc.RpcError) as caught:
        yield
    details = str(caught.value.details())
    for text in texts:
        assert text in details, details


@dataclass(frozen=True)
class Difference:
    """What a diff came to; `paths` are by kind, such as `UPDATE_REPLACE`."""

    changes: bool
    names: list[str]
    replaces: list[str]
    delete_first: bool
    paths: dict[str, str]
    stable: list[str]


@dataclass(frozen=True)
class Made:
    """A resource as the state has it."""

    engine: Engine = field(repr=False)
    type_: str
    id: str
    inputs: Props
    outputs: Props

    def diff(self, inputs: Props) -> Difference:
        """What a program with these inputs would change."""
        checked = self.engine.checked(self.type_, inputs, old=self.inputs)
        request = pb.DiffRequest(urn=urn(self.type_), id=self.id, olds=struct(self.outputs), news=struct(checked))
        answer = self.engine.stub.Diff(request)
        kinds = {path: pb.PropertyDiff.Kind.Name(found.kind) for path, found in answer.detailedDiff.items()}
        return Difference(
            answer.changes == pb.DiffResponse.DIFF_SOME,
            sorted(answer.diffs),
            sorted(answer.replaces),
            answer.deleteBeforeReplace,
            kinds,
            sorted(answer.stables),
        )

    def update(self, inputs: Props, *, preview: bool = False) -> Made:
        """Change it in place."""
        checked = self.engine.checked(self.type_, inputs, old=self.inputs)
        request = pb.UpdateRequest(
            urn=urn(self.type_), id=self.id, olds=struct(self.outputs), news=struct(checked), preview=preview
        )
        outputs = plain(self.engine.stub.Update(request).properties)
        return Made(self.engine, self.type_, self.id, checked, outputs)

    def refresh(self) -> Made | None:
        """As it is now; None where it is gone."""
        request = pb.ReadRequest(
            urn=urn(self.type_), id=self.id, inputs=struct(self.inputs), properties=struct(self.outputs)
        )
        return self.engine.made(self.type_, self.engine.stub.Read(request))

    def delete(self) -> None:
        """Take it away."""
        self.engine.stub.Delete(pb.DeleteRequest(urn=urn(self.type_), id=self.id, properties=struct(self.outputs)))


class Engine:
    """Asks the provider at a port."""

    def __init__(self, port: int) -> None:
        own = [("grpc.use_local_subchannel_pool", 1)]  # a connection each, as the engine has for each stack
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=own)
        self.stub: Any = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def close(self) -> None:
        self._channel.close()

    def check(self, type_: str, inputs: Props, *, old: Props | None = None, **more: Any) -> tuple[Props, list[str]]:
        """The checked inputs, and what is wrong with them."""
        request = pb.CheckRequest(urn=urn(type_), news=struct(inputs), olds=struct(old or {}), **more)
        answer = self.stub.Check(request)
        return plain(answer.inputs), [failure.reason for failure in answer.failures]

    def checked(self, type_: str, inputs: Props, **more: Any) -> Props:
        """Checked inputs with which nothing is wrong."""
        found, failures = self.check(type_, inputs, **more)
        assert failures == []
        return found

    def make(self, type_: str, inputs: Props) -> Made:
        """Check and create."""
        checked = self.checked(type_, inputs)
        answer = self.stub.Create(pb.CreateRequest(urn=urn(type_), properties=struct(checked)))
        return Made(self, type_, answer.id, checked, plain(answer.properties))

    def preview(self, type_: str, inputs: Props) -> Props:
        """The outputs as a preview of a create foresees them."""
        checked = self.checked(type_, inputs)
        answer = self.stub.Create(pb.CreateRequest(urn=urn(type_), properties=struct(checked), preview=True))
        return plain(answer.properties)

    def import_(self, type_: str, id_: str) -> Made | None:
        """A resource that was there before; None where there is none."""
        return self.made(type_, self.stub.Read(pb.ReadRequest(urn=urn(type_), id=id_)))

    def invoke(self, token: str, **arguments: Any) -> Props:
        """Call a function."""
        answer = self.stub.Invoke(pb.InvokeRequest(tok=token, args=struct(arguments)))
        return plain(getattr(answer, "return"))

    def made(self, type_: str, answer: pb.ReadResponse) -> Made | None:
        """What a read came to."""
        if not answer.id:
            return None
        return Made(self, type_, answer.id, plain(answer.inputs), plain(answer.properties))


def urn(type_: str) -> str:
    return f"urn:pulumi:stack::project::{type_}::it"


def struct(properties: Props) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(properties)
    return made


def plain(properties: struct_pb2.Struct) -> Props:
    return dict(json_format.MessageToDict(properties))


def without(properties: Props, *names: str) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if key not in names}


def bare(value: Any) -> Any:
    """Without the notes of defaults."""
    if isinstance(value, dict):
        return {key: bare(item) for key, item in value.items() if key != "__defaults"}
    return [bare(item) for item in value] if isinstance(value, list) else value
