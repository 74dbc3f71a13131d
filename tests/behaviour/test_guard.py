"""What people see of the guard, in memory: after it took traffic back nothing is a puzzle."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rollout.alb.weights import ForwardAction
from rollout.analysis.metrics import AlarmState
from rollout.errors import AwsError, Drift, EngineError, GateRefused, PreflightFailed, UsageError
from rollout.fakes.calls import ApiCall
from rollout.fakes.guard import InMemoryGuard
from rollout.guard.record import Decision, Firing, Moved
from rollout.inventory.marks import guard_name, mark_of
from rollout.inventory.quantities import ZERO, Percent
from rollout.inventory.stacks import GUARD
from rollout.migration import events
from rollout.migration.bearers import FUNCTION
from rollout.migration.gates import Gate
from rollout.programs.alarms.alarms import guard_alarms
from rollout.programs.guarding import invoking_alarms
from tests.behaviour.team import InMemoryTeam

ALARM = "rollout-passport-scorer-production-public-errors"
REASON = "3 datapoints were greater than the threshold (5.0)"


@pytest.fixture
def guarded(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team with a guard, at 25 %."""
    cut_over.edit("[stickiness]", "[guard]\n\n[stickiness]")
    cut_over.world.guard(cut_over.inventory).installed = True
    mark = mark_of(cut_over.inventory, GUARD)
    cut_over.aws.resources[FUNCTION, guard_name(cut_over.inventory)] = {"tags": mark.tags}
    cut_over.open().set_weight(25, approve=True)
    cut_over.world.clock.advance(timedelta(minutes=7))
    return cut_over


def installed(team: InMemoryTeam) -> None:
    """The guard's alarms too, and its function by its program."""
    del team.aws.resources[FUNCTION, guard_name(team.inventory)]
    team.open().guard.install(approve=True)


def guard_of(team: InMemoryTeam) -> InMemoryGuard:
    return team.world.guard(team.inventory)


def fire(team: InMemoryTeam) -> None:
    """The guard takes all traffic back, and records it."""
    found, now = guard_of(team), team.world.clock.utc
    state = found.read()
    assert state
    found.compare_and_set(state, replace(state, fired=state.fired + 1, fired_at=now, fired_by=ALARM))
    opened, moved = team.open(), {}
    live = opened.traffic.alb_state()
    for name, route in team.inventory.routes.items():
        rule = live.rule_of(route)
        assert rule
        team.world.actor().load_balancers(team.inventory).modify(rule, ForwardAction({live.group_arn(route.legacy): 1}))
        moved[name] = Moved((75, 25), (1, 0))
    found.record(Firing("e1", now, ALARM, REASON, Decision.FIRE, moved, back=True, times={"decided": now}))


def test_status_drift_and_history_say_what_it_did_and_a_rollback_settles_it(guarded: InMemoryTeam) -> None:
    fire(guarded)
    when = f"{guarded.world.clock.utc:%Y-%m-%d %H:%M}"
    opened = guarded.open()
    status = opened.status()
    assert status.guard
    assert status.guard.state == "armed"
    assert status.next_step == "rollout rollback production"
    assert opened.reports.summary().next_step == "rollout rollback production"
    for said in (when, ALARM, REASON):
        assert said in status.guard.fired
    with pytest.raises(Drift) as caught:
        opened.drift().require()
    assert REASON in caught.value.what
    last = opened.history()[-1]
    assert (last.what, last.by, last.result) == ("guard fired", f"alarm {ALARM}", "succeeded")
    assert set(last.moves.values()) == {(Percent.of(25), ZERO)}
    assert REASON in opened.history.change(last.number).why

    guarded.world.clock.advance(timedelta(minutes=1))
    opened.rollback()
    guarded.open().drift().require()
    assert guarded.open().status().next_step is None
    assert [change.what for change in guarded.open().history()[-2:]] == ["guard fired", "rollback"]
    guarded.open().set_weight(10, approve=True)


