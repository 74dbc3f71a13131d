"""Judges what a step's requests cost, over the minutes of the other metrics; see `[analysis] not-dearer`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from rollout.analysis.cost.dearer import FEWEST, Rate, is_dearer, rate
from rollout.analysis.cost.ledger import MILLION, missing_prices, rounding, spent_by_period
from rollout.analysis.cost.prices import Prices, prices_of
from rollout.analysis.cost.usage import Periods, Usage, usages
from rollout.analysis.measuring.pools import Pool, by_function
from rollout.analysis.metrics import MINUTE, Source
from rollout.analysis.verdicts import MetricResult, Verdict
from rollout.inventory.on_aws import function_name_of

if TYPE_CHECKING:
    from rollout.alb.state import AlbState
    from rollout.analysis.ports import FunctionSettings
    from rollout.api.container import Container
    from rollout.inventory.model import Arn, Environment

METRIC = "cost"


@dataclass
class CostJudge:
    """Keep it for a ramp: it asks for functions once.

    Args:
        container: The parts.
        environment: With the ramp's routes alone.
    """

    container: Container
    environment: Environment
    _targets: dict[Arn, tuple[str, ...]] = field(default_factory=dict, init=False)
    _settings: dict[str, FunctionSettings] = field(default_factory=dict, init=False)

    def results(self, live: AlbState, first: datetime, until: datetime, steps: int) -> Iterator[MetricResult]:
        """A result for each pool of functions: a Pass unless it is surely dearer, and never a Fail.

        Args:
            live: The live state.
            first: The step's first minute.
            until: The end of its last one.
            steps: The number of the ramp's steps.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        analysis = self.environment.analysis
        number = (until - first) // MINUTE
        warm = min(number, analysis.warm_up // MINUTE)  # new environments start
        pools = by_function(self.environment, live, self._behind(live)).pools
        functions = {_name(source): source for pool in pools for source in (*pool.legacy, *pool.candidate)}
        if not functions or number - warm < 1:
            yield from (self._no_data(pool, "too few minutes with requests for the costs") for pool in pools)
            return
        logs = self.container.logs if "cold-starts" in analysis.metrics else None
        settings = {name: self._settings[name] for name in functions}
        periods = Periods(first + warm * MINUTE, MINUTE, number - warm)
        used = usages(settings, self.container.aws_metrics, logs, periods)
        prices = prices_of(self.environment)
        for pool in pools:
            yield self._judged(pool, used, prices, analysis.false_alarms / steps)

    def _judged(self, pool: Pool, used: Mapping[str, Usage], prices: Prices, risk: float) -> MetricResult:
        sides = [[(used[_name(each)], prices) for each in side] for side in (pool.legacy, pool.candidate)]
        if missing := sorted({key for side in sides for one in side for key in missing_prices(*one)}):
            return self._no_data(pool, f"the costs aren't known: [cost] lacks {', '.join(missing)}")
        rates = [_rate(side) for side in sides]
        legacy, candidate = rates
        if legacy is None or candidate is None:
            return self._no_data(pool, f"fewer than {FEWEST} minutes with requests on both sides for the costs")
        allowed = self.environment.analysis.not_dearer or 0.0
        unsure = sum(
            rounding(side) / each.requests * factor
            for side, each, factor in zip(sides, (legacy, candidate), (1 + allowed, 1.0), strict=True)
        )
        dearer = is_dearer(legacy, candidate, allowed, risk, unsure=unsure)
        more = candidate.each / legacy.each - 1 if legacy.each else math.inf
        said = f"a million requests cost {_dollars(candidate)} against {_dollars(legacy)}, {more:+.0%}"
        said += f": surely more than the {allowed:.0%} allowed; it only holds the step" if dearer else ""
        verdict = Verdict.INCONCLUSIVE if dearer else Verdict.PASS
        both = [(each.each * each.requests, each.requests) for each in (legacy, candidate)]
        return MetricResult(METRIC, pool.routes, verdict, both[0], both[1], said)

    def _no_data(self, pool: Pool, said: str) -> MetricResult:
        return MetricResult(METRIC, pool.routes, Verdict.NO_DATA, (0, 0), (0, 0), said)

    def _behind(self, live: AlbState) -> Mapping[Arn, Sequence[str]]:
        """The functions of target groups, and their settings; read once."""
        lambdas = [group.arn for group in live.target_groups.values() if group.is_lambda]
        if set(lambdas) - self._targets.keys():
            self._targets = dict(self.container.load_balancers.targets(lambdas))
            arns = [arn for arns in self._targets.values() for arn in arns]
            found = self.container.described_functions.settings(arns)
            self._settings = {function_name_of(arn): each for arn, each in found.items()}
        return self._targets


def _rate(side: Sequence[tuple[Usage, Prices]]) -> Rate | None:
    dollars = [math.fsum(each) for each in zip(*(spent_by_period(*one) for one in side), strict=True)]
    requests = [math.fsum(each) for each in zip(*(usage.invocations for usage, _ in side), strict=True)]
    return rate(dollars, requests)


def _dollars(found: Rate) -> str:
    return f"{found.each * MILLION:,.2f} USD"


def _name(source: Source) -> str:
    return dict(source.dimensions)["FunctionName"]
