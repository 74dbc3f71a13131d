"""A minute of access logs, by route, side and client, until the minute is taken. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rollout.analysis.measuring.access_log import NONE, Answer
from rollout.inventory.ramp_settings import MetricName

COLUMNS = 3
"""What is counted of a metric: clients, their shares of events, and of harmful ones."""
ERRORS: Mapping[MetricName, int] = {"server-errors": 1, "client-errors": 2, "lambda-errors": 3}
"""Where a client's counts have them; first come its requests without an answer, last those with one, by their time."""
_BITS = 32
_UNANSWERED, _SERVER, _CLIENT, _LAMBDA = (1 << _BITS * n for n in range(1 + len(ERRORS)))

Counts = int
"""A client's counts side by side, 32 bits each: one number is nothing to the garbage collector."""


class Clients:
    """The clients of a minute on one side of a route.

    Args:
        metrics: What is counted.
        limits: Of latencies, above which time a request is an event and a harmful one, in seconds.
        most: How many clients are known at most.

    Attributes:
        first: By client, the time of its first request.
        counts: By client, see `ERRORS`.
        mask: A client counts if its hash has none of these bits.
        codes: By status, those with a 4xx.
    """

    def __init__(
        self, metrics: Sequence[MetricName], limits: Mapping[MetricName, tuple[float, float]], most: int
    ) -> None:
        self._metrics, self._limits, self._most = metrics, limits, most
        self._bounds = sorted({bound for bounds in limits.values() for bound in bounds})
        self._width = 2 + len(ERRORS) + len(self._bounds)
        self._answered = [1 << _BITS * n for n in range(1 + len(ERRORS), self._width)]
        self.first: dict[int, bytes] = {}
        self.counts: dict[int, Counts] = {}
        self.mask = 0
        self.codes: Counter[bytes] = Counter()

    def count(self, client: int, time: bytes, answer: Answer) -> None:
        """Count a request.

        Raises:
            ValueError: Its time is no number.
        """
        answered, status, seconds, reason = answer
        if status == NONE:
            failed = reason.startswith(b"Lambda")
            what = _UNANSWERED + failed * _LAMBDA + (failed or answered >= b"5") * _SERVER
        else:
            what = self._answered[bisect_left(self._bounds, float(seconds))]
            if status >= b"4":
                what += _SERVER if status >= b"5" else _CLIENT
        if client & self.mask:
            return
        if what & _CLIENT:
            self.codes[status] += 1
        first = self.first.get(client)
        if first is None or time < first:
            self.first[client] = time
        self.counts[client] = self.counts.get(client, 0) + what
        if first is None and len(self.counts) > self._most:
            self._sample()

    def requests(self) -> int:
        """How many requests were counted."""
        return int(self._read(self.counts.values())[:, [0, *range(1 + len(ERRORS), self._width)]].sum())

    def total(self, clients: Mapping[Counts, int]) -> NDArray[np.float64]:
        """The sums over clients with such counts, `COLUMNS` for each metric."""
        number, counts = np.array([*clients.values()]), self._read(clients)
        times = counts[:, 1 + len(ERRORS) :]
        answered = times.sum(axis=1)
        requests = counts[:, 0] + answered
        found: list[float] = []
        for metric in self._metrics:
            if at := ERRORS.get(metric):
                found += number.sum(), (number * counts[:, at] / requests).sum(), 0
            elif bounds := self._limits.get(metric):
                of = number / np.maximum(answered, 1)
                above = ((of * times[:, bisect_left(self._bounds, bound) + 1 :].sum(axis=1)).sum() for bound in bounds)
                found += number[answered > 0].sum(), *above
            else:
                found += 0, 0, 0
        return np.array(found)

    def _read(self, counts: Iterable[Counts]) -> NDArray[np.uint32]:
        packed = b"".join(each.to_bytes(self._width * _BITS // 8, "little") for each in counts)
        return np.frombuffer(packed, "<u4").reshape(-1, self._width)

    def _sample(self) -> None:
        while len(self.counts) > self._most:
            self.mask = 2 * self.mask + 1
            for dropped in [each for each in self.counts if each & self.mask]:
                del self.counts[dropped], self.first[dropped]


@dataclass(slots=True)
class Spot:
    """Where lines of a rule and target group count.

    Attributes:
        lines: How many there were.
        sides: The route's clients; None if it is no route's.
        side: The one of the target group.
        known: Clients that need not be counted any more.
    """

    lines: int = 0
    sides: tuple[Clients, Clients] | None = None
    side: int = 0
    known: AbstractSet[int] = frozenset()


class Minute(dict[tuple[bytes, bytes], Spot]):
    """The spots of a minute, by target group and rule.

    Args:
        sides: The clients of each route.
        routes: By target group and rule, the number of the route, and the side.
        known: By route, the clients that need not be counted any more.
    """

    def __init__(
        self,
        sides: Sequence[tuple[Clients, Clients]],
        routes: Mapping[tuple[bytes, bytes], tuple[int, int]],
        known: Sequence[AbstractSet[int]],
    ) -> None:
        super().__init__({where: Spot(0, sides[route], side, known[route]) for where, (route, side) in routes.items()})
        self.sides = sides

    def __missing__(self, where: tuple[bytes, bytes]) -> Spot:
        return self.setdefault(where, Spot())

    def groups(self) -> Mapping[str, int]:
        """The lines by target group."""
        found: Counter[str] = Counter()
        for (group, _), spot in self.items():
            found[group.decode(errors="replace")] += spot.lines
        return found