def test_the_dashboard_knows_it(guarded: InMemoryTeam) -> None:
    fire(guarded)
    overview = guarded.open().reports.overview()
    assert overview.status.guard
    assert overview.history[-1].what == "guard fired"
    guarded.run("report", "production", "--html", "report.html")
    assert REASON in (guarded.folder / "report.html").read_text("utf-8")


def test_people_and_machines_get_it_in_a_line(guarded: InMemoryTeam) -> None:
    fire(guarded)
    assert ALARM in guarded.run("status", "production").stdout
    found = json.loads(guarded.run("status", "production", "--json").stdout)
    assert found["guard"]["state"] == "armed"
    assert found["guard"]["fired-at"]
    assert ALARM in guarded.run("history", "production").stdout


def test_what_it_did_is_over_with_the_next_raise(guarded: InMemoryTeam) -> None:
    fire(guarded)
    guarded.open().rollback()
    guarded.world.clock.advance(timedelta(minutes=7))
    guarded.open().set_weight(5, approve=True)
    status = guarded.open().status().guard
    assert status
    assert status.fired == ""


def test_a_table_that_cannot_be_read_hides_nothing_else(guarded: InMemoryTeam) -> None:
    fire(guarded)
    guard_of(guarded).calls.refuse(times=None)
    opened = guarded.open()
    found = opened.status().guard
    assert found
    assert found.state == "unknown"
    assert opened.history()
    assert any(isinstance(event, events.Warned) for event in guarded.events)
    assert opened.reports.overview().history


def test_without_a_guard_in_the_file_it_is_no_call(cut_over: InMemoryTeam) -> None:
    opened = cut_over.open()
    assert opened.status().guard is None
    opened.history()
    opened.drift()
    opened.reports.overview()
    opened.set_weight(5, approve=True)
    assert not guard_of(cut_over).calls.log


def weights(team: InMemoryTeam) -> set[Percent]:
    return {split.weight for split in team.splits().values() if split}


def alarm(team: InMemoryTeam, state: AlarmState) -> None:
    parts = team.world.actor().parts(team.inventory, lambda *_: None)
    parts.alarms.stated |= dict.fromkeys(guard_alarms(team.inventory), state)


def test_a_raise_advances_the_epoch_and_ends_its_lease(guarded: InMemoryTeam) -> None:
    before = guard_of(guarded).read()
    guarded.open().set_weight(50, approve=True)
    after = guard_of(guarded).read()
    assert before
    assert after
    assert after.epoch == before.epoch + 1
    assert after.raising == ()


def test_an_alarm_stops_each_way_to_raise_and_no_way_back(guarded: InMemoryTeam) -> None:
    alarm(guarded, AlarmState.ALARM)
    with pytest.raises(PreflightFailed) as caught:
        guarded.open().set_weight(50, approve=True)
    assert {problem.code for problem in caught.value.problems} == {"alarm-raised"}
    guarded.edit("weight = 25\nramp", "weight = 50\nramp")
    with pytest.raises(PreflightFailed):
        guarded.open().phase3(approve=True)
    assert weights(guarded) == {Percent.of(25)}
    before = guard_of(guarded).read()
    guarded.open().set_weight(5, approve=True)
    after, calls = guard_of(guarded).read(), len(guard_of(guarded).calls.log)
    assert before
    assert after
    assert (after.epoch, after.raising, after.version > before.version) == (before.epoch, (), True)
    guarded.open().rollback()
    assert len(guard_of(guarded).calls.log) == calls
    assert weights(guarded) == {ZERO}
    alarm(guarded, AlarmState.INSUFFICIENT_DATA)
    guarded.open().set_weight(5, approve=True)


def test_without_its_table_nothing_rises_and_everything_falls(guarded: InMemoryTeam) -> None:
    guard_of(guarded).calls.refuse(times=None)
    with pytest.raises(AwsError):
        guarded.open().set_weight(50, approve=True)
    guarded.open().set_weight(5, approve=True)
    guarded.open().rollback()
    assert weights(guarded) == {ZERO}


