"""A ramp from start to end over a world in memory: what it does, and what it never does."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from rollout.analysis.metrics import AlarmState
from rollout.analysis.verdicts import AnalysisResult, Verdict
from rollout.errors import (
    AnalysisFailed,
    AwsError,
    Drift,
    EngineError,
    GateRefused,
    Interrupted,
    RampEnded,
    UsageError,
)
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout.ramp.controls import Controls, read_until
from rollout.state.history.entries import Update
from rollout.state.history.record import Record, with_record
from rollout.state.ramp_journal import Journal, Kind, entries
from tests.unit.ramp.world import MONDAY, ROUTES, Killed, World, inventory, judgement

FIVE, FIFTY, WHOLE = Percent.of(5), Percent.of(50), Percent.of(100)
Judge = Callable[[Percent, timedelta], AnalysisResult]


def fails_at(weight: Percent, after: timedelta = timedelta(minutes=3), routes: tuple[str, ...] = ROUTES) -> Judge:
    def judge(now: Percent, since: timedelta) -> AnalysisResult:
        verdict = Verdict.FAIL if now == weight and since >= after else Verdict.PASS
        return judgement(verdict, "5xx 9 % against 0.1 %" if verdict is Verdict.FAIL else "", routes)

    return judge


def controls(world: World) -> Controls:
    journal = Journal("production", lambda: world, world.now, "boss@desk")  # type: ignore[arg-type,return-value]
    return Controls(world.environment, journal, "boss@desk", world.events.append)


def kinds(world: World) -> list[Kind]:
    return [entry.kind for entry in entries(world.updates)]


def test_a_good_candidate_goes_to_the_last_step_in_its_time() -> None:
    world = World(inventory())
    result = world.ramp()
    assert result.state == "finished"
    assert world.shares == {WHOLE}
    raised = [event.weight for event in world.events if isinstance(event, events.RampRaised)]
    assert raised == [FIVE, FIFTY, WHOLE]
    assert timedelta(minutes=90) <= world.time - MONDAY <= timedelta(minutes=94)
    assert [kind for kind, _ in world.told] == ["step", "step", "step", "finished"]


def test_a_loop_of_single_looks_does_the_same_ramp() -> None:
    loop, whole = World(inventory()), World(inventory())
    assert loop.cron().state == whole.ramp().state
    assert kinds(loop) == kinds(whole)
    assert loop.shares == whole.shares
    calls = len(loop.updates)
    assert loop.ramp(once=True).state == "finished"  # and again, and nothing more happens
    assert len(loop.updates) == calls


@pytest.mark.parametrize("verdict", [Verdict.INCONCLUSIVE, Verdict.NO_DATA])
def test_nothing_but_a_pass_goes_on(verdict: Verdict) -> None:
    world = World(inventory(), lambda *_: judgement(verdict, "no traffic at all"), limit=MONDAY + timedelta(days=2))
    with pytest.raises(Killed):
        world.ramp()
    assert world.shares == {FIVE}
    waiting = [event for event in world.events if isinstance(event, events.RampWaiting)]
    assert "no traffic at all" in waiting[-1].sentence
    assert waiting[-1].state == "held"  # a day is over
    assert [kind for kind, _ in world.told] == ["step", "verdict"]


def test_no_verdict_within_the_limit_goes_back_if_the_file_says_so() -> None:
    ramp = inventory(**{"on-inconclusive": "rollback", "bake-limit": "2h"})
    world = World(ramp, lambda *_: judgement(Verdict.NO_DATA, "no traffic"))
    with pytest.raises(AnalysisFailed) as caught:
        world.ramp()
    assert caught.value.code == "analysis-failed"
    assert world.shares == {None}


def test_a_failure_goes_back_then_tells_and_never_begins_again_by_itself() -> None:
    world = World(inventory(), fails_at(FIFTY))
    with pytest.raises(AnalysisFailed, match=r"5xx 9 % against 0.1 %") as caught:
        world.ramp()
    assert (caught.value.code, caught.value.exit_code) == ("analysis-failed", 6)
    assert world.shares == {None}
    assert world.told[-1] == ("rollback", "rolled back: 5xx 9 % against 0.1 %")
    assert world.time - MONDAY < timedelta(minutes=40)  # not after the bake, but at once
    for _ in range(2):
        with pytest.raises(AnalysisFailed, match=r"5xx 9 %") as caught:
            world.ramp(once=True)
        assert (caught.value.code, caught.value.exit_code) == ("ramp-failed", 6)
    assert world.shares == {None}
    assert [kind for kind, _ in world.told] == ["step", "step", "verdict", "rollback"]
    world.judge_of = lambda *_: judgement(Verdict.PASS)
    assert world.ramp(restart=True).state == "finished"


@pytest.mark.parametrize(("choice", "shares"), [("freeze", {FIFTY}), ("step-back", {FIVE}), ("route", {None})])
def test_on_failure_is_a_choice(choice: str, shares: set[Percent | None]) -> None:
    world = World(inventory(**{"on-failure": choice}), fails_at(FIFTY))
    with pytest.raises(AnalysisFailed):
        world.ramp()
    assert world.shares == shares
    with pytest.raises(AnalysisFailed) as caught:
        world.ramp(once=True)
    assert caught.value.code == "ramp-failed"
    assert world.shares == shares


def test_one_route_can_go_back_while_the_others_go_on() -> None:
    world = World(inventory(**{"on-failure": "route"}))
    world.judge_of = lambda *_: (
        judgement(Verdict.FAIL, "a is worse", ("a",)) if world.weights["a"] == FIFTY else judgement(Verdict.PASS)
    )
    assert world.ramp().state == "finished"
    assert world.weights == {"a": None, "b": WHOLE}
    assert ("rollback", "rolled back: a is worse") in world.told


def test_a_rollback_that_fails_on_one_route_goes_on_with_the_others_and_keeps_trying() -> None:
    world = World(inventory(), fails_at(FIVE))
    world.ramp(once=True)
    world.broken = {"a"}
    world.time += timedelta(minutes=5)
    with pytest.raises(AnalysisFailed) as caught:
        world.ramp(once=True)
    assert caught.value.code == "analysis-failed"
    assert world.told[-1][1].startswith("rolled back but for a")
    assert world.weights == {"a": FIVE, "b": None}
    with pytest.raises(AnalysisFailed):
        world.ramp(once=True)
    world.broken = set()
    with pytest.raises(AnalysisFailed) as caught:
        world.ramp(once=True)
    assert caught.value.code == "ramp-failed"
    assert world.shares == {None}
    world.set(FIVE)  # somebody looks for the fault, and is left in peace
    with pytest.raises(AnalysisFailed):
        world.ramp(once=True)
    assert world.shares == {FIVE}


def test_a_run_that_stays_tries_until_all_is_back() -> None:
    world = World(inventory(), fails_at(FIVE))
    world.on_wait = lambda w: w.broken.add("a") if w.time < MONDAY + timedelta(hours=1) else w.broken.clear()
    with pytest.raises(AnalysisFailed):
        world.ramp()
    assert world.told[-1][1].startswith("rolled back: ")
    assert world.shares == {None}
    assert MONDAY + timedelta(hours=1) <= world.time


@pytest.mark.parametrize("part", ["live", "history", "cloudwatch"])
def test_a_network_that_is_away_for_ten_minutes_is_waited_out(part: str) -> None:
    world = World(inventory())

    def on_wait(w: World) -> None:
        minutes = (w.time - MONDAY) / timedelta(minutes=1)
        w.broken = {part} if 10 <= minutes < 20 or 40 <= minutes < 50 else set()

    world.on_wait = on_wait
    assert world.ramp().state == "finished"
    warned = [event for event in world.events if isinstance(event, events.Warned)]
    assert len(warned) in (1, 2)  # not one a minute
    once = World(inventory(), broken={part})
    if part == "cloudwatch":
        once.ramp(once=True)
    with pytest.raises((AwsError, EngineError)):
        once.ramp(once=True)


def test_a_failure_is_seen_and_acted_on_while_history_cannot_be_read() -> None:
    world = World(inventory(), fails_at(FIVE, timedelta(minutes=5)))
    world.on_wait = lambda w: w.broken.add("history")
    with pytest.raises(AnalysisFailed):
        world.ramp()
    assert world.shares == {None}
    world.broken.clear()
    with pytest.raises(RampEnded, match="at 5 %"):
        world.ramp(once=True)


def test_somebody_elses_weight_stops_it_and_a_rollback_ends_it() -> None:
    world = World(inventory())
    world.ramp(once=True)
    world.set(Percent.of(20))
    world.updates.append(Update("update", "succeeded", "rollout weight production 20 (all routes)", world.time))
    with pytest.raises(Drift, match=r"5 % \(rollout weight production 20 .all routes.\)") as caught:
        world.ramp(once=True)
    assert (caught.value.code, caught.value.exit_code) == ("weight-changed", 7)
    assert world.ramp(once=True, restart=True).state == "waiting"  # from 20 on
    world.on_wait = lambda w: w.set(None) if w.time > MONDAY + timedelta(minutes=10) else None
    with pytest.raises(RampEnded, match="at 20 %"):
        world.ramp()
    assert world.shares == {None}
    with pytest.raises(RampEnded):
        world.ramp(once=True)


def test_routes_at_different_weights_are_no_place_to_begin() -> None:
    world = World(inventory(), weights={"a": FIVE, "b": FIFTY})
    for restart in (False, True):
        with pytest.raises(Drift) as caught:
            world.ramp(once=True, restart=restart)
        assert caught.value.code == "weights-differ"


def test_a_pruned_history_is_picked_up_with_a_bake_that_begins_anew() -> None:
    world = World(inventory())
    world.ramp(once=True)
    world.time += timedelta(minutes=29)
    world.updates = world.updates[:1]
    result = world.ramp(once=True)
    assert result.state == "waiting"
    assert result.wait == timedelta(minutes=30)
    assert any(isinstance(e, events.RampPickedUp) and e.note and "begins now" in e.note for e in world.events)


def test_pause_resume_skip_and_freeze_from_elsewhere() -> None:
    world = World(inventory())
    with pytest.raises(UsageError) as caught:
        controls(world).say(Kind.PAUSED, world.read())
    assert caught.value.code == "no-ramp"
    world.ramp(once=True)
    controls(world).say(Kind.SKIPPED, world.read())
    controls(world).say(Kind.PAUSED, world.read())
    assert world.ramp(once=True).state == "paused"
    controls(world).say(Kind.RESUMED, world.read())
    assert world.ramp(once=True).state == "raised"
    assert world.ramp(once=True).state == "waiting"  # the skipped wait was that of one step
    controls(world).freeze(read_until("1h", world.time))
    world.time += timedelta(minutes=31)
    assert world.ramp(once=True).state == "frozen"
    world.time += timedelta(minutes=30)
    assert world.ramp(once=True).state == "raised"


def test_what_a_newer_rollout_said_pauses_the_ramp_until_somebody_resumes_it() -> None:
    world = World(inventory())
    world.ramp(once=True)
    controls(world).say(Kind.PAUSED, world.read())
    paused = world.updates[-1]
    world.updates[-1] = replace(paused, message=paused.message.replace('"paused"', '"halted"'))
    world.time += timedelta(minutes=31)
    result = world.ramp(once=True)
    assert (result.state, world.shares) == ("paused", {FIVE})
    assert "newer rollout" in result.sentence
    controls(world).say(Kind.RESUMED, world.read())
    assert world.ramp(once=True).state == "raised"


def test_a_rollback_of_a_newer_rollout_ends_the_ramp() -> None:
    world = World(inventory())
    world.ramp(once=True)
    controls(world).say(Kind.PAUSED, world.read())
    last = world.updates[-1]
    said = with_record(last.message.replace('"paused"', '"swept"'), Record(phase="rollback"))
    world.updates[-1] = replace(last, message=said)
    with pytest.raises(RampEnded):
        world.ramp(once=True)


def test_a_skipped_wait_still_needs_a_pass() -> None:
    world = World(inventory(), lambda *_: judgement(Verdict.INCONCLUSIVE))
    world.ramp(once=True)
    controls(world).say(Kind.SKIPPED, world.read())
    assert world.ramp(once=True).state == "waiting"
    assert world.shares == {FIVE}


def test_neither_pause_nor_freeze_nor_window_holds_up_a_rollback() -> None:
    closed = {"days": ["Sun"], "from": "01:00", "until": "02:00"}
    world = World(inventory(windows=[closed], **{"approve-before": [50]}), fails_at(FIVE))
    world.environment = world.environment.model_copy(update={"ramp": inventory().ramp})
    world.ramp(once=True)
    world.environment = inventory(windows=[closed])
    controls(world).say(Kind.PAUSED, world.read())
    controls(world).freeze(read_until("2h", world.time))
    world.time += timedelta(minutes=4)
    with pytest.raises(AnalysisFailed):
        world.ramp(once=True)
    assert world.shares == {None}


def test_a_step_waits_for_an_approval_that_history_keeps() -> None:
    world = World(inventory(**{"approve-before": [50]}))
    world.ramp(once=True)
    world.time += timedelta(minutes=31)
    for _ in range(3):
        assert world.ramp(once=True).state == "approval"
    assert [kind for kind, _ in world.told] == ["step", "approval"]  # asked once
    with pytest.raises(UsageError) as caught:
        controls(world).approve(world.read(), WHOLE)
    assert caught.value.code == "nothing-to-approve"
    assert controls(world).approve(world.read(), None) == FIFTY
    assert world.ramp(once=True).state == "raised"
    assert "boss@desk" in next(update.message for update in world.updates if "approved" in update.message)


def test_a_second_yes_approves_no_later_step() -> None:
    world = World(inventory(**{"approve-before": [50, 100]}))
    world.ramp(once=True)
    assert controls(world).approve(world.read(), None) == FIFTY
    with pytest.raises(UsageError) as caught:
        controls(world).approve(world.read(), None)
    assert (caught.value.code, "approve production 100" in str(caught.value.hint)) == ("nothing-to-approve", True)
    assert controls(world).approve(world.read(), WHOLE) == WHOLE


@pytest.mark.parametrize(("choice", "shares"), [("hold", {FIVE}), ("rollback", {None})])
def test_an_approval_that_nobody_gives_expires(choice: str, shares: set[Percent | None]) -> None:
    ramp = inventory(**{"approve-before": [50], "approval-expiry": "2h", "on-expiry": choice})
    world = World(ramp, limit=MONDAY + timedelta(hours=4))
    with pytest.raises((AnalysisFailed, Killed)):
        world.ramp()
    assert world.shares == shares


def test_alarms_are_verdicts_and_legacys_are_not() -> None:
    world = World(inventory(alarms=["mine"], **{"legacy-alarms": ["theirs"]}))
    world.alarm_states = {"mine": AlarmState.OK, "theirs": AlarmState.ALARM}
    world.ramp(once=True)
    world.time += timedelta(minutes=31)
    world.alarm_states["mine"] = AlarmState.INSUFFICIENT_DATA
    assert world.ramp(once=True).state == "waiting"  # no data never promotes
    world.alarm_states["mine"] = AlarmState.OK
    assert world.ramp(once=True).state == "raised"
    world.alarm_states["mine"] = AlarmState.ALARM
    with pytest.raises(AnalysisFailed, match="ALARM state: mine"):
        world.ramp(once=True)
    assert world.shares == {None}
    assert world.ramp(once=True, restart=True).state == "waiting"  # it rings on for some minutes
    world.alarm_states["mine"] = AlarmState.OK
    assert world.ramp(once=True).state == "raised"


@pytest.mark.parametrize("unread", ["alarms", "cloudwatch"])
def test_what_either_says_goes_back_though_the_other_cannot_be_read(unread: str) -> None:
    world = World(inventory(alarms=["mine"]))
    world.alarm_states["mine"] = AlarmState.OK
    world.ramp(once=True)
    world.time += timedelta(minutes=10)
    world.broken = {unread}
    with pytest.raises(AwsError):  # so far nothing says that it is bad
        world.ramp(once=True)
    assert world.shares == {FIVE}
    world.alarm_states["mine"] = AlarmState.ALARM
    world.judge_of = lambda *_: judgement(Verdict.FAIL)
    with pytest.raises(AnalysisFailed):
        world.ramp(once=True)
    assert world.shares == {None}


@pytest.mark.parametrize("passed", [timedelta(minutes=40), timedelta(days=30)])
def test_nothing_is_raised_nor_given_up_while_one_of_them_cannot_be_read(passed: timedelta) -> None:
    world = World(inventory(alarms=["mine"], **{"on-inconclusive": "rollback"}))
    world.alarm_states["mine"] = AlarmState.OK
    world.ramp(once=True)
    world.time += passed
    for part in ("alarms", "cloudwatch"):
        world.broken = {part}
        with pytest.raises(AwsError):
            world.ramp(once=True)
    assert world.shares == {FIVE}


def test_a_pass_of_what_is_not_there_any_more_raises_nothing() -> None:
    world = World(inventory())
    world.ramp(once=True)

    def changed(w: World) -> bool:
        w.judge_of = lambda _weight, _after: judgement(Verdict.INCONCLUSIVE)
        return True

    world.time, world.on_renew = world.time + timedelta(minutes=29), changed
    assert (world.ramp(once=True).state, world.renewed[1:]) == ("waiting", []), "nothing is to be raised"
    world.time += timedelta(minutes=2)
    assert (world.ramp(once=True).state, world.shares, world.renewed[1:]) == ("waiting", {FIVE}, [world.time])


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("weight", [FIVE, WHOLE])
def test_a_pass_is_of_the_build_that_it_saw(weight: Percent, *, once: bool) -> None:
    """A build that came in the last minute of a step bakes as long as the one before."""
    world = World(inventory(), weights=dict.fromkeys(ROUTES, weight))
    world.ramp(once=True)
    spans: list[timedelta] = []

    def judged(_: Percent, after: timedelta) -> AnalysisResult:
        spans.append(after)
        return judgement(Verdict.PASS)

    world.judge_of = judged
    world.time = world.built_at = MONDAY + timedelta(minutes=29)
    world.limit = MONDAY + timedelta(minutes=58)
    if once:
        for _ in range(30):
            result = world.ramp(once=True)
            assert result.state == "waiting"
            world.time += timedelta(minutes=1)
    else:
        with pytest.raises(Killed):
            world.ramp()
        world.time += timedelta(minutes=1)
    assert world.shares == {weight}
    assert any("other builds" in each.message for each in world.events if isinstance(each, events.Warned))
    assert world.ramp(once=True).state == ("raised" if weight == FIVE else "finished")
    assert spans[-1] == timedelta(minutes=30)


def test_a_build_before_the_step_is_no_other() -> None:
    world = World(inventory())
    world.built_at = MONDAY - timedelta(minutes=1)
    world.ramp(once=True)
    world.time += timedelta(minutes=31)
    assert world.ramp(once=True).state == "raised"


def test_the_targets_health_is_read_where_it_decides_something() -> None:
    world = World(inventory())
    for later in (0, 10, 21):
        world.time, world.asked_health = world.time + timedelta(minutes=later), 0
        state = world.ramp(once=True).state
        assert (state, world.asked_health > 0) == (("waiting", False) if later == 10 else ("raised", True))


def test_smoke_comes_before_the_first_step_alone() -> None:
    world = World(inventory(smoke=True))
    world.ramp()
    assert world.smoked == 1


def test_at_least_so_many_requests() -> None:
    world = World(inventory(**{"min-requests": 10_000}))
    world.judge_of = lambda _, since: judgement(Verdict.PASS, requests=int(since / timedelta(hours=1) * 5000))
    world.ramp(once=True)
    world.time += timedelta(minutes=90)
    assert "7,500 of at least 10,000 requests" in world.ramp(once=True).sentence
    world.time += timedelta(minutes=30)
    assert world.ramp(once=True).state == "raised"


def test_without_anybody_to_approve_nothing_is_raised() -> None:
    world = World(inventory())
    for approve in (None, lambda _: False):
        with pytest.raises(GateRefused):
            world.ramp(approve=approve)
    assert world.shares == {None}


def test_a_restart_needs_something_that_has_ended() -> None:
    world = World(inventory())
    world.ramp(once=True)
    with pytest.raises(UsageError) as caught:
        world.ramp(once=True, restart=True)
    assert caught.value.code == "ramp-under-way"


def test_of_two_at_a_time_the_slower_gives_way() -> None:
    world = World(inventory())
    world.ramp(once=True)
    world.time += timedelta(minutes=31)

    def slow(_gate: object) -> bool:
        assert world.ramp(once=True).state == "raised"  # somebody else's run, meanwhile
        with pytest.raises(AnalysisFailed):
            replace_judge(world)
        return True

    def replace_judge(world: World) -> None:
        world.judge_of = fails_at(FIFTY, timedelta(0))
        world.ramp(once=True)

    with pytest.raises(AnalysisFailed) as caught:
        world.ramp(once=True, approve=slow)
    assert caught.value.code == "ramp-failed"
    assert any(isinstance(event, events.Warned) and "another run was faster" in event.message for event in world.events)
    assert world.shares == {None}


def noting(judge: Judge, judged: list[tuple[Percent, Verdict]]) -> Judge:
    def judge_and_note(weight: Percent, after: timedelta) -> AnalysisResult:
        found = judge(weight, after)
        judged.append((weight, found.verdict))
        return found

    return judge_and_note


def never_raised_without_a_pass(world: World, judged: list[tuple[Percent, Verdict]]) -> None:
    steps = [FIVE, FIFTY, WHOLE]
    for step, before in zip(steps[1:], steps, strict=False):
        if step in (world.weights[name] for name in ROUTES):
            assert (before, Verdict.PASS) in judged


@pytest.mark.thorough
@pytest.mark.parametrize("fails", [None, FIFTY])
def test_a_ramp_killed_at_any_of_its_acts_is_finished_by_the_next_run(fails: Percent | None) -> None:
    """Before each act and after it, once and again, until no act is left to be killed at."""
    plain = World(inventory(), fails_at(fails) if fails else World.judge_of)
    with pytest.raises(AnalysisFailed) if fails else nullcontext():
        plain.ramp()
    for kill_at in range(plain.acts):
        world = World(inventory(), plain.judge_of, kill_at=kill_at)
        judged: list[tuple[Percent, Verdict]] = []
        world.judge_of = noting(world.judge_of, judged)
        with pytest.raises(Killed):
            world.ramp()
        never_raised_without_a_pass(world, judged)
        world.kill_at = None
        if fails:
            with pytest.raises((AnalysisFailed, RampEnded)):
                world.ramp()
            assert world.shares == {None}, kill_at
        else:
            assert world.ramp().state == "finished", kill_at
            assert world.shares == {WHOLE}, kill_at
        never_raised_without_a_pass(world, judged)


@pytest.mark.parametrize("behind", [timedelta(0), timedelta(minutes=2)])
def test_a_pause_before_a_raise_counts_whatever_the_clock_of_its_machine(behind: timedelta) -> None:
    """A backend in a folder or a bucket has a slow clock's entry before those that were there."""
    world = World(inventory())
    world.ramp(once=True)
    world.time += timedelta(minutes=31)

    def pauses(world: World) -> bool:
        controls(world).say(Kind.PAUSED, world.read())
        if behind:
            world.updates.insert(-2, world.updates.pop())
        return False

    world.on_renew = pauses
    assert world.ramp(once=True).state == "paused"
    assert world.shares == {FIVE}


