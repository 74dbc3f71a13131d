"""The judge: the verdict on a candidate from a step's requests. Pure.

The candidate is compared with legacy at the same time, never in the past. The judge may run any number of times while
the streams grow, and these claims hold for all of a ramp's looks together:

- **Fail** if the candidate is significantly worse than the tolerance. A candidate within the tolerance on all metrics
  fails in at most `analysis.false_alarms` of the ramps. This budget is split over steps and streams.
- **Pass** if harm is ruled out on every stream, and by its recent minutes alone, too. A candidate that is harmful on
  one of them, from any minute on, passes a step with a probability of at most `analysis.missed` once it has been so
  for long enough: see `weighing.rule_out`.
- **Inconclusive** in between, with an estimate of the missing requests.
- **NoData** if there is nothing to compare, or if one implementation has fallen silent.

The judge keeps no state. `bets` and `eprocess` have the mathematics, and docs/judge.md has their limits: they assume
independent requests.

A latency is bad requests too: legacy's beyond its own limit, and the candidate's beyond a higher one. If as large a
share of the candidate's take longer than the higher limit as of legacy's than the lower one, the quantile is higher
by as much as they differ. So the limits are the margins, and the shares are compared as they are.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from rollout.analysis.bets import Blocks, Floats, alone
from rollout.analysis.defaults import bounds_of, on_worse_of
from rollout.analysis.dispersion import phis
from rollout.analysis.eprocess import log_worse
from rollout.analysis.freshness import silent_since
from rollout.analysis.metrics import MINUTE
from rollout.analysis.pooled import SHARE, together
from rollout.analysis.ruling_out import rule_out
from rollout.analysis.sentences import (
    called_metric,
    of_ceiling,
    of_fail,
    of_no_data,
    of_pass,
    of_silence,
    of_together,
    of_wait,
)
from rollout.analysis.streams import Arm, Kind, Stream
from rollout.analysis.verdicts import AnalysisResult, MetricResult, Verdict, called
from rollout.analysis.weighing import BAKE, FEWEST, PLENTY, Evidence, shares_of_budget, weigh
from rollout.inventory.ramp_settings import Analysis

_ORDER = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NO_DATA, Verdict.PASS)
_PER_CENT, _PER_SECOND = 100, 1000
_CLOSE = 1e-6
LATELY = 16
"""How many minutes with requests say at which pace they come."""


def judge(
    streams: Sequence[Stream],
    analysis: Analysis,
    *,
    steps: int,
    bake: timedelta = timedelta(minutes=BAKE),
    notes: Sequence[str] = (),
    part: float = 1.0,
) -> AnalysisResult:
    """Judge a step by its streams.

    Args:
        streams: From the step's first minute until now; the same ones at each look, in any order.
        analysis: The risks, and bounds that differ from the defaults.
        steps: The number of the ramp's steps, 1 or more.
        bake: How long the step is watched at least.
        notes: What can't be compared, and why.
        part: How much of the step's risk these streams have, above 0 to 1.

    Returns:
        The verdict, with a result for each stream.
    """
    streams = sorted((_warm(each, analysis) for each in streams), key=lambda stream: (stream.kind, stream.routes))
    shares = [analysis.false_alarms / steps * part * share for share in _shares(streams)]
    both = [(stream, share) for stream, share in zip(streams, shares, strict=True) if _comparable(stream)]
    parts = sum(stream.part for stream in streams)
    suspicious = [analysis.missed * part * stream.part / parts for stream, _ in both]
    several = {
        kind: [n for n, (stream, _) in enumerate(both) if stream.kind == kind]
        for kind, count in Counter(stream.kind for stream, _ in both).items()
        if count > 1 and on_worse_of(kind[0], analysis) == "fail"
    }
    own = [share * (1 - SHARE if stream.kind in several else 1) for stream, share in both]
    sums = dict[Kind, Floats]()
    found = weigh([each for each, _ in both], own, suspicious, analysis, bake=bake // MINUTE, together=sums)
    missing = [_no_data(stream) for stream in streams if not _comparable(stream)]
    pooled = [
        _together([found[n] for n in rows], sums[kind], SHARE * sum(both[n][1] for n in rows), analysis)
        for kind, rows in several.items()
        if not any(found[n].fault for n in rows)  # a route that fails by itself is named by itself
    ]
    results = [*(_compared(evidence, analysis) for evidence in found), *missing, *filter(None, pooled)]
    return concluded(results, notes)


def judge_alone(
    streams: Sequence[Stream],
    analysis: Analysis,
    *,
    steps: int,
    bake: timedelta = timedelta(minutes=BAKE),
    notes: Sequence[str] = (),
) -> AnalysisResult:
    """Judge a step at 100 per cent, where legacy has no requests to compare with.

    Metrics are compared with their `ceiling` in stacks.toml. Those without one are notes and not verdicts: without any
    ceiling a step passes once the candidate has requests. Without requests the verdict is NoData.

    Args:
        streams: As for `judge`; legacy's counts are left aside. A latency is judged if its `tolerated` is the ceiling.
        analysis: The risks, and the ceilings.
        steps: The number of the ramp's steps, 1 or more.
        bake: How long the step is watched at least.
        notes: What can't be compared, and why.
    """
    told, findings, unjudged = list(notes), list[MetricResult](), dict[str, None]()
    streams = [_warm(each, analysis) for each in streams]
    idle = not any(stream.candidate.requests.sum() for stream in streams)
    for stream, share in zip(streams, _shares(streams), strict=True):
        ceiling = _ceiling(stream, analysis)
        if idle or (ceiling and not stream.candidate.requests.sum()):
            findings.append(_no_data(stream))
        elif ceiling:
            findings.append(
                _against_ceiling(stream, ceiling, analysis.false_alarms / steps * share, analysis, bake // MINUTE)
            )
        else:
            unjudged[called_metric(stream)] = None
    if unjudged:
        told.append(f"without a ceiling, so not judged: {', '.join(unjudged)}")
    if streams and not findings:
        return AnalysisResult(
            Verdict.PASS, (), "not judged: legacy has no requests, and no metric has a ceiling", tuple(told)
        )
    return concluded(findings, told)


def _shares(streams: Sequence[Stream]) -> list[float]:
    return shares_of_budget([stream.metric for stream in streams], [stream.part for stream in streams])


def _comparable(stream: Stream) -> bool:
    return bool(stream.candidate.requests.sum() and stream.legacy.requests.sum())


def _warm(stream: Stream, analysis: Analysis) -> Stream:
    """A latency without the minutes after the raise, in which new environments start; errors count from the first."""
    cold = analysis.warm_up // MINUTE
    if stream.latency is None or not cold:
        return stream

    def later(arm: Arm) -> Arm:
        since = np.arange(len(arm.requests)) >= cold
        return Arm(arm.requests * since, arm.events * since)

    harmful, legacy_harmful = (arm and later(arm) for arm in (stream.harmful, stream.legacy_harmful))
    legacy, candidate = later(stream.legacy), later(stream.candidate)
    return replace(stream, legacy=legacy, candidate=candidate, harmful=harmful, legacy_harmful=legacy_harmful)


def _compared(evidence: Evidence, analysis: Analysis) -> MetricResult:
    stream = evidence.stream
    numbers = {
        "log-e-worse": evidence.log_worse,
        "log-e-worse-needed": evidence.log_worse_needed,
        "log-e-no-harm": evidence.log_no_harm,
        "log-e-no-harm-needed": evidence.log_no_harm_needed,
        "log-e-lately-worse": evidence.log_lately_worse,
        "log-e-lately-worse-needed": evidence.log_lately_worse_needed,
        "phi": evidence.phi,
    } | ({"sufficed": evidence.sufficed} if math.isfinite(evidence.sufficed) else {})
    silence = silent_since(stream)
    stops = on_worse_of(stream.metric, analysis) == "fail"
    if evidence.fault and (stops or evidence.suspicion):
        verdict = Verdict.FAIL if stops else Verdict.INCONCLUSIVE
        sentence = of_fail(evidence, analysis) + ("" if stops else "; it only holds the step")
        numbers |= {} if stream.latency else {"times-worse-at-least": evidence.at_least}
    elif silence:
        verdict, sentence = Verdict.NO_DATA, of_silence(stream, *silence)
    elif evidence.log_no_harm >= evidence.log_no_harm_needed and not evidence.suspicion:
        verdict, sentence = Verdict.PASS, of_pass(evidence, analysis)
    else:
        verdict, sentence = Verdict.INCONCLUSIVE, of_wait(evidence)
    return _finding(stream, verdict, sentence, evidence.needs, numbers)


def _together(each: Sequence[Evidence], by_ratio: Floats, alarm: float, analysis: Analysis) -> MetricResult | None:
    worse, streams = together(each, by_ratio, alarm, analysis), [one.stream for one in each]
    if worse is None:
        return None
    totals = ([arm.total for arm in arms] for arms in zip(*((s.legacy, s.candidate) for s in streams), strict=True))
    legacy, candidate = ((sum(bad for bad, _ in each), sum(count for _, count in each)) for each in totals)
    routes = tuple(dict.fromkeys(route for stream in streams for route in stream.routes))
    numbers = {"log-e-worse": worse.log_worse, "log-e-worse-needed": worse.log_worse_needed}
    sentence = of_together(streams[0], candidate, legacy, len(streams), analysis)
    (metric, codes), unit = streams[0].kind, streams[0].unit
    return MetricResult(metric, routes, Verdict.FAIL, legacy, candidate, sentence, None, numbers, unit, codes)


def _no_data(stream: Stream) -> MetricResult:
    return _finding(stream, Verdict.NO_DATA, of_no_data(stream), None, None)


def _finding(
    stream: Stream, verdict: Verdict, sentence: str, needs: int | None, numbers: Mapping[str, float] | None
) -> MetricResult:
    legacy, candidate, unit = stream.legacy.total, stream.candidate.total, stream.unit
    metric, codes = stream.kind
    pace = None if unit == "clients" else _pace(stream.candidate)
    return MetricResult(metric, stream.routes, verdict, legacy, candidate, sentence, needs, numbers, unit, codes, pace)


def _pace(arm: Arm) -> float | None:
    """Requests a minute, of the latest minutes that had some."""
    latest = arm.requests[arm.requests > 0][-LATELY:]
    return float(latest.mean()) if len(latest) else None


def _ceiling(stream: Stream, analysis: Analysis) -> float | None:
    """The share of bad requests that is allowed without legacy, 0 to 1."""
    ceiling = bounds_of(stream.metric, analysis)[2]
    if ceiling is None:
        return None
    if stream.latency is None:
        return min(ceiling / _PER_CENT, 1 - _CLOSE)
    counted = math.isclose(stream.latency.tolerated * _PER_SECOND, ceiling, rel_tol=_CLOSE)
    return 1 - stream.latency.quantile if counted else None


def _against_ceiling(stream: Stream, ceiling: float, alarms: float, analysis: Analysis, bake: int) -> MetricResult:
    arm, null = stream.candidate, np.array([ceiling])
    requests, bad = arm.requests[None, :].astype(float), arm.events[None, :].astype(float)
    phi = float(phis([stream], analysis)[0])
    worse = log_worse(alone(requests, bad, null, worse=True) / phi).max()
    bets = alone(requests, bad, null, worse=False) / phi
    blocks = Blocks(requests, bad, requests, bad, np.arange(len(arm.requests))[None])
    below = rule_out(blocks, bets[0], -math.log(analysis.missed), bake)[0]
    numbers = {
        "log-e-worse": float(worse),
        "log-e-worse-needed": -math.log(alarms),
        "log-e-no-harm": below,
        "log-e-no-harm-needed": -math.log(analysis.missed),
        "phi": phi,
    }
    many = (bad > 0).sum() >= FEWEST or bad.sum() >= PLENTY
    if many and worse >= -math.log(alarms):
        stops = on_worse_of(stream.metric, analysis) == "fail"
        verdict, how, risk = Verdict.FAIL if stops else Verdict.INCONCLUSIVE, "above", analysis.false_alarms
    elif (since := silent_since(stream)) and since[0] == "candidate":
        return _finding(stream, Verdict.NO_DATA, of_silence(stream, *since), None, numbers)
    elif below >= -math.log(analysis.missed):
        verdict, how, risk = Verdict.PASS, "below", analysis.missed
    else:
        verdict, how, risk = Verdict.INCONCLUSIVE, "not yet surely below", None
    return _finding(stream, verdict, of_ceiling(stream, ceiling, how, risk), None, numbers)


def concluded(findings: Iterable[MetricResult], notes: Sequence[str]) -> AnalysisResult:
    """The verdict on a step: Fail if one result fails, and Pass if all pass; of those of the same, the worst counts."""
    worst = {(each.metric, each.codes, each.routes): each for each in sorted(findings, key=_rank, reverse=True)}
    ranked = sorted(worst.values(), key=_rank)
    verdicts = {finding.verdict for finding in ranked}
    if Verdict.FAIL in verdicts:
        verdict = Verdict.FAIL
    elif verdicts <= {Verdict.NO_DATA}:
        verdict = Verdict.NO_DATA
    else:
        verdict = Verdict.PASS if verdicts == {Verdict.PASS} else Verdict.INCONCLUSIVE
    if not ranked:
        return AnalysisResult(verdict, (), "there is nothing to compare", tuple(notes))
    several = len({finding.routes for finding in ranked}) > 1
    sentence = f"{called(ranked[0].routes)}: {ranked[0].sentence}" if several else ranked[0].sentence
    return AnalysisResult(verdict, tuple(ranked), sentence, tuple(notes))


def _rank(finding: MetricResult) -> tuple[int, float, str, tuple[str, ...], tuple[str, ...]]:
    """Worst first: by how far the evidence exceeds the required level, or how much is missing."""
    numbers = finding.numbers or {}
    if finding.verdict is Verdict.FAIL:
        strength = numbers["log-e-worse-needed"] - numbers["log-e-worse"]
    else:
        strength = numbers.get("log-e-no-harm", 0.0)
    return _ORDER.index(finding.verdict), strength, finding.metric, finding.codes, finding.routes
