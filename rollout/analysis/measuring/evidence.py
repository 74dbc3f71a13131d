"""CloudWatch's counts for a step, minute by minute, as streams for the judge.

Only full minutes count, from the first after the weight went live up to those whose points may still change. One
request has all counts, up to AWS's limits, and one before it has the limits of latencies. docs/evidence.md maps each
number to AWS's metrics and statistics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from rollout.alb.state import AlbState
from rollout.analysis.defaults import bounds_of
from rollout.analysis.measuring.client_evidence import ClientEvidence, Requests
from rollout.analysis.measuring.client_minutes import QUANTILES
from rollout.analysis.measuring.clients import TimeLimit
from rollout.analysis.measuring.latency_limits import (
    BEFORE,
    ENOUGH,
    Limit,
    RenewedLimits,
    at_bounds,
    latency_of,
    limit_of,
    limit_series,
)
from rollout.analysis.measuring.pools import Comparable, Pool, by_function, by_target_group
from rollout.analysis.measuring.tallies import (
    BY_FUNCTION,
    BY_TARGET_GROUP,
    BY_VERSION,
    NOTHING,
    Minutes,
    Rate,
    Tally,
    Time,
    tally,
)
from rollout.analysis.metrics import MINUTE, REPORTS, Point, Series, load_balancer
from rollout.analysis.ports import AccessLogs, BucketedMetrics, Metrics, TargetGroups
from rollout.analysis.streams import Arm, Latency, Stream, Window
from rollout.base.formatting import count_of
from rollout.errors import AwsError
from rollout.inventory.model import Arn, Environment
from rollout.inventory.on_aws import routed_groups_of
from rollout.inventory.quantities import WHOLE
from rollout.inventory.ramp_settings import MAX_BAKE, Margin, MetricName

HISTORY = timedelta(hours=4)
"""How far back legacy's minutes tell how much they vary."""
NO_MARGIN = Margin(relative=0)


@dataclass(frozen=True, slots=True)
class _Compared:
    """A metric of a pool, and how it is counted there."""

    metric: MetricName
    pool: Pool
    recipe: Rate | Time


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """The evidence on a step.

    Attributes:
        streams: What can be judged; their arms are empty until there is a full minute.
        notes: What can't be compared, and other notes on the numbers.
        first: The first minute, in UTC.
        until: The end of the last minute.
        unseen: The routes of which nothing can be compared.
        windows: By client, if access logs are read.
        left: How many files of access logs the next look reads.
        unread: Why access logs can't be read; what CloudWatch counted is there.
    """

    streams: tuple[Stream, ...]
    notes: tuple[str, ...]
    first: datetime
    until: datetime
    unseen: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    left: int = 0
    unread: AwsError | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """A stream before it is read: its two arms, or three of a latency."""

    compared: _Compared
    tallies: tuple[Tally, ...]
    latency: Latency | None = None
    limit: Limit | None = None


NO_CEILINGS: Mapping[_Compared, Limit] = {}