@pytest.mark.parametrize("by_hand", [False, True])
def test_an_announced_weight_bakes_from_when_it_was_set(*, by_hand: bool) -> None:
    world = World(inventory())
    world.ramp(once=True)
    world.time += timedelta(minutes=40)
    world.kill_at = world.acts + (1 if by_hand else 5)  # the raise is announced, or done but not in history
    with pytest.raises(Killed):
        world.ramp(once=True)
    world.kill_at = None
    assert world.shares == {FIVE if by_hand else FIFTY}
    world.time += timedelta(hours=3)
    if by_hand:
        world.set(FIFTY)
        world.updates.append(Update("update", "succeeded", "rollout weight production 50", world.time))
    waits = world.ramp(once=True)
    assert (waits.state, world.shares) == (("waiting", {FIFTY}) if by_hand else ("raised", {WHOLE}))


def test_ctrl_c_says_that_nobody_watches() -> None:
    world = World(inventory())

    def interrupt(_world: World) -> None:
        raise KeyboardInterrupt

    world.on_wait = interrupt
    with pytest.raises(Interrupted) as caught:
        world.ramp()
    assert caught.value.exit_code == 130
    assert world.shares == {FIVE}


def test_an_entry_is_read_back_whatever_is_in_its_words() -> None:
    world = World(inventory())
    journal = Journal("production", lambda: world, world.now, "a\x85b\u2028c@host")  # type: ignore[arg-type,return-value]
    journal.write(journal.message(Kind.STARTED, FIVE, "one\ntwo\r\nthree\x0b\x85four"))
    (entry,) = entries(world.updates)
    assert entry.sentence == "one\ntwo\r\nthree\x0b\x85four"
    assert entries([Update("update", "succeeded", "rollout-ramp: {nonsense", MONDAY)]) == ()


@pytest.mark.parametrize(("reads", "before"), [("history", 1), ("read", 1), ("history", 2)])
def test_a_raise_of_another_run_between_two_reads_is_not_taken_for_a_rollback(reads: str, before: int) -> None:
    world = World(inventory())
    world.ramp(once=True)
    world.time += timedelta(minutes=31)
    read, times = getattr(world, reads), itertools.count(1)

    def meanwhile(*given: object) -> object:
        if next(times) == before:  # and now another run is faster
            assert world.ramp(once=True).state == "raised"
        return read(*given)

    setattr(world, reads, meanwhile)
    assert world.ramp(once=True).state == "waiting"
    assert world.shares == {FIFTY}
