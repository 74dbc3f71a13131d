"""What becomes of an alarm: traffic goes back, whatever fails, and people are told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout.errors import AwsError
from rollout.fakes.calls import ApiCall
from rollout.fakes.clock import MONDAY
from rollout.guard import state as guard
from rollout.guard.firing import NotBack
from rollout.guard.record import Decision, Moved
from rollout.guard.state import Drill
from tests.unit.guard.bench import Bench, rule_json
from tests.unit.guard.builders import ERRORS, LATENCY, SILENT, config, event

BACK = (1, 0)
HOUR = timedelta(hours=1)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_alarm_takes_its_routes_back_and_is_recorded_and_told(bench: Bench) -> None:
    done = bench.fire()
    assert bench.shares() == [BACK, BACK]
    assert (done.decision, done.back, done.problems) == (Decision.FIRE, True, ())
    assert done.routes == dict.fromkeys(("orders", "users"), Moved((90, 10), BACK))
    assert bench.table.firings(1) == (done,)
    assert [*done.times] == ["alarm", "invoked", "decided", "first-change", "last-change", "read-back", "told"]
    ((line, text),) = bench.told
    assert "production" in line
    assert ERRORS in text
    state = bench.table.read()
    assert state
    assert (state.firing, state.fired, len(state.handled)) == ((), 1, 1)


def test_an_alarm_of_some_routes_takes_those_back(bench: Bench) -> None:
    assert bench.fire(event(LATENCY)).back
    assert bench.shares() == [BACK, (90, 10)]


def test_a_second_delivery_does_nothing_though_somebody_raised_since(bench: Bench) -> None:
    bench.fire()
    orders = bench.config.routes["orders"]
    bench.rules.known[orders.rule] = rule_json(orders, 50, 50)
    assert bench.fire().decision is Decision.REPEATED
    assert bench.shares("orders") == [(50, 50)]
    assert len(bench.told) == 1


@pytest.mark.parametrize("what", ["DescribeRules", "ModifyRule"])
def test_refused_calls_are_made_again(bench: Bench, what: str) -> None:
    bench.rules.calls.refuse(what, times=5)
    assert bench.fire().back
    assert bench.shares() == [BACK, BACK]


def test_one_route_that_cannot_be_moved_stops_no_other_and_lambda_tries_again(bench: Bench) -> None:
    bench.rules.calls.refuse("ModifyRule", "*users", times=None)
    with pytest.raises(NotBack):
        bench.fire()
    assert bench.shares() == [BACK, (90, 10)]
    (record,) = bench.table.firings(1)
    assert (record.back, len(record.problems)) == (False, 1)
    assert len(bench.told) == 2, "early, and at the end"
    bench.rules.calls.forget_orders()
    done = bench.fire(event(at=MONDAY))
    assert done.back
    assert done.routes["orders"] == Moved((90, 10), BACK), "what the first run knew"
    assert done.times["invoked"] == MONDAY
    assert bench.table.firings(9) == (done,)


@pytest.mark.parametrize("gone", ["gone", "other conditions", "foreign", "default"])
def test_a_rule_that_is_not_the_routes_any_more_is_left_alone_and_told(bench: Bench, gone: str) -> None:
    orders = bench.config.routes["orders"]
    known, was = bench.rules.known, rule_json(orders, 50, 50)
    foreign = [{"Type": "forward", "TargetGroupArn": "arn:another"}]
    changes = {
        "other conditions": {**was, "Conditions": [{"Field": "path-pattern", "Values": ["/else"]}]},
        "foreign": {**was, "Actions": foreign},
        "default": {**was, "IsDefault": True},
    }
    known.pop(orders.rule) if gone == "gone" else known.update({orders.rule: changes[gone]})
    left = known.get(orders.rule)
    done = bench.fire()
    assert (done.back, len(done.problems)) == (False, 1)
    assert known.get(orders.rule) == left
    assert bench.shares("users") == [BACK]


def test_a_raise_under_way_that_lands_later_is_taken_back_too(bench: Bench) -> None:
    orders = bench.config.routes["orders"]
    begin = lambda state, now: guard.begin_raise(state, id_="r", by="ann", now=now, until=now + HOUR, seen=0)  # noqa: E731
    bench.table.change(begin)

    def land(_: ApiCall) -> None:
        bench.rules.known[orders.rule] = rule_json(orders, 50, 50)
        bench.table.change(lambda state, _: guard.end_raise(state, "r"))

    bench.clock.calls.before(land, "sleep", skip=20, times=1)
    done = bench.fire()
    assert done.back
    assert bench.shares() == [BACK, BACK]
    assert done.times["read-back"] > MONDAY + timedelta(seconds=20)


def test_a_raise_that_never_ends_is_told_and_tried_again(bench: Bench) -> None:
    begin = lambda state, now: guard.begin_raise(state, id_="r", by="ann", now=now, until=now + HOUR, seen=0)  # noqa: E731
    bench.table.change(begin)
    with pytest.raises(NotBack):
        bench.fire()
    assert bench.shares() == [BACK, BACK]
    (record,) = bench.table.firings(1)
    assert not record.back
    assert "ann" in record.problems[0]


def test_a_table_that_cannot_be_read_stops_no_fresh_alarm(bench: Bench) -> None:
    bench.table.calls.refuse(times=None)
    done = bench.fire()
    assert bench.shares() == [BACK, BACK]
    assert done.problems
    assert bench.told


def test_an_old_alarm_waits_for_a_table_that_cannot_be_read(bench: Bench) -> None:
    bench.table.calls.refuse(times=None)
    old = event(at=MONDAY - timedelta(minutes=6))
    with pytest.raises(NotBack):
        bench.fire(old)
    assert bench.shares() == [(90, 10), (90, 10)]
    assert bench.told
    bench.table.calls.forget_orders()
    assert bench.fire(old).back


@pytest.mark.parametrize("body", ["{", '{"format": 2}', "null"])
def test_garbage_in_the_table_stops_no_fresh_alarm(bench: Bench, body: str) -> None:
    bench.table.body = body
    bench.fire()
    assert bench.shares() == [BACK, BACK]


def test_without_a_table_a_drill_moves_nothing_and_silence_only_tells(bench: Bench) -> None:
    bench.table.installed = False
    drill = event(reason_data='{"rollout-drill": "d", "dry": true}')
    assert bench.fire(drill).decision is Decision.IGNORED
    assert bench.fire(event(SILENT)).decision is Decision.HOLD
    assert bench.shares() == [(90, 10), (90, 10)]


def test_another_writer_of_the_state_is_waited_out(bench: Bench) -> None:
    def write(_: ApiCall) -> None:
        state = bench.table.read()
        assert state
        bench.table.compare_and_set(state, guard.arm(state))

    bench.table.calls.before(write, "PutItem", "state", times=1)
    assert bench.fire().back


def test_people_who_cannot_be_told_stop_nothing(bench: Bench) -> None:
    def refuse(*_: str) -> None:
        raise AwsError("no such topic")

    bench.publish = refuse
    done = bench.fire()
    assert done.back
    assert done.problems == bench.table.firings(1)[0].problems != ()


def test_a_dry_drill_looks_and_moves_nothing(bench: Bench) -> None:
    bench.table.change(lambda state, now: guard.begin_drill(state, Drill("d", "ann", now, now + HOUR)))
    done = bench.fire(event(reason_data='{"rollout-drill": "d", "dry": true}'))
    assert (done.decision, done.dry, done.drill, done.problems) == (Decision.DRY, True, "d", ())
    assert done.routes["orders"] == Moved((90, 10), (90, 10))
    assert bench.shares() == [(90, 10), (90, 10)]
    assert bench.table.firings(1) == (done,)


def test_a_disarmed_guard_tells_only(bench: Bench) -> None:
    bench.table.change(lambda state, now: guard.disarm(state, by="ann", why="test", now=now, until=now + HOUR))
    assert bench.fire().decision is Decision.DISARMED
    assert bench.shares() == [(90, 10), (90, 10)]
    assert bench.told


def test_what_went_off_while_it_was_disarmed_fires_once_it_is_armed(bench: Bench) -> None:
    bench.table.change(lambda state, now: guard.disarm(state, by="ann", why="test", now=now, until=now + HOUR))
    unheard = event(at=bench.clock.utc)
    bench.fire(unheard)
    bench.clock.advance(HOUR)
    assert bench.fire(unheard).back
    assert bench.fire(unheard).decision is Decision.REPEATED


def test_silence_goes_back_where_it_is_wanted() -> None:
    bench = Bench(config("rollback"))
    bench.table.change(lambda state, now: guard.watch(state, by="ann", now=now))
    assert bench.fire(event(SILENT)).back
    assert bench.shares() == [BACK, BACK]


def test_what_is_not_ours_is_neither_recorded_nor_told(bench: Bench) -> None:
    for alarm in (event(state="OK"), event("another"), event(SILENT)):
        bench.fire(alarm)
    assert (bench.table.firings(9), bench.told) == ((), [])
    assert not bench.rules.calls.log