@pytest.mark.parametrize("skip", [0, 1], ids=["before the epoch", "after it"])
def test_what_it_takes_back_during_a_raise_stays_back(guarded: InMemoryTeam, skip: int) -> None:
    guard_of(guarded).calls.before(lambda _: fire(guarded), "PutItem", skip=skip, times=1)
    with pytest.raises(Drift) as caught:
        guarded.open().set_weight(50, approve=True)
    assert caught.value.code == "guard-fired"
    assert weights(guarded) == {ZERO}
    state = guard_of(guarded).read()
    assert state
    assert state.raising == ()


def test_what_it_takes_back_between_the_last_look_at_rules_and_at_history_stays_back(guarded: InMemoryTeam) -> None:
    fired: list[set[Percent]] = []

    def meanwhile(_: ApiCall) -> None:
        state = guard_of(guarded).read()
        if state and state.raising and not fired:
            fired.append(weights(guarded))
            fire(guarded)

    guarded.meets.before(meanwhile, "history", "routing")
    with pytest.raises(Drift) as caught:
        guarded.open().set_weight(50, approve=True)
    assert (fired, caught.value.code) == ([{Percent.of(25)}], "guard-fired")
    assert weights(guarded) == {ZERO}


def test_what_it_takes_back_while_somebody_reads_the_gate_stops_the_raise(guarded: InMemoryTeam) -> None:
    def approve(_: Gate) -> bool:
        fire(guarded)
        return True

    with pytest.raises(Drift):
        guarded.open().set_weight(50, approve=approve)
    assert weights(guarded) == {ZERO}


def test_a_preview_asks_it_for_nothing(guarded: InMemoryTeam) -> None:
    calls = len(guard_of(guarded).calls.log)
    guarded.open().preview("weight", weights=dict.fromkeys(guarded.inventory.routes, Percent.of(50)))
    assert len(guard_of(guarded).calls.log) == calls


def test_who_disarms_it_is_in_history_and_it_arms_itself(guarded: InMemoryTeam) -> None:
    alarm(guarded, AlarmState.ALARM)
    done = guarded.run("guard", "disarm", "production", "--for", "30m", "-m", "load test", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["event"], told["state"], told["why"]) == ("guard-status", "disarmed", "load test")
    guarded.open().set_weight(50, approve=True)
    change = next(each for each in guarded.open().history() if each.what == "guard disarmed")
    assert change.by
    assert "load test" in change.verdict
    guarded.world.clock.advance(timedelta(minutes=30))
    armed = guarded.open().guard.status()
    assert armed.state == "armed"
    assert set(armed.raised) == set(guard_alarms(guarded.inventory))
    with pytest.raises(PreflightFailed):
        guarded.open().set_weight(100, approve=True)


def test_it_is_armed_at_once_and_a_ramp_minds_neither(guarded: InMemoryTeam) -> None:
    guarded.open().guard.disarm("1h", "why")
    notes = {note.code for check in guarded.open().preflight().checks for note in check.notes}
    assert "guard-disarmed" in notes
    assert guarded.open().guard.arm().state == "armed"
    assert guarded.open().ramp.view().sentence == "no ramp has begun"


