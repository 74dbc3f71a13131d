"""Targets that are addresses of this machine: requests go to them as HTTP, streamed both ways, and nowhere else.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
No address outside 127.0.0.0/8 is ever connected to. A target that takes no connections is passed over, as if its health
checks had failed; where none takes any, all count as healthy, and a connection refused is a 502. A target that closes
it before it answers is a 502 as well, and one that lets the load balancer wait for too long a 504.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from rollout_sandbox.data_plane.matching import Request

CONNECT_WITHIN = timedelta(seconds=10)
_KEPT_OPEN = 4
"""Seconds, less than servers are wont to, so that none closes a connection just as it is taken again."""
_OF_A_CONNECTION = frozenset(
    (
        *("connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
        *("transfer-encoding", "upgrade"),
    )
)
_ADDED_BY_CLIENTS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


@dataclass(frozen=True, slots=True)
class Server:
    """A target that is an address of this machine, `http://127.0.0.1:PORT`."""

    place: str


class Unanswered(Exception):
    """No target answered.

    Attributes:
        status: What the load balancer says then.
        is_unconnected: Whether none could be reached at all.
    """

    def __init__(self, status: int, *, is_unconnected: bool = False) -> None:
        super().__init__(status)
        self.status, self.is_unconnected = status, is_unconnected


class Relay:
    """Connections to targets; it belongs to one event loop."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        came: web.BaseRequest,
        request: Request,
        added: Iterable[tuple[str, str]],
        servers: Sequence[Server],
        patience: timedelta,
    ) -> aiohttp.ClientResponse:
        """A target's answer, whose body is still to come.

        Args:
            came: The request, with its body.
            request: How the target sees it.
            added: The load balancer's headers.
            servers: In the order in which they are tried.
            patience: How long a target may stay silent.

        Raises:
            Unanswered: There is none.
        """
        headers = _kept(request.headers.items())
        for name, value in added:
            headers[name] = value
        limits = aiohttp.ClientTimeout(
            total=None,
            sock_connect=CONNECT_WITHIN.total_seconds(),
            sock_read=patience.total_seconds(),
        )
        target = f"{request.path}?{request.query}" if request.query else request.path
        for server in servers:
            try:
                return await self._open().request(
                    request.method,
                    URL(f"{server.place}{target}", encoded=True),
                    headers=headers,
                    data=came.content if came.can_read_body else None,
                    allow_redirects=False,
                    ssl=False,
                    timeout=limits,
                )
            except TimeoutError:
                raise Unanswered(504) from None
            except aiohttp.ClientConnectorError:
                continue
            except aiohttp.ClientError:
                raise Unanswered(502) from None
        raise Unanswered(502, is_unconnected=True)

    @staticmethod
    async def answer(came: web.BaseRequest, got: aiohttp.ClientResponse, cookies: Iterable[str]) -> web.StreamResponse:
        """Hand a target's answer on, with the load balancer's cookies."""
        async with got:
            response = web.StreamResponse(status=got.status, reason=got.reason, headers=_kept(got.headers.items()))
            for cookie in cookies:
                response.headers.add("Set-Cookie", cookie)
            await response.prepare(came)
            async for chunk in got.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
        return response

    async def close(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT_OPEN),
                cookie_jar=aiohttp.DummyCookieJar(),
                max_field_size=65_536,
                skip_auto_headers=_ADDED_BY_CLIENTS,
            )
        return self._session


def _kept(headers: Iterable[tuple[str, str]]) -> CIMultiDict[str]:
    """Without those that are about a connection."""
    return CIMultiDict((name, value) for name, value in headers if name.lower() not in _OF_A_CONNECTION)
