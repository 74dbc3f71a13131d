"""An environment to look at, in memory: its rules, its history and CloudWatch's points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import NormalDist
from typing import cast

from rollout.alb.state import AlbState
from rollout.analysis.cost.ledger import CostLedger, Served, Side, ledger
from rollout.analysis.cost.prices import prices_of
from rollout.analysis.cost.usage import Usage
from rollout.analysis.metrics import Point, Series
from rollout.analysis.ports import Architecture, FunctionSettings
from rollout.errors import AwsError, EngineError
from rollout.guard.record import Firing
from rollout.inventory.model import Environment
from rollout.inventory.quantities import Percent
from rollout.inventory.ramp_settings import Ramp
from rollout.inventory.stacks import ROUTING
from rollout.migration.checks.guard_status import GuardStatus
from rollout.migration.checks.status import status_of, with_guard
from rollout.ramp.looks import LocalLook
from rollout.ramp.view import RampView
from rollout.reports.overview import Overview
from rollout.reports.reading import read_overview
from rollout.state.history.entries import Update
from rollout.state.history.record import Moves, Record, with_record
from rollout.state.ports import States
from rollout.state.ramp_journal import JournalEntry, KeptGroup, KeptVerdict, Kind, message
from tests.unit.test_measure import inventory, on_aws

NOW = datetime(2026, 11, 25, 12, 0, 30, tzinfo=UTC)
DAY = timedelta(days=1)
SHARES = ((10, 0.25), (18, 0.05), (math.inf, 0.0))
"""Until how many hours ago, rising, the candidate got which share."""
RAMP = Ramp.model_validate({"steps": [5, 25, 50, 100], "bake": "2h"})


def shop(routes: int = 3, names: Sequence[str] = ()) -> Environment:
    """Routes `r1`, `r2` and so on, or with these names, each with target groups of its own."""
    names = names or [f"r{number}" for number in range(1, routes + 1)]
    return inventory(**{name: (f"old-{name}", f"new-{name}") for name in names}).model_copy(
        update={"ramp": RAMP, "weight": Percent.of(25)}
    )


def entry(kind: Kind, hours: float, sentence: str = "", **given: object) -> Update:
    """An entry of the ramp, so many hours before now."""
    at = NOW - timedelta(hours=hours)
    told = JournalEntry.model_validate({"kind": kind, "at": at, "by": "ada@laptop", "sentence": sentence, **given})
    return Update("update", "succeeded", message("production", told), at)


def made(phase: str, hours: float = 0, *, result: str = "succeeded", **moves: tuple[int | None, int]) -> Update:
    """An update with a record of it, so many hours before now."""
    moved: Moves = {
        route: (None if before is None else Percent.of(before), Percent.of(after))
        for route, (before, after) in moves.items()
    }
    message = with_record(f"rollout {phase} production", Record(phase=phase, by="ada@laptop", moves=moved))
    return Update("update", result, message, NOW - timedelta(hours=hours))


HISTORY = (
    Update("update", "succeeded", "rollout phase2 production", NOW - timedelta(hours=30)),
    entry(Kind.STARTED, 18.1, weight=Percent(0)),
    entry(Kind.RAISING, 18, weight=Percent(50)),
    entry(Kind.RAISED, 18, "the first step", weight=Percent(50)),
    entry(Kind.PAUSED, 12),
    entry(Kind.RESUMED, 11),
    entry(Kind.RAISED, 10, "5xx 0.10 % of 4,400 against legacy's 0.11 % of 84,100: as good", weight=Percent(250)),
)


def compared(routes: Sequence[str], hours: float, *, different: int = 0, groups: Sequence[str] = ()) -> Update:
    """A verdict of parity on routes, of whose 600 requests so many differ."""
    found = [KeptGroup(place=each, requests=different) for each in groups]
    result = "different" if different else "same"
    kept = {"legacy": "a", "candidate": "b", "rules": "c", "result": result, "requests": 600, "covered": 92}
    more = {"different": different, "groups": found or None}
    return entry(Kind.COMPARED, hours, verdicts=[KeptVerdict(route=each, **kept, **more) for each in routes])


def costs(
    environment: Environment,
    *,
    requests: tuple[int, int] = (2600, 870),
    milliseconds: tuple[float, float] = (80, 30),
    region: str = "us-east-1",
) -> CostLedger:
    """What functions cost whose candidate takes a third of legacy's time, each route with functions of its own."""
    at = environment.model_copy(update={"region": region})
    kinds: tuple[tuple[Side, Architecture], ...] = (("legacy", "x86_64"), ("candidate", "arm64"))
    sides = [(*kind, each, number) for kind, each, number in zip(kinds, milliseconds, requests, strict=True)]
    used, served, pools, none = dict[str, Usage](), list[Served](), [], (0.0,) * 24
    for name in environment.routes:
        for side, architecture, each_takes, number in sides:
            counts = tuple(number * (1 + 0.2 * math.sin(hour)) for hour in range(24))
            times = tuple(each * each_takes * (1 + 0.1 * math.cos(3 * hour)) for hour, each in enumerate(counts))
            settings = FunctionSettings(512, architecture, f"/aws/lambda/{side}-{name}")
            used[f"{side}-{name}"] = Usage(settings, DAY, counts, times, none, none)
            served.append(Served(f"{side}-{name}", side, (name,)))
        pools.append(((name,), (f"legacy-{name}",), (f"candidate-{name}",)))
    return ledger(environment.name, NOW, prices_of(at), used, served, pools=pools)


