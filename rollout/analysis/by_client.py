"""The judge where access logs tell the client: each client counts once a route, in each of several windows. Pure.

Requests of one client are alike: its network, its data, its retries. So a few clients with many requests can look like
a fault, above all with cookies, which keep a client wholly on one side. Clients are assigned at random, so their shares
of bad requests are independent, from 0 to 1, and have their side's mean. All bets of the judge hold for them as they
are: one on a share of x is a^x·b^(1-x), which is convex in x and so at most x·a + (1-x)·b. Its expectation is at most
that of a bet on one request that is bad with the same mean.

A client that stays counts only once in a window, and so a fault that begins later isn't seen in it. That's why a window
begins every `EVERY` minutes. Each has a part of the risk, so that it doesn't matter how they depend on each other.

Logs are late, so CloudWatch's counts find a crash sooner. Whoever makes many requests may fail by itself, so this takes
far more than the tolerance, and a Pass never rests on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from rollout.analysis.defaults import DEFAULTS
from rollout.analysis.judge import concluded, judge
from rollout.analysis.metrics import MINUTE
from rollout.analysis.ruling_out import AGAIN, AGAINST
from rollout.analysis.streams import Stream, Window
from rollout.analysis.verdicts import AnalysisResult, MetricResult, Verdict
from rollout.analysis.weighing import BAKE, shares_of_budget
from rollout.inventory.ramp_settings import Analysis, Margin, Metric

EVERY = 30
"""Minutes from one window's beginning to the next one's, at least."""
_FIRST, _CRASH = 0.75, 0.05  # of the risk is the first window's, and of what clients are judged by a crash's
_CRASHED = Margin(relative=9, absolute=10)
"""A crash is ten times legacy's rate and ten points of a hundred more."""


def judge_clients(
    windows: Sequence[Window],
    streams: Sequence[Stream],
    analysis: Analysis,
    *,
    steps: int,
    bake: timedelta = timedelta(minutes=BAKE),
    notes: Sequence[str] = (),
) -> AnalysisResult:
    """Judge a step by clients, and by requests what logs don't tell.

    Args:
        windows: The first and the last ones, `EVERY` minutes or more apart, until now; with the same streams each.
        streams: By requests: metrics that no window has are judged as usual, and others by a crash alone.
        analysis: As for `judge`.
        steps: The number of the ramp's steps, 1 or more.
        bake: How long the step is watched at least.
        notes: What can't be compared, and why.

    Returns:
        The verdict: Fail if any window fails; Pass if the first one passes, all that are as long as the bake and have
        clients enough have ruled out harm, and none suspects it. A metric has one result for its routes: the worst one.
    """
    by_client = [stream for window in windows[:1] for stream in window.streams]
    logged = {stream.metric for stream in by_client}
    others = [stream for stream in streams if stream.metric not in logged] if windows else []
    crashing = [stream for stream in streams if stream.latency is None and stream not in others]
    judged = [*by_client, *others]
    shares = shares_of_budget([stream.metric for stream in judged], [stream.part for stream in judged])
    of_clients = sum(shares[: len(by_client)]) if windows else 1.0
    found, sufficed = list[MetricResult](), dict[tuple[str, tuple[str, ...], tuple[str, ...]], float]()
    if others:
        found += judge(others, analysis, steps=steps, bake=bake, part=1 - of_clients).findings
    before = {(stream.metric, route): stream.before for stream in streams for route in stream.routes}
    for window, part in zip(windows, _parts(windows), strict=True):
        each = [replace(one, before=before.get((one.metric, one.routes[0]))) for one in window.streams]
        warm = analysis.model_copy(update={"warm_up": max(timedelta(0), analysis.warm_up - window.since * MINUTE)})
        part *= of_clients * (1 - _CRASH)  # noqa: PLW2901 - a part of a part
        for result in judge(each, warm, steps=steps, bake=bake, part=part).findings:
            same, clients = (result.metric, result.codes, result.routes), result.candidate[1]
            if not window.since:
                sufficed[same] = (result.numbers or {}).get("sufficed", math.inf)
            is_long = _is_long(window, bake) and clients >= AGAIN * sufficed.get(same, math.inf)
            if not window.since or _prevents(result) or (is_long and not _has_ruled_out(result)):
                found.append(result)
    crashes = judge(crashing, _for_a_crash(analysis), steps=steps, bake=bake, part=of_clients * _CRASH).findings
    found += (each for each in crashes if each.verdict is Verdict.FAIL)
    return concluded(found, notes)


def _parts(windows: Sequence[Window]) -> Iterator[float]:
    """Each window's part of the risk; 1 in all, however many there will be."""
    for window in windows:
        number = window.since // EVERY
        yield (1 - _FIRST) / (number * (number + 1)) if number else _FIRST


def _is_long(window: Window, bake: timedelta) -> bool:
    return any(len(stream.legacy.requests) * MINUTE >= bake for stream in window.streams)


def _prevents(result: MetricResult) -> bool:
    """Whether a window that needn't rule out harm yet prevents a Pass: it fails, suspects, or has fallen silent."""
    numbers = result.numbers or {}
    suspects = numbers.get("log-e-lately-worse", 0.0) >= numbers.get("log-e-lately-worse-needed", 1.0)
    return result.verdict is Verdict.FAIL or suspects or (result.verdict is Verdict.NO_DATA and bool(numbers))


def _has_ruled_out(result: MetricResult) -> bool:
    """Whether a window once ruled out harm, and doesn't speak for it now: later faults are the next window's."""
    numbers = result.numbers or {}
    return "sufficed" in numbers and numbers["log-e-no-harm"] >= -AGAINST


def _for_a_crash(analysis: Analysis) -> Analysis:
    crashed = {
        metric: analysis.metric.get(metric, Metric()).model_copy(update={"tolerance": _CRASHED}) for metric in DEFAULTS
    }
    return analysis.model_copy(update={"metric": crashed})
