"""The judge's claims, by simulation with a seed: the tables of docs/judge.md.

`judge.py 500` draws 500 ramps a line instead of 2,000, and `judge.py 500 clients rivals` prints only these tables.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from statistics import NormalDist

import numpy as np
from judge_faults import found, passes
from judge_lines import ANALYSIS, METRICS, ROUTES, SEED, STEPS, WEIGHTS, false_alarms, hangs
from judge_rivals import alarm_minute, kayenta_high, rivals
from judge_streams import MEDIAN, PER_MINUTE, SPREAD, Case, Ints, drawn, errors, limits, slower, stream
from scipy.stats import fisher_exact

from rollout.analysis.bets import Blocks, blocks_of, on_worse
from rollout.analysis.defaults import DEFAULTS
from rollout.analysis.eprocess import log_worse
from rollout.analysis.judge import judge
from rollout.analysis.planning import plan_ramp
from rollout.analysis.pooled import SHARE
from rollout.analysis.streams import Stream
from rollout.analysis.verdicts import Verdict
from rollout.analysis.weighing import guessed, shares_of_budget, tolerated, weigh
from rollout.inventory.quantities import Percent

BAKE = 30
LEVELS = {
    metric: ANALYSIS.false_alarms / STEPS * share / ROUTES
    for metric, share in zip(METRICS, shares_of_budget(METRICS), strict=True)
}
"""The risk of a false alarm of each of a ramp's streams; `SHARE` of it is for all routes together."""
DELAY = ANALYSIS.delay.total_seconds() / 60
RUNS, LONGEST = 1000, 120

SAME = (
    errors("server-errors", 0.001, 0.001),
    errors("lambda-errors", 0.0005, 0.0005),
    errors("throttles", 0.0002, 0.0002),
    errors("client-errors", 0.05, 0.05),
    slower("latency-p50", 0),
    slower("latency-p99", 0),
)
FAULTS = {
    "5xx 0.1 % → 1 %": errors("server-errors", 0.001, 0.01),
    "p50 +20 %": slower("latency-p50", 0.2),
    "p99 +50 %": slower("latency-p99", 0.5),
    "5xx 0.1 % → 1 %, from minute 20 on": replace(errors("server-errors", 0.001, 0.01), begins=20),
    "a crash: 5xx 100 %": errors("server-errors", 0.001, 1.0),
    "a crash from minute 20 on": replace(errors("server-errors", 0.001, 1.0), begins=20),
}


