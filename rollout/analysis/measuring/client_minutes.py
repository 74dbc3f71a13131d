"""A minute of access logs, by route, side and client, until the minute is taken. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rollout.analysis.measuring.access_log import NONE, Answer
from rollout.analysis.streams import CODES, Kind, by_code
from rollout.inventory.ramp_settings import MetricName

QUANTILES: Mapping[MetricName, float] = {"latency-p50": 0.5, "latency-p99": 0.99}
_ERRORS: tuple[tuple[MetricName, str], ...] = (
    ("server-errors", ""),
    ("lambda-errors", ""),
    *(("client-errors", code) for code in CODES),
)
_BITS, _TIMES = 32, 1 + 2 * len(QUANTILES)

Counts = int
"""A client's counts side by side, 32 bits each: one number is nothing to the garbage collector.

First come its requests without an answer, then those with one, by their time, then its errors, since most have none.
"""
_UNANSWERED = 1
_ANSWERED = tuple(1 << _BITS * (1 + n) for n in range(_TIMES))
_SERVER, _LAMBDA, *_BY_CODE = (1 << _BITS * (1 + _TIMES + n) for n in range(len(_ERRORS)))
_CLIENT = {code.encode(): one for code, one in zip(CODES, _BY_CODE, strict=True)}
_OTHERS = _BY_CODE[-1]


class Columns:
    """What is counted of a side of a route in a minute: clients, their shares of errors, and three of each latency.

    These are the clients with an answer, and their shares of events and of harmful ones.

    Args:
        metrics: What is counted.

    Attributes:
        errors: The column of each metric, and code of 4xx.
        latencies: The first column of each.
        number: How many columns there are.
        kept: Where a client's counts have the errors.
    """

    def __init__(self, metrics: Collection[MetricName]) -> None:
        errors = [each for each in _ERRORS if each[0] in metrics]
        times = [metric for metric in QUANTILES if metric in metrics]
        self.errors = {each: at for at, each in enumerate(errors, 1)}
        self.latencies = {metric: 1 + len(errors) + 3 * n for n, metric in enumerate(times)}
        self.number = 1 + len(errors) + 3 * len(times)
        self.kept = [1 + _TIMES + _ERRORS.index(each) for each in errors]

    def kinds(self, rows: Sequence[NDArray[np.float64]]) -> Iterator[tuple[Kind, list[int]]]:
        """The kinds of errors, and the columns of each; a code of 4xx is one by itself if some rows have it."""
        found = np.any([each.any(axis=tuple(range(each.ndim - 1))) for each in rows], axis=0)
        seen = {code for (_, code), at in self.errors.items() if found[at]}
        for metric in dict.fromkeys(metric for metric, _ in self.errors):
            for codes in by_code(seen) if metric == "client-errors" else ((),):
                yield (metric, codes), [self.errors[metric, code] for code in codes or ("",)]


class Clients:
    """The clients of a minute on one side of a route.

    Args:
        columns: What is counted.
        limits: Of latencies, above which time a request is an event and a harmful one, in seconds.
        most: How many clients are known at most.

    Attributes:
        first: By client, the time of its first request.
        counts: By client, see `ERRORS`.
        mask: A client counts if its hash has none of these bits.
    """

    def __init__(self, columns: Columns, limits: Mapping[MetricName, tuple[float, float]], most: int) -> None:
        self._columns, self._limits, self._most = columns, limits, most
        self._bounds = sorted({bound for bounds in limits.values() for bound in bounds})
        self.first: dict[int, bytes] = {}
        self.counts: dict[int, Counts] = {}
        self.mask = 0

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
            what = _ANSWERED[bisect_left(self._bounds, float(seconds))]
            if status >= b"4":
                what += _SERVER if status >= b"5" else _CLIENT.get(status, _OTHERS)
        if client & self.mask:
            return
        first = self.first.get(client)
        if first is None or time < first:
            self.first[client] = time
        self.counts[client] = self.counts.get(client, 0) + what
        if first is None and len(self.counts) > self._most:
            self._sample()

    def total(self, clients: Mapping[Counts, int]) -> NDArray[np.float64]:
        """The sums over clients with such counts, by column."""
        width = 1 + _TIMES + len(_ERRORS)
        packed = b"".join(each.to_bytes(width * _BITS // 8, "little") for each in clients)
        number, counts = np.array([*clients.values()]), np.frombuffer(packed, "<u4").reshape(-1, width)
        times = counts[:, 1 : 1 + _TIMES]
        answered = times.sum(axis=1)
        found = np.zeros(self._columns.number)
        found[0] = number.sum()
        found[1 : 1 + len(self._columns.errors)] = number / (counts[:, 0] + answered) @ counts[:, self._columns.kept]
        for metric, bounds in self._limits.items():
            at, of = self._columns.latencies[metric], number / np.maximum(answered, 1)
            above = [(of * times[:, bisect_left(self._bounds, bound) + 1 :].sum(axis=1)).sum() for bound in bounds]
            found[at : at + 3] = number[answered > 0].sum(), *above
        return found

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
