"""Ramps of legacy against itself, on requests of the past: how often would the judge roll back for nothing? Pure.

Nothing moves for it. Each ramp divides the clients by chance, as the load balancer would, and both sides are legacy. So
each roll-back is a false alarm. One such ramp on live traffic would be one draw; the same hours give hundreds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from rollout.analysis.by_client import EVERY, judge_clients
from rollout.analysis.dispersion import dispersion
from rollout.analysis.exact import at_most
from rollout.analysis.judge import judge
from rollout.analysis.metrics import MINUTE, Unit
from rollout.analysis.past_requests import HISTORY, HOUR, Flags, PastRequests, PastStep, divided
from rollout.analysis.streams import Window
from rollout.analysis.verdicts import AnalysisResult, Verdict
from rollout.inventory.quantities import WHOLE
from rollout.inventory.ramp_settings import Analysis, MetricName, Ramp
from rollout.inventory.settings import Stickiness

STARTS = 8
"""The ramps begin at so many times of the logs' hours."""
SAFE = 0.02
"""The share of ramps that may be rolled back for nothing: twice what the judge promises by default."""
_BUSIEST, _FEW_PASS = 0.01, 0.5


@dataclass(frozen=True, slots=True)
class Way:
    """A way to judge.

    Attributes:
        unit: What a verdict counts.
        cookies: Whether clients stay on their side.
    """

    unit: Unit
    cookies: bool


