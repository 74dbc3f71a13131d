"""Requests from HAR files, as browsers save them. Cookies and credentials of the people who did are left out.

http://www.softwareishard.com/blog/har-12-spec/
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from pydantic import Field

from rollout.base.foreign import Foreign, read_as
from rollout.base.streamed import members
from rollout.inventory.conditions import Request
from rollout.parity.request import SECRET_HEADERS, ParityRequest
from rollout.parity.sources.routing import RouteOf

_OF_CONNECTION = frozenset({"connection", "content-length", "host"})


class _Header(Foreign):
    name: str
    value: str


class _PostData(Foreign):
    text: str = ""
    encoding: str = ""


class _Request(Foreign):
    method: str
    url: str
    headers: list[_Header] = Field(default_factory=list)
    postData: _PostData | None = None  # noqa: N815 - HAR's


class HarSource:
    """Reads a file.

    Args:
        kept: Names of headers with secrets that are sent all the same.

    Attributes:
        broken: How many entries could not be read.
        elsewhere: How many requests no route's rule takes.
        redacted: How many headers with secrets were left out.
    """

    def __init__(self, route_of: RouteOf, kept: frozenset[str] = frozenset()) -> None:
        self._route_of, self._secret = route_of, SECRET_HEADERS - {name.lower() for name in kept}
        self.broken = self.elsewhere = self.redacted = 0

    def read(self, pieces: Iterable[bytes]) -> Iterator[ParityRequest]:
        """The requests.

        Args:
            pieces: The file, cut anywhere.

        Raises:
            Unexpected: It is no HAR file.
        """
        for entry in members(pieces, "log", "entries"):
            try:
                asked = read_as(_Request, entry.get("request") if isinstance(entry, dict) else None)
                request, body = self._request(asked), _body(asked.postData)
            except ValueError:
                self.broken += 1
                continue
            route = self._route_of(request)
            if route is None:
                self.elsewhere += 1
            else:
                yield ParityRequest(route, request, body, "HAR")

    def _request(self, asked: _Request) -> Request:
        url = urlsplit(asked.url)
        sent = [(each.name.lower(), each.value) for each in asked.headers if not each.name.startswith(":")]
        kept = [(name, value) for name, value in sent if name not in self._secret | _OF_CONNECTION]
        self.redacted += sum(name in self._secret for name, _ in sent)
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        host = url.hostname or ""
        return Request.of(asked.method, target, (("host", host), *kept), host)


def _body(posted: _PostData | None) -> bytes:
    if posted is None:
        return b""
    return base64.b64decode(posted.text, validate=True) if posted.encoding == "base64" else posted.text.encode()
