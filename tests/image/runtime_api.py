"""Lambda's runtime API, as far as a function's runtime asks for it: one event, and what becomes of it.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

_PREFIX = "/2018-06-01/runtime/"
_MAY_TAKE = 900


@dataclass
class RuntimeApi:
    """What the runtime is told, and what it says.

    Attributes:
        function: The function's ARN.
        ended: Set at the end: a runtime that asks for another event has to be let go.
    """

    function: str
    port: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    _events: Queue[Mapping[str, Any]] = field(default_factory=Queue, repr=False)
    _answers: Queue[tuple[str, Any]] = field(default_factory=Queue, repr=False)
    _number: int = 0

    def invoke(self, event: Mapping[str, Any], within: float) -> tuple[str, Any]:
        """What the runtime says: `response` or `error`, and its body."""
        self._events.put(event)
        return self._answers.get(timeout=within)

    @contextmanager
    def serving(self) -> Iterator[RuntimeApi]:
        """Serve it on this machine alone."""
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                while not api.ended.is_set():
                    if not api._events.empty():
                        self._give(api._events.get())
                        return
                    time.sleep(0.01)

            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"null")
                api._answers.put((self.path.rpartition("/")[2], said))
                self.send_response(HTTPStatus.ACCEPTED)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _give(self, event: Mapping[str, Any]) -> None:
                assert self.path == f"{_PREFIX}invocation/next", self.path
                api._number += 1
                body = json.dumps(event).encode()
                self.send_response(HTTPStatus.OK)
                for name, value in {
                    "Content-Type": "application/json",
                    "Content-Length": len(body),
                    "Lambda-Runtime-Aws-Request-Id": f"request-{api._number}",
                    "Lambda-Runtime-Deadline-Ms": int((time.time() + _MAY_TAKE) * 1000),
                    "Lambda-Runtime-Invoked-Function-Arn": api.function,
                }.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self.ended.set()
            server.shutdown()
            server.server_close()
