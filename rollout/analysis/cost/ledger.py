"""What functions cost, legacy beside the candidate, and what the move saves. Pure.

Lambda bills each invocation's duration rounded up to a millisecond, and CloudWatch sums it unrounded: half a
millisecond an invocation is added, and intervals reach half a millisecond further either way.
https://aws.amazon.com/lambda/pricing/
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from rollout.analysis.cost.prices import FunctionPrices, Prices
from rollout.analysis.cost.usage import Usage
from rollout.analysis.intervals import Estimate, ratio, total
from rollout.base.plain import Seconds, Timestamp

DAY, MONTH = timedelta(days=1), timedelta(days=30)
MILLION = 1_000_000
_ROUNDED = 0.5
"""Milliseconds that rounding adds to an invocation on average."""
_MB_MILLISECONDS = 1024 * 1000
"""In a GB-second."""

Side = Literal["legacy", "candidate"]


@dataclass(frozen=True, slots=True)
class Spent:
    """US dollars.

    Attributes:
        compute: For durations.
        init: For INIT phases.
        requests: For invocations.
        logs: For what was written to CloudWatch Logs.
        provisioned: For provisioned concurrency, used or not.
    """

    compute: float = 0.0
    init: float = 0.0
    requests: float = 0.0
    logs: float = 0.0
    provisioned: float = 0.0

    @property
    def by_use(self) -> float:
        """What goes with the invocations."""
        return self.compute + self.init + self.requests + self.logs

    @property
    def total(self) -> float:
        """All of it."""
        return self.by_use + self.provisioned

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.compute + other.compute,
            self.init + other.init,
            self.requests + other.requests,
            self.logs + other.logs,
            self.provisioned + other.provisioned,
        )


@dataclass(frozen=True, slots=True)
class Served:
    """A function, and the routes that it serves on one side."""

    function: str
    side: Side
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FunctionCost:
    """What one function used and cost in the time.

    Attributes:
        function: Its name.
        side: Whose it is.
        routes: The routes that it serves.
        invocations: Those that are billed.
        gb_seconds: Of their durations.
        init_gb_seconds: Of INIT phases; None if they weren't read.
        log_bytes: What it wrote to CloudWatch Logs.
        provisioned: How many environments provisioned concurrency keeps ready now.
        spent: None if a price isn't known.
        per_million: For a million invocations, without provisioned concurrency; None without invocations or prices.
    """

    function: str
    side: Side
    routes: tuple[str, ...]
    invocations: int
    gb_seconds: float
    init_gb_seconds: float | None
    log_bytes: int
    provisioned: int
    spent: Spent | None
    per_million: Estimate | None


@dataclass(frozen=True, slots=True)
class Compared:
    """What routes cost on both sides; all but `now` are estimates, with intervals.

    Attributes:
        routes: The routes that share functions.
        requests: Invocations of both sides in the time.
        now: Both together, a day.
        legacy_alone: Legacy a day, with the requests of both; None if it had no requests.
        candidate_alone: The candidate likewise.
        saved: What 100 % saves, compared with legacy alone, in 30 days; less than 0 if it costs more.
        per_million: For a million invocations of legacy and of the candidate, without provisioned concurrency; None
            without invocations.
    """

    routes: tuple[str, ...]
    requests: int
    now: float
    legacy_alone: Estimate | None
    candidate_alone: Estimate | None
    saved: Estimate | None
    per_million: tuple[Estimate | None, Estimate | None]


@dataclass(frozen=True, slots=True)
class CostLedger:
    """What an environment's functions cost.

    Attributes:
        environment: Its name.
        since: The time that was read.
        until: Its end.
        prices: Where they are from.
        missing: The keys of `[cost]` whose prices aren't known and were needed; with any, nothing is told in dollars.
        functions: Legacy's and the candidate's.
        compared: The routes whose sides can be compared.
        notes: What isn't counted, what can't be compared, and why.
    """

    environment: str
    since: Seconds
    until: Timestamp
    region: str
    prices: str
    missing: tuple[str, ...]
    functions: tuple[FunctionCost, ...]
    compared: tuple[Compared, ...]
    notes: tuple[str, ...] = ()

    @property
    def now(self) -> float | None:
        """All functions a day, in US dollars; None if a price isn't known."""
        return (
            None
            if self.missing
            else math.fsum(each.spent.total for each in self.functions if each.spent) / (self.since / DAY)
        )

    @property
    def both(self) -> tuple[Compared, ...]:
        """The routes of which both sides had requests."""
        return tuple(each for each in self.compared if each.saved)

    @property
    def running(self) -> float:
        """Both sides a day, for these routes."""
        return math.fsum(each.now for each in self.both)

    @property
    def legacy_alone(self) -> Estimate | None:
        """Legacy alone a day, for the routes of which both sides had requests."""
        return _sum([each.legacy_alone for each in self.both])

    @property
    def saved(self) -> Estimate | None:
        """What 100 % saves in 30 days, for these routes."""
        return _sum([each.saved for each in self.both])

    def of_route(self, route: str) -> CostLedger:
        """The part of it that a route has, with all routes that are compared together with it."""
        compared = tuple(each for each in self.compared if route in each.routes)
        routes = {route, *(each for pool in compared for each in pool.routes)}
        functions = tuple(each for each in self.functions if routes & {*each.routes})
        return replace(self, functions=functions, compared=compared)


