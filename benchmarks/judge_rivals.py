"""What others would say of the same requests, from their descriptions.

They are here to be measured beside the judge, and nothing in the package uses them. Each has the judge's risk of a
false alarm for a route's errors, where it has one to set.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import NormalDist

import numpy as np
from judge_lines import ANALYSIS, METRICS, ROUTES, SEED, STEPS, WEIGHTS
from judge_streams import Ints
from judge_traffic import Step, Traffic, by_requests
from numpy.typing import NDArray
from scipy.stats import hypergeom

from rollout.analysis.weighing import shares_of_budget

CONFIDENCE, TOLERANCE = 0.98, 0.25
ALARM_RATE, ALARM_MINUTES = 0.01, 2
MINUTES, LONGEST = 46, 120
EFFECT = 0.005  # what mSPRT's mixture expects, as the judge's harm
LEVEL = (
    ANALYSIS.false_alarms / STEPS * dict(zip(METRICS, shares_of_budget(METRICS), strict=True))["server-errors"] / ROUTES
)
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def rivals(ramps: int) -> Iterator[str]:
    """A table: false alarms of a step of eight routes at 5 %, and when a fault of one is found, by 5xx alone."""
    yield (
        f"| 5xx of eight routes at 5 %, {ramps} steps of {MINUTES} minutes | false alarms, independent "
        "| each failed request sent three times | 0.1 % → 1 % on one found within | median of minutes | seconds |"
    )
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    random = np.random.default_rng([SEED, 4])
    alike = [
        by_requests(traffic, "server-errors", WEIGHTS[0], (ramps * ROUTES, MINUTES), random)
        for traffic in (Traffic(), Traffic(at_once=3))
    ]
    bad = by_requests(replace(Traffic(), fault=0.01), "server-errors", WEIGHTS[0], (ramps, LONGEST), random)
    for name, rule in RULES.items():
        began = time.process_time()
        alarms = [rule(step).reshape(ramps, -1).any(axis=1).mean() for step in alike]
        failed = rule(bad)
        minutes = np.where(failed.any(axis=1), failed.argmax(axis=1) + 1, 10**6)
        median = f"{np.median(minutes):.0f}" if np.median(minutes) <= LONGEST else f"more than {LONGEST}"
        within = f"{(minutes <= LONGEST).mean():.0%} in {LONGEST}"
        numbers = f"{alarms[0]:.1%} | {alarms[1]:.1%} | {within} | {median}"
        yield f"| {name} | {numbers} | {time.process_time() - began:.0f} |"


def _sums(step: Step) -> tuple[Floats, Floats, Floats, Floats]:
    bad, requests, legacy_bad, legacy = (
        np.cumsum(each, axis=1) for each in (step.bad, step.candidate, step.legacy_bad, step.legacy)
    )
    return bad, requests, legacy_bad, legacy


def _difference(step: Step) -> tuple[Floats, Floats]:
    """How much higher the candidate's rate is, and that number's variance, by stream and minute."""
    bad, requests, legacy_bad, legacy = _sums(step)
    pooled = (bad + legacy_bad) / (requests + legacy)
    variance = np.maximum(pooled * (1 - pooled), 1e-9) * (1 / requests + 1 / legacy)
    return bad / requests - legacy_bad / legacy, variance


def msprt(step: Step) -> Flags:
    """The mixture sequential probability ratio test of a difference of two rates, with a normal mixture.

    Johari, Koomen, Pekelis and Walsh, "Peeking at A/B tests", 2017, which experimentation platforms publish.
    """
    difference, variance = _difference(step)
    wide = variance + EFFECT**2
    log_ratio = 0.5 * np.log(variance / wide) + EFFECT**2 * difference**2 / (2 * variance * wide)
    return np.asarray((log_ratio >= -np.log(LEVEL)) & (difference > 0))


def obrien_fleming(step: Step) -> Flags:
    """O'Brien and Fleming's boundaries, 1979, with a look at each minute of a step of its planned length."""
    difference, variance = _difference(step)
    part = np.minimum((np.arange(step.bad.shape[1]) + 1) / MINUTES, 1)
    return np.asarray(difference / np.sqrt(variance) >= NormalDist().inv_cdf(1 - LEVEL / 2) / np.sqrt(part))


def fisher(step: Step) -> Flags:
    """Fisher's exact test at each minute, as if each were the only look."""
    bad, requests, legacy_bad, legacy = _sums(step)
    return np.asarray(hypergeom.sf(bad - 1, requests + legacy, bad + legacy_bad, requests) <= LEVEL)


def kayenta(step: Step) -> Flags:
    """Kayenta's rule once, after the minutes of a step."""
    points = (
        step.bad[:, :MINUTES] / step.candidate[:, :MINUTES],
        step.legacy_bad[:, :MINUTES] / step.legacy[:, :MINUTES],
    )
    last = np.zeros(step.bad.shape, dtype=bool)
    for start in range(0, len(last), 500):  # a hundred thousand differences each
        last[start : start + 500, MINUTES - 1] = kayenta_high(*(each[start : start + 500] for each in points))
    return last


def alarm(step: Step) -> Flags:
    """CodeDeploy's alarm, see `alarm_minute`."""
    high = step.bad / step.candidate > ALARM_RATE
    return np.concatenate([np.zeros((len(high), 1), dtype=bool), high[:, 1:] & high[:, :-1]], axis=1)


RULES: dict[str, Callable[[Step], Flags]] = {
    "mSPRT": msprt,
    "O'Brien and Fleming": obrien_fleming,
    "Fisher at each minute": fisher,
    "Kayenta": kayenta,
    "CodeDeploy's alarm": alarm,
}


def kayenta_high(candidate: Floats, legacy: Floats) -> Flags:
    """Whether Kayenta's classifier calls a metric High, by run, from one point a minute.

    Mann-Whitney's confidence interval of the shift at 98 per cent must lie above a quarter of the Hodges-Lehmann
    estimate. See MannWhitneyClassifier in spinnaker/kayenta.
    """
    points, others = candidate.shape[1], legacy.shape[1]
    differences = np.sort((candidate[:, :, None] - legacy[:, None, :]).reshape(len(candidate), -1), axis=1)
    spread = np.sqrt(points * others * (points + others + 1) / 12)
    reach = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2) * spread
    lowest = max(0, int(points * others / 2 - reach))
    return np.asarray(differences[:, lowest] > TOLERANCE * np.abs(np.median(differences, axis=1)))


def alarm_minute(bad: Ints, requests: Ints) -> Ints:
    """The minute after which a CloudWatch alarm on the candidate's errors goes off, by run; the last if it doesn't.

    It looks at the rate of each minute, and goes off where it is above 1 per cent in two minutes on end.
    """
    high = bad / requests > ALARM_RATE
    on = high[:, 1:] & high[:, :-1]
    return np.where(on.any(axis=1), on.argmax(axis=1) + ALARM_MINUTES, bad.shape[1])
