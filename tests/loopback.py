"""An HTTP server on loopback that stands for a service, and answers with faults first where a test wants some."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

Answer = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body."""


@dataclass
class LoopbackServer:
    """A service that takes POST.

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
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                own = server.answered(self.path, body, dict(self.headers))
                status, headers, said = server.faults.pop(0) if server.faults else own
                self.send_response(status)
                for name, value in {"Content-Length": str(len(said)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
