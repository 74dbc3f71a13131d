"""Clients' requests in access logs, as windows for the judge: each client counts once a route and window. Pure.

Requests of one client are alike: its network, its data, its retries. So what is independent is the client, a hash of
its address and User-Agent. It counts with its requests of its first minute in a window on a route, on the side of the
first of them, as the share of bad ones. Lines come in any order; minutes are taken one after the other.

Where there are many clients, a sample of them is counted, by their hashes, so that memory is bounded. The hash is a
checksum that begins with the step's time, so each process that judges the step has the same sample, and the next step
has another one. A few of 200,000 clients have the hash of another: they are one client, which costs evidence and makes
no verdict wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from rollout.analysis.by_client import EVERY
from rollout.analysis.measuring.access_log import Minutes, answer_of, asked_of, without_quotes
from rollout.analysis.measuring.client_minutes import QUANTILES, Clients, Columns, Counts, Minute
from rollout.analysis.measuring.kept_clients import Arrays
from rollout.analysis.metrics import MINUTE
from rollout.analysis.streams import Arm, Kind, Latency, Stream, Window
from rollout.inventory.ramp_settings import ClientField, MetricName

LAST = 3
"""A window begins every `EVERY` minutes; the first and so many last ones are kept."""
AHEAD = 60
"""How many minutes may wait to be taken."""
MOST = 200_000
"""How many clients a window knows, over all routes; a minute knows a tenth on each side of a route."""


class _Window:
    """What was counted since a minute of the step, and by route the clients that count no more."""

    def __init__(self, since: int, routes: int) -> None:
        self.since = since
        self.known: list[set[int]] = [set() for _ in range(routes)]
        self.rows: list[NDArray[np.float64]] = []


@dataclass(frozen=True, slots=True)
class LoggedRoute:
    """How a route's lines are known.

    Attributes:
        name: The route.
        rule: Its rule's priority.
        groups: The ARNs of legacy's and of the candidate's target group.
        of_lambda: Whether functions answer behind both.
        others: Routes whose lines look the same, such as those of one endpoint on several listeners.
    """

    name: str
    rule: str
    groups: tuple[str, str]
    of_lambda: bool = True
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All whose lines these are."""
        return (self.name, *self.others)


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """The limits of a latency.

    Attributes:
        latency: The limits.
        since: The first minute of the step that they may judge.
    """

    latency: Latency
    since: int = 0


