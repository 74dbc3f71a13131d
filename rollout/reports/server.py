"""The live page's server: only on this machine, read-only, until it is stopped."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web

from rollout.analysis.cost.ledger import CostLedger
from rollout.base.bounded import QUIET, Bounded, ReadLimits
from rollout.errors import RolloutError
from rollout.inventory.quantities import format_duration, parse_duration
from rollout.reports.access import guard
from rollout.reports.fitting import LONGEST, SHORTEST
from rollout.reports.overview import Overview
from rollout.reports.pages import SCRIPTS, Links, Row, asset, environment_page, fleet_page, waiting_page
from rollout.reports.readings import KEEP, Reading, Readings

HOST = "127.0.0.1"
BOUNDS = ReadLimits(connections=32, head_within=10)
KEEP_ALIVE = 30.0
"""Seconds until the next request of a connection, head and all."""
COSTS_KEEP = timedelta(minutes=15)
"""How long what functions cost is shown before it is read anew: it is of a day, and changes slowly."""
SOON = timedelta(seconds=1)
"""When a page looks again that waits for a reading."""


class Dashboard:
    """The pages over some environments.

    Args:
        names: The environments, in the inventory's order.
        costs: What functions cost, which no page waits for; None leaves it.
        bounds: How much of whoever connects is taken.
    """

    def __init__(
        self,
        names: Sequence[str],
        readings: Readings[Overview],
        costs: Readings[CostLedger] | None = None,
        *,
        bounds: ReadLimits = BOUNDS,
    ) -> None:
        self._bounds = bounds
        self._names = tuple(names)
        self._readings = readings
        self._costs = costs
        self._token = secrets.token_urlsafe(32)  # 256 bits
        self._port = 0

    @asynccontextmanager
    async def serving(self, port: int) -> AsyncIterator[str]:
        """Serve within a block; yields the address to open.

        Args:
            port: 1 to 65535, or 0 for a free one.

        Raises:
            RolloutError: The port is in use, or not allowed.
        """
        app = web.Application(middlewares=[guard(lambda: self._port, self._token)])
        app.add_routes([
            web.get("/{token}/", self._fleet),
            web.get("/{token}/environments/{name}", self._environment),
            web.get("/{token}/assets/{name:.+}", _asset),
        ])  # fmt: skip
        runner = web.AppRunner(app, access_log=None, keepalive_timeout=KEEP_ALIVE, logger=QUIET)
        await runner.setup()
        assert runner.server is not None  # noqa: S101 - for mypy: it is set up
        try:
            try:
                server = await asyncio.get_running_loop().create_server(
                    Bounded(runner.server, self._bounds), HOST, port, backlog=128
                )
            except OSError as error:
                raise _port_error(port, error) from None
            self._port = server.sockets[0].getsockname()[1]
            try:
                yield f"http://{HOST}:{self._port}/{self._token}/"
            finally:
                server.close()
        finally:
            self._readings.close()
            if self._costs:
                self._costs.close()
            await runner.cleanup()

    async def _fleet(self, request: web.Request) -> web.Response:
        found = await self._readings.of([(name, None) for name in self._names])
        rows = [Row(name, each.found, each.trouble) for name, each in zip(self._names, found, strict=True)]
        return await _answer(request, found, lambda: fleet_page(rows, self._links(found)))

    async def _environment(self, request: web.Request) -> web.Response:
        name, route = request.match_info["name"], request.query.get("route")
        if name not in self._names:
            raise web.HTTPNotFound
        since = _span(request.query.get("since"))
        (reading,) = await self._readings.of([(name, since)])
        costs = await self._costs.of([(name, None)]) if self._costs else ()
        found: tuple[Reading[Any], ...] = (reading, *costs)
        overview = reading.found
        if overview is None:
            return await _answer(
                request, found, lambda: waiting_page(name, self._links(found), self._names, reading.trouble)
            )
        if route is not None and overview.course_of(route) is None:
            raise web.HTTPNotFound
        shown = replace(overview, costs=costs[0].found or costs[0].trouble) if costs else overview
        return await _answer(
            request,
            found,
            lambda: environment_page(shown, self._links(found), self._names, route=route, trouble=reading.trouble),
        )

    def _links(self, found: Sequence[Reading[Any]]) -> Links:
        every = SOON if any(each.is_pending for each in found) else KEEP
        return Links(f"/{self._token}/", self._environment_link, int(every.total_seconds()))

    def _environment_link(self, name: str, since: timedelta | None, route: str | None) -> str:
        asked = ({"since": format_duration(since)} if since else {}) | ({"route": route} if route else {})
        return f"/{self._token}/environments/{quote(name)}{'?' if asked else ''}{urlencode(asked)}"


def run(dashboard: Dashboard, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; for a program's main thread.

    Args:
        port: 1 to 65535, or 0 for a free one.
        on_ready: Called with the address.

    Raises:
        RolloutError: The port is in use, or not allowed.
    """

    async def serve() -> None:
        stopped = asyncio.Event()
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, stopped.set)
        async with dashboard.serving(port) as url:
            on_ready(url)
            await stopped.wait()

    asyncio.run(serve())


async def _answer(request: web.Request, found: Sequence[Reading[Any]], page: Callable[[], str]) -> web.Response:
    """A page, or that it is still as it was; it is made only if it isn't."""
    tag = hashlib.sha256(repr([(each.at, each.trouble, each.is_pending) for each in found]).encode()).hexdigest()[:32]
    if any(each.value == tag for each in request.if_none_match or ()):
        response = web.Response(status=304)
    else:
        response = web.Response(text=await asyncio.to_thread(page), content_type="text/html")
        response.enable_compression()
    response.etag = tag
    return response


async def _asset(request: web.Request) -> web.Response:
    """A script of the pages; there are no other files."""
    if (name := request.match_info["name"]) not in SCRIPTS:
        raise web.HTTPNotFound
    response = web.Response(text=asset(name), content_type="text/javascript")
    response.enable_compression()
    return response


def _span(asked: str | None) -> timedelta | None:
    """How far back is asked for; None for what fits."""
    if asked is None:
        return None
    try:
        since = parse_duration(asked)
    except ValueError:
        raise web.HTTPNotFound from None
    if not SHORTEST <= since <= LONGEST:
        raise web.HTTPNotFound
    return since


def _port_error(port: int, error: OSError) -> RolloutError:
    if error.errno == errno.EADDRINUSE:
        return RolloutError(f"port {port} is in use", hint="pass --port 0 for a free port", code="port-in-use")
    reason = error.strerror or str(error)
    return RolloutError(
        f"port {port} can't be used: {reason}", hint="pass --port 0 for a free port", code="port-unavailable"
    )
