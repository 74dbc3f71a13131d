"""Requests as lines of JSON, one object each: our own form, for those who have requests elsewhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from rollout.base.foreign import Unexpected, json_of
from rollout.inventory.conditions import Request
from rollout.inventory.fields import UNTOLD, Frozen
from rollout.parity.request import ParityRequest
from rollout.parity.sources.routing import RouteOf


class RecordedAnswer(Frozen):
    """What legacy answered when the request was recorded, as `rollout_tap` writes it: most of it hashed."""

    status: int = Field(description="counted in the coverage; the rest isn't compared with anything")
    headers: Annotated[Mapping[str, str | tuple[str, ...]], UNTOLD] = Field(default_factory=dict, repr=False)
    body: Any = Field(None, repr=False)


class RequestLine(Frozen):
    """A request."""

    route: str | None = Field(None, description="the route's name; by default the one whose rule takes the request")
    method: str = Field("GET", pattern=r"^[A-Z_-]{1,40}$", description="in capitals")
    path: str = Field(pattern=r"^/", description="with or without a query string, as clients send it")
    headers: Annotated[Mapping[str, str | tuple[str, ...]], UNTOLD] = Field(
        default_factory=dict, repr=False, description="by name, a value or a list of values"
    )
    body: Any = Field(None, repr=False, description="a text, or data that is sent as JSON")
    body_base64: str | None = Field(None, repr=False, description="instead of body: bytes")
    answer: RecordedAnswer | None = Field(None, repr=False, description="what legacy answered, if that is known")

    @property
    def asked(self) -> Request:
        """As it comes to the load balancer."""
        pairs = [
            (name.lower(), value)
            for name, values in self.headers.items()
            for value in ([values] if isinstance(values, str) else values)
        ]
        names = {name for name, _ in pairs}
        added = [("accept", "*/*")]
        if self.body is not None and not isinstance(self.body, str):
            added.append(("content-type", "application/json"))
        headers = (*((name, value) for name, value in added if name not in names), *pairs)
        return Request.of(self.method, self.path, headers, dict(pairs).get("host", "").partition(":")[0])

    @property
    def content(self) -> bytes:
        """The body's bytes.

        Raises:
            ValueError: It isn't base64.
        """
        if self.body_base64 is not None:
            return base64.b64decode(self.body_base64, validate=True)
        return (
            b"" if self.body is None else (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()
        )


class JsonLinesSource:
    """Reads lines.

    Attributes:
        broken: How many lines could not be read.
        elsewhere: How many requests no route's rule takes.
    """

    def __init__(self, route_of: RouteOf) -> None:
        self._route_of = route_of
        self.broken = self.elsewhere = 0

    def read(self, lines: Iterable[bytes]) -> Iterator[ParityRequest]:
        """The requests; empty lines are left out."""
        for line in filter(bytes.strip, lines):
            try:
                read = RequestLine.model_validate(json_of(line))
                asked, body = read.asked, read.content
            except (Unexpected, ValidationError, ValueError):
                self.broken += 1
                continue
            route = read.route or self._route_of(asked)
            if route is None:
                self.elsewhere += 1
            else:
                yield ParityRequest(route, asked, body, "JSON lines", read.answer.status if read.answer else None)


def line_of(asked: ParityRequest) -> bytes:
    """A request as such a line."""
    request, headers = asked.request, dict[str, list[str]]()
    for name, value in request.headers:
        headers.setdefault(name, []).append(value)
    query = "&".join(f"{name}={value}" for name, value in request.query)
    said = {"route": asked.route, "method": request.method, "path": request.path + (f"?{query}" if query else "")}
    answer = {"answer": {"status": asked.answered}} if asked.answered else {}
    told = RequestLine.model_validate({**said, **answer, "headers": headers, **_content(asked.body)})
    return told.model_dump_json(by_alias=False, exclude_defaults=True).encode()


def _content(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode()} if body else {}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}
