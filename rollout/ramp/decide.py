"""Decides a ramp's next action, from its state, the verdict and the time. Pure.

Two rules precede all others. A Fail takes effect in spite of a pause, a freeze or a closed window. And no weight is
raised without a Pass of the weight before, in spite of approvals and skipped waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from rollout.analysis.metrics import AlarmState
from rollout.analysis.verdicts import called
from rollout.base.formatting import count_of
from rollout.base.plain import Timestamp
from rollout.errors import Problem
from rollout.inventory.quantities import ZERO, Percent, format_duration
from rollout.inventory.ramp_settings import Ramp
from rollout.ramp.state import RampState
from rollout.ramp.windows import opens
from rollout.state.ramp_journal import Kind

if TYPE_CHECKING:
    from rollout.analysis.verdicts import AnalysisResult


class Act(StrEnum):
    """What comes next."""

    BAKE = "waiting"  # for time, or for more requests
    HOLD = "held"  # no verdict within the limit
    PAUSE = "paused"
    FREEZE = "frozen"
    CLOSED = "closed"  # outside the windows
    ASK = "approval"
    RAISE = "raise"
    FAIL = "fail"
    FINISH = "finish"


@dataclass(frozen=True, slots=True)
class AbortPlan:
    """What `on-failure` makes of a Fail.

    Attributes:
        routes: The routes that it is about.
        weight: Theirs from then on.
        before: Theirs until then.
        rest: The routes with which the ramp goes on.
    """

    routes: tuple[str, ...]
    weight: Percent
    before: Percent
    rest: tuple[str, ...] = ()

    @property
    def stays(self) -> bool:
        """Whether the candidate keeps its requests."""
        return self.weight == self.before > ZERO

    @property
    def sentence(self) -> str:
        """What the ramp's next look does."""
        if self.stays:
            return f"ends the ramp and leaves the weight at {self.weight} %"
        if self.weight > ZERO:
            return f"lowers the weight to {self.weight} % and ends the ramp"
        if self.rest:
            return f"sends all requests of {called(self.routes)} to legacy and goes on with {called(self.rest)}"
        return "sends all requests to legacy"


@dataclass(frozen=True, slots=True)
class Decision:
    """What comes next, and why.

    Attributes:
        sentence: The reason.
        weight: For `raise` and `approval`: the next weight.
        until: The time of the next decision, if known.
        routes: For `fail`: the failed routes.
        abort: For `fail`: what is done about it.
    """

    act: Act
    sentence: str
    weight: Percent | None = None
    until: Timestamp | None = None
    routes: tuple[str, ...] = ()
    abort: AbortPlan | None = None


@dataclass(frozen=True, slots=True)
class AlarmStates:
    """The current states of stacks.toml's alarms, and of the candidate's targets.

    Attributes:
        raised: Those in ALARM state.
        silent: Those without a state: the alarm is missing, or has no data.
        unhealthy: Which target groups have no healthy target, or that this is unknown, in words.
    """

    raised: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    unhealthy: tuple[str, ...] = ()


def alarms_of(
    ramp: Ramp, states: Mapping[str, AlarmState], unhealthy: Sequence[Problem] = (), guard: Sequence[str] = ()
) -> AlarmStates:
    """The candidate's alarms, from the states of all alarms in stacks.toml.

    Args:
        unhealthy: The target groups with unhealthy targets; one that has others is healthy enough.
        guard: The guard's alarms, which may be without data.
    """
    return AlarmStates(
        tuple(name for name in dict.fromkeys((*ramp.alarms, *guard)) if states[name] is AlarmState.ALARM),
        tuple(name for name in ramp.alarms if states[name] not in (AlarmState.ALARM, AlarmState.OK)),
        tuple(problem.what for problem in unhealthy if problem.code != "unhealthy-targets"),
    )


def next_step(ramp: Ramp, weight: Percent) -> Percent | None:
    """The step after a weight; None after the last."""
    return next((step for step in ramp.steps if step > weight), None)


def bake_of(ramp: Ramp, weight: Percent) -> timedelta:
    """The bake of a weight; a weight between steps has the bake of the step before it, or of the first."""
    below = [number for number, step in enumerate(ramp.steps) if step <= weight]
    return ramp.bake_of(below[-1] if below else 0)


def health_decides(ramp: Ramp, stands: RampState, now: datetime) -> bool:
    """Whether the health of the candidate's targets matters: before the first step, and once a bake is over."""
    is_baked = (stands.since or now) + bake_of(ramp, stands.weight) <= now
    return stands.weight == ZERO or stands.is_skipped or is_baked


def bake_end(ramp: Ramp, stands: RampState) -> datetime | None:
    """When the present weight's bake ends or has ended; None before the first step, after the last, or if skipped."""
    is_baking = stands.since is not None and stands.ended is None and not stands.is_skipped
    return stands.since + bake_of(ramp, stands.weight) if stands.since and is_baking else None