class ClientCounts:
    """Counts the clients of some routes since a time.

    Args:
        start: The first minute, in UTC.
        routes: The routes.
        metrics: What is counted; what access logs don't tell is left out.
        by: What tells clients apart.
        side: From a client's address and User-Agent to 0, legacy, or 1, the candidate; by the target group without it.
        most: How many clients a window knows at most.

    Attributes:
        taken: How many minutes were.
        strange: How many lines couldn't be read.
        late: How many were of a minute that was taken before.
    """

    def __init__(
        self,
        start: datetime,
        routes: Sequence[LoggedRoute],
        metrics: Collection[MetricName],
        *,
        by: Collection[ClientField] = ("address", "user-agent"),
        side: Callable[[bytes, bytes], int] | None = None,
        most: int = MOST,
    ) -> None:
        self._start, self._routes, self._side, self._most = start, tuple(routes), side, most
        self._columns = Columns(metrics)
        self._address, self._agent = "address" in by, "user-agent" in by
        self._spots = {
            (group.encode(), route.rule.encode()): (number, side)
            for number, route in enumerate(routes)
            for side, group in enumerate(route.groups)
        }
        self._limits: Mapping[tuple[str, MetricName], Sequence[TimeLimit]] = {}
        self._first = int(start.timestamp()) // 60
        self._salt = crc32(b"%d" % self._first)
        self._minutes, self._pending = Minutes(), dict[int, Minute]()
        self._windows: list[_Window] = []
        self._mask = self.taken = self.strange = self.late = 0  # a client counts if its hash has no bits of the mask

    def limit(self, limits: Mapping[tuple[str, MetricName], Sequence[TimeLimit]]) -> None:
        """Set the limits of latencies, by route, metric and time; minutes that already have lines keep theirs."""
        self._limits = limits

    def feed(self, lines: Iterable[bytes]) -> None:
        """Count lines, each once, in any order."""
        minutes, salt, side, whole = self._minutes, self._salt, self._side, self._address and self._agent
        mask = self._mask
        text, minute = b"", None
        for line in lines:
            try:
                try:
                    time, address, agent, group, rule, rest = asked_of(line)
                except ValueError:
                    time, address, agent, group, rule, rest = asked_of(without_quotes(line))
                if time[:16] != text:
                    minute = self._minute(minutes[time[:16]])
                    text = time[:16]
                if minute is None:
                    self.late += 1
                    continue
                spot = minute[group, rule]
                spot.lines += 1
                if not spot.sides:
                    continue
                client = crc32(agent, crc32(address, salt)) if whole else crc32((agent, address)[self._address], salt)
                if not client & mask and client not in spot.known:
                    spot.sides[side(address, agent) if side else spot.side].count(client, time, answer_of(rest))
            except ValueError:
                self.strange += bool(line)

    def counted(self, minute: int) -> Mapping[str, int]:
        """The lines of a minute that isn't taken yet, by target group."""
        return self._pending[minute].groups() if minute in self._pending else {}

    def take(self, routes: Collection[str] | None = None) -> None:
        """Take the next minute.

        Args:
            routes: Those of which it is evidence; None for all.
        """
        at, minute = self.taken, self._pending.pop(self.taken, None)
        if at % EVERY == 0:
            self._windows = [*self._windows[:1], *self._windows[1:][1 - LAST :], _Window(at, len(self._routes))]
        rows = [np.zeros((len(self._routes), 2, self._columns.number)) for _ in self._windows]
        for number, route in enumerate(self._routes):
            if minute is not None and (routes is None or route.name in routes):
                for side, clients in enumerate(minute.sides[number]):
                    for row, new in zip(rows, self._new(number, minute.sides[number], side), strict=True):
                        row[number, side] = clients.total(new) if new else 0
        for window, row in zip(self._windows, rows, strict=True):
            window.rows.append(row)
            while sum(map(len, window.known)) > self._most:
                self._sample()
        self.taken += 1

    def windows(self) -> tuple[Window, ...]:
        """What was counted in the minutes that were taken."""
        rows = [np.stack(window.rows) for window in self._windows]
        kinds = [*self._columns.kinds(rows)] if rows else []
        return tuple(
            Window(window.since, tuple(self._streams(window.since, each, kinds)))
            for window, each in zip(self._windows, rows, strict=True)
        )

    def kept(self) -> Arrays:
        """All that was taken, for `take_up`; lines of later minutes are to be fed again."""
        found = {"taken": np.array([self.taken, self._mask, *(window.since for window in self._windows)])}
        for window in self._windows:
            found[f"rows {window.since}"] = np.stack(window.rows)
            for route, known in enumerate(window.known):
                found[f"known {window.since} {route}"] = np.fromiter(known, np.uint32, len(known))
        return found

    def take_up(self, kept: Arrays) -> None:
        """Go on where another one was, if what it kept fits.

        Raises:
            ValueError: It doesn't, and nothing was changed.
            KeyError: Likewise.
        """
        taken, mask, *begins = kept["taken"].tolist()
        windows = [_Window(since, len(self._routes)) for since in begins]
        for window in windows:
            rows = kept[f"rows {window.since}"]
            if rows.shape != (taken - window.since, len(self._routes), 2, self._columns.number):
                raise ValueError(rows.shape)
            window.rows = list(rows)
            window.known = [set(kept[f"known {window.since} {each}"].tolist()) for each in range(len(self._routes))]
        self.taken, self._mask, self._windows = taken, mask, windows

    @property
    def sampled(self) -> int:
        """Of how many clients one is counted by now."""
        return 1 + self._mask

    def _sample(self) -> None:
        self._mask = 2 * self._mask + 1
        for known in (known for window in self._windows for known in window.known):
            known.difference_update([client for client in known if client & self._mask])

    def _minute(self, number: int) -> Minute | None:
        at = number - self._first
        if at < self.taken:
            return None
        if at > self.taken + AHEAD:
            raise ValueError(number)
        if at not in self._pending:
            # who is known in the newest window is known in all
            newest = self._windows[-1] if self._windows and at // EVERY == self._windows[-1].since // EVERY else None
            known = newest.known if newest else [frozenset[int]()] * len(self._routes)
            sides = [(self._clients(route, 0, at), self._clients(route, 1, at)) for route in self._routes]
            self._pending[at] = Minute(sides, self._spots, known)
        return self._pending[at]

    def _clients(self, route: LoggedRoute, side: int, at: int) -> Clients:
        known = {metric: self._limit_at(route, metric, at) for metric in self._columns.latencies}
        limits = {metric: ((each.limit, each.tolerated)[side], each.harmful) for metric, each in known.items() if each}
        return Clients(self._columns, limits, self._most // 10)

    def _limit_at(self, route: LoggedRoute, metric: MetricName, at: int) -> Latency | None:
        known = (each for each in reversed(self._limits.get((route.name, metric), ())) if each.since <= at)
        return next((each.latency for each in known), None)

    def _new(self, route: int, sides: tuple[Clients, Clients], side: int) -> list[dict[Counts, int]]:
        """By window, the counts of clients that count for the first time, and began on this side."""
        clients, other = sides[side], sides[1 - side]
        found = [dict[Counts, int]() for _ in self._windows]
        windows = [(new, window.known[route]) for new, window in zip(found, self._windows, strict=True)]
        mask = self._mask | clients.mask | other.mask
        for client, counts in clients.counts.items():
            if client & mask or (
                client in other.first and (other.first[client], 1 - side) < (clients.first[client], side)
            ):
                continue
            for new, known in windows:
                if client not in known:
                    known.add(client)
                    new[counts] = new.get(counts, 0) + 1
        return found

    def _streams(
        self, since: int, rows: NDArray[np.float64], kinds: Sequence[tuple[Kind, list[int]]]
    ) -> Iterator[Stream]:
        start = self._start + since * MINUTE
        for number, route in enumerate(self._routes):
            counts = rows[:, number].transpose(2, 1, 0)  # by column, side and minute
            for (metric, codes), columns in kinds:
                if route.of_lambda or metric != "lambda-errors":
                    legacy, candidate = map(Arm, counts[0], counts[columns].sum(axis=0))
                    yield Stream(metric, route.names, start, legacy, candidate, unit="clients", codes=codes)
            for metric, at in self._columns.latencies.items():
                first, last = (self._limit_at(route, metric, minute) for minute in (since, self.taken - 1))
                latency = last or Latency(QUANTILES[metric], 0, 0, 0)
                if first and first is not last:
                    latency = replace(latency, renewed=True)
                legacy, candidate = map(Arm, counts[at], counts[at + 1])
                legacy_above, above = map(Arm, counts[at], counts[at + 2])
                yield Stream(
                    metric, route.names, start, legacy, candidate, latency, above, None, legacy_above, unit="clients"
                )
