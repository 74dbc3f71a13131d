"""The API's HTTP server: for this user's processes alone where the system knows them, and with bounds for everybody.

A connection of another user is closed before a byte of it is read. Each connection is for one request, which has to
arrive within a time and a size, and there are only so many at once.
"""

from __future__ import annotations

import io
import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

from rollout.base import peers

HOST = "127.0.0.1"
CONNECTIONS = 500
ARRIVES_WITHIN = 60.0
"""Seconds for a request, headers and body."""
SHORT_OF_FILES = 0.1
"""Seconds until a connection is tried again for which there is no file."""
MAX_BODY = 100_000_000
"""Bytes; the largest that AWS takes is a function's code of 50 MB, in base64."""

_log = logging.getLogger("rollout.sandbox")


def refusal(environ: Mapping[str, Any]) -> HTTPStatus | None:
    """Why a request gets no answer; None if it gets one.

    A site may send requests by its visitors' browsers, also under a name of its own that suddenly points to this
    machine (DNS rebinding). No AWS client does either.
    """
    names = {f"{name}:{environ['SERVER_PORT']}" for name in (HOST, "localhost")}
    if "HTTP_ORIGIN" in environ or environ.get("HTTP_HOST") not in names:
        return HTTPStatus.FORBIDDEN
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal():
        return HTTPStatus.BAD_REQUEST
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if int(length[:20]) > MAX_BODY else None


class Handler(MotoRequestHandler):
    """moto's handler without a line on the terminal for each call: the journal has them."""

    server: OwnServer

    def setup(self) -> None:
        """Read by a deadline."""
        super().setup()
        self.rfile = io.BufferedReader(_InTime(self.connection, self.server.arrives_within))

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The time that an answer tells: the sandbox's."""
        return super().date_time_string(self.server.now().timestamp() if timestamp is None else timestamp)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug names it so
        """Say nothing."""


def _wall() -> datetime:
    return datetime.now(UTC)


class OwnServer(ThreadedWSGIServer):
    """A server on a free port of the loopback interface; `serve_forever` begins it.

    Nothing that goes wrong with a connection gets up to its loop, whose end would close the port.

    Args:
        app: A WSGI application.
        now: The time that its answers tell.
        connections: How many there may be at once; further ones are closed.
        arrives_within: How many seconds a request may take to arrive.
    """

    def __init__(
        self,
        app: Any,
        now: Callable[[], datetime] = _wall,
        connections: int = CONNECTIONS,
        arrives_within: float = ARRIVES_WITHIN,
    ) -> None:
        super().__init__(HOST, 0, app, Handler)
        self.now, self.arrives_within = now, arrives_within
        self._free = threading.BoundedSemaphore(connections)
        self._asked: deque[Callable[[], None]] = deque()

    def ask(self, answer: Callable[[], None]) -> None:
        """Have the loop call this in its next round."""
        self._asked.append(answer)

    def service_actions(self) -> None:
        """Answer who asks whether the loop goes round."""
        while self._asked:
            self._asked.popleft()()

    def get_request(self) -> Any:
        """Take a connection; one for which there is no file stays in the queue."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in peers.SHORT:
                time.sleep(SHORT_OF_FILES)
            raise

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002
        """Whether a connection is let in."""
        try:
            return peers.are_ours(client_address, (HOST, self.port)) and self._free.acquire(blocking=False)
        except Exception:  # noqa: BLE001 - see above
            _log.exception("whose a connection is can't be told")
            return False

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin the connection's thread."""
        try:
            super().process_request(request, client_address)
        except Exception:  # no thread is left
            self._free.release()
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Log it, which never fails, even on a full disk."""
        _log.exception("a connection failed")

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, in a thread of the connection's own."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


class _InTime(io.RawIOBase):
    """What a socket receives until a deadline."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection, self._ends = connection, time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`.

        Raises:
            TimeoutError: The time is up.
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(None)
