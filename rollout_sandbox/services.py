"""The sandbox's services and actions: those that rollout, its programs and pulumi-aws need, and no more of moto.

moto has hundreds of services. Some act on the machine: they start containers, or send requests. So a call gets to
moto only if it is in the table here, and by the service that it is signed for, never by one that moto guesses.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from http import HTTPStatus
from typing import Any

from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.wrappers import Response

from rollout_sandbox import refusal
from rollout_sandbox.request import ApiRequest, signed_for

_TAGS = ("TagResource", "UntagResource", "ListTagsForResource")

ACTIONS: Mapping[str, tuple[str, ...]] = {
    "cloudwatch": ("*Alarm*", "*Dashboard*", "ListMetrics", "GetMetric*", "PutMetric*", *_TAGS),
    "dynamodb": (
        "*Table",
        "ListTables",
        "*Item",
        "Query",
        "*TimeToLive",
        "*ContinuousBackups",
        *_TAGS[:2],
        "ListTagsOfResource",
    ),
    "ec2": (
        *("*Tags", "*Vpc", "*Vpcs", "*VpcAttribute", "*Subnet", "*Subnets", "*SubnetAttribute", "*SecurityGroup*"),
        *("*RouteTable*", "*Route", "*InternetGateway*", "*NetworkInterface*", "*NetworkAcls", "*AvailabilityZones"),
        *("*AccountAttributes", "*Regions"),
    ),
    "elasticloadbalancing": ("*",),
    "events": ("PutEvents", "*EventBus", "*EventBuses", "*Rule", "*Rules", "*Targets", "*TargetsByRule", *_TAGS),
    "iam": ("*Role*", "*Polic*", "GetUser", "ListAccountAliases"),
    "kms": (
        "*Alias*",
        "*Key",
        "*Keys",
        "*DataKey*",
        "*KeyPolicy",
        "*ResourceTags",
        "*Rotation*",
        "Encrypt",
        "Decrypt",
        *_TAGS,
    ),
    "lambda": (
        *("*Alias*", "*Function", "*Functions", "*FunctionCode", "*FunctionConfiguration", "*Concurrency*"),
        *("*FunctionEventInvokeConfig*", "*FunctionUrlConfig*", "*CodeSigningConfig*", "*Layer*", "*Permission"),
        *("*Policy", "*Version*", "ListTags", *_TAGS, "GetAccountSettings", "Invoke"),
    ),
    "logs": ("*LogGroup*", "*LogStream*", "*LogEvents", "*Quer*", "*Deliver*", "*RetentionPolicy", *_TAGS),
    "s3": (
        *("*Bucket", "*Buckets", "*BucketLocation", "*BucketVersioning", "*BucketPolicy*", "*Encryption", "*Tagging"),
        *("*Object", "*Objects", "*ObjectsV2", "*ObjectVersions", "*MultipartUpload*", "UploadPart*", "ListParts"),
    ),
    "scheduler": ("*Schedule", "*Schedules", "*ScheduleGroup", "*ScheduleGroups", *_TAGS),
    "sns": ("*Topic*", "*Subscription*", "Subscribe", "Unsubscribe", "Publish*", *_TAGS),
    "sqs": ("*",),
    "states": (
        "*StateMachine",
        "*StateMachines",
        "*StateMachineDefinition",
        "*StateMachineVersions",
        "*Execution*",
        "SendTask*",
        *_TAGS,
    ),
    "sts": ("GetCallerIdentity", "AssumeRole", "GetSessionToken"),
}
"""By IAM's name of a service: patterns of its actions."""

_BACKENDS = {name: name for name in ACTIONS} | {
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
}
"""moto's names of the services, by those that calls are signed for."""

_log = logging.getLogger("rollout.sandbox")  # below rollout, whose handlers a command sets


def unknown(call: ApiRequest) -> Response | None:
    """The refusal of a call that the sandbox doesn't have; None if it has it."""
    if not call.service:
        code, text = "MissingAuthenticationToken", "Request is missing Authentication Token"
        return refusal.response(call.protocol, code, text, HTTPStatus.FORBIDDEN)
    service, _, action = call.action.partition(":")
    if action and any(fnmatchcase(call.operation, pattern) for pattern in ACTIONS.get(service, ())):
        return None
    return _unknown(call)


def in_aws_shape(call: ApiRequest, answer: Callable[[], Response]) -> Response:
    """An answer of moto's; where it has none, or fails, an error that AWS's SDKs can read."""
    try:
        response = answer()
    except NotImplementedError:
        return _unknown(call)
    except Exception:  # noqa: BLE001 - whatever it is, the caller gets an answer
        _log.exception("%s failed", call.action)
        return _failed(call)
    if not response.get_data()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return response
    return _failed(call) if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else _unknown(call)


class Services:
    """moto's application for each service, by the one that a request is signed for."""

    def __init__(self) -> None:
        self._application = cache(create_backend_app)

    def answer(self, environ: dict[str, Any]) -> Response:
        """Answer a WSGI request.

        Raises:
            LookupError: The sandbox doesn't have the service.
        """
        application: Any = self._application(_BACKENDS[signed_for(environ)[2]])
        return Response.from_app(application, environ, buffered=True)


def _unknown(call: ApiRequest) -> Response:
    action = call.action if call.operation else f"this action of {call.service}"
    text = f"The sandbox doesn't support {action}; see docs/sandbox.md"
    if call.protocol in {"query", "ec2"}:
        return refusal.response(call.protocol, "InvalidAction", text, HTTPStatus.BAD_REQUEST)
    return refusal.response(call.protocol, "UnknownOperationException", text, HTTPStatus.NOT_FOUND)


def _failed(call: ApiRequest) -> Response:
    text = f"The sandbox failed to answer {call.action}"
    return refusal.response(call.protocol, "InternalFailure", text, HTTPStatus.INTERNAL_SERVER_ERROR)
