"""How often a good candidate fails or hangs, by requests and by clients: ramps of one kind of traffic, judged."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from judge_streams import START, limits
from judge_traffic import CODES, ERRORS, HISTORY, LINES, WARM_UP, Step, Traffic, by_clients, by_requests
from numpy.typing import NDArray
from scipy.stats import beta

from rollout.analysis.bets import blocks_of, on_more, on_worse
from rollout.analysis.by_client import EVERY, judge_clients
from rollout.analysis.defaults import DEFAULTS
from rollout.analysis.eprocess import log_worse
from rollout.analysis.judge import judge
from rollout.analysis.measuring.clients import LAST
from rollout.analysis.metrics import MINUTE, Unit
from rollout.analysis.streams import Arm, Kind, Stream, Window
from rollout.analysis.verdicts import AnalysisResult, Verdict
from rollout.analysis.weighing import guessed, shares_of_budget, tolerated
from rollout.inventory.ramp_settings import Analysis, Metric, MetricName

SEED = 6
ANALYSIS = Analysis()
METRICS = ANALYSIS.metrics
ROUTES, STEPS, WEIGHTS = 8, 5, (0.05, 0.1, 0.25, 0.5)
LASTS: Mapping[Unit, tuple[int, int]] = {"requests": (46, 30), "clients": (120, 60)}
"""Minutes of the first step and of the others."""
TOGETHER = 50  # ramps that are drawn at once
HANG = 240
"""The minute at which a good step should have passed, whatever it once looked like."""
LOOKS = (6, 10, 20)
"""Minutes at which one looks, besides the last: there, clients' phi is hardly known."""
_SHARES = dict(zip(METRICS, shares_of_budget(METRICS), strict=True))
Flags = NDArray[np.bool_]
Drawn = Mapping[Kind, Mapping[int, Step]]


def false_alarms(ramps: int, unit: Unit) -> Iterator[str]:
    """A table of each line's failed ramps."""
    yield f"| both sides alike, by {unit} | ramps | before | rolled back | 95 % interval up to | seconds |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for number, (name, (before, traffic, metrics)) in enumerate(LINES.items()):
        if unit == "clients" and not traffic.has_clients:
            continue
        random, began, failed = np.random.default_rng([SEED, number]), time.process_time(), 0
        for start in range(0, ramps, TOGETHER):
            some = min(TOGETHER, ramps - start)
            failed += int(fails(traffic, metrics, some, unit, random).sum())
            _progress(f"{name}, by {unit}: {failed} of {start + some}")
        upper = beta(failed + 1, max(1, ramps - failed)).ppf(0.975)
        seconds = time.process_time() - began
        yield f"| {name} | {ramps:,} | {before} | {failed / ramps:.2%} | {upper:.2%} | {seconds:.0f} |"


def hangs(ramps: int, unit: Unit) -> Iterator[str]:
    """A table of first steps that are still held by a suspicion after `HANG` minutes."""
    yield f"| both sides alike, by {unit} | steps | held by a suspicion after {HANG} minutes | seconds |"
    yield "| --- | ---: | ---: | ---: |"
    for number, (name, (_, traffic, metrics)) in enumerate(LINES.items()):
        if unit == "clients" and not traffic.has_clients:
            continue
        random, began, held = np.random.default_rng([SEED, number, 1]), time.process_time(), 0
        for start in range(0, ramps, TOGETHER):
            some = min(TOGETHER, ramps - start)
            drawn = draw(traffic, metrics, WEIGHTS[0], (some, HANG), unit, random)
            for ramp in range(some):
                found = judged(traffic, drawn, ramp, unit, random)
                held += found.verdict is not Verdict.FAIL and any(
                    "seems worse" in one.sentence for one in found.findings
                )
            _progress(f"{name}, by {unit}: {held} of {start + some} held")
        yield f"| {name} | {ramps:,} | {held / ramps:.1%} | {time.process_time() - began:.0f} |"


def fails(
    traffic: Traffic, metrics: tuple[MetricName, ...], ramps: int, unit: Unit, random: np.random.Generator
) -> Flags:
    """Which ramps fail, at whichever minute one looks.

    A power of at most 1 of evidence that doesn't suffice doesn't either, so the full judgement is for the others.
    """
    failed = np.zeros(ramps, dtype=bool)
    for weight in WEIGHTS:
        minutes = LASTS[unit][weight > WEIGHTS[0]]
        drawn = draw(traffic, metrics, weight, (ramps, minutes), unit, random)
        maybe = np.zeros(ramps, dtype=bool)
        for (metric, codes), windows in drawn.items():
            for since, step in windows.items():
                warm = _warm(step) if unit == "requests" and "latency" in metric else step
                maybe |= _may_fail(metric, warm, (0.25 if since else 1.0) / (len(CODES) if codes else 1))
        for ramp in map(int, np.flatnonzero(maybe & ~failed)):
            looks = (judged(traffic, drawn, ramp, unit, random, look) for look in (*LOOKS, minutes))
            failed[ramp] = any(found.verdict is Verdict.FAIL for found in looks)
        if unit == "clients":
            failed |= _crashes(traffic, metrics, weight, ramps, random)
    return failed


def draw(
    traffic: Traffic,
    metrics: tuple[MetricName, ...],
    weight: float,
    size: tuple[int, int],
    unit: Unit,
    random: np.random.Generator,
) -> Drawn:
    """A step of so many ramps and minutes, by kind and the minute that a window begins with; by clients 4xx by code."""
    whole = size[0] * ROUTES, size[1]
    if unit == "requests":
        return {(metric, ()): {0: by_requests(traffic, metric, weight, whole, random)} for metric in metrics}
    kinds = {(metric, code): part for metric in metrics for code, part in _codes_of(metric).items()}
    return {
        kind: by_clients(replace(traffic, part=part), kind[0], weight, whole, random) for kind, part in kinds.items()
    }


