"""The constraints of AWS's service models: required members, lengths, ranges, patterns and enumerations.

AWS's own front ends hold each call to its model, whatever client made it; boto3 checks only required members and least
lengths, and moto next to nothing. EC2, S3, SNS and SQS answer with errors of their own, and aren't held to theirs.
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
https://smithy.io/2.0/spec/constraint-traits.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from botocore.model import Shape
from moto.core.utils import get_service_model
from werkzeug.wrappers import Response

from rollout_sandbox import refusal
from rollout_sandbox.request import ApiRequest, model_name

_CODES = {
    "cloudwatch": "ValidationError",
    "dynamodb": "ValidationException",
    "elasticloadbalancing": "ValidationError",
    "events": "ValidationException",
    "iam": "ValidationError",
    "kms": "ValidationException",
    "lambda": "ValidationException",
    "logs": "InvalidParameterException",
    "scheduler": "ValidationException",
    "states": "ValidationException",
    "sts": "ValidationError",
}
"""By IAM's name of a service: what it calls a call that isn't as its model says."""
_UNICODE = (
    (r"\p{L}\p{Z}\p{N}_", r"\w\s"),
    (r"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}", r"\x20-\x7e\xa0-\U0010ffff"),
    (r"\p{ASCII}", r"[\x00-\x7f]"),
)
"""Java's classes in AWS's patterns, as Python knows them."""
_SHOWN = 200


def unmet(call: ApiRequest) -> Response | None:
    """The refusal of a call that isn't as its model says; None if it is."""
    code = _CODES.get(call.action.partition(":")[0])
    shape = code and get_service_model(model_name(call.service)).operation_model(call.operation).input_shape
    if not code or not shape or not (problems := list(_unmet(shape, call.parameters, ""))):
        return None
    count = f"{len(problems)} validation error{'s' * (len(problems) > 1)} detected: "
    return refusal.response(call.protocol, code, count + "; ".join(problems), HTTPStatus.BAD_REQUEST)


def _unmet(shape: Any, value: Any, place: str) -> Iterator[str]:
    if problem := _own(shape, value):
        yield f"Value '{_short(value)}' at '{place}' failed to satisfy constraint: {problem}"
    match shape.type_name, value:
        case "structure", Mapping():
            there = {name: item for name, item in value.items() if item is not None}
            for name in [name for name in shape.required_members if name not in there]:
                yield f"Value null at '{_below(place, name)}' failed to satisfy constraint: Member must not be null"
            for name in [name for name in shape.members if name in there]:
                yield from _unmet(shape.members[name], there[name], _below(place, name))
        case "list", list():
            for number, item in enumerate(value, 1):
                yield from _unmet(shape.member, item, f"{place}.{number}.member")
        case "map", Mapping():
            for key, item in value.items():
                yield from _unmet(shape.key, key, f"{place}.key")
                yield from _unmet(shape.value, item, f"{place}.{key}.member")


def _own(shape: Shape, value: Any) -> str:
    """What a value breaks of its own shape's constraints; empty if it is well."""
    traits = shape.metadata
    least, most = traits.get("min"), traits.get("max")
    if value is None or isinstance(value, bool):
        return ""
    what, size = ("length", len(value)) if hasattr(value, "__len__") else ("value", value)
    if not isinstance(size, int | float):  # a time
        return ""
    if least is not None and size < least:
        return f"Member must have {what} greater than or equal to {least}"
    if most is not None and size > most:
        return f"Member must have {what} less than or equal to {most}"
    if isinstance(value, str):
        if (allowed := traits.get("enum")) and value not in allowed:
            return f"Member must satisfy enum value set: [{', '.join(allowed)}]"
        if (pattern := traits.get("pattern")) and not _compiled(pattern).fullmatch(value):
            return f"Member must satisfy regular expression pattern: {pattern}"
    return ""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    for java, python in _UNICODE:
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def _below(place: str, name: str) -> str:
    name = name[0].lower() + name[1:]
    return f"{place}.{name}" if place else name


def _short(value: Any) -> str:
    return f"[{len(value)}]" if isinstance(value, list | Mapping | bytes) else str(value)[:_SHOWN]
