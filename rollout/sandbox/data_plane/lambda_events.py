"""A request as the event that a function gets, and the function's answer as what the client gets.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rollout.sandbox.data_plane.matching import Request

MAX_BYTES = 1024 * 1024
_TEXT = re.compile(r"\s*(text/.*|application/(json|javascript|xml)\s*(;.*)?)$", re.IGNORECASE | re.DOTALL)
_OURS = frozenset({"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding", "upgrade"})
_JSON_GROWTH = 12  # a character may become two escapes of six

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function said, checked.

    Attributes:
        status: 100 to 599.
        headers: Its own, without those that are the load balancer's.
        body: Decoded.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Malformed(Exception):
    """An answer that the load balancer can't send on."""


def event(
    request: Request, body: bytes, added: Iterable[tuple[str, str]], target_group: str, *, multi_value: bool
) -> Event:
    """The event of a request.

    Args:
        request: The request.
        body: Its body, at most 1 MB.
        added: The load balancer's headers, lower case, which replace the client's.
        target_group: The group's ARN.
        multi_value: Whether headers and query parameters are lists; if not, the last of several values stays.
    """
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    headers.update((name, [value]) for name, value in added)
    said: Event = {
        "requestContext": {"elb": {"targetGroupArn": target_group}},
        "httpMethod": request.method,
        "path": request.path,
    }
    if multi_value:
        query: dict[str, list[str]] = {}
        for name, value in request.query_pairs:
            query.setdefault(name, []).append(value)
        said |= {"multiValueQueryStringParameters": query, "multiValueHeaders": headers}
    else:
        last = {name: values[-1] for name, values in headers.items()}
        said |= {"queryStringParameters": dict(request.query_pairs), "headers": last}
    text = "content-encoding" not in headers and _TEXT.match(headers.get("content-type", ["text/plain"])[-1])
    if text:
        try:
            return said | {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return said | {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def checked(said: Any, *, multi_value: bool) -> Answer:
    """A function's answer.

    Raises:
        Malformed: It lacks a status, a part is of the wrong type, or it is larger than 1 MB.
    """
    if not isinstance(said, dict):
        raise Malformed("no object")
    status, body, encoded = said.get("statusCode"), said.get("body"), said.get("isBase64Encoded", False)
    if type(status) is not int or not 100 <= status <= 599:  # noqa: PLR2004 - HTTP's own
        raise Malformed("statusCode")
    if not isinstance(encoded, bool) or not isinstance(body, str | None):
        raise Malformed("body")
    if body and len(body) * _JSON_GROWTH > MAX_BYTES and len(json.dumps(said)) > MAX_BYTES:
        raise Malformed("size")
    try:
        content = base64.b64decode(body or "", validate=True) if encoded else (body or "").encode()
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Malformed("body") from error
    return Answer(status, _headers(said, multi_value=multi_value), content)


def _headers(said: dict[str, Any], *, multi_value: bool) -> tuple[tuple[str, str], ...]:
    given = said.get("multiValueHeaders" if multi_value else "headers") or {}
    if not isinstance(given, dict):
        raise Malformed("headers")
    pairs = []
    for name, values in given.items():
        if multi_value and not isinstance(values, list):
            raise Malformed("multiValueHeaders")
        for value in values if multi_value else (values,):
            if not isinstance(name, str) or not isinstance(value, str) or "\r" in value or "\n" in value:
                raise Malformed("headers")
            if name.lower() not in _OURS:
                pairs.append((name, value))
    return tuple(pairs)