@pytest.mark.parametrize("arguments", [("4h1m", "why"), ("30s", "why"), ("30m", " ")])
def test_it_is_not_disarmed_for_ever_nor_for_nothing(guarded: InMemoryTeam, arguments: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        guarded.open().guard.disarm(*arguments)
    assert guarded.open().guard.status().state == "armed"


def test_a_history_that_cannot_be_written_keeps_nobody_from_disarming_it(guarded: InMemoryTeam) -> None:
    guarded.meets.refuse("note", times=None, error=EngineError("no backend"))
    assert guarded.open().guard.disarm("1h", "why").state == "disarmed"


def test_without_one_in_the_file_that_is_said(cut_over: InMemoryTeam) -> None:
    with pytest.raises(UsageError):
        cut_over.open().guard.status()
    cut_over.edit("[stickiness]", "[guard]\n\n[stickiness]")
    assert cut_over.open().guard.status().state == "missing"
    with pytest.raises(AwsError) as caught:
        cut_over.open().guard.disarm("1h", "why")
    assert caught.value.code == "no-guard"


def answer(team: InMemoryTeam, decision: Decision, **more: Any) -> None:
    """The guard records a drill as soon as its alarm is set."""
    found = guard_of(team)

    def record(_: ApiCall) -> None:
        name, _state, data = found.alarms[-1]
        drill, now = json.loads(data), team.world.clock.utc
        times = {"alarm": now, "invoked": now + timedelta(seconds=1), "read-back": now + timedelta(seconds=3)}
        key, dry = drill["rollout-drill"], drill.get("dry", False)
        found.record(Firing("e1", now, name, "drill", decision, times=times, drill=key, dry=dry, **more))

    found.calls.after(record, "SetAlarmState", times=1)


def test_a_drill_moves_nothing_and_tells_how_long_each_part_took(guarded: InMemoryTeam) -> None:
    installed(guarded)
    answer(guarded, Decision.DRY, problems=("a rule forwards elsewhere",))
    done = guarded.run("guard", "test", "production", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["event"], told["dry"], told["problems"]) == ("drill-result", True, ["a rule forwards elsewhere"])
    assert list(told["parts"]) == ["invoked", "read-back"]
    assert [state for _, state, _ in guard_of(guarded).alarms] == [AlarmState.ALARM, AlarmState.OK]
    assert weights(guarded) == {Percent.of(25)}
    state = guard_of(guarded).read()
    assert state
    assert state.drill is None
    assert guarded.open().history()[-1].what == "guard drill"


def test_a_real_drill_has_a_gate(guarded: InMemoryTeam) -> None:
    installed(guarded)
    with pytest.raises(GateRefused):
        guarded.open().guard.test(real=True)
    assert guard_of(guarded).alarms == []
    answer(guarded, Decision.FIRE)
    assert not guarded.open().guard.test(real=True, approve=True).dry


def test_a_drill_that_nobody_answers_ends(guarded: InMemoryTeam) -> None:
    installed(guarded)
    with pytest.raises(AwsError) as caught:
        guarded.open().guard.test()
    assert caught.value.code == "guard-silent"
    assert [state for _, state, _ in guard_of(guarded).alarms] == [AlarmState.ALARM, AlarmState.OK]
    answer(guarded, Decision.DRY)
    guarded.open().guard.test()


def test_a_drill_needs_an_alarm_that_can_go_off(guarded: InMemoryTeam) -> None:
    installed(guarded)
    with pytest.raises(UsageError):
        guarded.open().guard.test("their-alarm")
    alarm(guarded, AlarmState.ALARM)
    with pytest.raises(UsageError) as caught:
        guarded.open().guard.test()
    assert (caught.value.code, "guard status" in str(caught.value.hint)) == ("no-alarm", True)  # it is installed


@pytest.mark.parametrize("command", [("status",), ("arm",), ("disarm", "--for", "5m", "-m", "a trial"), ("test",)])
def test_a_table_that_is_wrong_is_not_called_missing(guarded: InMemoryTeam, command: tuple[str, ...]) -> None:
    guarded.edit("[guard]\n", '[guard]\nheartbeat = "often"\n')
    done = guarded.run("guard", command[0], "production", *command[1:])
    assert (done.returncode, "guard.heartbeat" in done.stderr, "missing-key" in done.stderr) == (2, True, False)


def test_a_guard_without_its_function_is_not_called_armed(guarded: InMemoryTeam) -> None:
    assert guarded.open().guard.status().state == "armed"
    del guarded.aws.resources[FUNCTION, guard_name(guarded.inventory)]
    assert guarded.open().guard.status().state == "missing"
    assert "its function isn't" in guarded.run("guard", "status", "production").stdout


def test_a_guard_that_an_alarm_does_not_invoke_is_not_called_armed_alone(guarded: InMemoryTeam) -> None:
    muted = guarded.world.actor().parts(guarded.inventory, lambda *_: None).alarms.muted
    name = invoking_alarms(guarded.inventory)[0]
    muted[name] = "its actions are disabled"
    said = guarded.open().guard.status()
    assert (said.state, said.mute) == ("armed", (f"{name} (its actions are disabled)",))
    assert f"not invoked by: {name}" in guarded.run("guard", "status", "production").stdout
    muted.clear()
    assert guarded.open().guard.status().mute == ()
