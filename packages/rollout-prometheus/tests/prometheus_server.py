"""A small Prometheus: an HTTP server on loopback with samples, which answers two endpoints as they are documented.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.loopback import Answer, LoopbackServer

_MATCHER = re.compile(r'([a-zA-Z_]\w*)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"')
_RANGE = re.compile(r"(.*)\[(\d+)s\]")
Labels = tuple[tuple[str, str], ...]


@dataclass
class PrometheusServer(LoopbackServer):
    """The server.

    Attributes:
        samples: By labels, a series' times and values.
        warnings: What each answer warns of.
        asked: The form of each request, and its headers.
    """

    samples: dict[Labels, list[tuple[float, float]]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    asked: list[tuple[str, Mapping[str, str], Mapping[str, str]]] = field(default_factory=list)

    def add(self, time: float, value: float, **labels: str) -> None:
        """Scrape a value; `name` is the metric's."""
        named = {"__name__" if key == "name" else key: text for key, text in labels.items()}
        self.samples.setdefault(tuple(sorted(named.items())), []).append((time, value))

    def answered(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        form = {key: values[0] for key, values in parse_qs(body.decode(), strict_parsing=True).items()}
        self.asked.append((path, form, headers))
        return self.answer(path, form)

    def answer(self, path: str, form: Mapping[str, str]) -> Answer:
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
