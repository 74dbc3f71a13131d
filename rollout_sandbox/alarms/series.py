"""An alarm's datapoints, of what the sandbox has measured: the periods end with the last whole minute, as on AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from moto.cloudwatch.models import Alarm, MetricDataQuery

from rollout_sandbox.alarms.evaluation import COMPARISONS, LOOKED_BACK, Datapoint
from rollout_sandbox.alarms.metric_math import Value, compiled
from rollout_sandbox.alarms.reasons import Rule
from rollout_sandbox.metrics import MINUTE, Metric, Metrics
from rollout_sandbox.strict.statistics import statistic

Series = Callable[[int], Value]
"""A value by period, 0 for the last."""


def rule_of(alarm: Alarm) -> Rule:
    """What an alarm compares."""
    return Rule(
        alarm.comparison_operator,
        float(alarm.threshold),
        period_of(alarm),
        int(alarm.datapoints_to_alarm) if alarm.datapoints_to_alarm else None,
        alarm.statistic or alarm.extended_statistic or "",
    )


def period_of(alarm: Alarm) -> int:
    """An alarm's period in seconds: of several metrics' the longest."""
    every: Iterable[Any] = (alarm.period, *(q.metric_stat.period for q in alarm.metric_data_queries if q.metric_stat))
    return max(int(each) for each in every if each)


def datapoints(alarm: Alarm, metrics: Metrics, account: str, end: int) -> list[Datapoint | None]:
    """The datapoints that an evaluation looks at, the newest first.

    Args:
        alarm: A metric alarm.
        metrics: What was measured.
        account: Whose alarm it is.
        end: When the last period ended, in whole minutes, in seconds since 1970.
    """
    period = period_of(alarm)
    read = partial(_read, metrics, account, alarm.region_name, end, period)
    breaches, _ = COMPARISONS[alarm.comparison_operator]
    if alarm.metric_data_queries:
        watched = _worked_out(alarm.metric_data_queries, read)
    else:
        dimensions = [(each.name or "", each.value or "") for each in alarm.dimensions]
        name = alarm.statistic or alarm.extended_statistic or ""
        watched = read(alarm.namespace, alarm.metric_name, dimensions, name, alarm.unit)
    values = [watched(back) for back in range(int(alarm.evaluation_periods) + LOOKED_BACK)]
    return [
        None if value is None else Datapoint(end - (back + 1) * period, value, breaches(value, float(alarm.threshold)))
        for back, value in enumerate(values)
    ]


def _worked_out(queries: Sequence[MetricDataQuery], read: Callable[..., Series]) -> Series:
    """The series of the query that returns data."""
    found: dict[str, Series] = {}

    def of_expression(expression: str, back: int) -> Value:
        return compiled(expression)(lambda id_: found[id_](back))

    for query in queries:
        if query.metric_stat is None:
            found[query.id] = partial(of_expression, query.expression or "")
            continue
        stat = query.metric_stat
        dimensions = [(each.name or "", each.value or "") for each in stat.metric.dimensions]
        found[query.id] = read(stat.metric.namespace, stat.metric.metric_name, dimensions, stat.stat, stat.unit)
    shown = [query.id for query in queries if str(query.return_data).lower() not in {"false", "none"}]
    return found[shown[0] if shown else queries[0].id]


def _read(  # noqa: PLR0917 - what a metric is known by
    metrics: Metrics,
    account: str,
    region: str,
    end: int,
    period: int,
    namespace: str,
    name: str,
    dimensions: Iterable[tuple[str, str]],
    stat: str,
    unit: str | None,
) -> Series:
    compute = statistic(stat)
    every = metrics.of_units(Metric(account, region, namespace, name, tuple(sorted(dimensions))), unit)

    def of(back: int) -> Value:
        last = end - back * period
        minutes = (metrics.between(each, last - max(period, MINUTE), last) for each in every)
        values: list[float] = [value for found in minutes for each in found.values() for value in each]
        return float(compute(values)) if values else None

    return of