WAYS = (Way("requests", cookies=True), Way("requests", cookies=False), Way("clients", cookies=True))
_ADVICE = {
    Way("clients", cookies=True): 'set unit = "clients" in [analysis]',
    Way("requests", cookies=False): 'set from = "end" in [stickiness]',
}


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """What a way to judge made of ramps of legacy against itself.

    Attributes:
        way: The way.
        ramps: How many there were.
        failed: How many were rolled back.
        passed: The share of their steps that passed by the end of the bake, 0 to 1.
    """

    way: Way
    ramps: int
    failed: int
    passed: float

    @property
    def is_safe(self) -> bool:
        """Whether no more ramps were rolled back than may be."""
        return self.failed <= SAFE * self.ramps

    @property
    def at_most(self) -> float:
        """The upper end of the 95 % interval of the share that is rolled back (Clopper and Pearson 1934)."""
        return at_most(self.failed, self.ramps, 0.975)


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well this traffic can be judged.

    Attributes:
        minutes: How many were read.
        requests: Legacy's requests in them.
        clients: How many clients made them.
        busiest: The share of the requests that the busiest 1 % of the clients made, 0 to 1.
        alarms: By way to judge.
        phi: By metric, how many bad requests come at a time, of the route with the most.
        way: As stacks.toml has it.
    """

    minutes: int
    requests: int
    clients: int
    busiest: float
    alarms: tuple[FalseAlarms, ...]
    phi: Mapping[MetricName, float]
    way: Way

    def of(self, way: Way) -> FalseAlarms:
        """What a way to judge made of them."""
        return next(each for each in self.alarms if each.way == way)

    @property
    def is_safe(self) -> bool:
        """Whether ramps can be trusted as stacks.toml has it."""
        return self.of(self.way).is_safe

    @property
    def sentence(self) -> str:
        """What came of it as stacks.toml has it."""
        alarms = self.of(self.way)
        cookies = "" if self.way.cookies else ", without cookies"
        return (
            f"judged by {self.way.unit}{cookies}, {alarms.failed:,} of {alarms.ramps:,} ramps of legacy against itself "
            f"were rolled back (at most {alarms.at_most:.1%}, 95 % sure)"
        )

    @property
    def advice(self) -> tuple[str, ...]:
        """What to change in stacks.toml, if anything."""
        alarms = self.of(self.way)
        if not alarms.is_safe:
            ways = [_ADVICE[each.way] for each in self.alarms if each.is_safe and each.way in _ADVICE]
            instead = " or ".join(ways) or "raise the weight by hand, with `rollout weight`: no way to judge it is safe"
            return (f"as stacks.toml has it, a good candidate would be rolled back; {instead}",)
        if alarms.passed < _FEW_PASS:
            return (
                f"{alarms.passed:.0%} of the steps passed by the end of their bake: a ramp takes longer than its bakes",
            )
        return ()


class TooShort(ValueError):
    """There are requests of less time than it takes.

    Args:
        minutes: So many minutes.
        needed: So many are needed.
    """

    def __init__(self, minutes: int, needed: int) -> None:
        super().__init__(minutes, needed)
        self.minutes, self.needed = minutes, needed


@dataclass(slots=True)
class _Tally:
    failed: Flags
    passed: int = 0
    judged: int = 0


def calibrate(
    past: PastRequests,
    analysis: Analysis,
    ramp: Ramp,
    stickiness: Stickiness,
    *,
    ramps: int,
    progress: Callable[[int], object] = lambda _: None,
) -> Calibration:
    """Judge ramps whose sides are both legacy.

    Args:
        past: Legacy's requests, of an hour and a ramp at least.
        analysis: The metrics and risks.
        ramp: Its steps, and how long each is watched; a step at 100 per cent compares nothing.
        stickiness: Whether clients keep their side during the ramp.
        ramps: How many, 1 or more.
        progress: Called with the number of ramps that are done.

    Raises:
        TooShort: The requests are of less time.
    """
    steps = [(weight.share, ramp.bake_of(n) // MINUTE) for n, weight in enumerate(ramp.steps) if weight != WHOLE]
    length, minutes = sum(bake for _, bake in steps), int(past.minute[-1]) + 1 if len(past.minute) else 0
    if minutes < HOUR + length:
        raise TooShort(minutes, HOUR + length)
    latest = minutes - length
    starts = np.unique(np.linspace(min(HISTORY, latest), latest, min(STARTS, ramps)).astype(np.int64)).tolist()
    random, tallies = np.random.default_rng(0), {way: _Tally(np.zeros(ramps, dtype=np.bool_)) for way in WAYS}
    done = 0
    for number, start in enumerate(starts):
        some = {n: int(random.integers(2**63)) for n in range(number, ramps, len(starts))}
        begins = start
        for share, bake in steps:
            step = _Step(past, analysis, begins, bake, len(ramp.steps))
            for (n, salt), (way, tally) in ((each, way) for each in some.items() for way in tallies.items()):
                verdict = step.judged(way, share, salt).verdict
                tally.failed[n] |= verdict is Verdict.FAIL
                tally.passed += verdict is Verdict.PASS
                tally.judged += 1
            begins += bake
        done += len(some)
        progress(done)
    alarms = tuple(FalseAlarms(way, ramps, int(t.failed.sum()), t.passed / t.judged) for way, t in tallies.items())
    counts = np.sort(np.unique(past.client, return_counts=True)[1])
    busiest = counts[-max(1, round(len(counts) * _BUSIEST)) :].sum() / counts.sum()
    way = (
        Way("clients", cookies=True) if analysis.unit == "clients" else Way("requests", cookies=_kept(ramp, stickiness))
    )
    phi = _phi(past, analysis, minutes)
    return Calibration(minutes, len(past.minute), len(counts), float(busiest), alarms, phi, way)


def _kept(ramp: Ramp, stickiness: Stickiness) -> bool:
    return any(stickiness.kept_at(step) for step in ramp.steps if step != WHOLE)


class _Step:
    """One step, whose clients may be divided in many ways."""

    def __init__(self, past: PastRequests, analysis: Analysis, start: int, minutes: int, steps: int) -> None:
        self._analysis, self._steps, self._bake = analysis, steps, minutes * MINUTE
        self._past = PastStep(past, analysis, start, minutes)
        self._clients = [(since, self._past.clients(since)) for since in range(0, minutes, EVERY)]

    def judged(self, way: Way, share: float, salt: int) -> AnalysisResult:
        requests = self._past.requests
        if way.cookies:
            ours = divided(requests.client, share, salt)
        else:
            ours = np.random.default_rng(salt).random(len(requests.client)) < share
        streams = tuple(self._past.streams(requests, ours))
        if way.unit == "requests":
            return judge(streams, self._analysis, steps=self._steps, bake=self._bake)
        windows = [
            Window(since, tuple(self._past.streams(each, divided(each.client, share, salt), "clients")))
            for since, each in self._clients
        ]
        return judge_clients(windows, streams, self._analysis, steps=self._steps, bake=self._bake)


def _phi(past: PastRequests, analysis: Analysis, minutes: int) -> Mapping[MetricName, float]:
    """By metric, of the route with the most."""
    last = PastStep(past, analysis, minutes, 0)
    return {metric: max(dispersion([arm])[0] for arm in arms) for metric, arms in last.before.items()}
