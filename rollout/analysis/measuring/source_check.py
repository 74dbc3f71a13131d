"""Whether a metrics source of others gives what a verdict needs, query by query. Pure but for its port.

A query that is written wrongly gives nothing, and so do errors that never happened. So only legacy's requests must be
there; what else gives nothing is a note with the query, for a person to look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollout.alb.state import AlbState
from rollout.analysis.measuring.pools import Pool, by_function, told_apart
from rollout.analysis.measuring.tallies import BY_FUNCTION, BY_TARGET_GROUP, Rate, Time, tally
from rollout.analysis.metrics import ARMS, MINUTE, Series
from rollout.analysis.ports import CheckedMetrics
from rollout.errors import Problem
from rollout.inventory.model import Arn, Environment

LOOK_BACK = timedelta(hours=1)
REQUESTS = frozenset({"RequestCount", "Invocations"})
_OPTIONS = "analysis.options"


@dataclass(frozen=True, slots=True)
class SourceFound:
    """What a source gives.

    Attributes:
        asked: How many queries there are.
        problems: Without which there is no verdict.
        notes: What may be right.
    """

    asked: int
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def judged_series(
    environment: Environment, live: AlbState, targets: Mapping[Arn, Sequence[str]]
) -> dict[Series, tuple[str, str]]:
    """What a verdict needs, each with its metric and whose it is; logs are left out.

    Args:
        targets: By target group, the ARNs of its functions.
    """
    groups, functions = told_apart(environment, live), by_function(environment, live, targets).pools
    found: dict[Series, tuple[str, str]] = {}
    for metric in environment.analysis.metrics:
        for kind, pools in ((BY_TARGET_GROUP, groups), (BY_FUNCTION, functions)):
            if recipe := kind.get(metric):
                for pool in pools:
                    found |= {series: (metric, arm) for series, arm in _series(recipe, pool)}
    return found


def _series(recipe: Rate | Time, pool: Pool) -> Iterator[tuple[Series, str]]:
    for arm, sources in zip(ARMS, (pool.legacy, pool.candidate), strict=True):
        if isinstance(recipe, Time):
            yield from ((source.series(recipe.name, "SampleCount"), arm) for source in sources)
        elif not recipe.logged:
            yield from ((series, arm) for series in tally(recipe, sources).series)


def check_source(
    environment: Environment,
    live: AlbState,
    targets: Mapping[Arn, Sequence[str]],
    metrics: CheckedMetrics,
    now: datetime,
) -> SourceFound:
    """Ask for the last hour.

    Args:
        targets: By target group, the ARNs of its functions.
        now: The time on AWS.

    Raises:
        AwsError: The source refused, or can't be reached.
    """
    asked = judged_series(environment, live, targets)
    end = now.replace(second=0, microsecond=0) - environment.analysis.delay // MINUTE * MINUTE
    problems, notes = list[Problem](), list[Problem]()
    for series, query in metrics.unanswered(tuple(asked), end - LOOK_BACK, end).items():
        metric, arm = asked[series]
        of = f"{series.name} of {arm}'s {series.dimensions[-1][1]}"
        if query is None:
            what = f"{of} has no query, so {metric} can't be judged"
            hint = f"add it to {_OPTIONS}.queries, or to {_OPTIONS}.absent if it doesn't occur there"
        else:
            what = f"{of}: {query} returns nothing for the last hour"
            hint = "fix the query if there were some; docs/plugins.md shows examples"
        found = Problem(what, where=_OPTIONS, hint=hint, code="metrics-unanswered")
        is_needed = query is None or (series.name in REQUESTS and arm == ARMS[0])
        (problems if is_needed else notes).append(found)
    return SourceFound(len(asked), tuple(problems), tuple(notes))
