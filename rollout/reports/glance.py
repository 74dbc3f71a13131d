"""What one knows of an environment in five seconds: how it is, what comes next, and what waits for whom. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from rollout.analysis.verdicts import AnalysisResult, MetricResult, Verdict, called
from rollout.base.formatting import count_of
from rollout.inventory.quantities import Percent, format_duration
from rollout.ramp.decide import Act, Decision
from rollout.reports.changes import Effect, effect_of
from rollout.reports.overview import Overview
from rollout.state.history.audit import PastChange
from rollout.state.ramp_journal import Kind

LATELY = 16
"""How many periods with requests say at which pace they come."""
_MINUTE = timedelta(minutes=1)


class Mood(StrEnum):
    """How an environment is: each has a colour and a shape. What needs a person most comes first."""

    BACK = "back"  # traffic was taken back
    FAILING = "failing"
    PERSON = "person"  # waits for somebody
    WAITING = "waiting"  # for requests, or a time
    FINE = "fine"
    IDLE = "idle"  # no ramp


SHAPES: Mapping[Mood, str] = {
    Mood.BACK: "↩",
    Mood.FAILING: "✕",
    Mood.PERSON: "!",
    Mood.WAITING: "…",
    Mood.FINE: "✓",
    Mood.IDLE: "○",
}
_OF_VERDICT = {Verdict.PASS: Mood.FINE, Verdict.FAIL: Mood.FAILING}


@dataclass(frozen=True, slots=True)
class Glance:
    """An environment in five seconds.

    Attributes:
        word: How it is, in a few words.
        said: What comes next and on what condition, in a sentence.
        waits_for: What or whom it waits for.
        command: What a person runs next; None if nothing.
    """

    mood: Mood
    word: str
    said: str
    waits_for: str = "nothing"
    command: str | None = None

    @property
    def shape(self) -> str:
        """The mood, for those who see no colours."""
        return SHAPES[self.mood]


def glance(overview: Overview) -> Glance:
    """An environment in five seconds."""
    status, name = overview.status, overview.environment
    found = _ramp(overview)
    if status.guard and status.guard.fired:
        said = f"{_capital(status.guard.fired)}."
        return Glance(
            Mood.BACK, "The guard took traffic back", said, "a person", status.next_step or f"rollout rollback {name}"
        )
    runs = status.controller
    if runs and runs.state != "missing" and not runs.is_well and found.mood in (Mood.WAITING, Mood.FINE):
        said = f"{_capital(runs.sentence)}."
        return Glance(Mood.PERSON, "The controller needs a look", said, "a person", f"rollout controller status {name}")
    if status.problems and found.mood in (Mood.WAITING, Mood.FINE, Mood.IDLE):
        command = status.next_step or f"rollout drift {name}"
        said = f"{_capital(str(status.problems[0]))}."
        return Glance(Mood.PERSON, "Not as the inventory says", said, "a person", command)
    return found


def moods(view: AnalysisResult | None) -> Mapping[str, Mood]:
    """Each judged route's mood: the worst of its findings."""
    found: dict[str, Mood] = {}
    order = list(Mood)
    for finding in view.findings if view else ():
        mood = _OF_VERDICT.get(finding.verdict, Mood.WAITING)
        for route in finding.routes:
            found[route] = min(mood, found.get(route, mood), key=order.index)
    return found


