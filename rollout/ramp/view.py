"""A view of a ramp: its state, its verdict and its next action. It changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from rollout.alb.state import AlbState
from rollout.analysis.verdicts import AnalysisResult
from rollout.errors import Drift, RolloutError
from rollout.inventory.model import Environment
from rollout.inventory.quantities import ZERO
from rollout.ramp.actions import RampActions
from rollout.ramp.decide import Decision, alarms_of, decide, health_decides
from rollout.ramp.state import RampState, ramp_state
from rollout.state.ramp_journal import Journal, entries, other_change


@dataclass(frozen=True, slots=True)
class RampView:
    """A ramp now.

    Attributes:
        standing: Its state; None if unknown.
        judgement: Of its weight, if it has one.
        decision: What the next look would do; None if it has ended or has not begun, or wasn't judged.
        trouble: What is not known, and why.
    """

    standing: RampState | None = None
    judgement: AnalysisResult | None = None
    decision: Decision | None = None
    trouble: str | None = None

    @property
    def sentence(self) -> str:
        """What it waits for, or how it ended."""
        stands = self.standing
        if self.trouble or stands is None:
            return self.trouble or ""
        if stands.ended is not None:
            said = stands.note or stands.ended.sentence
            return f"{'ended' if stands.is_by_hand else stands.ended.kind.value}: {said}"
        if stands.is_new:
            return "no ramp has begun"
        if self.decision is None:
            return f"at {stands.weight} %, not judged here"
        return f"{self.decision.act.value}: {self.decision.sentence}"


def view(environment: Environment, means: RampActions[AlbState], journal: Journal, *, judges: bool = True) -> RampView:
    """Read a ramp.

    Args:
        judges: Whether to judge its weight and decide; otherwise the view has its state alone.
    """
    try:
        live, updates = journal.beside(means.read)
        stands = ramp_state(environment, live, entries(updates), other_change(updates))
    except Drift as drift:
        return RampView(trouble=f"drift: {drift.what}")
    except RolloutError as error:
        return RampView(trouble=str(error))
    return view_of(environment, means, live, stands) if judges else RampView(stands)


def view_of(environment: Environment, means: RampActions[AlbState], live: AlbState, stands: RampState) -> RampView:
    """A ramp of which live rules and state are known."""
    if stands.is_new or stands.ended is not None:
        return RampView(stands)
    try:
        now, judgement = means.now(), None
        if stands.since is not None and stands.weight > ZERO:
            judgement = means.judge(stands.routes, live, stands.since, now)
        ramp = environment.ramp
        unhealthy = means.unhealthy(stands.routes, live) if health_decides(ramp, stands, now) else ()
        alarms = alarms_of(ramp, means.alarms(ramp.alarms) if ramp.alarms else {}, unhealthy)
        return RampView(stands, judgement, decide(ramp, stands, judgement, now, alarms))
    except RolloutError as error:
        return RampView(stands, trouble=str(error))
