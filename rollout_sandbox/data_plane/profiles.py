"""How functions behave: latency, errors, crashes, throttles and cold starts, as set by the user."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from random import Random
from statistics import NormalDist

from rollout.inventory.quantities import ZERO, Percent

_NEVER = ZERO
_Z99 = NormalDist().inv_cdf(0.99)


@dataclass(frozen=True, slots=True)
class Profile:
    """The behaviour of functions whose names match.

    Attributes:
        function: A pattern of function names, `rust-*`, or of one's versions, `rust-scorer:2`. Targets that aren't
            functions go by their target group's name.
        account: A pattern of account numbers.
        latency: The median time to an answer, 0 or more.
        latency_p99: What 99 of 100 answers stay below; times are log-normal. None makes all take `latency`.
        server_errors: The share of answers with status 500.
        client_errors: The share of answers with status 400.
        crashes: The share of requests at which the function fails.
        malformed: The share of answers that the load balancer can't read.
        concurrency: How many requests at once, 0 or more; those above it are throttled. None for no limit.
        cold_starts: The share of requests that start a new environment first.
        cold_start: How much longer these take.
    """

    function: str = "*"
    _: KW_ONLY
    account: str = "*"
    latency: timedelta = timedelta(0)
    latency_p99: timedelta | None = None
    server_errors: Percent = _NEVER
    client_errors: Percent = _NEVER
    crashes: Percent = _NEVER
    malformed: Percent = _NEVER
    concurrency: int | None = None
    cold_starts: Percent = _NEVER
    cold_start: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        """Refuse what can't be.

        Raises:
            ValueError: A number is negative, the 99th percentile below the median, or the shares exceed 100 per cent.
        """
        if min(self.latency, self.cold_start) < timedelta(0):
            raise ValueError("a latency can't be negative")
        if self.concurrency is not None and self.concurrency < 0:
            raise ValueError("a concurrency can't be negative")
        if self.latency_p99 is not None and not timedelta(0) < self.latency <= self.latency_p99:
            raise ValueError("the median must be above 0, and the 99th percentile at least the median")
        if sum(share.tenths for share in (self.server_errors, self.client_errors, self.crashes, self.malformed)) > 1000:  # noqa: PLR2004
            raise ValueError("errors, crashes and malformed answers are more than 100 per cent")

    def hits(self, account: str, function: str, version: str) -> bool:
        """Whether it is meant for this version of a function."""
        names = (function, f"{function}:{version}")
        return any(fnmatchcase(name, self.function) for name in names) and fnmatchcase(account, self.account)

    def draw_latency(self, random: Random) -> timedelta:
        """One answer's time, without a cold start."""
        time = self.latency
        if self.latency_p99 is not None:
            sigma = math.log(self.latency_p99 / self.latency) / _Z99
            time *= math.exp(random.gauss(0, sigma))
        return time

    def draw_start(self, random: Random) -> timedelta | None:
        """How long a new environment takes to start; None if there is one."""
        return self.cold_start if chance(random, self.cold_starts) else None


def chance(random: Random, share: Percent) -> bool:
    """True in a share of all cases."""
    return share.tenths > 0 and random.random() * 1000 < share.tenths
