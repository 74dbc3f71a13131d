"""How many environments of the candidate's functions a raise needs at once, against what Lambda allows. Pure.

Requests a second times seconds a request are requests at once, each of which takes an environment (Little 1961). The
mean has a 95 % interval by the minutes; the busiest minute's requests at the 99th percentile's time are the most that
is expected. Lambda opens 1,000 environments of a function in 10 seconds.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rollout.analysis.intervals import Estimate, ratio
from rollout.base.formatting import count_of
from rollout.errors import Problem

ENOUGH = 100
"""Invocations of the candidate; with fewer, legacy's times are taken for its own."""
BURST = 1000
"""Environments that Lambda opens of a function in ten seconds."""


@dataclass(frozen=True, slots=True)
class Timed:
    """What functions took, minute by minute.

    Attributes:
        invocations: How many there were.
        milliseconds: The sum of their durations.
        p99: The 99th percentile of a minute's durations, in milliseconds; 0 without invocations.
    """

    invocations: Sequence[float]
    milliseconds: Sequence[float]
    p99: Sequence[float]

    @property
    def busy(self) -> float:
        """How many were at work at once, on average."""
        return math.fsum(self.milliseconds) / (60_000 * max(1, len(self.milliseconds)))

    @property
    def slow(self) -> float:
        """The mean of the minutes' percentiles, by their invocations."""
        weighed = math.fsum(n * p for n, p in zip(self.invocations, self.p99, strict=True))
        return weighed / max(1.0, math.fsum(self.invocations))


@dataclass(frozen=True, slots=True)
class Load:
    """What a raise would send to a function of the candidate.

    Attributes:
        function: Its name.
        requests: To both sides of its routes, minute by minute.
        share: The candidate's share of them afterwards, 0 to 1: at least, and at most.
        candidate: What it took so far.
        legacy: What legacy's functions took.
    """

    function: str
    requests: Sequence[float]
    share: tuple[float, float]
    candidate: Timed
    legacy: Timed


@dataclass(frozen=True, slots=True)
class Headroom:
    """How many environments of a function are needed, and how many may be.

    Attributes:
        function: Its name.
        mean: How many are needed on average.
        most: How many in the busiest minute, if requests are slow.
        now: How many it has at work on average today.
        limit: How many it may have.
        is_reserved: Whether these are its own; else others may take some of them.
        by_legacy: Whether it had too few invocations, so that legacy's times were taken.
    """

    function: str
    mean: Estimate
    most: float
    now: float
    limit: float
    is_reserved: bool
    by_legacy: bool

    @property
    def sentence(self) -> str:
        """The numbers."""
        held = "are reserved for it" if self.is_reserved else "are left of the account's unreserved concurrency"
        times = ", with legacy's durations," if self.by_legacy else ""
        need = f"about {_at_once(self.mean.value)} of {self.function}{times} and {_number(self.most)} at busy times"
        return f"{need}; {_number(self.limit)} {held}"

    @property
    def problem(self) -> Problem | None:
        """Why the raise must not be: even the least is too much."""
        if self.mean.low is None or self.mean.low <= self.limit:
            return None
        what = "reserved-concurrency" if self.is_reserved else "the account's quota of concurrent executions"
        return Problem(
            f"requests at once: {self.sentence}, so requests would be throttled",
            where=self.function,
            hint=f"raise {what} to {_number(max(self.most, self.mean.value))} or more, or set a lower weight",
            code="concurrency-exceeded",
        )

    @property
    def warnings(self) -> Iterator[str]:
        """What may be too much."""
        if self.problem is None and max(self.most, self.mean.value) > self.limit:
            yield f"requests may be throttled: at once there are {self.sentence}"
        if (more := self.most - self.now) > BURST:
            what = f"{self.function} may need {count_of(math.ceil(more), 'further environment')} at once"
            yield f"{what}; Lambda opens {BURST:,} in 10 seconds"


def headroom(load: Load, limit: float, *, is_reserved: bool) -> Headroom | None:
    """What a raise needs of a function; None without requests, or durations.

    Args:
        limit: How many environments it may have, 0 or more.
        is_reserved: Whether these are its own.
    """
    by_legacy = math.fsum(load.candidate.invocations) < ENOUGH
    timed = load.legacy if by_legacy else load.candidate
    rate = ratio(load.requests, [60.0] * len(load.requests))
    time = ratio(timed.milliseconds, timed.invocations)
    if rate is None or time is None or not rate.value * time.value > 0:
        return None
    least, greatest = load.share
    low = None if rate.low is None or time.low is None else least * rate.low * time.low / 1000
    high = None if rate.high is None or time.high is None else greatest * rate.high * time.high / 1000
    mean = Estimate((least + greatest) / 2 * rate.value * time.value / 1000, low, high)
    most = greatest * max(load.requests) / 60 * timed.slow / 1000
    return Headroom(load.function, mean, most, load.candidate.busy, limit, is_reserved, by_legacy)


def _number(environments: float) -> str:
    return f"{math.ceil(environments):,}"


def _at_once(environments: float) -> str:
    return count_of(math.ceil(environments), "environment")
