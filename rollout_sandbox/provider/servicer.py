"""The provider's gRPC service for one account and region: Pulumi's protocol on one side, resource types on the other.

https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc, status_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from rollout_sandbox.provider.aws import Aws, AwsFailure, MadeButFailed, doing
from rollout_sandbox.provider.checking import Naming, check, has_unknown, without_notes
from rollout_sandbox.provider.comparing import Differences, compare, imported, refreshed
from rollout_sandbox.provider.kept import kept
from rollout_sandbox.provider.schema import UNKNOWN, Invoke, Props, ResourceType
from rollout_sandbox.provider.sdk import completed
from rollout_sandbox.provider.tagging import not_ignored
from rollout_sandbox.provider.wire import decode, encode

VERSION = "7.51.1"
CONFIGURATION = frozenset(
    {
        *("region", "accessKey", "secretKey", "token", "profile", "version", "pluginDownloadURL"),
        *(
            "allowedAccountIds",
            "forbiddenAccountIds",
            "defaultTags",
            "ignoreTags",
            "endpoints",
            "maxRetries",
            "retryMode",
        ),
        *("skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId"),
        "s3UsePathStyle",
    }
)
"""The keys of the provider's configuration that are understood or may safely be passed over."""

_KINDS = {
    ("add", False): pb.PropertyDiff.ADD,
    ("add", True): pb.PropertyDiff.ADD_REPLACE,
    ("delete", False): pb.PropertyDiff.DELETE,
    ("delete", True): pb.PropertyDiff.DELETE_REPLACE,
    ("update", False): pb.PropertyDiff.UPDATE,
    ("update", True): pb.PropertyDiff.UPDATE_REPLACE,
}

Answer = TypeVar("Answer")
Method = Callable[[Any, Any, grpc.ServicerContext], Answer]


