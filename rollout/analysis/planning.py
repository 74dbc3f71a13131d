"""Estimates how long each step of a ramp must be watched, before the ramp starts.

The judge needs a number of the candidate's requests to find a given harm, and to pass a candidate that is as good as
legacy. At a small weight they are few. A step of 1 per cent can take half a day and one of 5 per cent an hour, so a
ramp that starts at 5 gets its verdict sooner.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import NormalDist

import numpy as np

from rollout.analysis.bets import BETTER, Floats
from rollout.analysis.defaults import bounds_of
from rollout.analysis.eprocess import AT_ONCE, PRIOR
from rollout.analysis.pooled import SHARE
from rollout.analysis.weighing import FEWEST, growth_of_no_harm, growth_of_worse, shares_of_budget
from rollout.base.plain import Seconds
from rollout.inventory.quantities import Percent, format_duration
from rollout.inventory.ramp_settings import Analysis, MetricName

LEAST = timedelta(minutes=5)
"""The minimum for any step: caches fill and timers expire in their own time."""
_METRIC: MetricName = "server-errors"
_WHOLE = Percent.of(100)


@dataclass(frozen=True, slots=True)
class StepPlan:
    """What one step takes.

    Attributes:
        weight: Its weight.
        find: The candidate's requests to find the harm; None if no number suffices, as without legacy.
        clear: The requests to pass a candidate that is as good as legacy; None if no number suffices.
        bake: How long to watch it; None if unknown.
    """

    weight: Percent
    find: int | None
    clear: int | None
    bake: Seconds | None


@dataclass(frozen=True, slots=True)
class RampPlan:
    """What a ramp takes.

    Attributes:
        requests_per_minute: Of both implementations together.
        base: Legacy's share of bad requests, 0 to 1.
        harmful: The candidate's share to find.
        steps: What each step takes.
        longest: The maximum time of a step.
        notes: Further notes.
    """

    requests_per_minute: float
    base: float
    harmful: float
    steps: tuple[StepPlan, ...]
    longest: Seconds
    notes: tuple[str, ...] = ()

    @property
    def useful(self) -> tuple[StepPlan, ...]:
        """The steps that can be watched for long enough; none if there's only the last one, without legacy."""
        found = tuple(step for step in self.steps if step.bake and step.bake <= self.longest)
        return found if any(step.find for step in found) else ()

    @property
    def advice(self) -> tuple[str, ...]:
        """Which steps take too long, and where to start instead."""
        instead = f"start at {self.useful[0].weight} %" if self.useful else "every step takes too long"
        blind = (step for step in self.steps if step not in self.useful and step.weight != _WHOLE)
        return tuple(
            f"{step.weight} %: {format_duration(step.bake) if step.bake else 'never enough'}; {instead}"
            for step in blind
        )

    def as_toml(self, environment: str) -> str:
        """The schedule of the useful steps, for stacks.toml; empty if there are none."""
        if not self.useful:
            return ""
        weights = ", ".join(str(step.weight) for step in self.useful)
        bakes = [f'"{format_duration(step.bake)}"' for step in self.useful if step.bake]
        bake = bakes[0] if len(set(bakes)) == 1 else f"[{', '.join(bakes)}]"
        return f"[environments.{environment}]\nramp = {{ steps = [{weights}], bake = {bake} }}\n"


def plan_ramp(
    requests_per_minute: float,
    base: float,
    harmful: float,
    steps: Sequence[Percent],
    analysis: Analysis,
    *,
    longest: timedelta,
    pools: int = 1,
    notes: Sequence[str] = (),
) -> RampPlan:
    """Plan a ramp by the expected growth of the judge's evidence on errors.

    Args:
        requests_per_minute: Of both implementations together, above 0; where routes are judged one by one, of the one
            with the fewest.
        base: Legacy's share of bad requests, 0 to 1.
        harmful: The candidate's share to find in all but `analysis.missed` of the cases; above `base`, to 1.
        steps: The weights, above 0 to 100 per cent.
        analysis: How sure to be, and how much worse the candidate may be.
        longest: How long a step may be watched.
        pools: How many groups of routes are judged, 1 or more.
    """
    streams = [metric for metric in analysis.metrics for _ in range(pools)]
    alarms = analysis.false_alarms / len(steps) * shares_of_budget([*streams, _METRIC])[-1]
    alarms *= SHARE if pools > 1 else 1
    tolerance, harm, _ = bounds_of(_METRIC, analysis)
    lack = NormalDist().inv_cdf(1 - analysis.missed)
    of_all = NormalDist().inv_cdf((1 - analysis.missed) ** (1 / len(streams)))  # a step needs all of its streams
    planned = list[StepPlan]()
    for weight in steps:
        share = weight.tenths / _WHOLE.tenths
        if weight == _WHOLE:
            before = planned[-1].bake if planned else LEAST
            planned.append(StepPlan(weight, None, None, before))
            continue
        legacy = (1 - share) / share
        bounds = (1 + tolerance.relative, 0.0), (1.0, tolerance.absolute / 100)
        needed = -math.log(alarms * AT_ONCE) - np.log(PRIOR)
        finds = [
            _requests(*growth_of_worse(legacy, harmful, base, *bound), needed, (lack, -harmful)) for bound in bounds
        ]
        better = growth_of_no_harm(legacy, base, base, harm.relative, harm.absolute / 100)
        find = max((each for each in finds if each), default=None) if all(finds) else None
        clear = _requests(*better, np.full(len(BETTER), math.log(len(BETTER) / analysis.missed)), (of_all, base))
        if find and harmful - base <= tolerance.absolute / 100:
            find = None
        find = find and max(find, math.ceil(FEWEST / harmful))
        bake = None
        if find and clear:
            bake = _rounded(max(find, clear) / (requests_per_minute * share))
        planned.append(StepPlan(weight, find, clear, bake))
    return RampPlan(requests_per_minute, base, harmful, tuple(planned), longest, tuple(notes))


def _rounded(minutes: float) -> timedelta:
    """Rounded up to five minutes, or to an hour if there are several."""
    unit = timedelta(minutes=5) if minutes <= 120 else timedelta(hours=1)  # noqa: PLR2004 - two hours
    return max(LEAST, math.ceil(timedelta(minutes=minutes) / unit) * unit)


def _requests(means: Floats, variances: Floats, needed: Floats, luck: tuple[float, float]) -> int | None:
    """The fewest requests after which evidence suffices, unless luck is worse than so many standard deviations.

    Rare events are skewed, and one of them counts for much: by Cornish and Fisher's expansion (1938) a bad quantile is
    `(lack² - 1) / 6` of them worse than the normal distribution's, or better if they are what is looked for.

    Args:
        luck: The standard deviations, and the rate of bad requests, negative if they are evidence.
    """
    lack, rate = luck
    found = []
    for mean, variance, need in zip(means, variances, needed, strict=True):
        if mean <= 0:
            continue
        each = math.copysign(math.sqrt(variance / abs(rate)), rate) if rate else 0.0
        missing = max(0.0, need + (lack**2 - 1) / 6 * each)
        root = math.sqrt(lack**2 * variance + 4 * mean * missing)
        found.append(((lack * math.sqrt(variance) + root) / (2 * mean)) ** 2)
    return math.ceil(min(found)) if found else None
