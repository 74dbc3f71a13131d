"""What requests cover, and which of them are asked: some of each shape, each once, always the same of the same logs.

Of a route's requests of one shape those with the least digests stay, so a million of them take constant memory.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest

from rollout.parity.request import ParityRequest

MAX_SHAPES = 100
_OTHERS = "others"


@dataclass(frozen=True, slots=True)
class RouteCoverage:
    """A route's requests.

    Attributes:
        route: Its name.
        requests: How many were read.
        chosen: How many of them are asked.
        shapes: How many were read of each shape, the most frequent first.
        parameters: How many had each parameter, with its value's shape, the most frequent first.
        statuses: How many were answered by each class of status, such as `2xx`; empty where that isn't known.
        origins: Where they are from.
    """

    route: str
    requests: int
    chosen: int
    shapes: Mapping[str, int]
    parameters: Mapping[str, int]
    statuses: Mapping[str, int]
    origins: Mapping[str, int]


@dataclass(slots=True)
class _Read:
    shapes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    origins: Counter[str] = field(default_factory=Counter)
    kept: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    requests: dict[str, ParityRequest] = field(default_factory=dict)


class Collected:
    """Counts and chooses requests.

    Args:
        routes: The routes' names; requests of others are left out.
        most: How many are chosen of each route.
    """

    def __init__(self, routes: tuple[str, ...], most: int) -> None:
        self._routes = {route: _Read() for route in routes}
        self._most = most

    def add(self, request: ParityRequest, status: int | None = None) -> None:
        """Take a request, with the status that it got, if that is known."""
        read = self._routes.get(request.route)
        if read is None:
            return
        shape = request.shape
        if shape not in read.shapes and len(read.shapes) >= MAX_SHAPES:
            shape = _OTHERS
        read.shapes[shape] += 1
        read.origins[request.origin] += 1
        status = request.answered if status is None else status
        if status is not None:
            read.statuses[f"{status // 100}xx"] += 1
        self._keep(read, shape, request)

    def _keep(self, read: _Read, shape: str, request: ParityRequest) -> None:
        heap, digest = read.kept.setdefault(shape, []), request.digest
        rank = -int(digest, 16)
        if digest in read.requests or (len(heap) >= self._most and rank <= heap[0][0]):
            return
        read.requests[digest] = request
        heapq.heappush(heap, (rank, digest))
        if len(heap) > self._most:
            del read.requests[heapq.heappop(heap)[1]]

    def chosen(self) -> list[ParityRequest]:
        """Those to ask, in turns of the shapes."""
        found = []
        for read in self._routes.values():
            ranked = ([digest for _, digest in sorted(heap, reverse=True)] for heap in read.kept.values())
            turns = filter(None, chain.from_iterable(zip_longest(*ranked)))
            found += [read.requests[digest] for digest in islice(turns, self._most)]
        return found

    def coverage(self) -> tuple[RouteCoverage, ...]:
        """What was read, by route."""
        return tuple(
            RouteCoverage(
                route,
                read.shapes.total(),
                min(self._most, len(read.requests)),
                dict(read.shapes.most_common()),
                _parameters(read.shapes),
                dict(read.statuses.most_common()),
                dict(read.origins.most_common()),
            )
            for route, read in self._routes.items()
        )


def _parameters(shapes: Mapping[str, int]) -> dict[str, int]:
    found = Counter[str]()
    for shape, count in shapes.items():
        for parameter in filter(None, shape.partition("?")[2].split("&")):
            found[parameter] += count
    return dict(found.most_common())