def told(method: Method[Answer]) -> Method[Answer]:
    """Answer a failure of AWS with its text, as the bridge does."""

    @wraps(method)
    def call(self: Any, request: Any, context: grpc.ServicerContext) -> Answer:
        try:
            return method(self, request, context)
        except AwsFailure as failure:
            context.abort(grpc.StatusCode.UNKNOWN, str(failure))
            raise AssertionError from failure  # abort doesn't come back

    return call


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """pulumi-aws, as far as programs here use it.

    Args:
        aws: The account and region.
        types: The resource types, by token.
        invokes: The functions, by token.
    """

    def __init__(self, aws: Aws, types: Mapping[str, ResourceType], invokes: Mapping[str, Invoke]) -> None:
        self._aws = aws
        self._types = types
        self._invokes = invokes
        self._default_tags: dict[str, Props] = {}  # by connection: the engine opens one for each stack's provider
        self._ignored_tags: dict[str, Props] = {}

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> pb.GetSchemaResponse:
        return pb.GetSchemaResponse(schema="{}")

    def Attach(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def CheckConfig(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:
        unknown = [key for key in decode(request.news) if not key.startswith("__") and key not in CONFIGURATION]
        failures = [pb.CheckFailure(property=key, reason=f"unknown provider configuration {key!r}") for key in unknown]
        return pb.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        old, new = decode(request.olds), decode(request.news)
        names = sorted(key for key in {*old, *new} if old.get(key) != new.get(key) and not key.startswith("__"))
        replaces = [key for key in names if key == "region"]
        changes = pb.DiffResponse.DIFF_SOME if names else pb.DiffResponse.DIFF_NONE
        return pb.DiffResponse(changes=changes, diffs=names, replaces=replaces)

    @told
    def Configure(self, request: pb.ConfigureRequest, context: grpc.ServicerContext) -> pb.ConfigureResponse:
        said = {key.rpartition(":")[2]: value for key, value in request.variables.items()}
        allowed = json.loads(said.get("allowedAccountIds") or "[]")
        with doing("retrieving caller identity from STS", "sts"):
            account = self._aws.client("sts").get_caller_identity()["Account"]
        if allowed and account not in allowed:
            raise AwsFailure(f"AWS account ID not allowed: {account}")
        if said.get("region") and said["region"] != self._aws.region:
            raise AwsFailure(f"this port is for region {self._aws.region}, not {said['region']}")
        self._default_tags[context.peer()] = json.loads(said.get("defaultTags") or "{}").get("tags") or {}
        self._ignored_tags[context.peer()] = json.loads(said.get("ignoreTags") or "{}")
        return pb.ConfigureResponse(acceptSecrets=False, supportsPreview=True, supports_autonaming_configuration=True)

    def Check(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:
        type_ = self._type(request.urn, context)
        modes = pb.CheckRequest.AutonamingOptions
        naming = Naming(
            request.autonaming.proposed_name,
            seed=request.randomSeed,
            enforced=request.autonaming.mode == modes.ENFORCE,
            disabled=request.autonaming.mode == modes.DISABLE,
        )
        old = decode(request.olds)
        region, tags = self._aws.region, self._default_tags.get(context.peer(), {})
        checked = check(type_, _name(request.urn), decode(request.news), old, region, tags, naming)
        return pb.CheckResponse(
            inputs=encode(checked.inputs), failures=[pb.CheckFailure(reason=text) for text in checked.failures]
        )

    @told
    def Diff(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        type_ = self._type(request.urn, context)
        new = decode(request.news)
        _verify(type_, without_notes(new))
        found = compare(type_, decode(request.olds), new)
        return _diff_response(found)

    @told
    def Create(self, request: pb.CreateRequest, context: grpc.ServicerContext) -> pb.CreateResponse:
        type_ = self._type(request.urn, context)
        new = without_notes(decode(request.properties))
        _verify(type_, new)
        if request.preview:
            unknown = {
                key: UNKNOWN for key, p in type_.all_properties.items() if p.output or (p.computed and key not in new)
            }
            return pb.CreateResponse(properties=encode({**new, **unknown}))
        id_ = None
        try:
            id_ = type_.operations.create(self._aws, new)
            return pb.CreateResponse(id=id_, properties=encode(self._state(type_, id_, new, context) or new))
        except AwsFailure as failure:
            made = failure.id if isinstance(failure, MadeButFailed) else id_
            if made is None:
                raise
            self._keep(type_, made, new, request.properties, failure, context)

    @told
    def Read(self, request: pb.ReadRequest, context: grpc.ServicerContext) -> pb.ReadResponse:
        type_ = self._type(request.urn, context)
        id_, known = request.id, decode(request.properties) or None
        inputs = decode(request.inputs)
        if known is None:
            if type_.imported is None:
                raise AwsFailure(f"resource {type_.token} doesn't support import")
            id_, known = type_.imported(request.id)
        state = self._state(type_, id_, known, context, importing=not request.properties.fields)
        if state is None:
            return pb.ReadResponse()
        now = refreshed(type_, inputs, state) if inputs else imported(type_, state)
        return pb.ReadResponse(id=id_, properties=encode(state), inputs=encode(now))

    @told
    def Update(self, request: pb.UpdateRequest, context: grpc.ServicerContext) -> pb.UpdateResponse:
        type_ = self._type(request.urn, context)
        old, checked = decode(request.olds), decode(request.news)
        new = without_notes(checked)
        if request.preview:
            found = compare(type_, old, checked)
            return pb.UpdateResponse(properties=encode({**old, **new, **dict.fromkeys(found.follows, UNKNOWN)}))
        _verify(type_, new)
        known = old  # as long as a change may not have come to what AWS doesn't tell, such as code
        try:
            type_.operations.update(self._aws, request.id, old, new, compare(type_, old, checked).changed)
            known = {**old, **new}
            return pb.UpdateResponse(properties=encode(self._state(type_, request.id, new, context) or known))
        except AwsFailure as failure:
            self._keep(type_, request.id, known, request.news, failure, context)

    @told
    def Delete(self, request: pb.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        type_ = self._type(request.urn, context)
        type_.operations.delete(self._aws, request.id, decode(request.properties))
        return empty_pb2.Empty()

    @told
    def Invoke(self, request: pb.InvokeRequest, context: grpc.ServicerContext) -> pb.InvokeResponse:
        if request.tok not in self._invokes:
            _unimplemented(context, f"the sandbox's provider has no function {request.tok}")
        arguments = decode(getattr(request, "args"))  # noqa: B009 - protobuf's field is named as Python's idiom
        response = pb.InvokeResponse()
        getattr(response, "return").CopyFrom(encode(self._invokes[request.tok](self._aws, arguments)))
        return response

    def _state(
        self,
        type_: ResourceType,
        id_: str,
        known: Props | None,
        context: grpc.ServicerContext,
        *,
        importing: bool = False,
    ) -> Props | None:
        """The whole state of a resource; the program's own values where AWS tells nothing."""
        live = type_.operations.read(self._aws, id_, known)
        if live is None:
            return None
        if type_.regional:
            live["region"] = self._aws.region
        if type_.tagged:
            default, ignored = (each.get(context.peer(), {}) for each in (self._default_tags, self._ignored_tags))
            live["tagsAll"] = not_ignored(live.get("tagsAll", {}), ignored)
            live["tags"] = {k: v for k, v in live.get("tagsAll", {}).items() if default.get(k) != v}
        return live if importing else {**{k: v for k, v in (known or {}).items() if k not in live}, **live}

    def _keep(  # noqa: PLR0917 - all that the engine is told
        self,
        type_: ResourceType,
        id_: str,
        known: Props,
        inputs: struct_pb2.Struct,
        failure: AwsFailure,
        context: grpc.ServicerContext,
    ) -> NoReturn:
        """Fail, and have the engine keep the resource as it is now, so that its next run goes on from there."""
        with suppress(AwsFailure):  # then what is known has to do
            known = self._state(type_, id_, known, context) or known
        detail = pb.ErrorResourceInitFailed(id=id_, properties=encode(known), inputs=inputs, reasons=[str(failure)])
        unknown = grpc.StatusCode.UNKNOWN
        status = status_pb2.Status(code=unknown.value[0], message=str(failure))
        status.details.add().Pack(detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(unknown, str(failure))
        raise AssertionError from failure  # abort doesn't come back

    def _type(self, urn: str, context: grpc.ServicerContext) -> ResourceType:
        token = urn.split("::")[2].rpartition("$")[2]
        if token in self._types:
            return completed(self._types[token])
        type_ = kept(token)
        if type_ is None:
            _unimplemented(context, f"the sandbox's provider has no resource type {token}")
        return type_


def _unimplemented(context: grpc.ServicerContext, text: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNIMPLEMENTED, text)
    raise AssertionError


def _verify(type_: ResourceType, inputs: Props) -> None:
    if not has_unknown(inputs) and (said := type_.verify(inputs)):
        raise AwsFailure(said)


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _diff_response(found: Differences) -> pb.DiffResponse:
    if not found.paths:
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE, stables=found.stable, hasDetailedDiff=True)
    detailed = {
        path: pb.PropertyDiff(kind=_KINDS[kind, path.partition(".")[0].partition("[")[0] in found.replaces])
        for path, kind in found.paths.items()
    }
    return pb.DiffResponse(
        changes=pb.DiffResponse.DIFF_SOME,
        diffs=sorted([*found.changed, *found.follows]),
        replaces=found.replaces,
        deleteBeforeReplace=found.delete_first,
        stables=found.stable,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )
