"""The check that legacy is idle.

CloudWatch has no points without events, and none without data. So the lack of points for legacy proves something only
if the candidate, behind the same load balancer and in the same time, has points.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rollout.alb.state import AlbState
from rollout.analysis.metrics import MINUTE, Series, function, target_group
from rollout.analysis.ports import Metrics, TargetGroups
from rollout.base.formatting import count_of
from rollout.errors import Problem
from rollout.inventory.model import Arn, Environment
from rollout.inventory.quantities import format_duration

FINE = timedelta(days=1)
"""Up to this time minutes are counted; beyond it hours, which CloudWatch keeps for 455 days."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """CloudWatch's queries: a target group's requests, a function's invocations.

    Attributes:
        legacy: What must be idle.
        candidate: What must not be idle, or nothing is proven.
    """

    legacy: Mapping[str, Series] = field(default_factory=dict)
    candidate: Mapping[str, Series] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quiet:
    """The counts.

    Attributes:
        span: The counted time.
        legacy: By target group or function, its requests.
        candidate: By target group, its requests.
        gaps: By target group or function of legacy, how many periods aren't known.
        source: What counts them.
    """

    span: timedelta
    legacy: Mapping[str, int]
    candidate: Mapping[str, int]
    gaps: Mapping[str, int] = field(default_factory=dict)
    source: str = "CloudWatch"


class IdleCheck:
    """Asks CloudWatch whether legacy was idle.

    Args:
        target_groups: Where their functions are looked up, which others than the load balancer may invoke.
        on_quiet: Called if it was idle: for how long, and how many requests the candidate answered.
        now: The time in UTC.
        span: How long it must have been quiet, 1 min to 90 d; beyond a day in whole hours.
    """

    def __init__(
        self,
        environment: Environment,
        target_groups: TargetGroups,
        on_quiet: Callable[[timedelta, int], None],
        *,
        metrics: Callable[[], Metrics],
        now: Callable[[], datetime],
        span: timedelta,
    ) -> None:
        self._environment = environment
        self._target_groups = target_groups
        self._metrics = metrics
        self._now = now
        self._span = span
        self._on_quiet = on_quiet

    def missing(self, live: AlbState) -> tuple[Problem, ...]:
        """Why it isn't proven; where nothing is left of legacy there is nothing to prove.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        environment, span = self._environment, self._span
        targets = self._target_groups.targets(legacy_groups(environment, live))
        wanted = asked(environment, live, targets, span)
        if not wanted.legacy:
            return ()
        end = self._now().replace(second=0, microsecond=0)
        start = end - span if span <= FINE else (end - span).replace(minute=0)
        found = self._metrics().read((*wanted.legacy.values(), *wanted.candidate.values()), start, end)

        def sums(of: Mapping[str, Series]) -> dict[str, int]:
            known = {name: [point.value for point in found[series] if not point.is_gap] for name, series in of.items()}
            return {name: round(sum(values)) for name, values in known.items()}

        gaps = {name: sum(point.is_gap for point in found[series]) for name, series in wanted.legacy.items()}
        source = environment.analysis.source_name
        quiet = Quiet(span, sums(wanted.legacy), sums(wanted.candidate), gaps, source)
        problems = tuple(noise(quiet))
        if not problems:
            self._on_quiet(span, sum(quiet.candidate.values()))
        return problems


def asked(environment: Environment, live: AlbState, targets: Mapping[Arn, Sequence[str]], span: timedelta) -> Asked:
    """What to ask CloudWatch for, as far as it is on AWS.

    Args:
        targets: By target group, its targets; functions among them are asked for too, since others may invoke them.
        span: How long it must have been quiet.
    """
    period = MINUTE if span <= FINE else _HOUR
    legacy, candidate = dict[str, Series](), dict[str, Series]()
    for route in environment.routes.values():
        at = live.load_balancers.get(route.load_balancer)
        for name, found in ((route.legacy, legacy), (route.candidate, candidate)):
            group = live.group_arn(name)
            if at and group:
                found[f"target group {name}"] = replace(target_group(at, group).series("RequestCount"), period=period)
        for target in targets.get(live.group_arn(route.legacy), ()):
            if ":function:" in target:
                name = target.rpartition(":function:")[2]
                legacy[f"function {name}"] = replace(function(target).series("Invocations"), period=period)
    return Asked(legacy, candidate)


def noise(found: Quiet) -> Iterator[Problem]:
    """Why there is no evidence that legacy is idle."""
    during = f"in the last {format_duration(found.span)}"
    for place, count in found.legacy.items():
        if count:
            yield Problem(
                f"it had {count_of(count, 'request')} {during}",
                where=place,
                hint="find out who sends them, and wait until there are none for that long",
                code="legacy-not-idle",
            )
    for place, count in found.gaps.items():
        if count:
            yield Problem(
                f"{found.source} has gaps {during}, so no requests prove nothing",
                where=place,
                hint="find out with `rollout preflight` why, or wait until there are none for that long",
                code="metrics-gap",
            )
    for place, count in found.candidate.items():
        if not count:
            yield Problem(
                f"{found.source} has no request to it {during}, so no requests to legacy prove nothing",
                where=place,
                hint="send some, and try again in a few minutes",
                code="candidate-idle",
            )


def legacy_groups(environment: Environment, live: AlbState) -> tuple[Arn, ...]:
    """The routes' legacy target groups that are on AWS."""
    groups = (live.group_arn(route.legacy) for route in environment.routes.values())
    return tuple(dict.fromkeys(group for group in groups if group))
