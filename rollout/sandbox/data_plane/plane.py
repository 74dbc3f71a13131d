"""The listeners of all load balancers: sockets of this machine, served by one thread with an event loop.

Rules are compiled by whoever changes them, in turn with moto's changes, and handed over as immutable snapshots.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from aiohttp import web
from moto.elbv2.models import FakeListener, FakeLoadBalancer, elbv2_backends

from rollout.quantities import Percent
from rollout.sandbox.data_plane.addresses import Listening
from rollout.sandbox.data_plane.profiles import Profile

_Result = TypeVar("_Result")


class DataPlane:
    """The data plane of a sandbox; it serves from its start to its `stop`."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Listening, web.Server, asyncio.Server]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="data-plane", daemon=True)
        self._thread.start()

    def listeners(self, account: str, region: str) -> tuple[Listening, ...]:
        """See `Sandbox.listeners`."""
        wanted = f"arn:*:{region}:{account}:listener/*"
        return tuple(each for each, *_ in list(self._open.values()) if fnmatchcase(each.listener_arn, wanted))

    def refresh(self, account: str, region: str) -> None:
        """Go by what moto has now; called in turn with its changes."""
        balancers = elbv2_backends[account][region].load_balancers.values()
        there = {
            listener.arn: (balancer, listener) for balancer in balancers for listener in balancer.listeners.values()
        }
        for gone in {each.listener_arn for each in self.listeners(account, region)} - there.keys():
            self._await(self._close(gone))
        for arn in there.keys() - self._open.keys():
            self._await(self._serve(*there[arn]))

    def stop(self) -> None:
        """Close all listeners and end the thread."""
        for arn in list(self._open):
            self._await(self._close(arn))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def behave(self, profile: Profile) -> None:
        """See `Sandbox.behave`."""

    def forget_profiles(self) -> None:
        """See `Sandbox.forget_profiles`."""

    def propagation(self, delay: timedelta, share: Percent) -> None:
        """See `Sandbox.propagation`."""

    def _await(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _serve(self, balancer: FakeLoadBalancer, listener: FakeListener) -> None:
        bound = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        said = Listening(balancer.name, balancer.arn, listener.arn, int(listener.port), url)
        answering = web.Server(_answer, access_log=None)
        self._open[listener.arn] = said, answering, await self._loop.create_server(answering, sock=bound)

    async def _close(self, arn: str) -> None:
        _, answering, server = self._open.pop(arn)
        server.close()
        await answering.shutdown(timeout=1)


async def _answer(_request: web.BaseRequest) -> web.Response:
    return web.Response(status=503)
