"""Legacy's requests of the past, from the lines of access logs. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from rollout.analysis.measuring.access_log import NONE, Answer, Minutes, answer_of, asked_of
from rollout.analysis.past_requests import PastRequests
from rollout.analysis.streams import CODES, Kind, by_code
from rollout.inventory.ramp_settings import ClientField, MetricName

MOST = 10_000_000
"""How many requests are kept at most, at 30 bytes each."""
_SERVER, _CLIENT, _LAMBDA, _CODE = 1, 2, 4, 8  # from here on, the place of a 4xx in `CODES`
_CODES = {code.encode(): _CLIENT + _CODE * place for place, code in enumerate(CODES)}
_ERRORS: Mapping[MetricName, int] = {"server-errors": _SERVER, "client-errors": _CLIENT, "lambda-errors": _LAMBDA}


class PastLines:
    """Collects requests from lines.

    Args:
        start: The first minute, in UTC.
        minutes: How many there are.
        spots: By target group and priority of a rule, as a line has them, the route.
        by: What tells clients apart.
    """

    def __init__(
        self, start: datetime, minutes: int, spots: Mapping[tuple[str, str], str], by: Collection[ClientField]
    ) -> None:
        self._first, self._length = int(start.timestamp()) // 60, minutes
        self._routes = tuple(dict.fromkeys(spots.values()))
        self._spots = {
            (group.encode(), rule.encode()): self._routes.index(route) for (group, rule), route in spots.items()
        }
        self._address, self._agent = "address" in by, "user-agent" in by
        self._minutes = Minutes()
        self._minute, self._route, self._bad = array("l"), array("l"), array("b")
        self._client, self._seconds = array("q"), array("d")

    @property
    def is_full(self) -> bool:
        """Whether there are as many requests as are kept."""
        return len(self._minute) >= MOST

    def feed(self, lines: Iterable[bytes]) -> None:
        """Take lines, in any order; what isn't legacy's, of another time or no line is left out."""
        for line in lines:
            try:
                time, address, agent, group, rule, rest = asked_of(line)
                minute = self._minutes[time[:16]] - self._first
                route = self._spots.get((group, rule))
                if route is None or not 0 <= minute < self._length:
                    continue
                bad, seconds = _told(answer_of(rest))
            except ValueError:
                continue
            self._minute.append(minute)
            self._route.append(route)
            self._bad.append(bad)
            self._client.append(crc32(agent if self._agent else b"", crc32(address) if self._address else 0))
            self._seconds.append(seconds)

    def requests(self, metrics: Sequence[MetricName]) -> PastRequests:
        """What was taken, by time and from its first minute on, with the errors among these metrics."""
        minute, route, bad = (np.array(each, dtype=np.int64) for each in (self._minute, self._route, self._bad))
        order = np.argsort(minute, kind="stable")
        minute = minute - minute.min(initial=self._length)
        bad = bad[order]
        failed: dict[Kind, NDArray[np.bool_]] = {
            (metric, ()): bad & bit > 0 for metric, bit in _ERRORS.items() if metric in metrics
        }
        if "client-errors" in metrics:
            places = np.where(bad & _CLIENT, bad // _CODE, -1)
            for codes in by_code([CODES[place] for place in np.unique(places) if place >= 0]):
                failed["client-errors", codes] = np.isin(places, [CODES.index(code) for code in codes])
        client, seconds = np.array(self._client).astype(np.uint64), np.array(self._seconds)
        return PastRequests(self._routes, minute[order], route[order], client[order], failed, seconds[order])


def _told(answer: Answer) -> tuple[int, float]:
    """What is bad about an answer, and how long it took: below 0 if the target gave none."""
    answered, status, seconds, reason = answer
    if status == NONE:
        failed = reason.startswith(b"Lambda")
        return failed * _LAMBDA + (failed or answered >= b"5") * _SERVER, -1.0
    if status < b"4":
        return 0, float(seconds)
    return _SERVER if status >= b"5" else _CODES.get(status, _CODES[b"others"]), float(seconds)
