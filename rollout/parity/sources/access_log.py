"""Requests from access logs: methods that have no body, with the headers that a log has, host and User-Agent.

Logs have many lines, of which few are asked: so a line is only as much of a request as it takes to count it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from hashlib import blake2b

from rollout.analysis.measuring.access_log import request_of
from rollout.inventory.conditions import Request
from rollout.parity.coverage import Collected
from rollout.parity.request import ParityRequest
from rollout.parity.shapes import request_shape

_METHODS = frozenset({"GET", "HEAD"})
_KEPT = 4096


class AccessLogSource:
    """Reads lines.

    Args:
        spots: By target group and priority of a rule, as a line has them, the route.

    Attributes:
        broken: How many lines could not be read.
        with_bodies: How many requests of routes can't be asked, since logs have no bodies; their shapes are counted.
    """

    def __init__(self, spots: Mapping[tuple[str, str], str]) -> None:
        self._spots = {(group.encode(), rule.encode()): route for (group, rule), route in spots.items()}
        self._known = _Known()
        self.broken = self.with_bodies = 0

    def feed(self, lines: Iterable[bytes], collected: Collected) -> None:
        """Count the requests of routes, with the statuses that clients got; what isn't a route's is left out."""
        spots, known, offer = self._spots, self._known, collected.offer
        for line in lines:
            try:
                group, rule, asked, agent, status = request_of(line)
                route = spots.get((group, rule))
                if route is None:
                    continue
                shape, rank, can_be_asked = known[asked]
                answered = int(status)
            except ValueError:
                self.broken += bool(line)
                continue
            self.with_bodies += not can_be_asked
            make = partial(_request, route, asked, agent, answered) if can_be_asked else None
            offer(route, shape, "access log", answered, rank, make)


class _Known(dict[bytes, tuple[str, int, bool]]):
    """What a request's line comes to: its shape, its rank, and whether it can be asked; the same ones come again."""

    def __missing__(self, asked: bytes) -> tuple[str, int, bool]:
        method, _, target = _parts(asked)
        rank = int.from_bytes(blake2b(asked, digest_size=8).digest())
        if len(self) >= _KEPT:
            self.clear()
        found = self[asked] = request_shape(method, target), rank, method in _METHODS
        return found


def _parts(asked: bytes) -> tuple[str, str, str]:
    method, url, _ = asked.decode().split(" ")
    host, slash, target = url.partition("://")[2].partition("/")
    return method, host, slash + target


def _request(route: str, asked: bytes, agent: bytes, answered: int) -> ParityRequest:
    method, host, target = _parts(asked)
    name = host.rpartition(":")[0]
    headers = (("accept", "*/*"), ("host", name), ("user-agent", agent.decode(errors="replace")))
    return ParityRequest(route, Request.of(method, target, headers, name), answered=answered)
