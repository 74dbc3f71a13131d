"""What a look decides: by the verdict, the alarms and the targets' health, of what serves now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Generic, TypeVar

from rollout.analysis.metrics import AlarmState
from rollout.analysis.verdicts import AnalysisResult
from rollout.errors import (
    AnalysisFailed,
    Drift,
    GateRefused,
    Interrupted,
    RampEnded,
    RolloutError,
    UsageError,
    WrongAccount,
)
from rollout.inventory.model import Environment
from rollout.inventory.quantities import ZERO
from rollout.migration import events
from rollout.ramp.actions import Live, RampActions
from rollout.ramp.decide import Act, AlarmStates, Decision, alarms_of, decide, health_decides
from rollout.ramp.guarded import RampGuard
from rollout.ramp.state import RampState

FINAL = (GateRefused, UsageError, WrongAccount, AnalysisFailed, RampEnded, Drift, Interrupted)
"""What ends a run; other errors may be over at the next look."""
_ONWARD = (Act.RAISE, Act.FINISH)
T = TypeVar("T")


class Considering(Generic[Live]):
    """Decides what comes next.

    Args:
        guard: Its alarms fail a step, too.
        warn: Called with what decides nothing.
    """

    def __init__(
        self,
        environment: Environment,
        means: RampActions[Live],
        guard: RampGuard,
        emit: events.Listener,
        warn: Callable[[str], None],
    ) -> None:
        self._environment, self._name = environment, environment.name
        self._means, self._guard, self._emit, self._warn = means, guard, emit, warn
        self._built: datetime | None = None

    def decided(
        self, live: Live, stands: RampState, now: datetime
    ) -> tuple[RampState, Decision, AnalysisResult | None]:
        """What comes next, and since when it is judged: a step goes on only by what was counted of what serves now."""
        if stands.since and self._built and stands.since < self._built:
            stands = replace(stands, since=self._built)
        decision, judgement = self._decide(live, stands, now)
        if decision.act in _ONWARD and stands.since and (built := self._means.built(stands.since)):
            self._warn(f"other builds of the candidate serve since {built:%H:%M} UTC, so the bake begins anew")
            self._built = built
            stands = replace(stands, since=built)
            decision, judgement = self._decide(live, stands, now)
        if decision.act in _ONWARD and self._means.renew(stands.routes, now):
            decision, judgement = self._decide(live, stands, now)
        return stands, decision, judgement

    def _decide(self, live: Live, stands: RampState, now: datetime) -> tuple[Decision, AnalysisResult | None]:
        """What comes next; what either the judge or an alarm says is enough to go back, though the other is unread."""
        judgement, unjudged = _unless_unread(lambda: self._judged(live, stands, now))
        heard, unheard = _unless_unread(lambda: self._alarms(live, stands, now))
        alarms = heard or AlarmStates()
        decision = decide(self._environment.ramp, stands, judgement, now, alarms)
        if (unread := unjudged or unheard) and not (decision.act is Act.FAIL and (alarms.raised or judgement)):
            raise unread
        return decision, judgement

    def _judged(self, live: Live, stands: RampState, now: datetime) -> AnalysisResult | None:
        if stands.since is None or stands.weight == ZERO:
            return None
        judgement = self._means.judge(stands.routes, live, stands.since, now)
        self._emit(events.Judged(self._name, stands.weight, judgement))
        return judgement

    def _alarms(self, live: Live, stands: RampState, now: datetime) -> AlarmStates:
        """The named alarms and the targets; legacy's alarms, and a few unhealthy targets, stop nothing."""
        mine, legacy = self._environment.ramp.alarms, self._environment.ramp.legacy_alarms
        guards = self._guard.alarms
        states = self._means.alarms((*mine, *legacy, *guards)) if mine or legacy or guards else {}
        health = health_decides(self._environment.ramp, stands, now)
        unhealthy = self._means.unhealthy(stands.routes, live) if health else ()
        warned = [problem.what for problem in unhealthy]
        if shouting := [name for name in legacy if states[name] is AlarmState.ALARM]:
            warned.append(f"legacy's alarms are in ALARM state, which doesn't stop the ramp: {', '.join(shouting)}")
        if warned:
            self._warn("; ".join(warned))
        return alarms_of(self._environment.ramp, states, unhealthy, guards)


def _unless_unread(read: Callable[[], T]) -> tuple[T | None, RolloutError | None]:
    """What is read, or why it can't be read now; what ends a ramp is raised."""
    try:
        return read(), None
    except FINAL:
        raise
    except RolloutError as error:
        return None, error