def minutes_for(overview: Overview, finding: MetricResult) -> int | None:
    """How many minutes a finding's missing requests take, at the latest pace; None if none are missing, or unknown."""
    course = overview.course_of(finding.routes[0]) if finding.routes else None
    if not finding.needs or course is None or finding.unit == "clients":
        return None
    latest = [bucket.requests for bucket in course.candidate if bucket.requests][-LATELY:]
    each_minute = sum(latest) / max(1, len(latest)) / (course.period / _MINUTE)
    return -(-finding.needs // max(1, round(each_minute))) if each_minute >= 1 else None


def runs_it(overview: Overview) -> str:
    """Who runs the ramp, as far as known, and when it looks next."""
    controller = overview.status.controller
    if controller and controller.state != "missing":
        return f"the controller: {controller.sentence}"
    guard = overview.status.guard
    if guard and guard.watches:
        return guard.watches
    stands = overview.view.standing if overview.view else None
    if stands is None or stands.is_new or stands.ended is not None:
        return "nobody: no ramp is under way"
    last = next((each for each in reversed(overview.history) if each.what.startswith("ramp ") and each.by), None)
    return f"{last.by}, by its last entry" if last else "not recorded"


def last_change(overview: Overview) -> PastChange | None:
    """The last change of traffic or resources; of none, whatever was said last."""
    done = (each for each in reversed(overview.history) if effect_of(each) is not Effect.WORD)
    return next(done, overview.history[-1] if overview.history else None)


def in_words(left: timedelta) -> str:
    """A duration as people say it: in minutes, or hours and minutes."""
    return format_duration(max(_MINUTE, -(-left // _MINUTE) * _MINUTE))


def _ramp(overview: Overview) -> Glance:
    view, name = overview.view, overview.environment
    if view is None or (view.standing is None and view.trouble is None):
        return _without(overview)
    stands = view.standing
    if view.trouble is not None:
        command = overview.status.next_step or f"rollout status {name}"
        word = "The verdict can't be read" if stands else "Needs a look"
        return Glance(Mood.PERSON, word, f"{_capital(view.trouble)}.", "a person", command)
    if stands is None or stands.is_new:
        return _without(overview)
    if stands.ended is not None:
        said = f"{_capital(stands.note or stands.ended.sentence or f'at {stands.weight} %')}."
        if stands.ended.kind is Kind.FINISHED and not stands.is_by_hand:
            return Glance(Mood.FINE, "Finished", said, command=overview.status.next_step)
        word = "All traffic is on legacy" if not overview.top.tenths else "The ramp has failed"
        return Glance(Mood.BACK, word, said, "a person", f"rollout ramp {name} --restart")
    if view.decision is None:
        return Glance(Mood.WAITING, "Under way", overview.ramp, "the ramp's next look")
    return _decided(overview, view.decision, view.judgement)


def _without(overview: Overview) -> Glance:
    """No ramp."""
    if overview.status.phase == "completed":
        return Glance(Mood.FINE, "Completed", "Legacy is retired.")
    step = overview.status.next_step
    said = "The next command is below." if step else "Everything is as the inventory wants it."
    return Glance(Mood.IDLE, "No ramp is under way", said, "a person" if step else "nothing", step)


def _decided(overview: Overview, decision: Decision, judgement: AnalysisResult | None) -> Glance:
    name, why = overview.environment, _capital(decision.sentence)
    target = decision.weight or next((each for each in overview.steps if each > overview.top), None)
    match decision.act:
        case Act.FAIL:
            said = f"{why}. The next look takes the traffic back."
            return Glance(Mood.FAILING, "Worse than legacy", said, "the next look", f"rollout rollback {name}")
        case Act.ASK:
            said = f"The candidate passed. {target} % needs an approval."
            return Glance(Mood.PERSON, "Waits for an approval", said, "a person", f"rollout approve {name}")
        case Act.PAUSE:
            return Glance(Mood.PERSON, "Paused", f"{why}.", "a person", f"rollout resume {name}")
        case Act.HOLD:
            return Glance(Mood.PERSON, "Held without a verdict", f"{why}.", "a person", f"rollout status {name}")
        case Act.FREEZE | Act.CLOSED:
            return Glance(Mood.WAITING, "Waits for its time", f"{why}.", "the time")
        case Act.RAISE | Act.FINISH:
            then = f"goes to {target} %" if decision.act is Act.RAISE else "ends the ramp"
            return Glance(Mood.FINE, "As good as legacy", f"The next look {then}.", "the next look")
    return _baking(overview, decision, judgement, target)


def _baking(overview: Overview, decision: Decision, judgement: AnalysisResult | None, target: Percent | None) -> Glance:
    then = f"Next {target} %" if target is not None else "The ramp ends"
    left = overview.bakes_until - overview.at if overview.bakes_until else timedelta(0)
    needed = _needed(overview, judgement)
    conditions = list(filter(None, (_until(overview.bakes_until, left), needed)))
    if needed:
        return Glance(Mood.WAITING, "Waits for traffic", f"{then}: {'; '.join(conditions)}.", "requests")
    if judgement is None or judgement.verdict is Verdict.NO_DATA:
        conditions.append(judgement.sentence if judgement else "nothing could be judged yet")
        return Glance(Mood.WAITING, "No verdict yet", f"{then}: {'; '.join(conditions)}.", "requests")
    if judgement.verdict is Verdict.PASS and conditions:
        return Glance(Mood.FINE, "As good as legacy", f"{then}: {conditions[0]}.", "the bake")
    said = conditions or [decision.sentence]
    return Glance(Mood.WAITING, "Not sure yet", f"{then}: {'; '.join(said)}.", "more evidence")


def _until(end: datetime | None, left: timedelta) -> str:
    return f"the bake ends at {end:%H:%M} UTC, in {in_words(left)}" if end and left > timedelta(0) else ""


def _needed(overview: Overview, judgement: AnalysisResult | None) -> str:
    """The requests that the slowest finding still needs."""
    found = [each for each in judgement.findings if each.needs] if judgement else []
    if not found:
        return ""
    worst = max(found, key=lambda each: (minutes_for(overview, each) or 0, each.needs or 0))
    minutes, whose = minutes_for(overview, worst), "".join(_whose(overview, worst))
    when = f", about {in_words(minutes * _MINUTE)}" if minutes else ""
    return f"{whose}needs {count_of(worst.needs or 0, f'more {worst.unit[:-1]}')}{when}"


def _whose(overview: Overview, finding: MetricResult) -> Iterator[str]:
    if len(overview.courses) > 1 and finding.routes:
        yield f"{called(finding.routes)} "


def _capital(text: str) -> str:
    return (text[:1].upper() + text[1:]).rstrip(".")
