"""A request to compare answers of, where it came from, and what makes two of them the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from rollout.inventory.conditions import Request
from rollout.parity.shapes import request_shape

Origin = Literal["access log", "HAR", "JSON lines", "sample"]
READS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1."""
SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-amz-security-token", "x-api-key"})
_OF_CLIENTS = frozenset({"user-agent", "referer", "accept-language", "accept-encoding"})


@dataclass(frozen=True)
class ParityRequest:
    """A request of a route.

    Attributes:
        route: Its name.
        request: As it comes to the load balancer.
        body: Its body.
        origin: Where it came from.
        answered: The status that it got there, if that is known.
    """

    route: str
    request: Request
    body: bytes = field(default=b"", repr=False)
    origin: Origin = "access log"
    answered: int | None = None

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.request.method in READS

    @cached_property
    def digest(self) -> str:
        """The same for the same request, whichever client sent it."""
        asked = self.request
        headers = sorted((name.lower(), value) for name, value in asked.headers if name.lower() not in _OF_CLIENTS)
        parts = (self.route, asked.method, asked.path, asked.query, asked.host, headers, self.body)
        return hashlib.blake2b(repr(parts).encode(errors="surrogatepass"), digest_size=12).hexdigest()

    @property
    def shape(self) -> str:
        """Its method, path pattern and parameters' shape, such as `GET /v2/stamps/{int}?page={int}`."""
        query = "&".join(f"{name}={value}" for name, value in self.request.query)
        return request_shape(self.request.method, f"{self.request.path}?{query}")

    def secrets(self) -> Iterator[str]:
        """What of it must not be shown."""
        for name, value in self.request.headers:
            if name.lower() in SECRET_HEADERS:
                yield value
                yield value.rpartition(" ")[2]
