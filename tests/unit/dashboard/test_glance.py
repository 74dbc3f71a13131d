"""What one knows of an environment in five seconds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rollout.analysis.verdicts import AnalysisResult, Verdict
from rollout.errors import AwsError
from rollout.inventory.quantities import Percent
from rollout.migration.checks.controller_status import ControllerStatus
from rollout.migration.checks.guard_status import GuardStatus
from rollout.migration.glance import Mood, steps_of
from rollout.ramp.decide import Act, Decision
from rollout.ramp.glance import minutes_for
from rollout.ramp.view import RampView
from rollout.reports.fitting import DAY, LEAST, fitted
from rollout.reports.glance import glance, last_change, moods, runs_it
from rollout.reports.overview import Overview
from rollout.state.history.audit import changes_of
from rollout.state.history.entries import Update
from rollout.state.ramp_journal import Kind
from tests.unit.dashboard.situations import (
    ASKED,
    FIRED,
    LOOK,
    NEEDS,
    PASS,
    SHOP,
    SITUATIONS,
    STANDS,
    WORSE,
    judged,
    seen,
    waiting,
)
from tests.unit.dashboard.world import HISTORY, NOW, RAMP, Histories, entry, made, overview


@pytest.mark.parametrize(
    ("name", "mood", "waits_for", "command"),
    [
        ("fine", Mood.FINE, "the bake", None),
        ("waiting", Mood.WAITING, "requests", None),
        ("person", Mood.PERSON, "a person", "rollout approve europe 50"),
        ("failing", Mood.FAILING, "the next look", "rollout rollback asia"),
        ("guard-fired", Mood.BACK, "a person", "rollout rollback review"),
    ],
)
def test_five_situations_differ_in_what_they_wait_for(name: str, mood: Mood, waits_for: str, command: str) -> None:
    found = glance(SITUATIONS[name]())
    assert (found.mood, found.waits_for, found.command) == (mood, waits_for, command)


def test_moods_differ_in_word_and_shape_and_not_in_colour_alone() -> None:
    found = [glance(each()) for each in SITUATIONS.values()]
    assert len({each.word for each in found}) == len({each.shape for each in found}) == len(found)


def test_what_the_next_step_needs_is_in_numbers() -> None:
    said = glance(waiting()).said
    assert said == "Next is 50 %: score needs 412 more requests, about 1h23m."


@pytest.mark.parametrize("act", list(Act))
def test_each_decision_has_a_glance(act: Act) -> None:
    found = glance(overview(SHOP, ramp=RampView(STANDS, PASS, Decision(act, "why", Percent.of(50)))))
    assert found.mood is not Mood.IDLE
    assert (found.waits_for == "a person") == (found.mood is Mood.PERSON)


def test_no_requests_and_no_judge_wait_for_requests() -> None:
    none = judged(Verdict.NO_DATA, "no requests yet")
    for view in (seen(none), RampView(STANDS, None, Decision(Act.BAKE, "nothing could be judged"))):
        assert glance(overview(SHOP, ramp=view)).waits_for == "requests"


def test_a_ramp_that_cannot_be_read_needs_a_person() -> None:
    found = glance(overview(SHOP, ramp=RampView(trouble="drift: another process set weights")))
    assert (found.mood, found.said) == (Mood.PERSON, "Drift: another process set weights.")


def test_a_ramp_whose_verdict_is_not_read_is_under_way() -> None:
    found = glance(overview(SHOP, ramp=RampView(STANDS)))
    assert (found.mood, found.word) == (Mood.WAITING, "Under way")
    failed = glance(overview(SHOP, ramp=RampView(STANDS, trouble="AccessDenied")))
    assert (failed.mood, failed.waits_for) == (Mood.PERSON, "a person")


def test_a_ramp_that_raises_is_a_view_with_trouble() -> None:
    def refused() -> RampView:
        raise AwsError("AWS throttles", hint="try again")

    found = overview(SHOP, asked=refused)
    assert found.view == RampView(trouble="AWS throttles; try again")


def test_what_the_guard_did_comes_before_all_else() -> None:
    found = overview(SHOP, ramp=seen(NEEDS), guard=FIRED)
    assert glance(found).mood is Mood.BACK
    assert glance(overview(SHOP, ramp=seen(NEEDS), guard=replace(FIRED, fired=""))).mood is Mood.WAITING


def test_the_worst_finding_of_a_route_is_its_mood() -> None:
    assert moods(judged(Verdict.FAIL, "worse")) == {
        "score": Mood.FAILING,
        "history": Mood.FINE,
        "stamps": Mood.FINE,
    }
    assert moods(None) == {}


def test_requests_that_never_come_have_no_time() -> None:
    (finding, *_) = NEEDS.findings
    assert minutes_for(finding) == 83
    for unknown in ({"needs": None}, {"pace": None}, {"pace": 0.5}):
        assert minutes_for(replace(finding, **unknown)) is None


def test_the_present_weight_is_marked_also_between_two_steps() -> None:
    steps = [Percent.of(each) for each in (5, 25, 50)]
    assert [state for _, state in steps_of(steps, steps[0], Mood.FINE)] == ["done", "now", "next", "later"]
    assert [state for _, state in steps_of(steps, Percent.of(7), Mood.BACK)] == ["done", "done", "now", *["later"] * 2]


def test_who_runs_it_is_whose_heartbeats_are_expected_else_who_wrote_last() -> None:
    watched = GuardStatus("p", "armed", watches="ci")
    assert runs_it(overview(SHOP, ramp=seen(PASS))) == "not this machine; last entry: ada@laptop"
    assert runs_it(overview(SHOP, ramp=seen(PASS), guard=watched)) == "ci, whose heartbeats the guard expects"
    said = "ada@laptop on this machine: looked at 12:00:08 UTC; looks next at 12:01:00 UTC"
    assert runs_it(overview(SHOP, ramp=seen(PASS), guard=watched, look=LOOK)) == said
    assert runs_it(overview(SHOP, look=LOOK)) == "no ramp is running"


@pytest.mark.parametrize(("verdict", "command"), [(PASS, "rollout ramp shop"), (WORSE, "rollout rollback shop")])
def test_a_ramp_whose_process_was_killed_needs_a_person(verdict: AnalysisResult, command: str) -> None:
    late = replace(LOOK, next_at=NOW - timedelta(minutes=6))
    found = overview(SHOP, ramp=seen(verdict), look=late)
    now = glance(found)
    assert now.needs_person
    assert now.command == command.replace("shop", found.environment)
    assert "a look was due at 11:54:30 UTC" in now.said
    assert "a look was due" in runs_it(found)
    assert not glance(overview(SHOP, ramp=seen(verdict), look=LOOK)).needs_person


def test_what_a_failure_leads_to_has_its_time() -> None:
    assert "The ramp's next look, at 12:01 UTC, sends all" in glance(overview(SHOP, ramp=seen(WORSE), look=LOOK)).said


@pytest.mark.parametrize(
    ("choice", "said", "whom"),
    [
        ("rollback", "sends all requests to legacy.", "the next look"),
        ("route", "sends all requests of score to legacy and goes on with history and 1 more.", "the next look"),
        ("step-back", "lowers the weight to 5 % and ends the ramp.", "the next look"),
        ("freeze", "ends the ramp and leaves the weight at 25 %.", "a person"),
    ],
)
def test_what_a_failure_leads_to_is_what_on_failure_says(choice: str, said: str, whom: str) -> None:
    ramp = RAMP.model_copy(update={"on_failure": choice})
    now = glance(overview(SHOP, ramp=seen(WORSE, ramp=ramp)))
    assert now.said.endswith(f"The ramp's next look {said}")
    assert (now.word, now.waits_for, now.is_urgent) == ("Worse than legacy", whom, True if choice == "freeze" else None)


def test_a_step_that_fails_has_no_next_step_and_is_not_called_worse_without_a_verdict() -> None:
    failing = SITUATIONS["failing"]()
    assert "next look sends all requests to legacy" in failing.ramp
    assert "next 50 %" not in failing.ramp
    expired = RAMP.model_copy(update={"approve_before": (Percent.of(50),), "on_expiry": "rollback"})
    asked = ASKED.model_copy(update={"at": NOW - timedelta(days=2)})
    assert (
        glance(overview(SHOP, ramp=seen(PASS, ramp=expired, stands=replace(STANDS, asked=asked)))).word
        == "The step fails"
    )


def test_how_urgent_a_rollback_is_after_the_guard_is_said_in_words() -> None:
    back, half = SITUATIONS["guard-fired"](), overview(SHOP, guard=FIRED)
    assert glance(back).act[0] == "A person must act, but it isn't urgent"
    assert "All requests go to legacy already." in glance(back).said
    assert glance(half).act[0] == "A person must act at once"
    assert "The candidate still gets requests." in glance(half).said
    for found, said in ((back, "not urgent: all requests go to legacy already"), (half, "at once: the candidate")):
        status = replace(found.status, next_step=f"rollout rollback {found.environment}")
        assert status.urgency.startswith(said)
        assert replace(status, next_step=None).urgency == ""


def test_a_rollback_after_the_guard_leaves_nothing_but_the_next_ramp() -> None:
    fired, rolled = SITUATIONS["guard-fired"](), made("rollback", 0.1, score=(25, 0))
    settled = replace(fired, history=(*fired.history, *changes_of({"routing": (rolled,)})))
    now = glance(settled)
    assert (now.word, now.command) == ("The guard took traffic back", "rollout ramp review --restart")
    assert "The state and stacks.toml say so, too." in now.said


def test_a_controller_says_when_it_looks_next_and_needs_a_person_when_it_is_late() -> None:
    def found(state: str) -> Overview:
        looks = ControllerStatus("p", state, function="shop", looked_at=NOW, said="waiting", next_at=NOW)
        known = overview(SHOP, ramp=seen(NEEDS))
        return replace(known, status=replace(known.status, controller=looks))

    assert (
        runs_it(found("waiting")) == "the controller: shop looked at 12:00:30 UTC, waiting; looks next at 12:00:30 UTC"
    )
    assert glance(found("waiting")).mood is Mood.WAITING
    assert (glance(found("late")).mood, glance(found("missing")).mood) == (Mood.PERSON, Mood.WAITING)


def test_the_last_change_is_not_something_that_was_only_said() -> None:
    change = last_change(overview(SHOP, stacks=Histories((*HISTORY, entry(Kind.PAUSED, 1)))))
    assert change is not None
    assert change.what == "ramp raised"
    assert last_change(overview(SHOP, stacks=Histories(()))) is None


def span(*updates: Update) -> timedelta:
    return fitted(changes_of({"routing": updates}), NOW)


def test_the_range_begins_before_the_ramp_did() -> None:
    assert span(*HISTORY) == timedelta(hours=21)  # 18.1 h and a margin
    assert span(*HISTORY, entry(Kind.FAILED, 1), entry(Kind.STARTED, 0.05)) == LEAST


def test_without_a_ramp_it_begins_before_the_last_move() -> None:
    assert span(made("weight", 9, r1=(0, 5)), made("weight", 1, r1=(5, 25))) == timedelta(minutes=70)


def test_what_is_long_ago_or_never_was_leaves_a_day() -> None:
    assert span() == span(made("phase1", 2)) == span(made("weight", 24 * 20, r1=(0, 5))) == DAY
    assert span(made("weight", -3, r1=(0, 5))) == DAY  # by a clock that is ahead
