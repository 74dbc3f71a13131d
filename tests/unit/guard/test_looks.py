"""A scheduled look: several alarms that went off unheard, and the time of one invocation for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from rollout.guard import firing
from rollout.guard.alarm import AlarmEvent
from rollout.guard.firing import NotBack, Parts
from rollout.guard.record import Decision, Firing
from rollout.guard.state import in_turn
from tests.unit.guard.bench import Bench
from tests.unit.guard.builders import config, event

ROUTES = ("orders", "users", "carts")
BACK, HERE = (1, 0), (90, 10)
TIME = timedelta(seconds=90)


@pytest.fixture
def bench() -> Bench:
    """An alarm for each route, of the route's name."""
    return Bench(replace(config("hold", *ROUTES), alarms={name: (name,) for name in ROUTES}))


def look(bench: Bench, *alarms: str) -> list[Firing]:
    """One invocation, in which one alarm is handled after the other."""
    events = [event(name, bench.clock.utc - timedelta(minutes=n + 1)) for n, name in enumerate(alarms or ROUTES)]
    return again(bench, events)


def again(bench: Bench, events: Sequence[AlarmEvent]) -> list[Firing]:
    state = bench.table.read()
    assert state
    bench.limit = TIME
    clock = bench.parts().clock

    def parts(_: AlarmEvent) -> Parts:
        return replace(bench.parts(), clock=clock)

    def together(call: Callable[[str], object], values: Sequence[str]) -> None:
        for value in values:
            call(value)

    return firing.handle_all(in_turn(state, events), parts, together)


def stuck(bench: Bench, *routes: str) -> None:
    """Their rules can't be changed."""
    for name in routes:
        bench.rules.calls.refuse("ModifyRule", bench.config.routes[name].rule, times=None)


def test_all_are_handled(bench: Bench) -> None:
    done = look(bench)
    assert [(each.alarm, each.decision, each.back) for each in done] == [(n, Decision.FIRE, True) for n in ROUTES]
    assert bench.shares() == [BACK, BACK, BACK]


@pytest.mark.parametrize("held", ROUTES)
def test_one_that_cannot_go_back_keeps_no_other_from_it(bench: Bench, held: str) -> None:
    stuck(bench, held)
    events = [event(name, bench.clock.utc) for name in ROUTES]
    for _ in range(2):
        with pytest.raises(NotBack):
            again(bench, events)
    assert bench.shares() == [HERE if name == held else BACK for name in ROUTES]


def test_of_two_that_cannot_go_back_each_has_its_turn(bench: Bench) -> None:
    stuck(bench, "orders", "users")
    events = [event(name, bench.clock.utc) for name in ROUTES]
    for _ in range(3):
        with suppress(NotBack):
            again(bench, events)
    assert bench.shares("carts") == [BACK]
    assert {record.alarm for record in bench.table.firings(9)} == {*ROUTES}
    bench.rules.calls.forget_orders()
    again(bench, events)
    assert bench.shares() == [BACK, BACK, BACK]


def test_an_alarm_that_had_no_time_is_neither_tried_nor_told(bench: Bench) -> None:
    stuck(bench, "orders")
    with pytest.raises(NotBack):
        look(bench)
    assert {record.alarm for record in bench.table.firings(9)} == {"orders"}
    state = bench.table.read()
    assert state
    assert [lease.by for lease in state.firing] == ["orders"]
