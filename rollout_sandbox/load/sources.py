"""Whose address a request comes from: on Linux, all of 127.0.0.0/8 are this machine's."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from aiohttp import TCPConnector

_address: ContextVar[str | None] = ContextVar("address", default=None)


@contextmanager
def sending_from(address: str | None) -> Iterator[None]:
    """Let connections that are made in the block come from an address; None for the usual one."""
    before = _address.set(address)
    try:
        yield
    finally:
        _address.reset(before)


def connector(*, of_many: bool) -> TCPConnector:
    """Connections of one client, which are kept, or of many, which aren't: nobody has another one's address."""
    return TCPConnector(limit=0, force_close=True, socket_factory=_socket) if of_many else TCPConnector(limit=0)


def _socket(said: Any) -> socket.socket:
    family, kind, protocol, *_ = said
    made = socket.socket(family, kind, protocol)
    address = _address.get()
    if address and family == socket.AF_INET and sys.platform == "linux":
        # without it each bind takes a port that no other address may have meanwhile
        made.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        made.bind((address, 0))
    return made
