"""A request as the event that a load balancer gives a function, and the answer that it takes from one. Pure.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rollout.inventory.conditions import Request

MAX_BYTES = 1024 * 1024
_TEXT = re.compile(r"\s*(text/.*|application/(json|javascript|xml)\s*(;.*)?)$", re.IGNORECASE | re.DOTALL)
_OURS = frozenset({"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding", "upgrade"})
_HTTPS = 443
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
    """An answer that the load balancer can't send on, which makes it a 502; the text says what is wrong with it."""


class TooLarge(Malformed):
    """An answer above what a load balancer takes."""


def event(
    request: Request, body: bytes, added: Iterable[tuple[str, str]], target_group: str, *, multi_value: bool
) -> Event:
    """The event of a request.

    Args:
        request: The request, its query parameters not decoded.
        body: Its body, at most 1 MB.
        added: The load balancer's headers, lower case, which replace the client's.
        target_group: The group's ARN.
        multi_value: Whether headers and query parameters are lists; if not, the last of several values stays.
    """
    headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        headers.setdefault(name.lower(), []).append(value)
    headers.update((name, [value]) for name, value in added)
    said: Event = {
        "requestContext": {"elb": {"targetGroupArn": target_group}},
        "httpMethod": request.method,
        "path": request.path,
    }
    if multi_value:
        query: dict[str, list[str]] = {}
        for name, value in request.query:
            query.setdefault(name, []).append(value)
        said |= {"multiValueQueryStringParameters": query, "multiValueHeaders": headers}
    else:
        last = {name: values[-1] for name, values in headers.items()}
        said |= {"queryStringParameters": dict(request.query), "headers": last}
    text = "content-encoding" not in headers and _TEXT.match(headers.get("content-type", ["text/plain"])[-1])
    if text:
        try:
            return said | {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return said | {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def added_headers(port: int, now: datetime, trace: str) -> tuple[tuple[str, str], ...]:
    """The headers that a load balancer adds to a request of this machine's.

    Args:
        port: The listener's.
        now: When the request came.
        trace: What tells it from others, 24 hexadecimal digits.
    """
    return (
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-port", str(port)),
        ("x-forwarded-proto", "https" if port == _HTTPS else "http"),
        ("x-amzn-trace-id", f"Root=1-{int(now.timestamp()):08x}-{trace}"),
    )


def checked(said: Any, *, multi_value: bool, max_bytes: int = MAX_BYTES) -> Answer:
    """A function's answer; what isn't there may be left out, and may not be null.

    Args:
        said: The answer.
        multi_value: Whether headers are lists.
        max_bytes: How large it may be as JSON; a load balancer's own limit holds for functions alone.

    Raises:
        Malformed: It lacks a status, a part is of the wrong type, or it is larger than 1 MB.
    """
    if not isinstance(said, dict):
        raise Malformed("it is not an object")
    status, body, encoded = said.get("statusCode"), said.get("body", ""), said.get("isBase64Encoded", False)
    if type(status) is not int or not 100 <= status <= 599:  # noqa: PLR2004 - HTTP's own
        raise Malformed("statusCode is not a number from 100 to 599")
    if not isinstance(encoded, bool):
        raise Malformed("isBase64Encoded is neither true nor false")
    if not isinstance(body, str):
        raise Malformed("body is not text")
    if len(body) * _JSON_GROWTH > max_bytes and len(json.dumps(said)) > max_bytes:
        raise TooLarge("it is larger than 1 MB")
    try:
        content = base64.b64decode(body, validate=True) if encoded else body.encode()
    except ValueError as error:  # of base64, of its characters, and of halves of characters
        raise Malformed("body doesn't match isBase64Encoded") from error
    return Answer(status, _headers(said, multi_value=multi_value), content)


def _headers(said: dict[str, Any], *, multi_value: bool) -> tuple[tuple[str, str], ...]:
    key = "multiValueHeaders" if multi_value else "headers"
    given = said.get(key, {})
    if not isinstance(given, dict):
        raise Malformed(f"{key} is not an object")
    pairs = []
    for name, values in given.items():
        if multi_value and not isinstance(values, list):
            raise Malformed(f"header {name} is not a list")
        for value in values if multi_value else (values,):
            if not isinstance(name, str) or not isinstance(value, str) or "\r" in value or "\n" in value:
                raise Malformed(f"header {name} is not one line of text")
            if name.lower() not in _OURS:
                pairs.append((name, value))
    return tuple(pairs)
