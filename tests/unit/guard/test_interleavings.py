"""Firings, raises, rollbacks and alarms in any order: hypothesis looks for one in which a promise breaks."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.unit.guard.interleaving import ALARMS, Interleaving

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""A failure isn't made smaller: that takes minutes, and a seed of `nox -s guard` shows the same."""
ALARM = st.sampled_from(ALARMS)
ROUTES = st.sampled_from([("orders",), ("users",), ("orders", "users")])


class Guarded(RuleBasedStateMachine):
    """What may happen, as `Interleaving` has it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Interleaving()

    @rule(alarm=ALARM)
    def an_alarm_goes_off(self, alarm: str) -> None:
        self.world.rise(alarm)

    @rule(alarm=ALARM)
    def an_alarm_is_ok_again(self, alarm: str) -> None:
        self.world.fall(alarm)

    @precondition(lambda self: self.world.rises)
    @rule(data=st.data())
    def an_event_is_delivered_maybe_again(self, data: st.DataObject) -> None:
        self.world.deliver(data.draw(st.sampled_from(self.world.rises)))

    @rule(routes=ROUTES, weight=st.sampled_from([5, 25, 100]))
    def a_weight_is_set(self, routes: tuple[str, ...], weight: int) -> None:
        self.world.set_weight(routes, weight)

    @rule()
    def a_person_rolls_back(self) -> None:
        self.world.roll_back()

    @precondition(lambda self: self.world.stage.running)
    @rule(data=st.data(), times=st.sampled_from([1, 1, 2, 3, 5, 8, 40]))
    def somebody_goes_on(self, data: st.DataObject, times: int) -> None:
        self.world.steps(data.draw(st.sampled_from(self.world.stage.running)), times)

    @precondition(lambda self: self.world.stage.running)
    @rule(data=st.data())
    def a_process_is_killed(self, data: st.DataObject) -> None:
        self.world.kill(data.draw(st.sampled_from(self.world.stage.running)))

    @rule(seconds=st.sampled_from([1, 20, 300, 1000]))
    def time_passes(self, seconds: int) -> None:
        self.world.wait(seconds)

    @rule(seconds=st.sampled_from([10, 600]))
    def a_person_disarms(self, seconds: int) -> None:
        self.world.disarm(seconds)

    @rule(alarm=ALARM)
    def a_person_drills(self, alarm: str) -> None:
        self.world.drill(alarm)

    @rule(times=st.integers(1, 3))
    def rules_are_throttled(self, times: int) -> None:
        self.world.throttle(times)

    @rule(times=st.integers(1, 3), takes_effect=st.booleans())
    def the_table_fails(self, times: int, *, takes_effect: bool) -> None:
        self.world.fail_table(times, takes_effect=takes_effect)

    @rule()
    def the_schedule_looks(self) -> None:
        self.world.look()

    @rule(route=st.sampled_from(["orders", "users"]), gone=st.booleans())
    def another_team_meddles(self, route: str, gone: bool) -> None:
        self.world.meddle(route, gone=gone)

    def teardown(self) -> None:
        self.world.finish()


@pytest.mark.parametrize("runs", [30, pytest.param(400, marks=pytest.mark.thorough)])
def test_no_order_breaks_a_promise(runs: int) -> None:
    run_state_machine_as_test(
        Guarded, settings=settings(max_examples=runs, stateful_step_count=40, deadline=None, phases=PHASES)
    )


def test_the_machine_sees_a_raise_without_its_lease() -> None:
    """The same, by hand: a raise that comes between a firing's look and its end."""
    world = Interleaving()
    raising = world.set_weight(("orders",), 50).actor
    while raising.next is None or raising.next.action != "ModifyRule":
        world.step(raising)
    firing = world.deliver(world.rise(ALARMS[0]))
    world.steps(firing, 12)
    assert not firing.is_done, "it waits for the raise"
    world.step(raising)
    assert world.share("orders") == 50
    world.finish()
    assert world.share("orders") == 0