def main() -> None:
    """Print the tables that are named, or all."""
    ramps = next((int(word) for word in sys.argv[1:] if word.isdigit()), 2000)
    named = [word for word in sys.argv[1:] if not word.isdigit()]
    began = time.perf_counter()
    print(f"Seed {SEED}; {ROUTES} routes, {len(METRICS)} metrics, {PER_MINUTE:,} requests a minute and route.\n")
    few = max(1, ramps // 10)
    tables: dict[str, Callable[[], Iterator[str]]] = {
        "requests": lambda: false_alarms(ramps, "requests"),
        "clients": lambda: false_alarms(ramps, "clients"),
        "hangs": lambda: hangs(few, "requests"),
        "hangs-clients": lambda: hangs(few, "clients"),
        "found": lambda: found(few),
        "passes": lambda: passes(max(1, few // 5)),
        "steps": lambda: _passes(np.random.default_rng([SEED, 1])),
        "faults": lambda: _found(np.random.default_rng([SEED, 2])),
        "rivals": lambda: rivals(few),
        "speed": lambda: _speed(np.random.default_rng([SEED, 3])),
    }
    for name in named or tables:
        for line in tables[name]():
            print(line, flush=True)
        print()
    print(f"{time.perf_counter() - began:.0f} s")


def _blocks(counts: dict[str, Ints], bad: str) -> Blocks:
    return blocks_of(*(counts[kind].astype(float) for kind in ("candidate", bad, "legacy", "legacy_bad")))


def _evidence(case: Case, counts: dict[str, Ints]) -> np.ndarray:
    one = stream(case, counts, 0, 1)
    blocks = _blocks(counts, "bad")
    ratio = tolerated(one, DEFAULTS[case.metric].tolerance)[0]
    runs = len(counts["bad"])
    return log_worse(on_worse(blocks, guessed([one] * runs), np.full(runs, ratio)).log_bets(blocks))


def _first_fails(case: Case, counts: dict[str, Ints], level: float) -> Ints:
    """The minutes after which the judge fails each run by its own evidence; a large number where it never does."""
    enough = _evidence(case, counts) >= -math.log(level)
    found = np.full(len(enough), 10**9)
    for run in map(int, np.flatnonzero(enough.any(axis=1))):
        for minute in map(int, np.flatnonzero(enough[run]) + 1):
            if weigh([stream(case, counts, run, minute)], [level], [level], ANALYSIS)[0].fault:
                found[run] = minute
                break
    return found


def _passes(random: np.random.Generator) -> Iterator[str]:
    yield "| weight | a good candidate passes all 48: median | 95 % of steps | planned | never within 4 hours |"
    yield "| ---: | ---: | ---: | ---: | ---: |"
    steps = 60
    for weight in WEIGHTS:
        every, longest = (5, 240) if weight < WEIGHTS[2] else (2, 60)
        drawn_all = [(case, drawn(case, weight, steps * ROUTES, longest, random)) for case in SAME]
        minutes = np.full(steps, 10**6)
        for step in range(steps):
            for minute in range(every * 2, longest + 1, every):
                rows = range(step * ROUTES, (step + 1) * ROUTES)
                streams = [
                    replace(stream(case, counts, row, minute), routes=(str(row),))
                    for case, counts in drawn_all
                    for row in rows
                ]
                if judge(streams, ANALYSIS, steps=STEPS).verdict is Verdict.PASS:
                    minutes[step] = minute
                    break
        percent = Percent.of(round(weight * 100))
        plan = plan_ramp(
            PER_MINUTE, 0.001, 0.01, (percent, Percent.of(100)), ANALYSIS, longest=timedelta(days=1), pools=ROUTES
        )
        median, most, planned = (
            np.median(minutes),
            np.quantile(minutes, 0.95),
            (plan.steps[0].clear or 0) / PER_MINUTE / weight,
        )
        never = (minutes > longest).mean()
        yield f"| {weight:.0%} | {median:.0f} min | {most:.0f} min | {planned:.0f} min | {never:.1%} |"


def _found(random: np.random.Generator) -> Iterator[str]:
    weight = WEIGHTS[0]
    yield (
        "| fault | fixed-size test | one comparison: found, requests | of the fixed size "
        "| one of 48 in five steps: found, requests | of the fixed size "
        "| minutes | bad requests | Kayenta: High | CodeDeploy: in time | bad requests |"
    )
    yield f"| --- |{' ---: |' * 10}"
    for name, case in FAULTS.items():
        counts = drawn(case, weight, RUNS, LONGEST, random)
        fixed = _fixed_size(case, weight)
        row = [name, f"{fixed:,.0f}" if fixed > 1 else ""]
        for level in (ANALYSIS.false_alarms, (1 - SHARE) * LEVELS[case.metric]):
            minutes = _first_fails(case, counts, level) - case.begins
            requests = np.median(minutes) * PER_MINUTE * weight
            row += [
                f"{(minutes <= LONGEST).mean():.1%}, {requests:,.0f}",
                f"{requests / fixed:.2f}" if fixed > 1 else "",
            ]
        seen = np.minimum(minutes + case.begins + round(DELAY), LONGEST) - 1
        lost = np.cumsum(counts["bad"], axis=1)[np.arange(RUNS), seen]
        row += [f"{np.median(minutes) + DELAY:.0f}", f"{np.median(lost):,.0f}" if "latency" not in case.metric else ""]
        row += [f"{_kayenta(case, counts, weight, random).mean():.0%}", *_code_deploy(case, random)]
        yield f"| {' | '.join(row)} |"


def _fixed_size(case: Case, weight: float) -> float:
    """The candidate's requests that a test of two shares takes at a level of 0.01 with a power of 0.95."""
    alpha, power = (NormalDist().inv_cdf(share) for share in (0.99, 0.95))
    share, p, q = (1 - weight) / weight, case.legacy, case.candidate
    pooled = (q + share * p) / (1 + share)
    null = math.sqrt(pooled * (1 - pooled) * (1 + 1 / share))
    return ((alpha * null + power * math.sqrt(q * (1 - q) + p * (1 - p) / share)) / (q - p)) ** 2


def _kayenta(case: Case, counts: dict[str, Ints], weight: float, random: np.random.Generator) -> np.ndarray:
    if "latency" not in case.metric:
        pairs = (("bad", "candidate"), ("legacy_bad", "legacy"))
        return kayenta_high(*(counts[bad][:, :BAKE] / counts[of][:, :BAKE] for bad, of in pairs))
    runs, by, quantile = 100, {"latency-p50": 1.2, "latency-p99": 1.5}[case.metric], limits(case.metric).quantile
    points = []
    for times, share in ((by, weight), (1, 1 - weight)):
        size = (runs, BAKE, round(PER_MINUTE * share))
        points.append(np.quantile(random.lognormal(math.log(MEDIAN * times), SPREAD, size), quantile, axis=2))
    return kayenta_high(*points)


def _code_deploy(case: Case, random: np.random.Generator) -> tuple[str, str]:
    """10 per cent for five minutes, then all, with an alarm on the candidate's rate of errors for an hour."""
    if "latency" in case.metric:
        return "", ""
    first = drawn(case, 0.1, RUNS, 5, random)
    then = drawn(replace(case, begins=max(0, case.begins - 5)), 1.0, RUNS, 55, random)
    bad, requests = (np.concatenate([first[kind], then[kind]], axis=1) for kind in ("bad", "candidate"))
    minutes = alarm_minute(bad, requests)
    lost = np.cumsum(bad, axis=1)[np.arange(RUNS), np.minimum(minutes + 1, 60) - 1]
    return f"{(minutes <= len(first['bad'][0])).mean():.0%}", f"{np.median(lost):,.0f}"


def _speed(random: np.random.Generator) -> Iterator[str]:
    routes, minutes = 100, 1440
    streams = [
        replace(stream(case, counts, route, minutes), routes=(str(route),))
        for case in SAME
        for counts in [drawn(case, WEIGHTS[0], routes, minutes, random)]
        for route in range(routes)
    ]
    times = [_seconds(lambda: judge(streams, ANALYSIS, steps=STEPS)) for _ in range(5)]
    bare = _seconds(lambda: [fisher_exact(_table(each)) for each in streams])
    yield f"A judgement of {routes} routes, {len(METRICS)} metrics and 24 hours: {min(times):.2f} s; a bare loop of"
    yield f"scipy.stats.fisher_exact over the same totals, one look each: {bare:.2f} s. Both are the processor's time."


def _seconds(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def _table(each: Stream) -> list[list[int]]:
    return [[int(arm.events.sum()), int((arm.requests - arm.events).sum())] for arm in (each.candidate, each.legacy)]


if __name__ == "__main__":
    main()