def abort_plan(ramp: Ramp, stands: RampState, failed: Sequence[str] = ()) -> AbortPlan:
    """What `on-failure` makes of a Fail.

    Args:
        failed: The routes that failed; none where that is about all.
    """
    weight = stands.weight
    match ramp.on_failure:
        case "freeze":
            return AbortPlan(stands.routes, weight, weight)
        case "step-back":
            before = max((step for step in ramp.steps if step < weight), default=ZERO)
            return AbortPlan(stands.routes, before, weight)
        case "route" if failed:
            return AbortPlan(tuple(failed), ZERO, weight, tuple(each for each in stands.routes if each not in failed))
    return AbortPlan(stands.routes, ZERO, weight)


def decide(
    ramp: Ramp, stands: RampState, judgement: AnalysisResult | None, now: datetime, alarms: AlarmStates = AlarmStates()
) -> Decision:
    """What a ramp that hasn't ended does next.

    Args:
        judgement: Of the weight that it is at; None before the first step, or if nothing could be judged.
        now: AWS's time.
        alarms: The states of stacks.toml's alarms.
    """
    if stands.weight > ZERO:
        if judgement is not None and judgement.verdict == "fail":
            return _fail(ramp, stands, judgement.sentence, judgement.failed_routes)
        if alarms.raised:
            return _fail(ramp, stands, f"in ALARM state: {', '.join(alarms.raised)}")
        if (waiting := _bake(ramp, stands, judgement, now, alarms)) is not None:
            return waiting
    elif alarms.raised:  # as for a while after a failure
        return Decision(Act.BAKE, f"in ALARM state before the first step: {', '.join(alarms.raised)}")
    elif alarms.unhealthy:
        return Decision(Act.BAKE, f"before the first step {'; '.join(alarms.unhealthy)}")
    why = judgement.sentence if judgement is not None else "the first step"
    target = next_step(ramp, stands.weight)
    if target is None:
        return Decision(Act.FINISH, why)
    return _permission(ramp, stands, target, now) or Decision(Act.RAISE, why, target)


def _bake(
    ramp: Ramp, stands: RampState, judgement: AnalysisResult | None, now: datetime, alarms: AlarmStates
) -> Decision | None:
    """What a weight still needs before the next one."""
    since = stands.since or now
    bake = bake_of(ramp, stands.weight)
    left = since + bake - now
    if not health_decides(ramp, stands, now):
        so_far = f"; so far: {judgement.sentence}" if judgement is not None else ""
        return Decision(Act.BAKE, f"{_about(left)} of {format_duration(bake)} left{so_far}", until=since + bake)
    if alarms.unhealthy:
        why = "; ".join(alarms.unhealthy)
    elif alarms.silent:
        why = f"no data from the alarms {', '.join(alarms.silent)}"
    elif judgement is None:
        why = "nothing could be judged"
    elif judgement.verdict != "pass":
        why = judgement.sentence
    elif (seen := _requests(judgement)) < ramp.min_requests and not stands.is_skipped:
        why = f"{seen:,} of at least {count_of(ramp.min_requests, 'request')}"
    else:
        return None
    end = since + max(ramp.bake_limit, bake)
    if now < end:
        return Decision(Act.BAKE, why, until=end if ramp.on_inconclusive == "rollback" else None)
    limit = f"no verdict within {format_duration(max(ramp.bake_limit, bake))}: {why}"
    return _fail(ramp, stands, limit) if ramp.on_inconclusive == "rollback" else Decision(Act.HOLD, limit)


def _fail(ramp: Ramp, stands: RampState, sentence: str, routes: tuple[str, ...] = ()) -> Decision:
    return Decision(Act.FAIL, sentence, routes=routes, abort=abort_plan(ramp, stands, routes))


def _permission(ramp: Ramp, stands: RampState, target: Percent, now: datetime) -> Decision | None:
    """What prevents a raise that the evidence allows."""
    if stands.paused is not None:
        newer = " with a newer rollout" if stands.paused.kind is Kind.UNKNOWN else ""
        said = f"paused by {stands.paused.by}{newer} at {stands.paused.at:%Y-%m-%d %H:%M} UTC"
        return Decision(Act.PAUSE, said, target)
    frozen = stands.frozen
    if frozen is not None and frozen.until is not None and now < frozen.until:
        return Decision(Act.FREEZE, f"frozen by {frozen.by} until {_when(frozen.until)}", target, frozen.until)
    if target in ramp.approve_before and target not in stands.approved:
        said = f"{target} % waits for `rollout approve`"
        if stands.asked is None:
            return Decision(Act.ASK, said, target)
        end = stands.asked.at + ramp.approval_expiry
        if now >= end and ramp.on_expiry == "rollback":
            return _fail(ramp, stands, f"{target} % was not approved within {format_duration(ramp.approval_expiry)}")
        return Decision(Act.ASK, said, target, end if ramp.on_expiry == "rollback" else None)
    if (opening := opens(ramp.windows, now)) > now:
        return Decision(Act.CLOSED, f"outside the windows; the next opens {_when(opening)}", target, opening)
    return None


def _requests(judgement: AnalysisResult) -> int:
    """The candidate's requests, from the metric with the most."""
    seen: dict[tuple[str, ...], int] = {}
    for finding in judgement.findings:
        seen[finding.routes] = max(seen.get(finding.routes, 0), finding.candidate[1])
    return sum(seen.values())


def _about(left: timedelta) -> str:
    minutes = -(-left // timedelta(minutes=1))
    return format_duration(timedelta(minutes=minutes))


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%a %Y-%m-%d %H:%M} UTC"
