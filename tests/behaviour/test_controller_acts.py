"""What the controller's function does with each event, on a world in memory."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.adapters.aws.iam.policies import function_statements
from rollout.controller import handler
from rollout.errors import Locked, RolloutError
from rollout.inventory.quantities import Percent
from rollout.migration.events import Warned
from rollout.ramp.controlled import Controlled, Installed, await_end, begin_look
from tests.behaviour.team import InMemoryTeam
from tests.behaviour.test_controller_install import NAME, asked

ARN = f"arn:aws:lambda:us-west-2:123456789012:function:{NAME}"
LOOK = {"act": "look"}
RAMP = {"act": "ramp", "token": "a token", "restart": False}
AGAIN = {"act": "ramp", "token": "another", "restart": True}


class Context:
    """An invocation."""

    invoked_function_arn = ARN

    def __init__(self, request: str = "one") -> None:
        self.aws_request_id = request

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


@pytest.fixture
def team(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team with a controller, and a ramp of one step that passes at once."""
    asked(cut_over)
    cut_over.open().controller.install(approve=True)
    return cut_over


def look_of_another(team: InMemoryTeam) -> None:
    """Another look begins, and is killed."""
    installed = Installed(ARN, "image", "project", "0.0.1", timedelta(minutes=1))

    def begun(state: Controlled, now: datetime) -> Controlled:
        return begin_look(state, "other", installed, now=now, until=now + timedelta(minutes=5))

    team.world.controller(team.inventory).change(begun)


def answer(team: InMemoryTeam, event: dict[str, Any], request: str = "one") -> dict[str, Any]:
    said = handler.answer(event, Context(request), team.open())
    assert json.loads(json.dumps(said)) == said
    return said


def weights(team: InMemoryTeam) -> set[Percent]:
    return {split.weight for split in team.splits().values() if split}


def test_a_look_begins_no_ramp_and_says_that_it_looked(team: InMemoryTeam) -> None:
    assert answer(team, LOOK)["state"] == "idle"
    assert weights(team) == {Percent(0)}
    assert team.open().controller.status().state == "waiting"


def test_a_look_goes_on_with_a_ramp_that_a_person_began(team: InMemoryTeam) -> None:
    team.open().ramp(approve=True, once=True)
    said = answer(team, LOOK)
    assert (said["state"], said["code"]) == ("waiting", "")


def test_a_fleets_ramp_begins_and_a_look_tells_that_it_goes_on(team: InMemoryTeam) -> None:
    assert answer(team, RAMP)["state"] == "raised"
    assert weights(team) == {Percent(50)}
    beats = team.world.tasks.beats["a token"]
    answer(team, LOOK, "two")
    assert team.world.tasks.beats["a token"] == beats + 1
    assert team.world.tasks.ended == {}


def test_an_error_is_no_sign_of_life(team: InMemoryTeam) -> None:
    answer(team, RAMP)
    beats = team.world.tasks.beats["a token"]
    team.meets.refuse("history", times=None)
    assert answer(team, LOOK, "two")["state"] == "error"
    assert (team.world.tasks.beats["a token"], team.world.tasks.ended) == (beats, {})


def test_its_end_is_told_once(team: InMemoryTeam) -> None:
    answer(team, RAMP)
    team.open().rollback()
    assert answer(team, LOOK, "two")["state"] == "failed"
    assert list(team.world.tasks.ended) == ["a token"]
    assert team.world.tasks.ended["a token"] != ""
    answer(team, LOOK, "three")
    assert list(team.world.tasks.ended) == ["a token"]


@pytest.mark.parametrize("takes_effect", [False, True], ids=["refused", "answer lost"])
def test_an_end_that_was_not_told_for_sure_is_told_by_the_next_look(team: InMemoryTeam, *, takes_effect: bool) -> None:
    answer(team, RAMP)
    team.open().rollback()
    team.world.tasks.calls.refuse("SendTaskFailure", takes_effect=takes_effect)
    assert answer(team, LOOK, "two")["state"] == "failed"
    answer(team, LOOK, "three")
    assert list(team.world.tasks.ended) == ["a token"]
    told = len(team.world.tasks.calls.log)
    answer(team, LOOK, "four")
    assert len(team.world.tasks.calls.log) == told


@pytest.mark.parametrize("skip", range(3, 6))
def test_a_record_that_fails_once_makes_no_look_an_error_of_the_function(team: InMemoryTeam, skip: int) -> None:
    answer(team, RAMP)
    team.world.controller(team.inventory).calls.refuse("GetItem", skip=skip)
    assert answer(team, LOOK, "two")["state"] == "waiting"


def test_who_waits_no_more_is_forgotten(team: InMemoryTeam) -> None:
    team.world.tasks.over.add("a token")
    answer(team, RAMP)
    calls = team.world.tasks.beats["a token"]
    answer(team, LOOK, "two")
    assert team.world.tasks.beats["a token"] == calls


def test_a_ramp_whose_first_look_could_not_begin_it_is_begun_by_the_next(team: InMemoryTeam) -> None:
    look_of_another(team)
    assert answer(team, RAMP)["code"] == "look-under-way"
    team.world.clock.advance(timedelta(minutes=6))
    assert answer(team, LOOK, "two")["state"] == "raised"


def fail(team: InMemoryTeam) -> None:
    """A ramp fails, and its fleet knows."""
    answer(team, RAMP)
    team.open().rollback()
    assert answer(team, LOOK, "back")["state"] == "failed"
    team.world.clock.advance(timedelta(minutes=1))


