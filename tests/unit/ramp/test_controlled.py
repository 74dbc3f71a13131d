"""What a controller and a person's machine know of each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.fakes.clock import MONDAY
from rollout.guard.plain import Garbled, dumps, loads
from rollout.ramp import controlled
from rollout.ramp.controlled import Controlled, ControllerRefusal, Installed, Look

MINUTE = timedelta(minutes=1)
LIMIT = 15 * MINUTE
HERE = Installed("arn:controller", "image@sha256:0", "abc", "0.2.0", MINUTE)


def begun(state: Controlled, id_: str = "1", at: datetime = MONDAY) -> Controlled:
    return controlled.begin_look(state, id_, HERE, now=at, until=at + LIMIT)


def look(id_: str = "1", at: datetime = MONDAY) -> Look:
    return Look(id_, at, at + MINUTE, "waiting", "12 min of 30 min left")


def test_one_look_at_a_time_and_a_retry_prolongs_its_own() -> None:
    state = begun(Controlled())
    with pytest.raises(ControllerRefusal, match="look-under-way"):
        begun(state, "2", MONDAY + LIMIT - MINUTE)
    again = begun(state, "1", MONDAY + 5 * MINUTE)
    lease = again.looking(MONDAY + LIMIT)
    assert lease
    assert (lease.since, lease.until) == (MONDAY, MONDAY + 5 * MINUTE + LIMIT)
    assert again.killed is None


def test_the_next_look_takes_over_after_a_kill_and_remembers_it() -> None:
    state = begun(begun(Controlled()), "2", MONDAY + LIMIT)
    assert state.killed
    assert (state.killed.id, state.killed.since) == ("1", MONDAY)
    late = controlled.end_look(state, look("1"))
    assert late.looking(MONDAY + LIMIT) == state.lease, "what was thought dead gives back no other look's lease"
    ended = controlled.end_look(late, look("2", MONDAY + LIMIT))
    assert (ended.lease, ended.last and ended.last.id) == (None, "2")
    assert controlled.end_look(ended, look("1")).last == ended.last, "nor hides it what a newer one said"


def test_an_image_that_is_older_than_what_began_the_ramp_is_refused() -> None:
    for version in ("0.3.0", "0.10.0", "1.0"):
        with pytest.raises(ControllerRefusal, match="controller-outdated"):
            begun(controlled.ramp_begins(Controlled(), version, MONDAY))
    for version in ("0.2.0", "0.1.9", "0.2.0rc1", ""):
        assert begun(controlled.ramp_begins(Controlled(), version, MONDAY)).lease
    twice = controlled.ramp_begins(controlled.ramp_begins(Controlled(), "0.10.0", MONDAY), "0.9.0", MONDAY)
    assert twice.needs == "0.10.0"


def test_a_look_from_before_a_ramp_said_nothing_of_it() -> None:
    state = controlled.ramp_begins(controlled.end_look(begun(Controlled()), look()), "0.2.0", MONDAY + MINUTE)
    assert (state.said, state.last) == (None, look())
    after = controlled.end_look(state, look("2", MONDAY + 2 * MINUTE))
    assert after.said == after.last


def test_a_look_is_late_when_none_began_in_time() -> None:
    assert not Controlled().is_late(MONDAY)
    state = begun(Controlled())
    assert not state.is_late(MONDAY + LIMIT - MINUTE), "it is under way"
    assert state.is_late(MONDAY + LIMIT), "it was killed"
    ended = controlled.end_look(state, look())
    assert ended.next_at == MONDAY + MINUTE
    assert not ended.is_late(MONDAY + 3 * MINUTE)
    assert ended.is_late(MONDAY + 4 * MINUTE)


def test_who_waits_for_the_end_is_kept_until_told_and_never_shown() -> None:
    state = controlled.await_end(controlled.await_end(Controlled(), "old", MONDAY), "secret", MONDAY)
    assert controlled.told_end(state, "old") == state
    assert "secret" not in repr(state)
    assert loads(Controlled, dumps(state)).task == state.task
    assert controlled.told_end(state, "secret").task is None


@given(st.text(max_size=9), st.sampled_from(["", "look-failed"]), st.integers(1, 90_000), st.booleans())
def test_the_record_survives_its_json(text: str, code: str, seconds: int, is_open: bool) -> None:
    state = begun(controlled.end_look(begun(Controlled()), replace(look(), sentence=text, code=code)), "2")
    state = replace(state, installed=replace(HERE, pace=timedelta(seconds=seconds)))
    state = state if is_open else controlled.end_look(state, look("2"))
    assert loads(Controlled, dumps(state)) == state


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2}', '{"needs": 3}', '{"task": {"token": "a"}}', None])
def test_anything_else_is_garbled(text: str | None) -> None:
    with pytest.raises(Garbled):
        loads(Controlled, text)
