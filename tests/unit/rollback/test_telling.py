"""What a rollback says of rules: to who runs it, and on the rules to all others."""

from __future__ import annotations

import json
import logging
import shlex
import signal
import threading
from dataclasses import replace

import pytest

from rollout.base import log
from rollout.errors import AwsError, EngineError, Interrupted, Problem, RollbackIncomplete
from rollout.fakes.calls import ApiCall
from rollout.fakes.world import World
from rollout.inventory.conditions import for_endpoint
from rollout.inventory.model import ROLLBACK_TAG, Arn
from rollout.migration import events
from tests.unit.rollback.shop import ROUTES, SHOP, at_risk, cut_over, group, rule_of

REFUSED = AwsError("AccessDenied: no")


@pytest.fixture
def half() -> World:
    """The shop at 50 per cent."""
    return cut_over(50)


def copy(world: World) -> Arn:
    """A further rule that forwards as the route a's own does."""
    own = rule_of(world, "a")
    return world.aws(SHOP).create_rule(own.listener, 5, for_endpoint("/a/special", ()), own.forward)


def told(world: World) -> list[events.Event]:
    heard: list[events.Event] = []
    world.actor().open(SHOP, on_event=heard.append).rollback(save=False)
    return heard


def marked(world: World) -> set[Arn]:
    return {arn for arn, rule in world.aws(SHOP).rules.items() if ROLLBACK_TAG in rule.tags}


def test_each_rule_is_told_once_when_it_was_read_back(half: World) -> None:
    copy(half)
    back = [event.route for event in told(half) if isinstance(event, events.RouteRolledBack)]
    assert sorted(back) == ["a", "a, rule 5", "b", "c"]


def test_one_rule_that_cannot_be_changed_is_told_and_the_others_are_back(half: World) -> None:
    rule = rule_of(half, "b").arn
    half.actor().calls.refuse("ModifyRule", rule, times=None, error=REFUSED)
    heard: list[events.Event] = []
    with pytest.raises(RollbackIncomplete) as caught:
        half.actor().open(SHOP, on_event=heard.append).rollback(save=False)
    (problem,) = caught.value.problems
    assert (problem.where, problem.code) == ("routes.b", "route-not-moved")
    assert problem.hint
    *command, actions = shlex.split(problem.hint)
    assert command == f"aws elbv2 modify-rule --rule-arn {rule} --region us-west-2 --actions".split()
    groups = [{"TargetGroupArn": group(half, "old-b"), "Weight": 1}]
    forward = {"TargetGroups": groups, "TargetGroupStickinessConfig": {"Enabled": False}}
    assert json.loads(actions) == [{"Type": "forward", "ForwardConfig": forward}]
    assert [event.problem for event in heard if isinstance(event, events.RouteNotRolledBack)] == [problem]
    assert at_risk(half.aws(SHOP)) == {"one 20"}


@pytest.mark.parametrize("known", [True, False])
def test_what_cannot_be_read_is_told_with_a_line_as_far_as_it_is_known_from_before(half: World, known: bool) -> None:
    rule, old = rule_of(half, "c").arn, group(half, "old-c")
    if not known:
        half.known.clear()
    half.actor().calls.refuse("DescribeRules", half.aws(SHOP).listener_of("two"), times=None, error=REFUSED)
    (problem,) = _problems(half)
    assert (problem.where, problem.code) == ("routes.c", "not-read-back")
    assert known == bool(problem.hint and rule in problem.hint and old in problem.hint)


def test_no_line_takes_a_login_away_that_was_known_and_cannot_be_read(half: World) -> None:
    rule = rule_of(half, "c").arn
    half.known = {name: replace(known, extras=("c",)) for name, known in half.known.items()}
    half.actor().calls.refuse("DescribeRules", half.aws(SHOP).listener_of("two"), times=None, error=REFUSED)
    (problem,) = _problems(half)
    assert problem.hint
    assert "describe-rules" in problem.hint
    assert rule not in problem.hint


def test_ctrl_c_says_how_far_it_is(half: World) -> None:
    main, read_back, ended = threading.get_ident(), threading.Event(), threading.Event()

    def stop(_: ApiCall) -> None:
        read_back.wait(10)
        signal.pthread_kill(main, signal.SIGINT)
        ended.wait(10)

    one = half.aws(SHOP).listener_of("one")
    half.actor().calls.after(lambda _: read_back.set(), "DescribeRules", one, skip=1, times=1)
    half.actor().calls.before(stop, "ModifyRule", rule_of(half, "c").arn, times=1)
    with pytest.raises(Interrupted, match=r"2 of 3 routes .*; 1 call in progress"):
        told(half)
    ended.set()


@pytest.mark.parametrize("weight", [None, 50])
def test_all_rules_are_marked_though_none_had_to_be_moved(weight: int | None) -> None:
    world = cut_over(weight)
    world.actor().calls.refuse("preview", times=None, error=EngineError("no engine"))
    told(world)
    assert marked(world) == {rule_of(world, name).arn for name in ROUTES}


def test_who_may_mark_the_routes_own_rules_alone_marks_these(half: World) -> None:
    further = copy(half)
    half.actor().calls.refuse("AddTags", f"*{further}*", times=None, error=REFUSED)
    told(half)
    assert marked(half) == {rule_of(half, name).arn for name in ROUTES}


def _problems(world: World) -> tuple[Problem, ...]:
    with pytest.raises(RollbackIncomplete) as caught:
        world.open(SHOP).rollback(save=False, reconcile=False)
    return caught.value.problems


class Hanging(logging.Handler):
    def __init__(self, until: threading.Event) -> None:
        super().__init__()
        self._until = until

    def emit(self, record: logging.LogRecord) -> None:
        del record
        self._until.wait(30)


def test_a_handler_of_logs_that_hangs_delays_nothing(half: World) -> None:
    hangs, logger = threading.Event(), logging.getLogger("rollout")
    handler = Hanging(hangs)
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    half.actor().calls.refuse("preview", "*", times=None, error=EngineError("it is broken"))
    try:
        assert {type(event).__name__ for event in told(half)} >= {"RouteRolledBack", "RollbackFinished"}
        assert not log.flush(0)
    finally:
        hangs.set()
        logger.removeHandler(handler)
        logger.setLevel(level)
    assert log.flush(30)


def test_rules_beyond_the_routes_own_are_warned_of_and_no_others(half: World) -> None:
    assert not [event for event in told(half) if isinstance(event, events.Warned)]
    world = cut_over(50)
    copy(world)
    (warned,) = [event for event in told(world) if isinstance(event, events.Warned)]
    assert "a, rule 5" in warned.message


def test_it_says_what_it_waits_for_and_history_what_it_moved(half: World) -> None:
    assert [event for event in told(half) if isinstance(event, events.RollbackWaiting)]
    last = half.open(SHOP).history()[-1].message.partition("\n")[0]
    assert all(f"{name} 50 → 0" in last for name in ROUTES)


def test_rules_are_marked_before_the_state_is_brought_up_to_date(half: World) -> None:
    seen: set[Arn] = set()
    half.actor().calls.before(lambda _: seen.update(marked(half)), "preview", times=1)
    told(half)
    assert seen == {rule_of(half, name).arn for name in ROUTES}
