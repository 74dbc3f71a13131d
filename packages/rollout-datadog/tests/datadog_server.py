"""A small Datadog: an HTTP server on loopback with counts and distributions, which answers one endpoint as documented.

https://docs.datadoghq.com/api/latest/metrics/#query-timeseries-data-across-multiple-products
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.loopback import Answer, LoopbackServer

_QUERY = re.compile(r"(sum|max|count|p[\d.]+|count\(v: v<=([\d.]+)\)):([\w.]+)\{([^{}]*)\}(\.as_count\(\))?")


@dataclass
class DatadogServer(LoopbackServer):
    """The server.

    Attributes:
        values: By metric and filter, the values of a minute, which is its begin in seconds: of a count, or of a
            distribution.
        thinned: How many times as long as asked for its periods are.
        asked: The body of each request, and its headers.
    """

    values: dict[tuple[str, str], dict[int, list[float]]] = field(default_factory=dict)
    thinned: int = 1
    asked: list[tuple[dict[str, Any], Mapping[str, str]]] = field(default_factory=list)

    def answered(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        said = json.loads(body)["data"]
        self.asked.append((said["attributes"], headers))
        right = path == "/api/v2/query/timeseries" and said["type"] == "timeseries_request"
        status, own = self.answer(said["attributes"]) if right else (404, {"errors": ["Not Found"]})
        return status, {}, json.dumps(own).encode()

    def answer(self, asked: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """The answer's status and body: times that some query has, and a column for each query that has points."""
        period = asked["interval"] * self.thinned
        found: dict[int, dict[int, float]] = {}
        for index, (formula, query) in enumerate(zip(asked["formulas"], asked["queries"], strict=True)):
            matched = _QUERY.fullmatch(query["query"])
            if formula != {"formula": query["name"]} or query["data_source"] != "metrics" or not matched:
                return 400, {"errors": ["Error parsing query"]}
            kind, limit, metric, tags, _ = matched.groups()
            periods: dict[int, list[float]] = {}
            for minute, values in self.values.get((metric, tags), {}).items():
                if asked["from"] <= minute * 1000 < asked["to"]:
                    periods.setdefault(minute * 1000 // period * period, []).extend(values)
            if periods:
                found[index] = {at: _computed(kind, limit, values) for at, values in periods.items()}
        times = sorted({at for column in found.values() for at in column})
        attributes = {
            "series": [{"group_tags": [], "query_index": index, "unit": None} for index in found],
            "times": times,
            "values": [[column.get(at) for at in times] for column in found.values()],
        }
        return 200, {"data": {"id": "0", "type": "timeseries_response", "attributes": attributes}}


def _computed(kind: str, limit: str | None, values: Sequence[float]) -> float:
    if limit is not None:
        return sum(value <= float(limit) for value in values)
    if kind in ("sum", "max", "count"):
        return {"sum": math.fsum(values), "max": max(values), "count": len(values)}[kind]
    return sorted(values)[max(0, math.ceil(float(kind[1:]) / 100 * len(values)) - 1)]
