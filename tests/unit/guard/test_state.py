"""What the guard and rollout know of each other, and what becomes of an alarm by it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.fakes.clock import MONDAY
from rollout.guard import state as guard
from rollout.guard.alarm import AlarmEvent
from rollout.guard.config import digest, read_config, write_config
from rollout.guard.plain import Garbled, dumps, loads
from rollout.guard.record import Decision, Firing, Moved
from rollout.guard.state import Drill, GuardRefusal, GuardState
from rollout.state.history.firings import changes
from tests.unit.guard.builders import ERRORS, LATENCY, SILENT, config, event

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def raised(state: GuardState, *, at: int = 0, seen: int | None = None) -> GuardState:
    """A raise begins, some seconds after Monday began."""
    now = MONDAY + at * SECOND
    seen = state.fired if seen is None else seen
    begun = guard.begin_raise(state, id_="mine", by="ann", now=now, until=now + HOUR, seen=seen)
    return guard.confirm_raise(begun, "mine", seen=seen)


def fired(state: GuardState, at: int = 0) -> tuple[GuardState, Decision]:
    now = MONDAY + at * SECOND
    return guard.begin_firing(state, event(at=now), config(), run="1", now=now, until=now + HOUR)


def test_an_alarm_fires_and_is_handled_once() -> None:
    state, decision = fired(GuardState())
    assert (decision, state.fired, state.fired_by) == (Decision.FIRE, 1, ERRORS)
    again, decision = fired(state)
    assert (decision, again.fired) == (Decision.FIRE, 1), "a function that was killed goes on"
    assert fired(guard.end_firing(again, event(), "1"))[1] is Decision.REPEATED


def test_an_alarm_from_before_a_raise_is_late_and_one_after_it_fires() -> None:
    state = raised(GuardState(), at=10)
    assert fired(state, 9)[1] is Decision.LATE
    assert fired(state, 10)[1] is Decision.FIRE


def test_no_raise_begins_while_the_guard_fires_or_after_it_has_without_being_seen() -> None:
    state, _ = fired(GuardState())
    with pytest.raises(GuardRefusal, match="guard-firing"):
        raised(state)
    ended = guard.end_firing(state, event(), "1")
    with pytest.raises(GuardRefusal, match="guard-fired"):
        raised(ended, seen=0)
    assert raised(ended).epoch == 1


def test_a_second_delivery_beside_the_first_keeps_its_own_lease() -> None:
    state, until = GuardState(), MONDAY + HOUR
    for run in ("1", "2", "2"):
        state, _ = guard.begin_firing(state, event(), config(), run=run, now=MONDAY, until=until)
    assert (state.fired, len(state.firings(MONDAY))) == (1, 2)
    ended = guard.end_firing(state, event(), "2")
    assert len(ended.firings(MONDAY)) == 1
    with pytest.raises(GuardRefusal, match="guard-firing"):
        raised(ended)


def test_a_firing_that_was_killed_for_good_stops_raises_only_until_its_lease_ends() -> None:
    state, _ = fired(GuardState())
    assert raised(state, at=3600).epoch == 1
    assert fired(raised(state, at=3600))[1] is Decision.LATE, "nor does its retry undo them"


def test_a_raise_that_never_read_the_alarms_makes_none_late() -> None:
    begun = guard.begin_raise(GuardState(), id_="a", by="ann", now=MONDAY + HOUR, until=MONDAY + 2 * HOUR, seen=0)
    state, decision = fired(begun)
    assert decision is Decision.FIRE
    with pytest.raises(GuardRefusal, match="guard-fired"):
        guard.confirm_raise(state, "a", seen=0)
    with pytest.raises(GuardRefusal):
        guard.confirm_raise(begun, "of another", seen=0)


def test_two_raises_have_a_lease_each() -> None:
    both = guard.begin_raise(raised(GuardState()), id_="b", by="bob", now=MONDAY, until=MONDAY + HOUR, seen=0)
    assert [lease.by for lease in both.raises(MONDAY)] == ["ann", "bob"]
    assert [lease.by for lease in guard.end_raise(both, "mine").raises(MONDAY)] == ["bob"]
    assert both.raises(MONDAY + HOUR) == ()


@pytest.mark.parametrize(
    ("what", "decision"),
    [
        (event(state="OK"), Decision.IGNORED),
        (event(state="INSUFFICIENT_DATA"), Decision.IGNORED),
        (event("legacy-errors"), Decision.IGNORED),
        (event(LATENCY), Decision.FIRE),
        (event(SILENT), Decision.IDLE),
        (event(reason_data='{"rollout-drill": "gone", "dry": true}'), Decision.IGNORED),
        (event(reason_data="not JSON"), Decision.FIRE),
    ],
)
def test_what_is_ours_fires(what: AlarmEvent, decision: Decision) -> None:
    assert guard.decide(GuardState(), what, config(), MONDAY) is decision


def test_silence_means_something_only_while_a_ramp_watches() -> None:
    silent = event(SILENT, MONDAY + HOUR)
    watched = guard.watch(GuardState(), by="ann", now=MONDAY)
    assert guard.decide(watched, silent, config("hold"), MONDAY) is Decision.HOLD
    assert guard.decide(watched, silent, config("rollback"), MONDAY) is Decision.FIRE
    assert guard.decide(watched, event(SILENT, MONDAY - SECOND), config("rollback"), MONDAY) is Decision.IDLE
    assert guard.decide(guard.unwatch(watched), silent, config("rollback"), MONDAY) is Decision.IDLE


def test_a_disarmed_guard_arms_itself() -> None:
    state = guard.disarm(GuardState(), by="ann", why="load test", now=MONDAY, until=MONDAY + HOUR)
    assert fired(state)[1] is Decision.DISARMED
    assert fired(state, 3600)[1] is Decision.FIRE
    assert fired(guard.arm(state))[1] is Decision.FIRE


def test_a_drill_is_dry_while_it_is_under_way() -> None:
    drill = Drill("d1", "ann", MONDAY, MONDAY + HOUR)
    its = event(reason_data='{"rollout-drill": "d1", "dry": true}')
    state = guard.begin_drill(GuardState(), drill)
    assert guard.decide(state, its, config(), MONDAY) is Decision.DRY
    assert guard.decide(state, event(), config(), MONDAY) is Decision.FIRE, "a real alarm meanwhile"
    assert guard.decide(state, its, config(), MONDAY + HOUR) is Decision.IGNORED
    assert guard.decide(guard.end_drill(state, "d1"), its, config(), MONDAY) is Decision.IGNORED
    real = guard.begin_drill(GuardState(), replace(drill, dry=False))
    assert guard.decide(real, event(reason_data='{"rollout-drill": "d1"}'), config(), MONDAY) is Decision.FIRE
    with pytest.raises(GuardRefusal, match="drill-under-way"):
        guard.begin_drill(state, replace(drill, id="d2"))
    assert guard.begin_drill(state, drill) == state, "its answer was lost, and the client wrote it again"


def test_an_epoch_of_a_clock_that_is_days_ahead_makes_no_alarm_late() -> None:
    assert fired(raised(GuardState(), at=2 * 86400))[1] is Decision.FIRE


def test_the_state_is_written_and_read_back() -> None:
    state = raised(guard.watch(GuardState(), by="ann", now=MONDAY))
    state = guard.disarm(state, by="ann", why='"quoted"', now=MONDAY, until=MONDAY + HOUR)
    state = guard.begin_drill(guard.end_firing(state, event(), "1"), Drill("d1", "ann", MONDAY, MONDAY))
    assert loads(GuardState, dumps(state)) == state
    newer = json.loads(dumps(state)) | {"more": 1}
    assert loads(GuardState, json.dumps(newer)) == state, "a key of a newer version"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "null",
        "[]",
        "{",
        '{"format": 2}',
        '{"epoch": "3"}',
        '{"epoch": true}',
        '{"epoch_at": "yesterday"}',
        '{"epoch_at": "2026-11-23T08:00:00"}',
        '{"raising": [{"id": "a"}]}',
        '{"handled": {"a": 1}}',
        "[" * 100_000,
        '{"epoch": 1' + "0" * 5000 + "}",
    ],
)
def test_what_is_no_state_is_garbled(text: str | None) -> None:
    with pytest.raises(Garbled):
        loads(GuardState, text)


def test_a_record_of_a_newer_guard_is_read_as_far_as_it_is_known() -> None:
    known = Firing("e1", MONDAY, "errors", "too many", Decision.FIRE, {"orders": Moved((90, 10), (1, 0))}, back=True)
    read = loads(Firing, json.dumps(json.loads(dumps(known)) | {"decision": "shed", "colour": "blue"}))
    assert read == replace(known, decision=Decision.UNKNOWN)
    assert [(each.what, each.at) for each in changes([read])] == [("guard of a newer rollout", MONDAY)]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(list(GuardState.__slots__)), inner),
)


@settings(max_examples=50)
@given(_JSON)
def test_random_json_is_a_state_or_garbled(data: object) -> None:
    try:
        state = loads(GuardState, json.dumps(data))
    except Garbled:
        return
    assert loads(GuardState, dumps(state)) == state


def test_a_configuration_is_written_and_read_back_and_has_a_digest() -> None:
    assert read_config(write_config(config())) == config()
    assert digest(config()) == digest(read_config(write_config(config()))) != digest(config("rollback"))
    assert config().routes_of(SILENT) == ("orders", "users")
