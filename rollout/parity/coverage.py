"""What requests cover, and which of them are asked: some of each shape, each once, always the same of the same logs.

Of a route's requests of one shape those with the least digests stay, so a million of them take constant memory.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest

from rollout.parity.request import Origin, ParityRequest

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
    classes: Counter[int] = field(default_factory=Counter)
    origins: Counter[str] = field(default_factory=Counter)
    kept: dict[str, list[int]] = field(default_factory=dict)
    requests: dict[int, ParityRequest] = field(default_factory=dict)


class Collected:
    """Counts and chooses requests.

    Args:
        routes: The routes' names; requests of others are left out.
        most: How many are chosen of each route.
    """

    def __init__(self, routes: tuple[str, ...], most: int) -> None:
        self._routes = {route: _Read() for route in routes}
        self._most = most

    def add(self, request: ParityRequest) -> None:
        """Take a request."""
        rank = int(request.digest[:16], 16)
        self.offer(request.route, request.shape, request.origin, request.answered, rank, lambda: request)

    def offer(  # noqa: PLR0917 - it is called for each line of a log
        self,
        route: str,
        shape: str,
        origin: Origin,
        status: int | None,
        rank: int,
        make: Callable[[], ParityRequest] | None,
    ) -> None:
        """Count a request, and make it only if it may be chosen.

        Args:
            status: The one that it got, if that is known.
            rank: The same for the same request, and otherwise anything; the least are chosen.
            make: None of one that can't be asked.
        """
        read = self._routes.get(route)
        if read is None:
            return
        if shape not in read.shapes and len(read.shapes) >= MAX_SHAPES:
            shape = _OTHERS
        read.shapes[shape] += 1
        read.origins[origin] += 1
        if status is not None:
            read.classes[status // 100] += 1
        if make is None:
            return
        heap = read.kept.get(shape)
        if heap is None:
            heap = read.kept[shape] = []
        if (len(heap) >= self._most and -rank <= heap[0]) or rank in read.requests:
            return
        read.requests[rank] = make()
        heapq.heappush(heap, -rank)
        if len(heap) > self._most:
            del read.requests[-heapq.heappop(heap)]

    def chosen(self) -> list[ParityRequest]:
        """Those to ask, in turns of the shapes."""
        found = list[ParityRequest]()
        for read in self._routes.values():
            turns = chain.from_iterable(zip_longest(*(sorted(heap, reverse=True) for heap in read.kept.values())))
            requests = (read.requests[-rank] for rank in turns if rank is not None)
            found += islice({each.digest: each for each in requests}.values(), self._most)
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
                {f"{digit}xx": count for digit, count in read.classes.most_common()},
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
