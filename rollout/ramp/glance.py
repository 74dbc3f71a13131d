"""What comes next in a ramp, and on what condition, by its state, verdict and decision. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rollout.analysis.verdicts import AnalysisResult, MetricResult, Verdict, called
from rollout.base.formatting import count_of
from rollout.inventory.quantities import ZERO, Percent, format_duration
from rollout.inventory.ramp_settings import Ramp
from rollout.migration.checks.controller_status import ControllerStatus
from rollout.migration.glance import Glance, Mood
from rollout.ramp.decide import Act, Decision, bake_end, next_step
from rollout.ramp.state import RampState

_MINUTE = timedelta(minutes=1)


def glance_of(
    name: str,
    stands: RampState,
    decision: Decision,
    judgement: AnalysisResult | None,
    *,
    following: Percent | None,
    ends: datetime | None,
    now: datetime,
    next_at: datetime | None = None,
) -> Glance:
    """A ramp that is under way, in five seconds.

    Args:
        name: The environment's.
        stands: The ramp's state.
        following: The step after the present weight; None after the last.
        ends: When the bake ends; None if that isn't known.
        now: AWS's time.
        next_at: When the ramp looks next; None if that isn't known.
    """
    why, target = capital(decision.sentence), decision.weight or following
    match decision.act:
        case Act.FAIL:
            return _failing(name, decision, judgement, next_at)
        case Act.ASK:
            said = f"The candidate passed. {target} % needs an approval."
            command = f"rollout approve {name} {target}"
            return Glance(Mood.PERSON, "Waits for an approval", said, "a person", command, f"go on to {target} %")
        case Act.PAUSE:
            return Glance(Mood.PERSON, "Paused", f"{why}.", "a person", f"rollout resume {name}", "let it go on")
        case Act.HOLD:
            return Glance(Mood.PERSON, "Held without a verdict", f"{why}.", "a person", f"rollout status {name}")
        case Act.FREEZE | Act.CLOSED:
            return Glance(Mood.WAITING, "Waits for its time", f"{why}.", "the time")
        case Act.RAISE | Act.FINISH:
            then = f"goes to {target} %" if decision.act is Act.RAISE else "ends the ramp"
            return Glance(Mood.FINE, _passed(judgement), f"The next look {then}.", "the next look")
    baking = _baking(decision, judgement, target, ends, now)
    if stands.paused is not None:
        said = f"Paused by {stands.paused.by}. {baking.said}"
        return Glance(Mood.PERSON, "Paused", said, "a person", f"rollout resume {name}", "let it go on")
    return baking


def seen_by_ramp(
    name: str, ramp: Ramp, stands: RampState, decision: Decision, judgement: AnalysisResult | None, *, now: datetime
) -> Glance:
    """The same, by the settings of the ramp that looks."""
    following, ends = next_step(ramp, stands.weight), bake_end(ramp, stands)
    return glance_of(name, stands, decision, judgement, following=following, ends=ends, now=now)


def of_controller(status: ControllerStatus) -> Glance:
    """A ramp whose controller can't be relied on."""
    command = f"rollout controller status {status.environment}"
    said = f"{capital(status.sentence)}."
    return Glance(Mood.PERSON, "The controller needs a look", said, "a person", command, "see why")


def minutes_for(finding: MetricResult) -> int | None:
    """How many minutes a finding's missing requests take, at the latest pace; None if none are missing, or unknown."""
    if not finding.needs or not finding.pace or finding.pace < 1:
        return None
    return -(-finding.needs // round(finding.pace))


def in_words(left: timedelta) -> str:
    """A duration as people say it: in minutes, or hours and minutes."""
    return format_duration(max(_MINUTE, -(-left // _MINUTE) * _MINUTE))


def capital(text: str) -> str:
    """A sentence of an error or a decision, to begin one of ours."""
    return (text[:1].upper() + text[1:]).rstrip(".")


def _failing(name: str, decision: Decision, judgement: AnalysisResult | None, next_at: datetime | None) -> Glance:
    """A step that fails, and what `on-failure` makes of it."""
    is_worse = judgement is not None and judgement.verdict is Verdict.FAIL
    abort, word = decision.abort, "Worse than legacy" if is_worse else "The step fails"
    why = decision.sentence.rstrip(".") if is_worse else capital(decision.sentence)  # which begins with a route's name
    when = f", at {next_at:%H:%M} UTC," if next_at else ""
    said = f"{why}. The ramp's next look{when} {abort.sentence if abort else 'ends the ramp'}."
    to = "send all requests to legacy" if abort and (abort.weight > ZERO or abort.rest) else "do so at once"
    if abort and abort.stays:
        return Glance(Mood.FAILING, word, said, "a person", f"rollout rollback {name}", to, is_urgent=True)
    return Glance(Mood.FAILING, word, said, "the next look", f"rollout rollback {name}", to)


def _passed(judgement: AnalysisResult | None) -> str:
    """A Pass in words; before the first step there is none, and at 100 % there may be nothing to judge by."""
    if judgement is None:
        return "Ready for the first step"
    return "As good as legacy" if judgement.findings else "Nothing to compare with"


def _baking(
    decision: Decision,
    judgement: AnalysisResult | None,
    target: Percent | None,
    ends: datetime | None,
    now: datetime,
) -> Glance:
    then = f"Next is {target} %" if target is not None else "Last step"
    needed = _needed(judgement.findings if judgement else ())
    conditions = list(filter(None, (_until(ends, now), needed)))
    if needed:
        return Glance(Mood.WAITING, "Too few requests yet", f"{then}: {'; '.join(conditions)}.", "requests")
    if judgement and judgement.findings and not any(each.candidate[1] for each in judgement.findings):
        conditions.append("the candidate had no requests yet")
        return Glance(Mood.WAITING, "Too few requests yet", f"{then}: {'; '.join(conditions)}.", "requests")
    if judgement is None or judgement.verdict is Verdict.NO_DATA:
        conditions.append(judgement.sentence if judgement else "nothing could be judged yet")
        return Glance(Mood.WAITING, "No verdict yet", f"{then}: {'; '.join(conditions)}.", "requests")
    if judgement.verdict is Verdict.PASS and conditions:
        return Glance(Mood.FINE, _passed(judgement), f"{then}: {conditions[0]}.", "the bake")
    said = conditions or [decision.sentence]
    return Glance(Mood.WAITING, "Not sure yet", f"{then}: {'; '.join(said)}.", "more evidence")


def _until(ends: datetime | None, now: datetime) -> str:
    return f"the bake ends at {ends:%H:%M} UTC, in {in_words(ends - now)}" if ends and ends > now else ""


def _needed(findings: Sequence[MetricResult]) -> str:
    """The requests that the slowest finding still needs."""
    missing = [each for each in findings if each.needs]
    if not missing:
        return ""
    worst = max(missing, key=lambda each: (minutes_for(each) or 0, each.needs or 0))
    minutes, several = minutes_for(worst), len({each.routes for each in findings}) > 1
    when = f", about {in_words(minutes * _MINUTE)}" if minutes else ""
    whose = f"{called(worst.routes)} " if several else ""
    verb = "need" if several and len(worst.routes) > 1 else "needs"
    return f"{whose}{verb} {count_of(worst.needs or 0, f'more {worst.unit[:-1]}')}{when}"
