"""Traffic as this product makes it, alike on both sides: retries, rates by the minute, outages, heavy clients.

Each line of the judge's table is one `Traffic`. It is drawn as CloudWatch counts it, by requests, and legacy's four
hours before; and as access logs tell it, by clients, each once in each of several windows. Clients that behave alike
are drawn together: how many have which share of bad requests is a Poisson number for each share. Nothing in the package
uses it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from judge_streams import PER_MINUTE, Ints, limits, log_excess
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import gamma

from rollout.analysis.by_client import EVERY
from rollout.analysis.measuring.clients import LAST
from rollout.analysis.streams import CODES as ALL_CODES
from rollout.analysis.streams import by_code
from rollout.inventory.ramp_settings import MetricName

RATES: dict[MetricName, float] = {
    "server-errors": 0.001,
    "lambda-errors": 0.0005,
    "throttles": 0.0002,
    "client-errors": 0.05,
    "latency-p50": 0.5,
    "latency-p99": 0.01,
}
CODES = dict(zip(by_code(ALL_CODES), (0.1, 0.2, 0.03, 0.6, 0.005, 0.01, 0.05, 0.005), strict=True))
"""The part of the 4xx that has a code, as access logs tell."""
ERRORS: tuple[MetricName, ...] = ("server-errors", "lambda-errors", "throttles")
HISTORY = 240
HEAVY = 20  # clients of a route, who make half of its requests
WARM_UP = 5  # minutes after a raise, in which clients don't count for latencies
KEPT = (1 + LAST) * EVERY  # minutes after which a window is left out, but for the first
Floats = NDArray[np.float64]
_KINDS = 16  # of own rates, as likely each


@dataclass(frozen=True)
class Step:
    """What is drawn: by stream and minute.

    Attributes:
        candidate: Its requests, or clients.
        bad: Its bad ones; of clients, the sum of their shares.
        legacy: Its requests.
        legacy_bad: Its bad ones.
    """

    candidate: Floats
    bad: Floats
    legacy: Floats
    legacy_bad: Floats


@dataclass(frozen=True)
class Population:
    """The clients of a route, but for the heavy ones.

    Attributes:
        new: How many come each minute.
        minutes: How long each stays, by the mean; 0 for one request each.
    """

    new: float
    minutes: float

    @property
    def pace(self) -> float:
        """Requests a minute of each while it stays, besides the first."""
        return (PER_MINUTE / 2 / self.new - 1) / self.minutes if self.minutes else 0.0


SESSIONS = Population(50, 10)  # ten requests each: with the heavy ones, 1 % of an hour's clients make half
VISITS = Population(500, 0)


@dataclass(frozen=True)
class Traffic:
    """Traffic that is alike on both sides.

    Attributes:
        at_once: How often a failed request is sent, in the same minute.
        burst: How many of the bad requests come in one minute on one side, as seldom as the rate stays the same.
        rho: How much rates vary by the minute, on each side by itself: beta-binomial.
        outages: Whether 30 % of both sides fail for one to five minutes, about once in half an hour.
        edge: Whether the candidate is at the edge of its tolerance.
        warming: The share of the candidate's requests that are slow after a raise, and fewer until the fourth minute.
        spread: How clients' own rates differ, 1 % of whom make half of the requests: errors' cv, latencies' sigma.
        sticky: Whether each client is wholly on one side.
        population: The other clients.
        fault: The candidate's rate, if it is another one.
        part: The part of the metric's rate that a code has.
    """

    at_once: int = 1
    burst: int = 1
    rho: float = 0.0
    outages: bool = False
    edge: bool = False
    warming: float = 0.0
    spread: float = 0.0
    sticky: bool = True
    population: Population = SESSIONS
    fault: float | None = None
    part: float = 1.0

    @property
    def has_clients(self) -> bool:
        """Whether there is anything to know of its clients that isn't known of other traffic."""
        return self.sticky and self.burst == 1

    def rates(
        self, metric: MetricName, size: tuple[int, int], random: np.random.Generator, own: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """Legacy's rates and the candidate's, by kind of client, stream and minute, as far as these matter.

        Args:
            own: By kind, or by stream and client: what is between 0 and 1 of all clients' own rates.
        """
        legacy, candidate = self._own(metric, np.full(1, 0.5) if own is None else own)
        if self.fault is not None:
            candidate = np.full_like(candidate, self.fault)
        if self.outages:
            rates = np.full(size, RATES[metric])
            for stream, begins in np.argwhere(random.random(size) < 1 / 30):
                rates[stream, begins : begins + random.integers(1, 6)] = 0.3
            return rates[None], rates[None]
        if self.rho:
            more = 1 / self.rho - 1
            each = (random.beta(rate[0] * more, (1 - rate[0]) * more, size)[None] for rate in (legacy, candidate))
            return next(each), next(each)
        return legacy, candidate

    def _own(self, metric: MetricName, own: Floats) -> tuple[Floats, Floats]:
        if "latency" in metric:
            bounds = limits(metric)
            shifts = self.spread * ndtri(own)
            legacy = log_excess(bounds.limit, shifts)
            return legacy, legacy if self.edge else log_excess(bounds.tolerated, shifts)
        factor = np.asarray(gamma.ppf(own, 1 / self.spread**2, scale=self.spread**2) if self.spread else own**0)
        rate = np.minimum(RATES[metric] * self.part * factor, 1.0)
        absolute = 0.005 if metric == "client-errors" else 0.0005
        return rate, np.maximum(1.25 * rate, rate + absolute) if self.edge else rate


def by_requests(
    traffic: Traffic, metric: MetricName, weight: float, size: tuple[int, int], random: np.random.Generator
) -> Step:
    """Counts as CloudWatch has them, of so many streams and minutes; at weight 0 they are legacy's history."""
    if traffic.spread:
        return _heavy_requests(traffic, metric, weight, size, random)
    ours = np.full(size, round(PER_MINUTE * weight))
    theirs = PER_MINUTE - ours
    legacy, candidate = (each[0] for each in traffic.rates(metric, size, random))
    bad, legacy_bad = _bad(traffic, ours, candidate, random), _bad(traffic, theirs, legacy, random)
    if traffic.warming:
        slow = traffic.warming * np.maximum(1 - np.arange(size[1]) / 3, 0)
        bad = np.maximum(bad, random.binomial(ours, slow))
    return _step(ours, bad, theirs, legacy_bad)


def _step(*counts: Ints) -> Step:
    return Step(*(each.astype(float) for each in counts))


def _bad(traffic: Traffic, requests: Ints, rate: Floats, random: np.random.Generator) -> Ints:
    if traffic.burst > 1:
        return np.minimum(traffic.burst * random.poisson(requests * rate / traffic.burst), requests)
    return np.minimum(traffic.at_once * random.binomial(requests, rate), requests)


def _heavy_requests(
    traffic: Traffic, metric: MetricName, weight: float, size: tuple[int, int], random: np.random.Generator
) -> Step:
    streams = (size[0], HEAVY)
    above, within = traffic.rates(metric, size, random, random.random(streams))
    legacy, candidate = (each.mean() for each in traffic.rates(metric, size, random, _kinds()))
    each = PER_MINUTE // 2 // HEAVY
    on_ours = random.random(streams) < weight if traffic.sticky else np.full(streams, False)
    part = 0.0 if traffic.sticky else weight
    ours, theirs = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    bad, legacy_bad = ours.copy(), ours.copy()
    for client in range(HEAVY):
        mine = np.where(on_ours[:, client], each, 0)[:, None] + random.binomial(each, part, size)
        mine = np.minimum(mine, each)
        ours, theirs = ours + mine, theirs + each - mine
        bad += random.binomial(mine, within[:, client][:, None])
        legacy_bad += random.binomial(each - mine, above[:, client][:, None])
    light = round(PER_MINUTE / 2 * weight)
    bad += random.binomial(light, candidate, size)
    legacy_bad += random.binomial(PER_MINUTE // 2 - light, legacy, size)
    return _step(ours + light, bad, theirs + PER_MINUTE // 2 - light, legacy_bad)


def by_clients(
    traffic: Traffic, metric: MetricName, weight: float, size: tuple[int, int], random: np.random.Generator
) -> dict[int, Step]:
    """Counts as access logs have them, of so many streams and minutes, by the minute that a window begins with."""
    people, minutes = traffic.population, size[1]
    legacy, candidate = traffic.rates(metric, size, random, _kinds() if traffic.spread else None)
    rates = _by_minute(legacy), _by_minute(candidate)
    each_new, each_old = _requests(people.pace * np.linspace(0, 1, 21), first=1), _requests(np.array([people.pace]))
    new = [
        _light(np.full(minutes, people.new * share), _shares(rate, each_new, traffic.at_once), size, random)
        for share, rate in ((1 - weight, rates[0]), (weight, rates[1]))
    ]
    own = random.random((size[0], HEAVY))
    on_ours = random.random((size[0], HEAVY)) < weight
    found = dict[int, Step]()
    for since in range(0, minutes, EVERY):
        until = minutes if not since else min(minutes, since + KEPT)
        begins = WARM_UP if not since and "latency" in metric else since
        ages = np.arange(until - begins)
        stay = people.new * people.minutes * -math.expm1(-people.pace) * np.exp(-people.pace * ages)
        stay *= np.exp(-ages / people.minutes) if people.minutes else 0.0
        arms = list[Floats]()
        for side, share in ((1, weight), (0, 1 - weight)):
            part = rates[side] if rates[side].shape[2] == 1 else rates[side][:, :, begins:until]
            old = _light(stay * share, _shares(part, each_old, traffic.at_once), (size[0], len(ages)), random)
            for kind in range(2):
                counted = np.zeros((size[0], until - since))
                counted[:, begins - since :] = new[side][kind][:, begins:until] + old[kind]
                arms.append(counted)
            here, events = _heavy(traffic, metric, side, rates, own, on_ours == bool(side), begins, random)
            arms[-2][:, begins - since] += here
            arms[-1][:, begins - since] += events
        found[since] = Step(*arms)
    return found


def _by_minute(rates: Floats) -> Floats:
    """By kind, stream and minute; one for all of them where they don't matter."""
    return rates if rates.ndim > 1 else rates[:, None, None]


def _kinds() -> Floats:
    return (np.arange(_KINDS) + 0.5) / _KINDS


def _requests(mean: Floats, first: int = 0) -> Floats:
    """How likely a client has so many requests in its first minute, by that number."""
    numbers = np.arange(5)
    chance = np.stack([np.exp(-mean) * mean**n / math.factorial(n) for n in numbers]).mean(axis=-1)
    chance = np.concatenate([np.zeros(first), chance]) if first else chance * (numbers > 0)
    return np.asarray(chance / (chance.sum() or 1))


def _shares(rate: Floats, chance: Floats, at_once: int) -> dict[float, Floats]:
    """How likely a client has a share of bad requests, by that share, and by stream and minute."""
    found = dict[float, Floats]()
    for requests in map(int, np.flatnonzero(chance)):
        for bad in range(requests + 1):
            share = bad * at_once / (requests - bad + bad * at_once)
            much = math.comb(requests, bad) * (rate**bad * (1 - rate) ** (requests - bad)).mean(axis=0)
            found[share] = found.get(share, 0.0) + chance[requests] * much
    return found


def _light(
    mean: Floats, shares: dict[float, Floats], size: tuple[int, int], random: np.random.Generator
) -> tuple[Floats, Floats]:
    """Clients, and the sums of their shares."""
    clients, events = np.zeros(size), np.zeros(size)
    for share, chance in shares.items():
        some = random.poisson(mean * chance, size)
        clients += some
        events += share * some
    return clients, events


def _heavy(
    traffic: Traffic,
    metric: MetricName,
    side: int,
    rates: tuple[Floats, Floats],
    own: Floats,
    here: NDArray[np.bool_],
    minute: int,
    random: np.random.Generator,
) -> tuple[Ints, Floats]:
    """The heavy clients on one side, who all come in a window's first minute."""
    each = PER_MINUTE // 2 // HEAVY
    if traffic.spread:
        rate = traffic.rates(metric, own.shape, random, own)[side]
    else:
        rate = rates[side][0, :, minute % rates[side].shape[2], None] * np.ones(own.shape)
    bad = random.binomial(each, rate) * traffic.at_once
    share = bad / (each - bad / traffic.at_once + bad)
    return here.sum(axis=1), (share * here).sum(axis=1)


LINES: dict[str, tuple[str, Traffic, tuple[MetricName, ...]]] = {
    "independent": ("0 of 1,240", Traffic(), (*ERRORS, "latency-p50", "latency-p99")),
    "at the edge of the tolerance": ("0.1 %", Traffic(edge=True), (*ERRORS, "latency-p50", "latency-p99")),
    "shared outages of 1 to 5 minutes": ("0 of 1,011", Traffic(outages=True), ERRORS),
    "each failed request sent twice": ("7 %", Traffic(at_once=2), ERRORS),
    "three times": ("34 %", Traffic(at_once=3), ERRORS),
    "five times": ("99 %", Traffic(at_once=5), ERRORS),
    "rates vary by the minute, rho 0.001": ("0.2 %", Traffic(rho=0.001), ERRORS),
    "rho 0.01": ("84 %", Traffic(rho=0.01), ERRORS),
    "rho 0.05": ("100 %", Traffic(rho=0.05), ERRORS),
    "heavy clients, 4xx, cv 0.2, if 4xx fail": ("0", Traffic(spread=0.2), ("client-errors",)),
    "cv 0.5": ("42 %", Traffic(spread=0.5), ("client-errors",)),
    "cv 1": ("92 %", Traffic(spread=1), ("client-errors",)),
    "heavy clients, failures, cv 2": ("24 %", Traffic(spread=2), ERRORS),
    "heavy clients, latency, sigma 0.1": ("18 %", Traffic(spread=0.1), ("latency-p50", "latency-p99")),
    "sigma 0.3": ("99 %", Traffic(spread=0.3), ("latency-p50", "latency-p99")),
    "the same without cookies": ("", Traffic(spread=0.3, sticky=False), ("latency-p50", "latency-p99")),
    "5 % are slow after a raise, until minute 4": ("45 %", Traffic(warming=0.05), ("latency-p50", "latency-p99")),
    "20 % are": ("93 %", Traffic(warming=0.2), ("latency-p50", "latency-p99")),
    "4xx at the edge of the tolerance, if 4xx fail": ("", Traffic(edge=True), ("client-errors",)),
    "bad requests come 20 at once": ("", Traffic(burst=20), ERRORS),
    "30 at once": ("", Traffic(burst=30), ERRORS),
    "50 at once": ("", Traffic(burst=50), ERRORS),
}
"""By name: what was rolled back before there was phi (issue 20), the traffic, and the metrics that it is of."""
