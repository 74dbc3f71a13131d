"""HTTP servers on loopback that stand for services."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple, Self

Answer = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body."""


class Asked(NamedTuple):
    """A request; `client` is the address that it comes from."""

    method: str
    path: str
    headers: Message
    body: bytes
    client: str


@contextmanager
def answering(answer: Callable[[Asked], Answer | None]) -> Iterator[str]:
    """A server that answers by a function, or closes the connection where that gives None. Gives its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = answer(Asked(self.command, self.path, self.headers, body, self.client_address[0]))
            if found is None:
                self.close_connection = True
                return
            status, headers, said = found
            self.send_response(status)
            for name, value in {"Content-Length": str(len(said)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_PATCH = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class LoopbackServer:
    """A service that answers with faults first where a test wants some.

    Attributes:
        faults: The answers of the next requests in place of its own.
        url: Where it listens.
    """

    faults: list[Answer] = field(default_factory=list)
    url: str = ""

    def answered(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The service's own answer."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        def answer(asked: Asked) -> Answer:
            own = self.answered(asked.path, asked.body, dict(asked.headers))
            return self.faults.pop(0) if self.faults else own

        self._open = ExitStack()
        self.url = self._open.enter_context(answering(answer))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
