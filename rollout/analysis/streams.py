"""The judge's input: events among requests, minute by minute, in both implementations.

All metrics have this form: an error is a failed request, and a latency is a request that took longer than a limit. A
minute without requests has 0 of both, and is no evidence.

Where access logs tell the client, clients are counted in place of requests, each once, in the minute of its first
request; an event is then the share of bad ones among the client's requests, from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rollout.analysis.metrics import ARMS, Count, Unit
from rollout.inventory.ramp_settings import MetricName

Counts = NDArray[np.int64] | NDArray[np.float64]
Kind = tuple[MetricName, tuple[str, ...]]
"""A metric, and of 4xx the codes; without any, all."""
CODES = ("400", "401", "403", "404", "409", "422", "429", "others")
"""The 4xx that are judged each by itself where access logs tell them."""


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One implementation's counts.

    Attributes:
        requests: By minute, 0 or more; or clients.
        events: The bad ones among them, 0 to `requests`; of clients, the sum of their shares of bad requests.
    """

    requests: Counts
    events: Counts

    @property
    def total(self) -> Count:
        """Events and requests of all minutes."""
        return self.events.sum().item(), int(self.requests.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Latency:
    """The limits of a latency, whose events are requests that took longer.

    Attributes:
        quantile: Above 0 and below 1: the share of legacy's requests that took no longer than `limit`, when it was
            set, before the first of the minutes.
        limit: Legacy's limit, in seconds.
        tolerated: The candidate's limit for `Stream.candidate`, in seconds: `limit` and the tolerance.
        harmful: Its limit for `Stream.harmful`, in seconds: `limit` and the harm.
        renewed: Whether these are the last minutes' limits, and earlier ones had others.
    """

    quantile: float
    limit: float
    tolerated: float
    harmful: float
    renewed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One metric of routes that are measured together.

    Attributes:
        metric: Its name.
        routes: The routes.
        start: The first minute, in UTC; the arms have one number a minute from then on.
        legacy: Of the legacy implementation: events above `latency.limit` if it is a latency.
        candidate: Of the candidate: events above `latency.tolerated` if it is one.
        latency: If it is a latency, its limits.
        harmful: If it is a latency, the candidate's events above `latency.harmful`.
        before: Legacy's requests in the hours before the step, by which its minutes' variation is known.
        legacy_harmful: If it is a latency, legacy's events above `latency.harmful`.
        names: What people call the arms: two builds of the candidate have their versions.
        unit: What its arms count.
        codes: Which 4xx are its events; all together without any.
    """

    metric: MetricName
    routes: tuple[str, ...]
    start: datetime
    legacy: Arm
    candidate: Arm
    latency: Latency | None = None
    harmful: Arm | None = None
    before: Arm | None = None
    legacy_harmful: Arm | None = None
    names: tuple[str, str] = ARMS
    unit: Unit = "requests"
    codes: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """What is counted."""
        return self.metric, self.codes

    @property
    def part(self) -> float:
        """How much of its metric's risks on its routes it has: as much for each code, whichever occur."""
        return len(self.codes) / len(CODES) if self.codes else 1.0


def by_code(seen: Collection[str]) -> Iterator[tuple[str, ...]]:
    """The codes of each stream: those that were seen have one each, and the others, which look the same, one."""
    yield from ((code,) for code in CODES if code in seen)
    if unseen := tuple(code for code in CODES if code not in seen):
        yield unseen


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a step, from a minute on, in which each client counts once a route.

    Attributes:
        since: The minute of the step that it begins with, 0 or more.
        streams: By client; they start with that minute.
    """

    since: int
    streams: tuple[Stream, ...]
