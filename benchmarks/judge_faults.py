"""How soon a fault is found, and a good candidate passes, by requests and by clients, at 5 % or more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from judge_lines import ROUTES, SEED, Drawn, draw, judged
from judge_traffic import SESSIONS, VISITS, Step, Traffic

from rollout.analysis.metrics import Unit
from rollout.analysis.verdicts import Verdict
from rollout.inventory.ramp_settings import MetricName

LONGEST, TOGETHER, EVERY = 240, 50, 5
_ERRORS: tuple[MetricName, ...] = ("server-errors", "lambda-errors", "client-errors")
FAULTS: dict[str, tuple[float, int]] = {
    "5xx 0.1 % → 1 % on one route": (0.01, 1),
    "on all eight": (0.01, ROUTES),
    "5xx 0.1 % → 0.3 % on all eight": (0.003, ROUTES),
    "a crash of one: 5xx 50 %": (0.5, 1),
}
KINDS: dict[str, tuple[Unit, Traffic, float]] = {
    "by requests": ("requests", Traffic(), 0.05),
    "by requests, each failed one sent three times": ("requests", Traffic(at_once=3), 0.05),
    "by clients, 500 new ones a minute": ("clients", Traffic(population=VISITS), 0.05),
    "by clients, 50 new ones a minute": ("clients", Traffic(population=SESSIONS), 0.05),
    "the same, each failed request sent three times": ("clients", Traffic(at_once=3, population=SESSIONS), 0.05),
    "the same, at 25 %": ("clients", Traffic(population=SESSIONS), 0.25),
    "the same, at 50 %": ("clients", Traffic(population=SESSIONS), 0.5),
}


def found(ramps: int) -> Iterator[str]:
    """A table of the minutes of data until a step fails."""
    yield f"| minutes of data, median of {ramps} steps | {' | '.join(FAULTS)} | seconds |"
    yield f"| --- |{' ---: |' * (len(FAULTS) + 1)}"
    for number, (name, (unit, traffic, weight)) in enumerate(KINDS.items()):
        random, began, row = np.random.default_rng([SEED, 2, number]), time.process_time(), [name]
        for rate, routes in FAULTS.values():
            minutes = list[int]()
            for start in range(0, ramps, TOGETHER):
                size = min(TOGETHER, ramps - start), LONGEST
                good = draw(traffic, ("server-errors",), weight, size, unit, random)
                bad = draw(replace(traffic, fault=rate), ("server-errors",), weight, size, unit, random)
                drawn = _on(routes, bad, good)
                minutes += (_first_fail(traffic, drawn, ramp, unit, random) for ramp in range(size[0]))
            median = int(np.median(minutes))
            row.append(f"{median}" if median <= LONGEST else f"more than {LONGEST}")
        yield f"| {' | '.join(row)} | {time.process_time() - began:.0f} |"


def passes(steps: int) -> Iterator[str]:
    """A table of the minutes until a good candidate passes on all routes, by the errors that logs tell."""
    yield f"| good, {steps} steps | median | 95 % | never within {LONGEST} minutes | seconds |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for number, (name, (unit, traffic, weight)) in enumerate(KINDS.items()):
        random, began = np.random.default_rng([SEED, 3, number]), time.process_time()
        drawn = draw(traffic, _ERRORS, weight, (steps, LONGEST), unit, random)
        minutes = np.array([_first_pass(traffic, drawn, step, unit, random) for step in range(steps)])
        numbers = [
            f"{each:.0f}" if each <= LONGEST else f"more than {LONGEST}"
            for each in (np.median(minutes), np.quantile(minutes, 0.95))
        ]
        never = (minutes > LONGEST).mean()
        yield f"| {name} | {' | '.join(numbers)} | {never:.0%} | {time.process_time() - began:.0f} |"


def _on(routes: int, bad: Drawn, good: Drawn) -> Drawn:
    """The bad ones on the first routes of each ramp, and the good ones on the others."""

    def mixed(one: Step, other: Step) -> Step:
        first = (np.arange(len(one.bad)) % ROUTES < routes)[:, None]
        kinds = ("candidate", "bad", "legacy", "legacy_bad")
        return Step(*(np.where(first, getattr(one, kind), getattr(other, kind)) for kind in kinds))

    return {
        metric: {since: mixed(step, good[metric][since]) for since, step in windows.items()}
        for metric, windows in bad.items()
    }


def _first_fail(traffic: Traffic, drawn: Drawn, ramp: int, unit: Unit, random: np.random.Generator) -> int:
    """The first minute of a Fail, by halving: what failed once fails later, too."""
    low, high = 0, LONGEST + 1
    while high - low > 1:
        middle = min((low + high) // 2, max(2 * low, 8))  # few looks at long times, which take longest
        fails = judged(traffic, drawn, ramp, unit, random, middle).verdict is Verdict.FAIL
        low, high = (low, middle) if fails else (middle, high)
    return high


def _first_pass(traffic: Traffic, drawn: Drawn, step: int, unit: Unit, random: np.random.Generator) -> int:
    looks = range(2 * EVERY, LONGEST + 1, EVERY)
    passed = (look for look in looks if judged(traffic, drawn, step, unit, random, look).verdict is Verdict.PASS)
    return next(passed, 10**6)
