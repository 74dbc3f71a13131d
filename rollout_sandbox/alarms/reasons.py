"""Why an alarm is in its state, in AWS's words and in its JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rollout_sandbox.alarms.evaluation import COMPARISONS, Datapoint, State, Verdict


@dataclass(frozen=True, slots=True)
class Rule:
    """What an alarm compares.

    Attributes:
        comparison: AWS's name of the operator.
        threshold: What with.
        period: In seconds.
        to_alarm: How many datapoints have to breach; None where that wasn't said.
        statistic: Of a single metric.
    """

    comparison: str
    threshold: float
    period: int
    to_alarm: int | None
    statistic: str = ""


def stamp(time: datetime) -> str:
    """A time as CloudWatch's events have it."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}+0000"


def reason(rule: Rule, before: State, state: State, verdict: Verdict) -> str:
    """StateReason."""
    if state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {_counted(verdict.filled, 'datapoint')} {_be(verdict.filled)} unknown."
    if not verdict.points:
        treated = "Breaching" if state == "ALARM" else "NonBreaching"
        told = f"{_counted(verdict.filled, 'missing datapoint')} {_be(verdict.filled)} treated as [{treated}]."
        return f"Threshold Crossed: no datapoints were received for {_counted(verdict.filled, 'period')} and {told}"
    proving = [point for point in verdict.points if point.breaches == (state == "ALARM")] or list(verdict.points)
    count, evaluated = len(proving), len(verdict.points) + verdict.filled
    listed = ", ".join(f"{point.value!r} ({_time(point):%d/%m/%y %H:%M:%S})" for point in proving)
    words = COMPARISONS[rule.comparison][1]
    compared = f"{'' if state == 'ALARM' else 'not '}{words} the threshold ({rule.threshold!r})"
    if rule.to_alarm is None:
        return f"Threshold Crossed: {_counted(count, 'datapoint')} [{listed}] {_be(count)} {compared}."
    least = rule.to_alarm if state == "ALARM" else max(1, evaluated - rule.to_alarm + 1)
    return (
        f"Threshold Crossed: {count} out of the last {evaluated} datapoints [{listed}] {_be(count)} {compared} "
        f"(minimum {_counted(least, 'datapoint')} for {before} -> {state} transition)."
    )


def reason_data(rule: Rule, verdict: Verdict, now: datetime) -> str:
    """StateReasonData."""
    oldest_first = verdict.points[::-1]
    start: dict[str, Any] = {"startDate": stamp(_time(oldest_first[0]))} if oldest_first else {}
    statistic = {"statistic": rule.statistic} if rule.statistic else {}
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": stamp(now),
            **start,
            **statistic,
            "period": rule.period,
            "recentDatapoints": [point.value for point in oldest_first],
            "threshold": rule.threshold,
            "evaluatedDatapoints": _listed(verdict.points),
        },
        separators=(",", ":"),
    )


def composite_reason(arn: str, state: State, now: datetime) -> str:
    """StateReason of a composite alarm, by the part that changed."""
    return f"{arn} transitioned to {state} at {now:%A %d %B, %Y %H:%M:%S} UTC"


def composite_reason_data(arn: str, state: State, now: datetime) -> str:
    """StateReasonData of a composite alarm, by the part that changed."""
    part = {"arn": arn, "state": {"value": state, "timestamp": stamp(now)}}
    return json.dumps({"triggeringAlarms": [part]}, separators=(",", ":"))


def _listed(points: Sequence[Datapoint]) -> list[dict[str, Any]]:
    return [{"timestamp": stamp(_time(point)), "value": point.value} for point in points]


def _time(point: Datapoint) -> datetime:
    return datetime.fromtimestamp(point.start, UTC)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _be(count: int) -> str:
    return "was" if count == 1 else "were"