@dataclass
class Counted:
    """CloudWatch, with requests, errors and times by formula, the same each time.

    Attributes:
        requests: Of each route in a minute; the candidate gets what the history says.
        errors: The share of server errors, by the beginning of a target group's name.
        times: The median time in seconds, likewise.
        shares: Until how many hours ago, rising, the candidate got which share.
        is_broken: Whether it refuses.
        asked: How many series each call asked for.
    """

    requests: int = 60
    errors: Mapping[str, float] = field(default_factory=lambda: {"old": 0.001, "new": 0.002})
    times: Mapping[str, float] = field(default_factory=lambda: {"old": 0.08, "new": 0.03})
    shares: Sequence[tuple[float, float]] = SHARES
    is_broken: bool = False
    asked: list[int] = field(default_factory=list)

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        """See `analysis.ports.Metrics`."""
        self.asked.append(len(series))
        if self.is_broken:
            raise AwsError("GetMetricData: AccessDenied", hint="the role lacks a permission")
        return {each: tuple(self._points(each, start, min(end, NOW))) for each in series}

    def _points(self, series: Series, start: datetime, end: datetime) -> Iterator[Point]:
        kind = dict(series.dimensions)["TargetGroup"].split("/")[1][:3]
        minutes = series.period / timedelta(minutes=1)
        for number in range((end - start) // series.period):
            time = start + number * series.period
            share = next(share for hours, share in self.shares if (NOW - time).total_seconds() <= hours * 3600)
            wave = 1 + 0.4 * math.sin(number / 30) + 0.1 * math.sin(number * 7.1)
            requests = round(self.requests * minutes * wave * (share if kind == "new" else 1 - share))
            value = self._value(series, kind, requests, wave)
            if requests and value:
                yield Point(time, value)

    def _value(self, series: Series, kind: str, requests: int, wave: float) -> float:
        if series.name == "RequestCount":
            return requests
        if series.name == "HTTPCode_Target_5XX_Count":
            return round(requests * self.errors[kind] * wave * wave)
        if series.name == "HTTPCode_Target_4XX_Count":
            return round(requests * 0.01)
        if series.name == "TargetResponseTime":
            part = 0.9999 if series.statistic == "Maximum" else float(series.statistic[1:]) / 100
            return self.times[kind] * wave * math.exp(0.5 * NormalDist().inv_cdf(part))
        return 0


@dataclass
class Histories:
    """A backend that has a history and nothing else.

    Attributes:
        updates: The history.
        trouble: What it fails by, if it does.
    """

    updates: Sequence[Update] = HISTORY
    trouble: EngineError | None = None

    def history(self, stack: str, depth: int) -> tuple[Update, ...]:
        """See `state.ports.States`."""
        if self.trouble:
            raise self.trouble
        return tuple(self.updates)[-depth:] if stack == ROUTING else ()


def overview(
    environment: Environment | None = None,
    *,
    live: AlbState | None = None,
    stacks: Histories | None = None,
    metrics: Counted | None = None,
    ramp: RampView | None = None,
    asked: Callable[[], RampView] | None = None,
    guard: GuardStatus | None = None,
    look: LocalLook | None = None,
    firings: Sequence[Firing] = (),
    since: timedelta | None = DAY,
    paid: Callable[[], CostLedger] | None = None,
) -> Overview:
    """What people are shown: by default three routes at 25 %, in the middle of a ramp."""
    found = environment or shop()
    rules = live or on_aws(found, **dict.fromkeys(found.routes, 25))
    return read_overview(
        found,
        lambda: with_guard(status_of(found, rules, None), guard),
        lambda: rules,
        states=lambda: cast("States", stacks or Histories()),
        firings=lambda: firings,
        look=lambda: look,
        ramp=asked or (lambda: ramp or RampView()),
        costs=paid,
        metrics=metrics or Counted(),
        now=NOW,
        since=since,
    )
