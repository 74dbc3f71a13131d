"""A request and its answer as a line of JSON: docs/requests.schema.json, as `rollout parity --from FILE` reads it.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from rollout_tap.redaction import Redaction

_REQUEST = ("httpMethod", "path", "body", "isBase64Encoded")
_ANSWER = ("statusCode", "body", "isBase64Encoded")
_LISTS = ("headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters")
_HEALTH_CHECK = "ELB-HealthChecker/"


class NotRecorded(Exception):
    """A request that can't be recorded; the text is the reason that is counted."""


def copied(event: Any, largest: float) -> dict[str, Any]:
    """What is recorded of an event, so that the handler may change it.

    Raises:
        NotRecorded: It isn't a load balancer's, or its body is too large.
    """
    if "elb" not in event.get("requestContext", ()):
        raise NotRecorded("others")
    if sys.getsizeof(event.get("body")) > largest:
        raise NotRecorded("large")
    return _copied(event, _REQUEST)


def copied_answer(answer: Any, largest: float) -> dict[str, Any] | None:
    """What is recorded of an answer; of a large one its status alone."""
    if not isinstance(answer, dict):
        return None
    is_small = isinstance(answer.get("body", ""), str) and sys.getsizeof(answer.get("body")) <= largest
    return _copied(answer, _ANSWER if is_small else _ANSWER[:1])


def size(data: Mapping[str, Any] | None) -> int:
    """How much memory a copy takes, about."""
    if data is None:
        return 0
    return 500 + sum(
        sum(sys.getsizeof(key) + sys.getsizeof(each) + 80 for key, each in value.items())
        if isinstance(value, dict)
        else sys.getsizeof(value)
        for value in data.values()
    )


def line(
    event: Mapping[str, Any], answer: Mapping[str, Any] | None, redaction: Redaction, of_answers: Redaction
) -> bytes:
    """The line, with its end.

    Raises:
        NotRecorded: It is a health check, or has a body that isn't JSON, of which nobody knows what is secret in it.
    """
    headers = list(_pairs(event, "headers", "multiValueHeaders"))
    if any(name.lower() == "user-agent" and value.startswith(_HEALTH_CHECK) for name, value in headers):
        raise NotRecorded("others")
    pairs = redaction.query(_pairs(event, "queryStringParameters", "multiValueQueryStringParameters"))
    query = "&".join(f"{name}={value}" for name, value in pairs)
    said: dict[str, Any] = {
        "method": event["httpMethod"],
        "path": event["path"] + (f"?{query}" if query else ""),
        "headers": redaction.headers(headers),
    }
    try:
        if content := _content(event):
            said["body"] = _dumped(redaction.json(json.loads(content)))
    except ValueError:
        raise NotRecorded("no JSON") from None
    if answer is not None and type(answer.get("statusCode")) is int:
        said["answer"] = _answer(answer, of_answers)
    return _dumped(said).encode() + b"\n"


def _answer(answer: Mapping[str, Any], redaction: Redaction) -> dict[str, Any]:
    said: dict[str, Any] = {
        "status": answer["statusCode"],
        "headers": redaction.headers(_pairs(answer, "headers", "multiValueHeaders")),
    }
    try:
        if content := _content(answer):
            said["body"] = redaction.json(json.loads(content))
            _dumped(said)
    except ValueError:
        said.pop("body", None)
    return said


def _copied(data: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    found = {name: data[name] for name in names if name in data}
    for name in _LISTS:
        if isinstance(pairs := data.get(name), dict):
            found[name] = {key: list(each) if isinstance(each, list) else each for key, each in pairs.items()}
    return found


def _pairs(data: Mapping[str, Any], single: str, multiple: str) -> Iterator[tuple[str, str]]:
    for name, value in (data.get(multiple) or data.get(single) or {}).items():
        for each in value if isinstance(value, list) else [value]:
            yield str(name), str(each)


def _content(data: Mapping[str, Any]) -> bytes | str:
    body = data.get("body") or ""
    return base64.b64decode(body, validate=True) if data.get("isBase64Encoded") else str(body)


def _dumped(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
