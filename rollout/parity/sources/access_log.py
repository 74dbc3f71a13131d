"""Requests from access logs: methods that have no body, with the headers that a log has, host and User-Agent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rollout.analysis.measuring.access_log import asked_of
from rollout.inventory.conditions import Request
from rollout.parity.request import ParityRequest

_METHODS = frozenset({"GET", "HEAD"})
_STATUS = 8  # the field of a line that has the client's status


class AccessLogSource:
    """Reads lines.

    Args:
        spots: By target group and priority of a rule, as a line has them, the route.

    Attributes:
        broken: How many lines could not be read.
        with_bodies: How many requests of routes were left out, since logs have no bodies.
    """

    def __init__(self, spots: Mapping[tuple[str, str], str]) -> None:
        self._spots = {(group.encode(), rule.encode()): route for (group, rule), route in spots.items()}
        self.broken = self.with_bodies = 0

    def read(self, lines: Iterable[bytes]) -> Iterator[tuple[ParityRequest, int]]:
        """The requests of routes, with the statuses that clients got; what isn't a route's is left out."""
        for line in lines:
            try:
                _, _, agent, group, rule, _ = asked_of(line)
                route = self._spots.get((group, rule))
                if route is None:
                    continue
                head, asked, _ = line.split(b'"', 2)
                method, url, _ = asked.decode().split(" ")
                status = int(head.split(b" ", _STATUS + 1)[_STATUS])
                target = url.partition("://")[2]
                host, slash, path = target.partition("/")
            except ValueError:
                self.broken += bool(line)
                continue
            if method not in _METHODS:
                self.with_bodies += 1
                continue
            name = host.rpartition(":")[0]
            headers = (("accept", "*/*"), ("host", name), ("user-agent", agent.decode(errors="replace")))
            yield ParityRequest(route, Request.of(method, slash + path, headers, name)), status
