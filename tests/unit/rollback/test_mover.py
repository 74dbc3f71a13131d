"""A mover by itself, run by run: what it asks AWS for, what it says, and that it ends when it is told to."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import pytest

from rollout.alb.weights import ForwardAction
from rollout.errors import AwsError, Interrupted
from rollout.fakes.calls import ApiCall
from rollout.fakes.world import World
from rollout.inventory.model import ROLLBACK_TAG, Arn
from rollout.migration import events
from rollout.migration.rollback import mover
from rollout.migration.rollback.mover import Mover
from tests.unit.rollback.shop import ROUTES, SHOP, cut_over, group, rule_of

REFUSED = AwsError("AccessDenied: no")


@pytest.fixture
def half(monkeypatch: pytest.MonkeyPatch) -> World:
    """The shop at 50 per cent; nobody is waited for long."""
    monkeypatch.setattr(mover, "SILENCE", 0.01)
    monkeypatch.setattr(mover, "LAST_LOOK", 0.01)
    return cut_over(50)


def mover_of(
    world: World, emit: Callable[[events.Event], None] = lambda _: None, mark: Callable[[], str] | None = None
) -> Mover:
    return Mover(SHOP, tuple(ROUTES), world.actor().load_balancers(SHOP), world.clock, emit, mark=mark)


def count(world: World, action: str, resource: str = "") -> int:
    return sum(call.action == action and resource in ("", call.resource) for call in world.actor().calls.log)


def test_target_groups_are_read_once(half: World) -> None:
    made = mover_of(half)
    for _ in range(2):
        half.aws(SHOP).modify_rule(rule_of(half, "a").arn, forward=ForwardAction({group(half, "new-one"): 1}))
        assert made.run().problems == ()
    assert count(half, "DescribeTargetGroups") == 1


def test_what_helps_against_a_look_that_failed_is_told_until_one_succeeds(half: World) -> None:
    half.actor().calls.refuse("ModifyRule", times=None, error=REFUSED)
    half.actor().calls.refuse("DescribeRules", times=2, error=AwsError("nobody", hint="sign in"))
    made = mover_of(half)
    found = made.run()
    assert (found.remedies, {problem.code for problem in found.problems}) == ((), {"route-not-moved"})
    half.actor().calls.refuse("DescribeRules", times=None, error=AwsError("nobody", hint="sign in"))
    assert made.run().remedies == ("sign in",)


def test_it_says_what_it_waits_for_and_nothing_of_what_is_done(half: World) -> None:
    said, waited = threading.Event(), list[bool]()

    def hear(event: events.Event) -> None:
        if isinstance(event, events.RollbackWaiting) and len(event.what) == 1:
            said.set()

    listener = half.aws(SHOP).listener_of("two")
    half.actor().calls.before(lambda _: waited.append(said.wait(5)), "DescribeRules", listener)
    mover_of(half, hear).run()
    assert set(waited) == {True}


def test_marks_that_got_lost_are_set_again_each_as_it_was(half: World) -> None:
    numbers = itertools.count()
    made = mover_of(half, mark=lambda: f"mark {next(numbers)}")
    made.run()
    rules = [rule_of(half, name).arn for name in ROUTES]

    def marks() -> dict[Arn, str | None]:
        return {rule: half.aws(SHOP).rules[rule].tags.get(ROLLBACK_TAG) for rule in rules}

    before = marks()
    assert len(set(before.values())) == len(SHOP.load_balancers)
    half.aws(SHOP).remove_tag(rules, ROLLBACK_TAG)
    made.mark_again()
    assert marks() == before


class Stuck:
    """A call of the lane `two` that hangs and then fails; meanwhile the user ends all of it."""

    def __init__(self, world: World, action: str, resource: str) -> None:
        self.goes_on, self.hangs = threading.Event(), threading.Event()
        self.took_too_long: list[bool] = []
        world.actor().calls.before(self._hang, action, resource)
        others = set(threading.enumerate())
        with pytest.raises(Interrupted):
            mover_of(world, self._end).run()
        self.goes_on.set()
        for thread in set(threading.enumerate()) - others:
            thread.join(10)

    def _hang(self, _: ApiCall) -> None:
        self.hangs.set()
        self.took_too_long.append(not self.goes_on.wait(2))
        raise REFUSED

    def _end(self, event: events.Event) -> None:
        if isinstance(event, events.RollbackWaiting) and self.hangs.is_set():
            raise KeyboardInterrupt


def test_ctrl_c_waits_for_no_look_that_hangs(half: World) -> None:
    assert True not in Stuck(half, "DescribeRules", half.aws(SHOP).listener_of("two")).took_too_long


def test_ctrl_c_looks_at_no_listener_that_was_not_found(half: World) -> None:
    assert True not in Stuck(half, "DescribeLoadBalancers", "two").took_too_long
    assert all(call.resource for call in half.actor().calls.log if call.action == "DescribeRules")


def test_after_ctrl_c_no_rule_is_changed_any_more(half: World) -> None:
    rule = rule_of(half, "c").arn
    assert True not in Stuck(half, "ModifyRule", rule).took_too_long
    assert count(half, "ModifyRule", rule) == 1
