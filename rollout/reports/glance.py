"""What one knows of an environment in five seconds: how it is, what comes next, and what waits for whom. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from rollout.analysis.verdicts import AnalysisResult, Verdict
from rollout.inventory.quantities import ZERO
from rollout.migration.checks.guard_status import BEFORE_RAISE, GuardStatus
from rollout.migration.glance import Glance, Mood
from rollout.ramp.glance import capital, glance_of, of_controller
from rollout.ramp.looks import LocalLook
from rollout.reports.changes import Effect, effect_of
from rollout.reports.overview import Overview
from rollout.state.history.audit import PastChange
from rollout.state.history.firings import TOOK_BACK
from rollout.state.ramp_journal import Kind

_OF_VERDICT = {Verdict.PASS: Mood.FINE, Verdict.FAIL: Mood.FAILING}


def glance(overview: Overview) -> Glance:
    """An environment in five seconds."""
    status, name = overview.status, overview.environment
    found = _ramp(overview)
    if status.guard and status.guard.fired:
        return _fired(overview, status.guard, found)
    runs = status.controller
    if runs and runs.state != "missing" and not runs.is_well and found.mood in (Mood.WAITING, Mood.FINE):
        return of_controller(runs)
    if status.problems and found.mood in (Mood.WAITING, Mood.FINE, Mood.IDLE):
        command = status.next_step or f"rollout drift {name}"
        said = f"{capital(str(status.problems[0]))}."
        return Glance(Mood.PERSON, "Not as the inventory says", said, "a person", command)
    if overview.look and overview.look.is_late(overview.at) and found.mood in (Mood.FAILING, Mood.WAITING, Mood.FINE):
        return _unwatched(overview, overview.look, found)
    return found


def moods(view: AnalysisResult | None) -> dict[str, Mood]:
    """Each judged route's mood: the worst of its findings."""
    found: dict[str, Mood] = {}
    order = list(Mood)
    for finding in view.findings if view else ():
        mood = _OF_VERDICT.get(finding.verdict, Mood.WAITING)
        for route in finding.routes:
            found[route] = min(mood, found.get(route, mood), key=order.index)
    return found


def runs_it(overview: Overview) -> str:
    """Who runs the ramp, as far as known, and when it looks next."""
    controller = overview.status.controller
    if controller and controller.state != "missing":
        return f"the controller: {controller.sentence}"
    stands, guard = overview.view.standing if overview.view else None, overview.status.guard
    if stands is None or stands.is_new or stands.ended is not None:
        return "no ramp is running"
    if overview.look:
        return overview.look.sentence(overview.at)
    if guard and guard.watches:
        return f"{guard.watches}, whose heartbeats the guard expects"
    last = next((each for each in reversed(overview.history) if each.what.startswith("ramp ") and each.by), None)
    return f"not this machine; last entry: {last.by}" if last else "not recorded"


def last_change(overview: Overview) -> PastChange | None:
    """The last change of traffic or resources; of none, whatever was said last."""
    done = (each for each in reversed(overview.history) if effect_of(each) is not Effect.WORD)
    return next(done, overview.history[-1] if overview.history else None)


def _fired(overview: Overview, guard: GuardStatus, ramp: Glance) -> Glance:
    """The guard has taken traffic back: how urgent what is left to do is."""
    word, name = capital(TOOK_BACK), overview.environment
    said = f"{capital(guard.fired.removeprefix(TOOK_BACK).strip())}."
    back, rollback = [each for each in overview.history if effect_of(each) is Effect.BACK], f"rollout rollback {name}"
    if overview.top > ZERO:
        said = f"{said} The candidate still gets requests."
        return Glance(Mood.BACK, word, said, "a person", rollback, "send all requests to legacy", is_urgent=True)
    said = f"{said} All requests go to legacy already."
    if guard.fired_at and any(each.at > guard.fired_at and not each.is_of_guard for each in back):
        again = ramp if ramp.mood is Mood.BACK else Glance(Mood.BACK, word, said)
        return replace(again, word=word, said=f"{said} The state and stacks.toml say so, too.")
    to, command = f"{BEFORE_RAISE}; no request moves", overview.status.next_step or rollback
    return Glance(Mood.BACK, word, said, "a person", command, to, is_urgent=False)


def _unwatched(overview: Overview, look: LocalLook, ramp: Glance) -> Glance:
    """A process on this machine was to look, and didn't."""
    name, said = overview.environment, look.sentence(overview.at)
    if ramp.mood is Mood.FAILING:
        said = f"{ramp.said} But the ramp seems to have been killed: {said}."
        return replace(ramp, said=said, waits_for="a person", to="send all requests to legacy", is_urgent=True)
    said = f"Its process seems to have been killed: {said}. The weight stays, and nothing watches it."
    return Glance(Mood.PERSON, "The ramp has stopped", said, "a person", f"rollout ramp {name}", "go on with it")


def _ramp(overview: Overview) -> Glance:
    view, name = overview.view, overview.environment
    if view is None or (view.standing is None and view.trouble is None):
        return _without(overview)
    stands = view.standing
    if view.trouble is not None:
        command = overview.status.next_step or f"rollout status {name}"
        word = "The verdict can't be read" if stands else "Needs a look"
        return Glance(Mood.PERSON, word, f"{capital(view.trouble)}.", "a person", command)
    if stands is None or stands.is_new:
        return _without(overview)
    if stands.ended is not None:
        said = f"{capital(stands.note or stands.ended.sentence or f'at {stands.weight} %')}."
        if stands.ended.kind is Kind.FINISHED and not stands.is_by_hand:
            return Glance(Mood.FINE, "Finished", said, command=overview.status.next_step)
        command, to = f"rollout ramp {name} --restart", "begin again, once it is fixed"
        if overview.top == ZERO:
            return Glance(Mood.BACK, "All traffic is on legacy", said, "a person", command, to, is_urgent=False)
        return Glance(Mood.BACK, "The ramp has failed", said, "a person", command, to)
    if view.decision is None:
        return Glance(Mood.WAITING, "Under way", overview.ramp, "the ramp's next look")
    following = next((each for each in overview.steps if each > stands.weight), None)
    return glance_of(
        name,
        stands,
        view.decision,
        view.judgement,
        following=following,
        ends=overview.bakes_until,
        now=overview.at,
        next_at=_next_look(overview),
    )


def _next_look(overview: Overview) -> datetime | None:
    """When the ramp looks next, if that is known and to come."""
    runs = (overview.status.controller, overview.look)
    return next((each.next_at for each in runs if each and each.next_at and each.next_at > overview.at), None)


def _without(overview: Overview) -> Glance:
    """No ramp."""
    if overview.status.phase == "completed":
        return Glance(Mood.FINE, "Completed", "Legacy is retired.")
    step = overview.status.next_step
    said = "The next command is below." if step else "Everything is as the inventory wants it."
    return Glance(Mood.IDLE, "No ramp is running", said, "a person" if step else "nothing", step)
