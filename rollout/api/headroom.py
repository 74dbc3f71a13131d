"""How many environments of the candidate's functions a raise needs, by CloudWatch and Lambda; see `analysis.headroom`.

What is at work of the account's unreserved concurrency is its own metric, of which Lambda says to view the maximum.
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rollout.alb.state import AlbState
from rollout.analysis.cost.usage import Periods
from rollout.analysis.headroom import Headroom, Load, Timed, headroom
from rollout.analysis.measuring.split import counted
from rollout.analysis.measuring.volumes import volumes
from rollout.analysis.metrics import MINUTE, SINCE, Point, Series, Source, function
from rollout.analysis.ports import ConcurrencyLimits
from rollout.api.opened import Part
from rollout.errors import RolloutError
from rollout.inventory.model import Arn, Environment, Split
from rollout.inventory.on_aws import function_name_of

_UNRESERVED = Source("AWS/Lambda", ()).series("UnreservedConcurrentExecutions", "Maximum")
Found = Mapping[Series, tuple[Point, ...]]


@dataclass(frozen=True, slots=True)
class _Side:
    """A function of the candidate, the routes that it serves, and legacy's functions of these."""

    name: str
    routes: tuple[str, ...]
    legacy: tuple[str, ...]


class Headrooms(Part):
    """What a raise needs."""

    def __call__(
        self, live: AlbState, after: Mapping[str, Split], targets: Mapping[Arn, Sequence[str]]
    ) -> tuple[Headroom, ...] | str:
        """What functions need that get more requests; nothing of those without requests. Or why it isn't known.

        Args:
            after: The split of each route afterwards.
            targets: The registered targets of target groups.
        """
        sides = tuple(_sides(self._environment, live, after, targets))
        if not sides:
            return ()
        container, counts = self._container, counted(self._environment, live)
        end = container.utc.replace(second=0, microsecond=0)
        periods = Periods(end - SINCE, MINUTE, SINCE // MINUTE)
        names = tuple(dict.fromkeys(name for side in sides for name in (side.name, *side.legacy)))
        series = (_UNRESERVED, *counts.values(), *(each for name in names for each in _series(name)))
        try:
            with ThreadPoolExecutor(1) as pool:
                asked = pool.submit(container.described_functions.limits, [side.name for side in sides])
                found = container.aws_metrics.read(series, periods.first, end)
                limits = asked.result()
        except RolloutError as error:
            return error.what
        requests = {group: periods.sums(found[each]) for group, each in counts.items()}
        timed = {name: _timed(found, periods, (name,)) for name in names}
        left = _left(found, limits, timed)
        rooms = []
        for side in sides:
            if load := self._load(live, after, side, requests, (timed[side.name], _timed(found, periods, side.legacy))):
                own = limits.reserved.get(side.name)
                rooms.append(headroom(load, left if own is None else own, is_reserved=own is not None))
        return tuple(filter(None, rooms))

    def _load(
        self,
        live: AlbState,
        after: Mapping[str, Split],
        side: _Side,
        requests: Mapping[Arn, Sequence[float]],
        timed: tuple[Timed, Timed],
    ) -> Load | None:
        """What a function would get; None without requests. Routes that are counted together may be any of them."""
        environment = self._environment
        total = {group: round(math.fsum(each)) for group, each in requests.items()}
        by_route = volumes(environment, live, total, SINCE)
        counted_together = {by_route[name].routes: by_route[name].per_minute for name in side.routes}
        all_of = math.fsum(counted_together.values())
        if not all_of:
            return None

        def share(pick: Callable[[Iterable[float]], float]) -> float:
            return math.fsum(
                rate * pick(after[name].weight.share if name in side.routes else 0.0 for name in names)
                for names, rate in counted_together.items()
            )

        groups = {
            live.group_arn(group)
            for names in counted_together
            for name in names
            for group in (environment.routes[name].legacy, environment.routes[name].candidate)
        }
        minutes = _sum(requests[group] for group in groups if group in requests)
        return Load(side.name, minutes, (share(min) / all_of, share(max) / all_of), *timed)


def _sides(
    environment: Environment, live: AlbState, after: Mapping[str, Split], targets: Mapping[Arn, Sequence[str]]
) -> Iterator[_Side]:
    """The candidate's functions that get more requests."""
    serving: dict[str, list[str]] = {}
    for name, route in environment.routes.items():
        for target in targets.get(live.group_arn(route.candidate), ()):
            if ":function:" in target and name in after:
                serving.setdefault(function_name_of(target), []).append(name)
    splits = live.splits(environment)
    for name, routes in serving.items():
        raised = any(route not in splits or after[route].weight > splits[route].weight for route in routes)
        groups = (live.group_arn(environment.routes[route].legacy) for route in routes)
        legacy = (each for group in groups for each in targets.get(group, ()) if ":function:" in each)
        if raised:
            yield _Side(name, tuple(routes), tuple(dict.fromkeys(map(function_name_of, legacy))))


def _series(name: str) -> tuple[Series, ...]:
    of = function(name)
    return of.series("Invocations"), of.series("Duration"), of.series("Duration", "p99")


def _timed(found: Found, periods: Periods, names: Sequence[str]) -> Timed:
    """What functions took together; their percentile is the greatest of theirs."""
    none = (0.0,) * periods.number
    each = [[periods.sums(found[series]) for series in _series(name)] for name in names]
    slow = tuple(map(max, zip(none, *(p99 for *_, p99 in each), strict=True)))
    return Timed(_sum([none, *(n for n, _, _ in each)]), _sum([none, *(ms for _, ms, _ in each)]), slow)


def _left(found: Found, limits: ConcurrencyLimits, ours: Mapping[str, Timed]) -> float:
    """What others leave of the unreserved concurrency: as many as they had at work in the quietest minute are theirs.

    Legacy's functions are taken for unreserved: Lambda answers few such questions a second, and there may be many.
    """
    at_work = min((point.value for point in found[_UNRESERVED]), default=0.0)
    own = math.fsum(timed.busy for name, timed in ours.items() if name not in limits.reserved)
    return max(0.0, limits.unreserved - max(0.0, at_work - own))


def _sum(rows: Iterable[Sequence[float]]) -> tuple[float, ...]:
    return tuple(map(math.fsum, zip(*rows, strict=True)))