def ledger(
    environment: str,
    until: datetime,
    prices: Prices,
    used: Mapping[str, Usage],
    served: Sequence[Served],
    *,
    pools: Sequence[tuple[tuple[str, ...], Sequence[str], Sequence[str]]],
    notes: Sequence[str] = (),
) -> CostLedger:
    """What functions cost.

    Args:
        used: By function; at least one.
        served: The functions of both sides.
        pools: Routes whose sides can be compared, with legacy's functions and the candidate's.
        notes: What else there is to know.
    """
    paid = {name: (usage, prices.of(usage.settings.architecture)) for name, usage in used.items()}
    missing = tuple(dict.fromkeys(key for usage, each in paid.values() for key in _missing(usage, each)))
    span = next(iter(used.values())).span
    lines = tuple(_line(each, *paid[each.function], known=not missing) for each in served)
    compared = () if missing else tuple(_compared(pool, paid, span) for pool in pools)
    return CostLedger(environment, span, until, prices.region, prices.source, missing, lines, compared, tuple(notes))


def gb_seconds(memory: int, milliseconds: float, invocations: float) -> float:
    """What a function with so many MB is billed for, about."""
    return memory * (milliseconds + _ROUNDED * invocations) / _MB_MILLISECONDS


def _missing(usage: Usage, prices: FunctionPrices) -> Iterator[str]:
    """The keys of the prices that are needed and not known."""
    end = "-arm" if usage.settings.architecture == "arm64" else ""
    needed = {
        "million-requests": (prices.request, usage.invocations),
        f"gb-second{end}": (prices.gb_second, usage.invocations),
        "logs-gb": (prices.logs_byte, usage.log_bytes),
        f"provisioned-gb-second{end}": (prices.provisioned, [usage.settings.provisioned]),
        f"provisioned-duration{end}": (prices.provisioned_duration, usage.on_provisioned),
    }
    yield from (key for key, (price, amounts) in needed.items() if price is None and any(amounts))


def missing_prices(usage: Usage, prices: Prices) -> Iterator[str]:
    """The keys of the prices that are needed and not known."""
    return _missing(usage, prices.of(usage.settings.architecture))


def spent_by_period(usage: Usage, prices: Prices) -> list[float]:
    """What each period cost by use, in US dollars."""
    return [each.by_use for each in _periods(usage, prices.of(usage.settings.architecture))]


def rounding(paid: Sequence[tuple[Usage, Prices]]) -> float:
    """How far the costs of functions may be off, in US dollars, since durations are rounded up one by one."""
    return _rounding([(usage, prices.of(usage.settings.architecture)) for usage, prices in paid])