def _codes_of(metric: MetricName) -> Mapping[tuple[str, ...], float]:
    return CODES if metric == "client-errors" else {(): 1.0}


def judged(
    traffic: Traffic, drawn: Drawn, ramp: int, unit: Unit, random: np.random.Generator, minutes: int = HANG
) -> AnalysisResult:
    """The verdict on one ramp's step after some minutes."""
    analysis, windows = _analysis(tuple({metric: None for metric, _ in drawn})), dict[int, list[Stream]]()
    for (metric, codes), steps in drawn.items():
        history = by_requests(traffic, metric, 0.0, (ROUTES, HISTORY), random)
        for since, step in steps.items():
            some = _until(step, minutes - since)
            kept = since < minutes and (not since or since // EVERY > (minutes - 1) // EVERY - LAST)
            for route in range(ROUTES) if kept else ():
                one = stream(metric, some, ramp, route, history, unit, since)
                windows.setdefault(since, []).append(replace(one, codes=codes))
    if unit == "requests":
        return judge(windows[0], analysis, steps=STEPS)
    silent = Arm(np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))  # a crash is looked for by itself
    counted = [replace(one, unit="requests", legacy=silent, candidate=silent, codes=()) for one in windows[0]]
    logged = [Window(since, tuple(each)) for since, each in windows.items()]
    return judge_clients(logged, counted, analysis, steps=STEPS)


def _until(step: Step, minutes: int) -> Step:
    return Step(*(each[:, :minutes] for each in (step.candidate, step.bad, step.legacy, step.legacy_bad)))


def _warm(step: Step) -> Step:
    later = np.arange(step.bad.shape[1]) >= WARM_UP
    return Step(step.candidate * later, step.bad * later, step.legacy * later, step.legacy_bad * later)


def stream(
    metric: MetricName,
    step: Step,
    ramp: int,
    route: int,
    history: Step | None = None,
    unit: Unit = "requests",
    since: int = 0,
) -> Stream:
    """One route's, as the judge takes it."""
    row = ramp * ROUTES + route
    latency = limits(metric) if "latency" in metric else None
    candidate, legacy = Arm(step.candidate[row], step.bad[row]), Arm(step.legacy[row], step.legacy_bad[row])
    before = Arm(history.legacy[route], history.legacy_bad[route]) if history else None
    harmful = candidate if latency else None
    return Stream(metric, (str(route),), START + since * MINUTE, legacy, candidate, latency, harmful, before, unit=unit)


def _analysis(metrics: tuple[MetricName, ...]) -> Analysis:
    """What these metrics have of the risks of all."""
    return Analysis(
        metrics=metrics,
        false_alarms=ANALYSIS.false_alarms * sum(_SHARES[metric] for metric in metrics),
        missed=ANALYSIS.missed * len(metrics) / len(METRICS),
        metric={metric: Metric(on_worse="fail") for metric in metrics},
        warm_up=ANALYSIS.warm_up,
    )


def _may_fail(metric: MetricName, step: Step, part: float, ratio: float | None = None) -> Flags:
    """Which ramps have so much evidence that they may fail."""
    blocks = blocks_of(step.candidate, step.bad, step.legacy, step.legacy_bad)
    one, streams = stream(metric, step, 0, 0), len(blocks.candidate)
    tolerance = tolerated(one, DEFAULTS[metric].tolerance)
    bets = on_worse(blocks, guessed([one] * streams), np.full(streams, ratio or tolerance[0])).log_bets(blocks)
    needed = -np.log(ANALYSIS.false_alarms / STEPS * _SHARES[metric] * part)
    own = log_worse(bets).max(axis=1) >= needed + np.log(ROUTES)
    some = np.flatnonzero(own)
    if one.latency is None and not ratio and some.size:
        more = on_more(blocks.of(some), guessed([one] * len(some)), np.full(len(some), tolerance[1]))
        own[some] = log_worse(more.log_bets(blocks.of(some))).max(axis=1) >= needed + np.log(ROUTES)
    sums = np.zeros((streams // ROUTES, step.bad.shape[1], bets.shape[2]))
    np.add.at(sums, (np.repeat(np.arange(len(sums)), ROUTES)[:, None], blocks.ends), bets)
    return np.asarray(own.reshape(-1, ROUTES).any(axis=1) | (log_worse(sums).max(axis=1) >= needed))


def _crashes(
    traffic: Traffic, metrics: tuple[MetricName, ...], weight: float, ramps: int, random: np.random.Generator
) -> Flags:
    """Which ramps fail by CloudWatch's counts, beside clients."""
    errors = tuple(metric for metric in metrics if metric in (*ERRORS, "client-errors"))
    failed = np.zeros(ramps, dtype=bool)
    drawn = draw(traffic, errors, weight, (ramps, LASTS["requests"][weight > WEIGHTS[0]]), "requests", random)
    maybe = np.zeros(ramps, dtype=bool)
    for (metric, _), windows in drawn.items():
        maybe |= _may_fail(metric, windows[0], 0.05, 10.0)
    for ramp in map(int, np.flatnonzero(maybe)):
        streams = list[Stream]()
        for (metric, _), windows in drawn.items():
            history = by_requests(traffic, metric, 0.0, (ROUTES, HISTORY), random)
            streams += (stream(metric, windows[0], ramp, route, history) for route in range(ROUTES))
        failed[ramp] = judge_clients((), streams, _analysis(errors), steps=STEPS).verdict is Verdict.FAIL
    return failed


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)
