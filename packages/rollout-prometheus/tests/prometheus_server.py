"""A small Prometheus: an HTTP server on loopback with samples, which answers two endpoints as they are documented.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

_MATCHER = re.compile(r'([a-zA-Z_]\w*)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"')
_RANGE = re.compile(r"(.*)\[(\d+)s\]")
Labels = tuple[tuple[str, str], ...]


@dataclass
class PrometheusServer:
    """The server.

    Attributes:
        samples: By labels, a series' times and values.
        faults: The answers of the next requests in place of its own: status, headers and body.
        warnings: What each answer warns of.
        asked: The form of each request, and its headers.
    """

    samples: dict[Labels, list[tuple[float, float]]] = field(default_factory=dict)
    faults: list[tuple[int, Mapping[str, str], bytes]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    asked: list[tuple[str, Mapping[str, str], Mapping[str, str]]] = field(default_factory=list)
    url: str = ""

    def add(self, time: float, value: float, **labels: str) -> None:
        """Scrape a value; `name` is the metric's."""
        named = {"__name__" if key == "name" else key: text for key, text in labels.items()}
        self.samples.setdefault(tuple(sorted(named.items())), []).append((time, value))

    def __enter__(self) -> Self:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {key: values[0] for key, values in parse_qs(body, strict_parsing=True).items()}
                server.asked.append((self.path, form, dict(self.headers)))
                status, headers, said = server.faults.pop(0) if server.faults else server.answer(self.path, form)
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

    def answer(self, path: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        """An endpoint's answer."""
        if path == "/api/v1/series":
            start, end = float(form["start"]), float(form["end"])
            data: Any = [
                dict(labels)
                for labels, samples in self._matching(form["match[]"])
                if any(start <= at <= end for at, _ in samples)
            ]
        elif path == "/api/v1/query" and (found := _RANGE.fullmatch(form["query"])):
            end, start = float(form["time"]), float(form["time"]) - int(found[2])
            ranged = (
                (labels, [[at, repr(float(value))] for at, value in samples if start < at <= end])
                for labels, samples in self._matching(found[1])
            )
            result = [{"metric": dict(labels), "values": values} for labels, values in ranged if values]
            data = {"resultType": "matrix", "result": result}
        else:
            said = {"status": "error", "errorType": "bad_data", "error": "invalid parameter"}
            return 400, {}, json.dumps(said).encode()
        answer = {"status": "success", "data": data}
        return 200, {}, json.dumps(answer | ({"warnings": self.warnings} if self.warnings else {})).encode()

    def _matching(self, selector: str) -> list[tuple[Labels, list[tuple[float, float]]]]:
        name, _, matchers = selector.partition("{")
        wanted = [("__name__", "=", name), *_MATCHER.findall(matchers)]
        return [
            (labels, sorted(samples))
            for labels, samples in self.samples.items()
            if all(_is_match(dict(labels).get(label, ""), *rest) for label, *rest in wanted)
        ]


def _is_match(value: str, operator: str, wanted: str) -> bool:
    wanted = json.loads(f'"{wanted}"')
    found = re.fullmatch(wanted, value) is not None if "~" in operator else value == wanted
    return found == operator.startswith("=")