def test_a_restart_that_a_killed_look_is_in_the_way_of_is_the_next_looks(team: InMemoryTeam) -> None:
    fail(team)
    look_of_another(team)
    assert answer(team, AGAIN, "two")["code"] == "look-under-way"
    team.world.clock.advance(timedelta(minutes=6))
    assert answer(team, LOOK, "three")["state"] == "raised"
    assert "another" not in team.world.tasks.ended


@pytest.mark.parametrize("call", range(5))
@pytest.mark.parametrize("part", ["history", "note"])
def test_the_failure_before_is_not_a_restarts(team: InMemoryTeam, part: str, call: int) -> None:
    fail(team)
    team.meets.refuse(part, skip=call)
    answer(team, AGAIN, "two")
    team.meets.forget_orders()
    answer(team, LOOK, "three")
    assert "another" not in team.world.tasks.ended
    assert weights(team) == {Percent(50)}


def test_a_restart_is_done_once(team: InMemoryTeam) -> None:
    fail(team)
    assert answer(team, AGAIN, "two")["state"] == "raised"
    team.open().rollback()
    team.world.tasks.calls.refuse("SendTaskFailure")
    assert [answer(team, LOOK, each)["state"] for each in ("three", "four")] == ["failed", "failed"]
    assert list(team.world.tasks.ended) == ["a token", "another"]
    assert weights(team) == {Percent(0)}


@pytest.mark.parametrize("event", [RAMP, AGAIN], ids=["first", "restart"])
@pytest.mark.parametrize("why", ["told", "late"])
def test_what_no_fleet_waits_for_any_more_is_not_begun(team: InMemoryTeam, event: dict[str, Any], why: str) -> None:
    if event is AGAIN:
        fail(team)
    look_of_another(team)
    assert answer(team, event, "two")["code"] == "look-under-way"
    if why == "told":  # the wave failed, or a person stopped the fleet
        team.world.tasks.over.add(event["token"])
    team.world.clock.advance(timedelta(minutes=6 if why == "told" else 30))
    beats = team.world.tasks.beats.copy()
    assert answer(team, LOOK, "three")["state"] in ("idle", "failed")
    assert weights(team) == {Percent(0)}
    record = team.world.controller(team.inventory).read()
    assert record
    assert record.task is None
    assert (team.world.tasks.beats == beats) is (why == "late")


def test_without_a_fleet_a_ramp_that_is_to_begin_anew_waits_for_no_look(team: InMemoryTeam) -> None:
    look_of_another(team)
    with pytest.raises(Locked):
        answer(team, {"act": "ramp", "restart": True})


def test_a_rollback_is_done_whoever_looks(team: InMemoryTeam) -> None:
    answer(team, RAMP)
    look_of_another(team)
    said = answer(team, {"act": "rollback", "why": "fleet all: staging failed"})
    assert (said["state"], set(said["routes"])) == ("rolled-back", set(team.inventory.routes))
    assert weights(team) == {Percent(0)}
    assert any("fleet all: staging failed" in change.message for change in team.open().history())


ROLE = "arn:aws:iam::210987654321:role/rollout-passport-scorer-fleet-all-answer"


def test_another_accounts_fleet_is_answered_by_the_role_that_stacks_toml_has_for_it(team: InMemoryTeam) -> None:
    with pytest.raises(RolloutError) as caught:
        answer(team, {**RAMP, "role": ROLE})
    assert caught.value.code == "unknown-role"
    assert (weights(team), team.world.tasks.beats) == ({Percent(0)}, {})
    team.append(
        '[environments.home]\naccount = "210987654321"\nregion = "us-west-2"\n'
        '\n[fleets.all]\nwaves = [["home"], ["production"]]'
    )
    assert answer(team, {**RAMP, "role": ROLE})["state"] == "raised"
    assert (list(team.world.tasks.beats), team.world.answered_by) == (["a token"], {ROLE})
    (may,) = [each for each in function_statements(team.inventory) if "sts:AssumeRole" in each["Action"]]
    assert may["Resource"] == ROLE
    for gone in (ROLE, "role/of-somebody"):
        with pytest.raises(RolloutError):
            answer(team, {**RAMP, "role": gone[:-1]})


def test_a_role_that_stacks_toml_has_no_more_is_not_used(team: InMemoryTeam) -> None:
    answer(team, RAMP)
    record = team.world.controller(team.inventory)
    record.change(lambda state, now: await_end(state, "a token", now, ROLE))
    beats = team.world.tasks.beats["a token"]
    assert answer(team, LOOK, "two")["state"] == "waiting"
    assert (team.world.tasks.beats["a token"], team.world.answered_by) == (beats, set())
    assert any(isinstance(event, Warned) and "isn't notified" in event.message for event in team.events)


@pytest.mark.parametrize("event", [{}, {"act": "raise"}, {"act": None}])
def test_another_event_is_refused(team: InMemoryTeam, event: dict[str, Any]) -> None:
    with pytest.raises(RolloutError) as caught:
        answer(team, event)
    assert caught.value.code == "unknown-act"
    assert weights(team) == {Percent(0)}


def test_the_function_answers_a_look_with_what_keeps_it_from_looking(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, value in {
        "AWS_REGION": "us-west-2",
        "ROLLOUT_PROJECT": "s3://state/x.zip",
        "ROLLOUT_PROJECT_SHA256": "0" * 64,
        "ROLLOUT_CONTROLLED": "production",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(handler, "from_s3", lambda _region: lambda _bucket, _key, _most: b"another archive")
    assert handler.handle(LOOK, Context())["code"] == "project-unfit"
    with pytest.raises(RolloutError):
        handler.handle({"act": "rollback"}, Context())
