"""The status codes that clients got of both implementations, by exact code: what a class of codes hides. Pure.

A 401 that became a 403 is one 4xx less and one more. That goes by the requests of clients, so both get some only while
the weight is above 0; the judge has such counts as metrics, see docs/evidence.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rollout.analysis.exact import at_most_as_many
from rollout.analysis.measuring.access_log import answer_of, asked_of
from rollout.base.formatting import count_of

SURPRISE = 0.001
"""How improbable a side's count of a code must be, if both sides answer alike, to be told."""


@dataclass(frozen=True, slots=True)
class CodeCount:
    """How often a code was answered.

    Attributes:
        code: The status that clients got.
        legacy: How often from legacy.
        candidate: How often from the candidate.
        unlike: Whether that is improbable where both answer alike and requests are independent.
    """

    code: int
    legacy: int
    candidate: int
    unlike: bool


@dataclass(frozen=True, slots=True)
class RouteTraffic:
    """A route's.

    Attributes:
        legacy: How many requests it answered.
        candidate: How many the candidate answered.
        codes: By code, rising.
    """

    route: str
    legacy: int
    candidate: int
    codes: tuple[CodeCount, ...]


@dataclass(frozen=True, slots=True)
class TrafficReport:
    """An environment's.

    Attributes:
        environment: Its name.
        routes: By route.
        notes: What could not be read.
    """

    environment: str
    routes: tuple[RouteTraffic, ...]
    notes: tuple[str, ...] = ()


class TrafficCodes:
    """Counts lines of access logs.

    Args:
        routes: Their names.
        legacy: By target group and priority of a rule, as a line has them, the route of legacy's requests.
        candidate: Likewise of the candidate's.
    """

    def __init__(
        self,
        routes: Iterable[str],
        legacy: Mapping[tuple[str, str], str],
        candidate: Mapping[tuple[str, str], str],
    ) -> None:
        self._counts = {route: (Counter[int](), Counter[int]()) for route in routes}
        self._sides = {
            (group.encode(), rule.encode()): self._counts[route][side]
            for side, spots in enumerate((legacy, candidate))
            for (group, rule), route in spots.items()
            if route in self._counts
        }
        self.broken = 0

    def feed(self, lines: Iterable[bytes]) -> None:
        """Count some."""
        for line in lines:
            try:
                _, _, _, group, rule, rest = asked_of(line)
                if (counts := self._sides.get((group, rule))) is not None:
                    counts[int(answer_of(rest)[0])] += 1
            except ValueError:
                self.broken += bool(line)

    def report(self, environment: str, notes: Iterable[str]) -> TrafficReport:
        """What was counted."""
        broken = (f"{count_of(self.broken, 'line')} can't be read",) if self.broken else ()
        routes = tuple(_route(name, *counts) for name, counts in self._counts.items())
        return TrafficReport(environment, routes, (*notes, *broken))


def _route(name: str, legacy: Counter[int], candidate: Counter[int]) -> RouteTraffic:
    ours, theirs = legacy.total(), candidate.total()
    share = theirs / max(ours + theirs, 1)
    codes = (
        CodeCount(code, legacy[code], candidate[code], _unlike(legacy[code], candidate[code], share))
        for code in sorted({*legacy, *candidate})
    )
    return RouteTraffic(name, ours, theirs, tuple(codes))


def _unlike(legacy: int, candidate: int, share: float) -> bool:
    every = legacy + candidate
    few, many = at_most_as_many(candidate, every, share), at_most_as_many(legacy, every, 1 - share)
    return min(few, many) < SURPRISE / 2