class EvidenceReader:
    """Gathers the evidence of one environment. It caches limits, so keep it for a ramp.

    Args:
        target_groups: Reads their functions; without it nothing is compared by function.
        logs: Reads functions' REPORT lines; without it cold starts aren't compared.
        access_logs: Reads load balancers' access logs, if clients are the unit.
        folder: Where what they tell is kept for the next process, if at all.
    """

    def __init__(
        self,
        environment: Environment,
        metrics: Metrics,
        target_groups: TargetGroups | None = None,
        logs: Metrics | None = None,
        access_logs: AccessLogs | None = None,
        *,
        folder: Path | None = None,
    ) -> None:
        self._environment, self._metrics, self._target_groups, self._logs = environment, metrics, target_groups, logs
        self._folder = folder
        self._access_logs = access_logs if environment.analysis.unit == "clients" else None
        self._clients: tuple[datetime, ClientEvidence] | None = None
        self._limits: dict[tuple[datetime, _Compared], Limit] = {}
        self._renewed = RenewedLimits(metrics, environment.analysis.delay)
        self._before: dict[tuple[datetime, _Compared], tuple[Tally, Arm]] = {}
        self._targets: dict[Arn, tuple[str, ...]] = {}
        self._targets_at: datetime | None = None

    def gather(self, live: AlbState, start: datetime, now: datetime) -> Gathered:
        """Read what was counted of a step.

        Args:
            start: When the step's weight went live, with a time zone.
            now: The time on AWS, with a time zone.

        Raises:
            AwsError: CloudWatch refused, can't be reached, or its answer is incomplete.
        """
        first, until, notes = _minutes(self._environment.analysis.delay, start, now)
        compared = self._compared(live, now, notes)
        ceilings = self._ceilings(compared, live, first)
        own = {name: load_balancer(arn).series("HTTPCode_ELB_5XX_Count") for name, arn in live.load_balancers.items()}
        clients, unread = self._by_client(live, start, first)
        beside = (*own.values(), *(clients.found.series.values() if clients else ()))
        streams, minutes = self._streams(compared, first, until, notes, ceilings=ceilings, beside=beside)
        for name, each in own.items():
            if count := round(np.nansum(minutes.total([each]))):
                notes.append(
                    f"load balancer {name} answered {count_of(count, 'request')} with its own 5xx; CloudWatch doesn't "
                    "say for which target group, and only failed functions are counted as lambda-errors"
                )
        windows: tuple[Window, ...] = ()
        if clients and until > first:
            requests, limits = Requests.read(clients, first, minutes), self._time_limits(clients, first, until)
            try:
                windows = clients.gather(limits, requests, now)
                notes += clients.notes()
            except AwsError as error:
                unread = error
        judged = (*streams, *(stream for window in windows for stream in window.streams))
        seen = {route for stream in judged for route in stream.routes}
        if clients:
            seen &= {name for route in clients.found.routes for name in route.names}
        unseen = tuple(name for name in self._environment.routes if name not in seen)
        return Gathered(streams, tuple(notes), first, until, unseen, windows, clients.left if clients else 0, unread)

    def renew(self, now: datetime) -> bool:
        """Read again which functions the target groups have, unless `gather` did so now; whether they are others.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        if self._target_groups is None or not self._targets or self._targets_at == now:
            return False
        before, self._targets_at = self._targets, now
        self._targets = dict(self._target_groups.targets([*before]))
        return self._targets != before

    def gather_builds(self, builds: Sequence[Pool], start: datetime, now: datetime) -> Gathered:
        """Read what was counted of two builds of the candidate, which share the requests of an alias.

        Args:
            builds: A pool for each function, with its key instead of routes: the old version and the new one.
            start: When the new one got its share, with a time zone.
            now: The time on AWS, with a time zone.

        Raises:
            AwsError: AWS refused, can't be reached, or its answer is incomplete.
        """
        first, until, notes = _minutes(self._environment.analysis.delay, start, now)
        recipes: dict[Rate | Time, MetricName] = {}
        for metric, recipe in BY_VERSION.items():
            if metric in self._environment.analysis.metrics:
                recipes.setdefault(recipe, metric)
        if unseen := [each for each in self._environment.analysis.metrics if each not in BY_VERSION]:
            notes.append(f"{', '.join(unseen)}: not known by version, and not judged")
        if recipes.get(BY_VERSION["server-errors"]) == "server-errors":
            notes.append("server-errors are invocations that fail: Lambda doesn't know an answer's status")
        compared = [_Compared(metric, pool, recipe) for recipe, metric in recipes.items() for pool in builds]
        streams, _ = self._streams(compared, first, until, notes)
        return Gathered(streams, tuple(notes), first, until)

    def _by_client(
        self, live: AlbState, start: datetime, first: datetime
    ) -> tuple[ClientEvidence | None, AwsError | None]:
        """The evidence by client of the step, read before or new, or why there is none.

        At 100 per cent, where there is no legacy, there is none.
        """
        if self._access_logs is None or all(split.weight == WHOLE for split in live.splits(self._environment).values()):
            return None, None
        if self._clients is None or self._clients[0] != start or self._clients[1].void:
            try:
                self._clients = start, ClientEvidence(self._environment, self._access_logs, live, first, self._folder)
            except AwsError as error:
                return None, error
        return self._clients[1], None

    def _time_limits(
        self, clients: ClientEvidence, first: datetime, until: datetime
    ) -> dict[tuple[str, MetricName], list[TimeLimit]]:
        """Each route's limits of latencies, by time; logs tell routes apart that share a target group."""
        found = dict[tuple[str, MetricName], list[TimeLimit]]()
        compared = {
            _Compared(metric, pool, recipe): (recipe, pool.legacy)
            for metric in self._environment.analysis.metrics
            for pool in clients.found.pools
            if metric in QUANTILES and isinstance(recipe := BY_TARGET_GROUP[metric], Time)
        }
        begin = self._limits_of([*compared], first, until)
        later = self._renewed.read(set(compared.values()), clients.start, until)
        for each, (recipe, sources) in compared.items():
            margins = bounds_of(each.metric, self._environment.analysis)[:2]
            found[each.pool.routes[0], each.metric] = [
                TimeLimit(latency_of(recipe, limit, *margins), (limit.since - clients.start) // MINUTE)
                for limit in (*((begin[each],) if each in begin else ()), *later[recipe, sources])
            ]
        return found

    def _streams(
        self,
        compared: Sequence[_Compared],
        first: datetime,
        until: datetime,
        notes: list[str],
        *,
        ceilings: Mapping[_Compared, Limit] = NO_CEILINGS,
        beside: Sequence[Series] = (),
    ) -> tuple[tuple[Stream, ...], Minutes]:
        """Read what is compared, and other series in the same request."""
        limits = self._limits_of([each for each in compared if each not in ceilings], first, until)
        plans = [self._plan(each, limits.get(each), ceilings.get(each)) for each in compared]
        wanted = (series for plan in plans for tallied in plan.tallies for series in tallied.series)
        series = tuple(dict.fromkeys((*beside, *wanted)))
        read = self._read(series, first, until) if until > first else {}
        minutes = Minutes(first, (until - first) // MINUTE, read)
        before = self._legacy_before(plans, first) if until > first else {}
        return tuple(_stream(plan, first, minutes, notes, before.get(plan.compared)) for plan in plans), minutes

    def _compared(self, live: AlbState, now: datetime, notes: list[str]) -> list[_Compared]:
        metrics = list(self._environment.analysis.metrics)
        if self._logs is None and "cold-starts" in metrics:
            metrics.remove("cold-starts")
            notes.append("cold-starts aren't compared: the functions' logs are not read")
        groups = by_target_group(self._environment, live)
        functions = self._by_function(live, now) if set(metrics) & set(BY_FUNCTION) else Comparable()
        notes += (*groups.notes, *functions.notes)
        without = [pool for pool in groups.pools if not all(each.of_lambda for each in (*pool.legacy, *pool.candidate))]
        if "lambda-errors" in metrics:
            notes += (
                f"lambda-errors of {', '.join(pool.routes)} aren't compared: not all are Lambda" for pool in without
            )
        return [
            _Compared(metric, pool, kind[metric])
            for metric in metrics
            for kind, found in ((BY_TARGET_GROUP, groups), (BY_FUNCTION, functions))
            if metric in kind
            for pool in found.pools
            if metric != "lambda-errors" or pool not in without
        ]

    def _read(self, series: Sequence[Series], first: datetime, until: datetime) -> Mapping[Series, tuple[Point, ...]]:
        logged = [each for each in series if each.namespace == REPORTS]
        found = self._metrics.read([each for each in series if each.namespace != REPORTS], first, until)
        return {**found, **self._logs.read(logged, first, until)} if self._logs and logged else found

    def _by_function(self, live: AlbState, now: datetime) -> Comparable:
        groups = (live.target_groups.get(name) for name in sorted(routed_groups_of(self._environment)))
        lambdas = [group.arn for group in groups if group and group.is_lambda]
        if self._target_groups and set(lambdas) - self._targets.keys():
            self._targets, self._targets_at = dict(self._target_groups.targets(lambdas)), now
        return by_function(self._environment, live, self._targets)

    def _limits_of(self, compared: Sequence[_Compared], first: datetime, until: datetime) -> dict[_Compared, Limit]:
        """Legacy's limits, from the hour before; if that isn't enough, also from the step's minutes."""
        times = {each: recipe for each in compared if isinstance(recipe := each.recipe, Time)}
        for end in (first, until) if until > first else ():
            missing = {each: recipe for each, recipe in times.items() if (first, each) not in self._limits}
            pairs = (pair for each, recipe in missing.items() for pair in limit_series(recipe, each.pool.legacy))
            wanted = dict.fromkeys(series for pair in pairs for series in pair)
            read = self._metrics.read(tuple(wanted), first - BEFORE, end) if wanted else {}
            for each, recipe in missing.items():
                if found := limit_of(recipe, each.pool.legacy, read, first):
                    self._limits[first, each] = found
        return {each: self._limits[first, each] for each in times if (first, each) in self._limits}

    def _legacy_before(self, plans: Sequence[_Plan], first: datetime) -> dict[_Compared, Arm]:
        """Legacy's counts in the hours before the step, read once; of a latency, once its limit is known.

        Logs are left out, as reading them costs by the gigabyte.
        """
        wanted = {plan.compared: plan.tallies[0] for plan in plans if not _is_logged(plan.tallies[0])}
        known = {each: self._before.get((first, each), (NOTHING,))[0] for each in wanted}
        missing = {each: tallied for each, tallied in wanted.items() if tallied != known[each]}
        start = first - HISTORY
        series = tuple(dict.fromkeys(each for tallied in missing.values() for each in tallied.series))
        minutes = Minutes(start, HISTORY // MINUTE, self._read(series, start, first) if series else {})
        self._before |= {(first, each): (tallied, minutes.arm(tallied)[0]) for each, tallied in missing.items()}
        return {each: self._before[first, each][1] for each in wanted if (first, each) in self._before}

    def _ceilings(self, compared: Sequence[_Compared], live: AlbState, first: datetime) -> dict[_Compared, Limit]:
        """The limits from stacks.toml for latencies of routes at 100 per cent, where legacy has no requests."""
        analysis, splits = self._environment.analysis, live.splits(self._environment)
        return {
            each: Limit(timedelta(milliseconds=ceiling), first)
            for each in compared
            if isinstance(each.recipe, Time) and (ceiling := bounds_of(each.metric, analysis)[2])
            if all(splits[name].weight == WHOLE for name in each.pool.routes)
        }

    def _plan(self, compared: _Compared, limit: Limit | None, ceiling: Limit | None) -> _Plan:
        pool, recipe = compared.pool, compared.recipe
        sources = (pool.legacy, pool.candidate, pool.candidate, pool.legacy)
        if isinstance(recipe, Rate):
            return _Plan(compared, tuple(tally(recipe, each) for each in sources[:2]))
        tolerance, harm, _ = bounds_of(compared.metric, self._environment.analysis)
        if ceiling:
            limit, tolerance, harm = ceiling, NO_MARGIN, NO_MARGIN
        wanted = latency_of(recipe, limit, tolerance, harm)
        latency = at_bounds(wanted, _bounds(self._metrics, recipe, pool)) if limit and not ceiling else wanted
        if latency is None:
            latency, limit = wanted, None
        bounds = (latency.limit, latency.tolerated, latency.harmful, latency.harmful)
        counted = (tally(recipe, each, timedelta(seconds=bound)) for each, bound in zip(sources, bounds, strict=True))
        return _Plan(compared, tuple(counted) if limit else (NOTHING,) * 4, latency, limit)


def _minutes(delay: timedelta, start: datetime, now: datetime) -> tuple[datetime, datetime, list[str]]:
    """The first full minute, the end of the last one that doesn't change any more, and what to know of them."""
    first = _minute(start.astimezone(UTC) + MINUTE - timedelta(microseconds=1))
    until = max(first, _minute(now.astimezone(UTC) - delay))
    if until - first <= MAX_BAKE:
        return first, until, []
    first = until - MAX_BAKE
    return first, until, [f"only minutes since {first:%Y-%m-%d %H:%M} UTC count: CloudWatch keeps them for 15 days"]


def _bounds(metrics: Metrics, recipe: Time, pool: Pool) -> tuple[float, ...]:
    """The limits, in seconds, at which all of a pool's values are counted exactly; empty if at any."""
    if not isinstance(metrics, BucketedMetrics):
        return ()
    each = (metrics.bounds(source.series(recipe.name)) for source in (*pool.legacy, *pool.candidate))
    known = [set(bounds) for bounds in each if bounds]
    common = sorted(set.intersection(*known)) if known else ()
    seconds = recipe.unit.total_seconds()
    found = tuple(bound * seconds for bound in common)
    return found or ((0.0,) if known else ())  # histograms without a common bound count nothing


def _stream(plan: _Plan, first: datetime, minutes: Minutes, notes: list[str], before: Arm | None) -> Stream:
    metric, pool = plan.compared.metric, plan.compared.pool
    called = f"{metric} of {', '.join(pool.routes)}"
    if plan.latency and plan.limit is None:
        why = f"has had fewer than {ENOUGH} requests, too few for a limit"
        if plan.latency.limit:
            why = f"takes {plan.latency.limit:g} s or longer, more than the buckets of its histogram tell apart"
        notes.append(f"{called}: {pool.names[0]} {why}")
    read = [minutes.arm(tallied, plan.limit.since if plan.limit else None) for tallied in plan.tallies]
    if cut := max(number for _, number, _ in read):
        notes.append(f"{called}: in {count_of(cut, 'minute')} there were more events than requests; they are capped")
    if gaps := max(number for _, _, number in read):
        notes.append(f"{called}: {count_of(gaps, 'minute')} without data; these are no evidence")
    legacy, candidate, *harmful = (arm for arm, _, _ in read)
    above, legacy_above = harmful or (None, None)
    return Stream(metric, pool.routes, first, legacy, candidate, plan.latency, above, before, legacy_above, pool.names)


def _is_logged(tallied: Tally) -> bool:
    return any(series.namespace == REPORTS for series in tallied.series)


def _minute(time: datetime) -> datetime:
    return time.replace(second=0, microsecond=0)
