"""A ramp beside its environment's guard: heartbeats, and what ends it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from rollout.analysis.metrics import AlarmState
from rollout.analysis.verdicts import Verdict
from rollout.base.stopping import Terminated
from rollout.errors import AnalysisFailed, Drift, Interrupted, RampEnded
from rollout.fakes.clock import InMemoryClock
from rollout.fakes.guard import InMemoryGuard
from rollout.guard import state as guard
from rollout.guard.record import Decision, Firing
from rollout.inventory.quantities import Percent
from rollout.migration import events
from tests.unit.guard.builders import ERRORS, config, event
from tests.unit.ramp.world import MONDAY, Killed, World, inventory, judgement

FIFTY = Percent.of(50)
NEVER = MONDAY + timedelta(hours=1)


def guarded(world: World) -> InMemoryGuard:
    world.guarded = InMemoryGuard(InMemoryClock(world.time), installed=True)
    return world.guarded


def state(found: InMemoryGuard) -> guard.GuardState:
    read = found.read()
    assert read
    return read


def fire(world: World, *routes: str) -> None:
    """The guard takes routes back, by an alarm of now."""
    assert world.guarded
    world.now()
    what, before = event(at=world.time), state(world.guarded)
    after, decision = guard.begin_firing(before, what, config(), run="1", now=world.time, until=world.time)
    assert decision is Decision.FIRE
    world.guarded.compare_and_set(before, guard.end_firing(after, what, "1"))
    world.guarded.record(Firing(what.id, what.at, ERRORS, "nine errors", decision, back=True))
    world.set(None, *routes)


def at(world: World, moment: datetime, act: Callable[[], None]) -> None:
    """Do something once, when it is as late."""
    done: list[bool] = []

    def wait(_: World) -> None:
        if world.time >= moment and not done:
            done.append(True)
            act()

    world.on_wait = wait


def warnings(world: World) -> list[str]:
    return [each.message for each in world.events if isinstance(each, events.Warned)]


def test_it_writes_a_heartbeat_a_look_and_none_is_expected_at_its_end() -> None:
    world = World(inventory())
    found = guarded(world)
    watched: list[bool] = []
    world.on_wait = lambda _: watched.append(state(found).watching is not None)
    assert world.ramp().state == "finished"
    raised = sum(isinstance(each, events.RampRaised) for each in world.events)
    assert len(found.beats) == len(watched) + raised > 60
    assert all(watched)
    assert state(found).watching is None
    assert warnings(world) == []


@pytest.mark.parametrize("routes", [("a", "b"), ("a",)])
def test_what_the_guard_took_back_ends_it_until_it_is_restarted(routes: tuple[str, ...]) -> None:
    world = World(inventory())
    found = guarded(world)
    at(world, MONDAY + timedelta(minutes=45), lambda: fire(world, *routes))
    with pytest.raises(AnalysisFailed) as caught:
        world.ramp()
    assert caught.value.code == "guard-fired"
    assert "nine errors" in caught.value.what
    assert world.shares == {None}
    assert state(found).watching is None
    for _ in range(2):
        with pytest.raises(AnalysisFailed) as caught:
            world.ramp(once=True)
        assert caught.value.code == "ramp-failed"
    assert "nine errors" in caught.value.what
    assert world.ramp(restart=True).state == "finished"


@pytest.mark.parametrize("choice", ["freeze", "step-back"])
def test_nothing_is_raised_again_whatever_on_failure_says(choice: str) -> None:
    world = World(inventory(**{"on-failure": choice}))
    guarded(world)
    at(world, MONDAY + timedelta(minutes=45), lambda: fire(world))
    with pytest.raises(AnalysisFailed):
        world.ramp()
    assert world.shares == {None}


def test_a_ramp_that_was_killed_says_it_when_it_is_picked_up() -> None:
    world = World(inventory())
    found = guarded(world)
    world.limit = MONDAY + timedelta(minutes=45)
    with pytest.raises(Killed):
        world.ramp()
    assert state(found).watching
    fire(world)
    world.time += timedelta(hours=8)
    world.limit = world.time + timedelta(days=1)
    with pytest.raises(AnalysisFailed) as caught:
        world.ramp(once=True)
    assert caught.value.code == "guard-fired"
    assert f"{MONDAY + timedelta(minutes=45):%H:%M}" in caught.value.what
    assert world.ramp(restart=True).state == "finished"


def test_what_it_did_before_the_ramp_began_is_over() -> None:
    world = World(inventory())
    guarded(world)
    fire(world)
    world.time += timedelta(minutes=1)
    assert world.ramp().state == "finished"


def test_what_it_did_after_the_end_is_said() -> None:
    world = World(inventory())
    guarded(world)
    world.ramp()
    world.time += timedelta(hours=1)
    fire(world)
    with pytest.raises(RampEnded) as caught:
        world.ramp(once=True)
    assert caught.value.code == "guard-fired"


def test_a_first_raise_that_the_guard_stopped_is_not_tried_again() -> None:
    world = World(inventory())
    guarded(world)

    def refuse(*_: object) -> None:
        raise Drift("the guard took traffic back meanwhile", (), code="guard-fired")

    set_weight, world.set_weight = world.set_weight, refuse  # type: ignore[method-assign,assignment]
    with pytest.raises(AnalysisFailed):
        world.ramp()
    world.set_weight = set_weight  # type: ignore[method-assign]
    with pytest.raises(AnalysisFailed) as caught:
        world.ramp(once=True)
    assert caught.value.code == "ramp-failed"


def test_its_alarms_fail_a_step_unless_it_is_disarmed() -> None:
    world = World(inventory(), limit=NEVER)
    found = guarded(world)
    at(world, MONDAY + timedelta(minutes=10), lambda: world.alarm_states.update({"guard-errors": AlarmState.ALARM}))
    with pytest.raises(AnalysisFailed) as caught:
        world.ramp()
    assert "guard-errors" in caught.value.what

    until = MONDAY + timedelta(days=1)
    found.change(lambda now, at: guard.disarm(now, by="ann", why="a drill of AWS", now=at, until=until))
    with pytest.raises(Killed):
        world.ramp(restart=True)
    assert world.shares == {FIFTY}
    assert any("a drill of AWS" in text for text in warnings(world))


@pytest.mark.parametrize(("stop", "left"), [(KeyboardInterrupt, True), (Terminated, False), (Killed, False)])
def test_only_a_person_who_stops_it_is_believed(stop: type[BaseException], left: bool) -> None:
    world = World(inventory())
    found = guarded(world)

    def interrupt() -> None:
        raise stop

    at(world, MONDAY + timedelta(minutes=10), interrupt)
    with pytest.raises(Killed if stop is Killed else Interrupted):
        world.ramp()
    assert (state(found).watching is None) is left


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("once", [False, True])
def test_a_look_that_is_killed_once_it_has_raised_is_missed(*, once: bool, restart: bool) -> None:
    for kill_at in range(50):
        world = World(inventory())
        found = guarded(world)
        if restart:
            world.ramp(once=True)
            world.time += timedelta(minutes=1)
            fire(world)
            with pytest.raises(AnalysisFailed):
                world.ramp(once=True)
            world.time += timedelta(minutes=1)
        world.kill_at, world.limit = world.acts + kill_at, world.time
        with suppress(Killed):
            world.ramp(once=once, restart=restart)
            break
        assert state(found).watching or world.shares == {None}, kill_at
        assert found.beats or world.shares == {None}, kill_at
    assert kill_at > 5


def test_a_raise_after_another_run_has_left_is_missed() -> None:
    world = World(inventory())
    found = guarded(world)
    world.ramp(once=True)
    found.change(lambda now, _: guard.unwatch(now))
    world.time += timedelta(minutes=40)
    world.kill_at = world.acts + 3
    with pytest.raises(Killed):
        world.ramp(once=True)
    assert FIFTY in world.shares
    assert state(found).watching


def test_single_looks_leave_the_next_one_expected() -> None:
    world = World(inventory())
    found = guarded(world)
    world.ramp(once=True)
    assert state(found).watching
    world.cron()
    assert state(found).watching is None


def test_without_the_table_it_goes_on_and_a_fail_still_goes_back() -> None:
    world = World(inventory())
    found = guarded(world)
    found.calls.refuse(times=None)
    world.judge_of = lambda weight, _: judgement(Verdict.FAIL if weight == FIFTY else Verdict.PASS, "worse")
    with pytest.raises(AnalysisFailed) as caught:
        world.ramp()
    assert caught.value.code == "analysis-failed"
    assert world.shares == {None}
    assert len(warnings(world)) >= 1


def test_where_none_is_installed_that_is_said_once() -> None:
    world = World(inventory())
    guarded(world).installed = False
    assert world.ramp().state == "finished"
    assert len(warnings(world)) == 1


def test_one_of_two_runs_that_ends_leaves_the_other_expected() -> None:
    world = World(inventory(), limit=NEVER)
    found = guarded(world)

    def leave() -> None:
        found.change(lambda now, _: guard.unwatch(now))

    at(world, MONDAY + timedelta(minutes=10), leave)
    with pytest.raises(Killed):
        world.ramp()
    assert state(found).watching
