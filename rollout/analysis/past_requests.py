"""Legacy's requests of the past, divided by chance as a load balancer would divide them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from rollout.analysis.defaults import bounds_of
from rollout.analysis.measuring.latency_limits import ENOUGH, Limit, latency_of
from rollout.analysis.measuring.tallies import BY_TARGET_GROUP, Time
from rollout.analysis.metrics import MINUTE, Unit
from rollout.analysis.streams import Arm, Kind, Latency, Stream
from rollout.inventory.ramp_settings import Analysis, MetricName

HISTORY, HOUR = 240, 60
"""Minutes before a step, by which legacy's variation and its latencies' limits are known."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Clients = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class PastRequests:
    """Requests, one entry each, by time.

    Attributes:
        routes: The routes' names.
        minute: Of each request, from 0 on, in order.
        route: Of each request, as an index of `routes`.
        client: Of each request, a hash.
        failed: Whether each one failed, by kind of error: 4xx all together, and where codes are known also by code.
        seconds: How long each one took; below 0 if unknown.
    """

    routes: tuple[str, ...]
    minute: Whole
    route: Whole
    client: Clients
    failed: Mapping[Kind, Flags]
    seconds: Floats

    def between(self, since: int, until: int) -> PastRequests:
        """Those from one minute until before another; their minutes count from the first."""
        some = slice(*np.searchsorted(self.minute, (since, until)))
        failed = {kind: flags[some] for kind, flags in self.failed.items()}
        minute = self.minute[some] - since
        return PastRequests(self.routes, minute, self.route[some], self.client[some], failed, self.seconds[some])


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """What counts once: a request, or a client.

    Attributes:
        client: Of each.
        cell: Of each, the route and the minute, as an index of a table of `shape`.
        shape: The number of routes and of minutes.
        bad: By kind, the share of bad requests of each, 0 to 1: of legacy's; of a latency also of the candidate's
            beyond what is tolerated, and beyond what is harmful.
    """

    client: Clients
    cell: Whole
    shape: tuple[int, int]
    bad: Mapping[Kind, Sequence[Floats]]

    def arms(self, bad: Floats, some: Flags) -> list[Arm]:
        """The counts of some of them, by route."""
        cells, size = self.cell[some], self.shape[0] * self.shape[1]
        requests = np.bincount(cells, minlength=size).reshape(self.shape)
        events = np.bincount(cells, bad[some], size).reshape(self.shape)
        return [Arm(*each) for each in zip(requests, events, strict=True)]


class PastStep:
    """The requests of a step's time, and how legacy was before.

    Args:
        past: All requests.
        analysis: The metrics.
        start: The step's first minute.
        minutes: How long it is watched.
    """

    def __init__(self, past: PastRequests, analysis: Analysis, start: int, minutes: int) -> None:
        self._past, self._minutes, self._begins = past.between(start, start + minutes), minutes, _EPOCH + start * MINUTE
        before, hour = past.between(max(0, start - HISTORY), start), past.between(max(0, start - HOUR), start)
        self._limits = {
            metric: [_limit(recipe, metric, analysis, hour.seconds[hour.route == n]) for n in range(len(past.routes))]
            for metric in analysis.metrics
            if isinstance(recipe := BY_TARGET_GROUP.get(metric), Time)
        }
        self.requests = self._observed(self._past, minutes)
        history = self._observed(before, min(HISTORY, start))
        everyone = np.ones(len(history.client), dtype=np.bool_)
        self.before = {
            metric: history.arms(bad[0], everyone) for (metric, codes), bad in history.bad.items() if not codes
        }

    def clients(self, since: int) -> Observations:
        """Each client once a route, by its requests in its first minute there from `since` on."""
        past = self._past.between(since, self._minutes)
        order = np.lexsort((past.minute, past.client, past.route))
        route, client, minute = past.route[order], past.client[order], past.minute[order]
        begins = np.flatnonzero(np.r_[True, (route[1:] != route[:-1]) | (client[1:] != client[:-1])])[: len(order)]
        first = minute == np.repeat(minute[begins], np.diff(np.r_[begins, len(order)]))
        requests = np.add.reduceat(first, begins, dtype=np.int64)
        each = self._observed(past, self._minutes - since)
        bad = {
            kind: [np.add.reduceat(shares[order] * first, begins) / requests for shares in bounds]
            for kind, bounds in each.bad.items()
        }
        return Observations(client[begins], each.cell[order][begins], each.shape, bad)

    def streams(self, observed: Observations, on_candidate: Flags, unit: Unit = "requests") -> Iterator[Stream]:
        """What the judge compares, if some of the observations are the candidate's: by client, 4xx by code."""
        coded = {metric for metric, codes in observed.bad if codes} if unit == "clients" else ()
        begins = self._begins + (self._minutes - observed.shape[1]) * MINUTE
        for (metric, codes), kinds in observed.bad.items():
            if bool(codes) != (metric in coded):
                continue
            legacy, *legacy_harmful = (observed.arms(bad, ~on_candidate) for bad in (kinds[0], *kinds[2:]))
            candidate, *harmful = (observed.arms(bad, on_candidate) for bad in kinds[1:] or kinds)
            for n, route in enumerate(self._past.routes):
                latency = self._limits[metric][n] if metric in self._limits else None
                if latency is None and metric in self._limits:
                    continue
                yield Stream(
                    metric,
                    (route,),
                    begins,
                    legacy[n],
                    candidate[n],
                    latency,
                    harmful[0][n] if harmful else None,
                    self.before[metric][n] if unit == "requests" else None,
                    legacy_harmful[0][n] if legacy_harmful else None,
                    unit=unit,
                    codes=codes,
                )

    def _observed(self, past: PastRequests, minutes: int) -> Observations:
        bad: dict[Kind, Sequence[Floats]] = {kind: (flags.astype(np.float64),) for kind, flags in past.failed.items()}
        for metric, limits in self._limits.items():
            bounds = [(each.limit, each.tolerated, each.harmful) if each else (np.inf,) * 3 for each in limits]
            bad[metric, ()] = [(past.seconds > of[past.route]).astype(np.float64) for of in np.array(bounds).T]
        shape = len(past.routes), minutes
        return Observations(past.client, past.route * minutes + past.minute, shape, bad)


def divided(clients: Clients, share: float, salt: int) -> Flags:
    """Which clients are the candidate's, each with this probability: always the same for a salt, and more for more.

    Args:
        clients: Their hashes.
        share: The candidate's share, 0 to 1.
        salt: 0 to 2^64 - 1.
    """
    mixed = clients ^ np.uint64(salt)  # splitmix64 (Steele, Lea and Flood 2014)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return (mixed ^ (mixed >> np.uint64(31))) < np.uint64(min(int(share * 2**64), 2**64 - 1))


def _limit(recipe: Time, metric: MetricName, analysis: Analysis, seconds: Floats) -> Latency | None:
    known = seconds[seconds >= 0]
    if len(known) < ENOUGH:
        return None
    limit = Limit(timedelta(seconds=float(np.quantile(known, recipe.quantile))), _EPOCH)
    return latency_of(recipe, limit, *bounds_of(metric, analysis)[:2])