def _rounding(paid: Sequence[tuple[Usage, FunctionPrices]]) -> float:
    return math.fsum(
        gb_seconds(usage.settings.memory, 0, math.fsum(usage.invocations)) * (prices.gb_second or 0.0)
        for usage, prices in paid
    )


def _periods(usage: Usage, prices: FunctionPrices) -> list[Spent]:
    """What each period cost by use."""
    memory, none = usage.settings.memory, (0.0,) * len(usage.invocations)
    compute, request, logs = prices.gb_second or 0.0, prices.request or 0.0, prices.logs_byte or 0.0
    found = []
    rows = zip(
        usage.invocations, usage.milliseconds, usage.log_bytes, usage.on_provisioned, usage.init or none, strict=True
    )
    for invocations, milliseconds, log_bytes, on_provisioned, init in rows:
        share = min(1.0, on_provisioned / invocations) if invocations > 0 else 0.0
        rate = (1 - share) * compute + share * (prices.provisioned_duration or 0.0)
        found.append(
            Spent(
                gb_seconds(memory, milliseconds, invocations) * rate,
                gb_seconds(memory, init, 0) * compute,
                invocations * request,
                log_bytes * logs,
            )
        )
    return found


def _provisioned(usage: Usage, prices: FunctionPrices) -> float:
    """What provisioned concurrency cost in the time, if it was always as it is now."""
    held = usage.settings.memory * usage.settings.provisioned / 1024
    return held * usage.span.total_seconds() * (prices.provisioned or 0.0)


def _line(served: Served, usage: Usage, prices: FunctionPrices, *, known: bool) -> FunctionCost:
    memory, invocations = usage.settings.memory, math.fsum(usage.invocations)
    spent = sum(_periods(usage, prices), Spent(provisioned=_provisioned(usage, prices)))
    return FunctionCost(
        served.function,
        served.side,
        served.routes,
        round(invocations),
        gb_seconds(memory, math.fsum(usage.milliseconds), invocations),
        None if usage.init is None else gb_seconds(memory, math.fsum(usage.init), 0),
        round(math.fsum(usage.log_bytes)),
        usage.settings.provisioned,
        spent if known else None,
        _each([(usage, prices)], MILLION) if known else None,
    )


def _each(paid: Sequence[tuple[Usage, FunctionPrices]], number: float) -> Estimate | None:
    """What so many invocations of functions together cost by use; None without invocations."""
    amounts = [math.fsum(each) for each in zip(*([s.by_use for s in _periods(*one)] for one in paid), strict=True)]
    counts = [math.fsum(each) for each in zip(*(usage.invocations for usage, _ in paid), strict=True)]
    found = ratio(amounts, counts, either_way=_rounding(paid))
    return found.times(number) if found else None


def _compared(
    pool: tuple[tuple[str, ...], Sequence[str], Sequence[str]],
    paid: Mapping[str, tuple[Usage, FunctionPrices]],
    span: timedelta,
) -> Compared:
    routes, *sides = pool
    both = [[paid[name] for name in side] for side in sides]
    requests = math.fsum(count for side in both for usage, _ in side for count in usage.invocations)
    held = [math.fsum(_provisioned(*one) for one in side) / (span / DAY) for side in both]
    by_use = [math.fsum(s.by_use for one in side for s in _periods(*one)) / (span / DAY) for side in both]
    alone = [_each(side, requests / (span / DAY)) for side in both]
    legacy, candidate = (each and each.shifted(fixed) for each, fixed in zip(alone, held, strict=True))
    saved = total([legacy, candidate], [1, -1]).times(MONTH / DAY) if legacy and candidate else None
    old, new = (_each(side, MILLION) for side in both)
    return Compared(routes, round(requests), math.fsum((*by_use, *held)), legacy, candidate, saved, (old, new))


def _sum(estimates: Sequence[Estimate | None]) -> Estimate | None:
    found = [each for each in estimates if each]
    return total(found) if found else None
