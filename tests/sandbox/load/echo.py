"""A server that says who answered and what was asked, as the sandbox's do, or whatever a test lets it say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple


class Said(NamedTuple):
    by: str = "legacy"
    status: int = 200
    path: str | None = None
    cookie: str | None = None


@contextmanager
def serving(answer: Callable[[str, str], Said | None]) -> Iterator[str]:
    """Answer by a function of the path and the cookies; None closes the connection. Gives the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            said = answer(self.path, self.headers.get("Cookie", ""))
            if said is None:
                self.close_connection = True
                return
            body = json.dumps({"method": self.command, "path": said.path or self.path}).encode()
            self.send_response(said.status)
            self.send_header("x-served-by", said.by)
            self.send_header("Content-Length", str(len(body)))
            if said.cookie:
                self.send_header("Set-Cookie", f"{said.cookie}; Path=/")
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def container(name: str) -> Iterator[int]:
    """A container of a service, which says its name; its port."""
    with serving(lambda *_: Said(by=name)) as url:
        yield int(url.rpartition(":")[2])
