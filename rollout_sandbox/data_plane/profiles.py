"""How functions behave, as set by the user: latency, errors, crashes, throttles, cold starts, and other answers."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import lru_cache
from random import Random
from statistics import NormalDist

from rollout.inventory.quantities import ALL_TENTHS, ZERO, Percent
from rollout_sandbox.data_plane.differences import Difference

_NEVER = ZERO
_FAILURES = ("crashes", "malformed", "server_errors", "client_errors")
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
        errors_by_client: How much clients differ: each has its own shares of errors, crashes and malformed answers.
            The coefficient of variation, 0 or more; clients go by their User-Agent.
        latency_by_client: How much slower or faster clients are than others: the sigma of a log-normal factor.
        again: Whether a request that fails fails again when its client repeats it.
        differs: How answers differ from what their handler says, one after the other.
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
    errors_by_client: float = 0.0
    latency_by_client: float = 0.0
    again: bool = False
    differs: tuple[Difference, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what can't be.

        Raises:
            ValueError: A number is negative, the 99th percentile below the median, or the shares exceed 100 per cent.
        """
        if min(self.latency, self.cold_start) < timedelta(0):
            raise ValueError("a latency can't be negative")
        if min(self.errors_by_client, self.latency_by_client) < 0:
            raise ValueError("a variation can't be negative")
        if self.concurrency is not None and self.concurrency < 0:
            raise ValueError("a concurrency can't be negative")
        if self.latency_p99 is not None and not timedelta(0) < self.latency <= self.latency_p99:
            raise ValueError("the median must be above 0, and the 99th percentile at least the median")
        if sum(getattr(self, name).tenths for name in _FAILURES) > ALL_TENTHS:
            raise ValueError("errors, crashes and malformed answers are more than 100 per cent")

    def hits(self, account: str, function: str, version: str) -> bool:
        """Whether it is meant for this version of a function."""
        names = (function, f"{function}:{version}")
        return any(fnmatchcase(name, self.function) for name in names) and fnmatchcase(account, self.account)

    def draw_latency(self, random: Random, client: str = "") -> timedelta:
        """One answer's time, without a cold start."""
        time = self.latency
        if self.latency_by_client:
            time *= _latency_of(client, self.latency_by_client)
        if self.latency_p99 is not None:
            sigma = math.log(self.latency_p99 / self.latency) / _Z99
            time *= math.exp(random.gauss(0, sigma))
        return time

    def draw_failure(self, random: Random, client: str, request: str) -> str | None:
        """What goes wrong with a request: the name of a share; None if nothing does."""
        if self.again:
            random = Random(f"{client} {request}")  # noqa: S311 - chances are no secrets
        often = _errors_of(client, self.errors_by_client) if self.errors_by_client else 1.0
        point = random.random() * ALL_TENTHS
        for name in _FAILURES:
            share: Percent = getattr(self, name)
            if (point := point - share.tenths * often) < 0:
                return name
        return None

    def draw_start(self, random: Random) -> timedelta | None:
        """How long a new environment takes to start; None if there is one."""
        return self.cold_start if chance(random, self.cold_starts) else None


@lru_cache(maxsize=100_000)
def _errors_of(client: str, variation: float) -> float:
    """A client's factor, whose mean over clients is 1."""
    shape = variation**-2
    return Random(f"errors of {client}").gammavariate(shape, 1 / shape)  # noqa: S311 - as above


@lru_cache(maxsize=100_000)
def _latency_of(client: str, sigma: float) -> float:
    return math.exp(Random(f"latency of {client}").gauss(0, sigma))  # noqa: S311 - as above


def chance(random: Random, share: Percent) -> bool:
    """True in a share of all cases."""
    return share.tenths > 0 and random.random() * 1000 < share.tenths
