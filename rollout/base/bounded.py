"""Limits for an asyncio HTTP server on the loopback interface, which every user of the machine can connect to.

Each user has a separate number of connections, where the system reports a connection's user. The head of a connection's
first request must arrive in time; aiohttp alone would wait forever.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rollout.base import peers

_END_OF_HEAD = b"\r\n\r\n"

QUIET = logging.getLogger("rollout.quiet")
"""For aiohttp, which would log a traceback for each invalid request, and anyone can send those."""
QUIET.setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """The limits.

    Attributes:
        connections: The maximum per user.
        head_within: The seconds for the head of a first request.
    """

    connections: int
    head_within: float


class Bounded:
    """A factory of protocols with limits, for `loop.create_server`.

    Args:
        protocol: Creates the protocol of a connection.
    """

    def __init__(self, protocol: Callable[[], Any], bounds: ReadLimits) -> None:
        self._protocol, self.bounds = protocol, bounds
        self.held: Counter[int | None] = Counter()

    def __call__(self) -> asyncio.Protocol:
        """A protocol for one connection."""
        return _Connection(self, self._protocol)


class _Connection(asyncio.Protocol):
    def __init__(self, bounded: Bounded, protocol: Callable[[], Any]) -> None:
        self._bounded, self._make = bounded, protocol
        self._inner: Any = None
        self._user: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tail = b""

    def connection_made(self, transport: Any) -> None:
        self._user = peers.user_of(transport.get_extra_info("peername"), transport.get_extra_info("sockname"))
        bounds, held = self._bounded.bounds, self._bounded.held
        if held[self._user] >= bounds.connections:
            transport.abort()
            return
        held[self._user] += 1
        self._timer = asyncio.get_running_loop().call_later(bounds.head_within, transport.abort)
        self._inner = self._make()
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._inner is None:
            return
        if self._timer is not None:
            self._tail += data
            if _END_OF_HEAD in self._tail:
                self._arrived()
            self._tail = self._tail[-len(_END_OF_HEAD) + 1 :]
        self._inner.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._inner is not None:
            self._arrived()
            self._bounded.held[self._user] -= 1
            self._inner.connection_lost(exc)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._inner is not None else None

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def _arrived(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
