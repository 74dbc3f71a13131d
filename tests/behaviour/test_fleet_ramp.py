"""A fleet that ramps by itself: six environments in three waves, whole ramps by their controllers, in virtual time."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from rollout.base.user import who
from rollout.errors import AwsError, Locked, RampEnded, UsageError
from rollout.fakes.world import World
from rollout.inventory.marks import controller_name
from rollout.inventory.quantities import WHOLE, ZERO
from rollout.migration.bearers import FUNCTION
from tests.behaviour.conftest import made_team
from tests.behaviour.drawn import DrawnCounts
from tests.behaviour.fleets import InMemoryFleet, fleet_file
from tests.behaviour.terminal import piped
from tests.states_schema import problems

WAVES = (("a1", "a2"), ("b1", "b2"), ("c1", "c2"))


@pytest.fixture
def file(checkout: Path) -> Path:
    """An inventory of six environments."""
    team = made_team(checkout, lambda _: World())
    team.file.write_text(fleet_file(team.file.read_text(), WAVES))
    return team.file


def started(file: Path, *bad: str) -> InMemoryFleet:
    fleet = InMemoryFleet(file, set(bad))
    fleet.install()
    fleet.ramp.start()
    return fleet


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_each_wave_ramps_once_the_one_before_is_at_100(file: Path) -> None:
    fleet = started(file)
    assert fleet.begun() == ["a1", "a2"]
    assert fleet.ramp.status().state == "running"
    fleet.run()
    assert fleet.begun() == ["a1", "a2", "b1", "b2", "c1", "c2"]
    assert {fleet.weight(name) for name in fleet.worlds} == {WHOLE}
    assert fleet.ramp.status().state == "done"
    assert set(fleet.states().values()) == {"done"}


def test_on_a_failure_the_wave_is_rolled_back_and_the_next_never_begins(file: Path) -> None:
    fleet = started(file, "b2")
    fleet.run()
    found = fleet.ramp.status()
    assert (found.state, "b2" in found.cause, fleet.begun()) == ("failed", True, ["a1", "a2", "b1", "b2"])
    assert {name: fleet.weight(name) for name in fleet.worlds} == {
        **dict.fromkeys(("a1", "a2"), WHOLE),
        **dict.fromkeys(("b1", "b2", "c1", "c2"), ZERO),
    }
    expected = ["done", "done", "rolled back", "rolled back", "waiting", "waiting"]
    assert list(fleet.states().values()) == expected


def test_a_failure_ends_those_beside_it_too(file: Path) -> None:
    fleet = started(file, "a1")
    fleet.run()
    assert (fleet.ramp.status().state, fleet.begun()) == ("failed", ["a1", "a2"])
    assert (fleet.weight("a2"), fleet.states()["a2"]) == (ZERO, "rolled back")
    with pytest.raises(RampEnded):
        fleet.open("a2").ramp(once=True)


def test_a_controller_that_falls_silent_has_failed(file: Path) -> None:
    fleet = started(file)
    fleet.silent.add("a2")
    fleet.run()
    found = fleet.ramp.status()
    assert (found.state, "a2" in found.cause, "HeartbeatTimeout" in found.cause) == ("failed", True, True)
    assert found.ended
    assert found.began
    assert (found.ended - found.began).total_seconds() < 60 * 60
    assert (fleet.weight("a1"), fleet.weight("a2"), fleet.begun()) == (ZERO, ZERO, ["a1", "a2"])


def test_a_function_that_is_throttled_is_asked_again(file: Path) -> None:
    fleet = InMemoryFleet(file, {"a1"}, throttled={"a1": 4, "a2": 2})
    fleet.install()
    fleet.ramp.start()
    fleet.run(lambda: fleet.begun() != [])
    fleet.throttled["a2"] = 5  # and so is its rollback
    fleet.run()
    assert (fleet.ramp.status().state, fleet.acts.count(("rollback", "a2"))) == ("failed", 1)
    assert fleet.states()["a2"] == "rolled back"


def test_a_rollback_that_fails_is_told(file: Path) -> None:
    fleet = started(file, "a1")
    fleet.throttled["a2"] = 10_000
    fleet.run()
    assert fleet.states() | {"a1": "rolled back", "a2": "not rolled back"} == fleet.states()
    assert fleet.last.failed
    assert fleet.last.failed.error == "RollbackFailed"


def test_an_execution_that_was_killed_is_begun_again_and_goes_on(file: Path) -> None:
    fleet = started(file)
    fleet.run(lambda: "b2" in fleet.begun())
    fleet.ramp.stop("a trial")
    assert fleet.ramp.status().state == "stopped"
    went_on = fleet.weight("a1")
    asked = len(fleet.acts)
    fleet.timeline.after(120, fleet.ramp.start)
    fleet.timeline.run(lambda: fleet.last.status == "RUNNING")
    fleet.run(lambda: len(fleet.acts) == asked + 4)
    assert (went_on, fleet.weight("a1"), fleet.last.status) == (WHOLE, WHOLE, "RUNNING")
    assert fleet.acts[asked:] == [("ramp", name) for name in ("a1", "a2", "b1", "b2")]


def test_a_wave_that_failed_begins_again_only_with_restart(file: Path) -> None:
    fleet = started(file, "a1")
    fleet.run()
    fleet.timeline.after(60, fleet.ramp.start)
    fleet.timeline.run(lambda: len(fleet.executions.all) == 2)
    fleet.run()
    assert fleet.ramp.status().state == "failed"
    fleet.worlds["a1"].metrics = DrawnCounts(open=lambda: fleet.open("a1"))
    fleet.timeline.after(60, lambda: fleet.ramp.start(restart=True))
    fleet.timeline.run(lambda: len(fleet.executions.all) == 3)
    fleet.run(lambda: fleet.weight("a1") > ZERO)
    assert fleet.ramp.status().state == "running"


def test_waves_wait_for_a_person(file: Path) -> None:
    edit(file, "at-once = 2", "at-once = 2\napprove-between = true")
    fleet = started(file)
    with pytest.raises(UsageError) as nothing:
        fleet.ramp.approve()
    assert nothing.value.code == "nothing-to-approve"
    fleet.run(lambda: fleet.notices != [])
    assert (fleet.ramp.status().state, fleet.ramp.status().waits, len(fleet.notices)) == ("approval", 2, 1)
    assert "token" not in fleet.notices[0]["Message"]
    fleet.timeline.run(most=fleet.timeline.now() - fleet.last.began)  # for as long as it may take
    assert fleet.begun() == ["a1", "a2"]
    assert fleet.ramp.approve().state == "running"
    assert fleet.begun() == ["a1", "a2", "b1", "b2"]


def test_a_wave_that_is_declined_ends_the_ramp_and_waves_before_stay(file: Path) -> None:
    edit(file, "at-once = 2", "at-once = 2\napprove-between = true")
    fleet = started(file)
    fleet.run(lambda: fleet.notices != [])
    done = fleet.command("fleet", "approve", "all", "--decline", "-m", "not today", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["event"], told["state"]) == (0, "fleet-status", "failed")
    assert "not today" in told["cause"]
    assert (fleet.begun(), fleet.weight("a1"), fleet.weight("b1")) == (["a1", "a2"], WHOLE, ZERO)


def test_a_wave_is_approved_by_its_number_and_no_later_one_by_mistake(file: Path) -> None:
    edit(file, "at-once = 2", "at-once = 2\napprove-between = true")
    fleet = started(file)
    fleet.run(lambda: fleet.notices != [])
    another = fleet.command("fleet", "approve", "all", "3")
    declined = fleet.command("fleet", "approve", "all", "3", "--decline", "-m", "too soon")
    waits = fleet.ramp.status().waits
    approved = fleet.command("fleet", "approve", "all", "2", "--json")
    assert [(done.returncode, "nothing-to-approve" in done.stderr) for done in (another, declined)] == [(2, True)] * 2
    assert (waits, json.loads(approved.stdout)["state"]) == (2, "running")
    assert "rollout fleet approve all 2" in fleet.notices[0]["Message"]


def test_of_two_people_who_begin_it_one_does_whatever_their_clocks_and_it_begins_again_at_once(file: Path) -> None:
    fleet = started(file)
    fleet.ramp.stop("a trial")
    first, second = fleet.ramp, fleet.ramp
    first.start()
    seen = list(fleet.executions.all)
    fleet.home.clock.advance(timedelta(minutes=3))
    with pytest.raises(Locked):
        second.start()
    first.stop("another trial")
    first.start()  # in the same minute
    assert list(fleet.executions.all)[:2] == seen
    assert len(fleet.executions.all) == 3


def test_what_cannot_begin_is_told(file: Path) -> None:
    fleet = InMemoryFleet(file)
    with pytest.raises(AwsError) as none:
        fleet.ramp.start()
    assert (none.value.code, fleet.ramp.status().state) == ("no-fleet", "none")
    fleet.install()
    controller = FUNCTION, controller_name(fleet.open("a1").inventory)
    kept = fleet.aws.resources.pop(controller)
    with pytest.raises(AwsError) as without:
        fleet.ramp.start()
    assert (without.value.code, "a1" in without.value.what, fleet.executions.all) == ("no-controller", True, {})
    fleet.aws.resources[controller] = kept
    fleet.ramp.start()
    with pytest.raises(Locked) as twice:
        fleet.ramp.start()
    assert twice.value.code == "ramp-under-way"
    edit(file, "at-once = 2", "at-once = 1")
    with pytest.raises(AwsError) as other:
        fleet.ramp.start()
    assert other.value.code == "fleet-outdated"


def test_people_see_each_environment_and_what_waits(file: Path) -> None:
    edit(file, "at-once = 2", "at-once = 2\napprove-between = true")
    fleet = started(file)
    fleet.run(lambda: fleet.notices != [])
    shown = fleet.command("fleet", "status", "all")
    declined = fleet.command("fleet", "stop", "all", "-m", "a trial")
    nothing = fleet.command("fleet", "approve", "all")
    rows = {words[1]: words[2] for line in shown.stdout.splitlines() if (words := line.split())[2:]}
    assert {name: rows[name] for name in fleet.worlds} == {
        **dict.fromkeys(("a1", "a2"), "done"),
        **dict.fromkeys(("b1", "b2", "c1", "c2"), "waiting"),
    }
    assert "rollout fleet approve all" in shown.stdout
    assert "a trial" in declined.stdout
    assert (nothing.returncode, "nothing-to-approve" in nothing.stderr) == (2, True)


def test_its_history_has_who_did_what_and_why(file: Path) -> None:
    edit(file, "at-once = 2", "at-once = 2\napprove-between = true")
    fleet = started(file)
    fleet.run(lambda: fleet.notices != [])
    fleet.ramp.approve()
    fleet.run(lambda: len(fleet.notices) == 2)
    fleet.ramp.decline("not today")
    fleet.timeline.after(60, lambda: fleet.ramp.start(restart=True))
    fleet.timeline.run(lambda: len(fleet.executions.all) == 2)
    fleet.run(lambda: len(fleet.notices) == 3)
    fleet.ramp.stop("a trial")
    fleet.home.clock.utc = fleet.timeline.now() + timedelta(minutes=1)
    fleet.ramp.remove(approve=True, message="over")
    found = fleet.ramp.history()
    assert [(each.what, each.result) for each in found] == [
        ("fleet-install", "succeeded"),
        ("fleet ramp", "failed"),
        ("fleet approved", "succeeded"),
        ("fleet declined", "succeeded"),
        ("fleet ramp", "stopped"),
        ("fleet stopped", "succeeded"),
        ("fleet-remove", "succeeded"),
    ]
    assert {each.by for each in found} == {who()}
    whys = {each.what: each.why for each in found}
    assert "wave 3: not today" in whys["fleet declined"]
    assert (whys["fleet stopped"], whys["fleet-remove"]) == ("a trial", "over")
    assert [each.what for each in fleet.ramp.history(limit=2)] == ["fleet stopped", "fleet-remove"]
    shown = fleet.command("fleet", "history", "all")
    told = fleet.command("fleet", "history", "all", "--limit", "1", "--json")
    bad = fleet.command("fleet", "history", "all", "--limit", "0")
    lost = fleet.command("history", "all")
    assert "not today" in shown.stdout
    (line,) = told.stdout.splitlines()
    assert {**json.loads(line), "message": ""}.items() >= {"what": "fleet-remove", "by": who()}.items()
    assert (bad.returncode, "out-of-range" in bad.stderr) == (2, True)
    assert (lost.returncode, "rollout fleet history all" in lost.stderr) == (2, True)


def test_the_template_of_each_other_account_is_printed(file: Path) -> None:
    made = piped(file.parent, "fleet", "template", "all", "b1")
    kinds = [each["Type"].rpartition("::")[2] for each in json.loads(made.stdout)["Resources"].values()]
    assert kinds == ["Role"]
    for name in ("a1", "nothing"):  # the state machine's own account, and none
        refused = piped(file.parent, "fleet", "template", "all", name)
        assert (refused.returncode, "unknown-environment" in refused.stderr) == (2, True)


def test_the_definition_is_printed(file: Path) -> None:
    done = piped(file.parent, "fleet", "definition", "all")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert problems(made) == []
    assert [name for name in made["States"] if name.startswith("Ramp")] == [f"Ramp wave {n}" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("[controller]", "[kontroller]", "unknown-key"),
        ('sns = "arn:aws:sns:us-west-2:100000000001:people"', 'webhook = "https://x.example"', "missing-key"),
        ("[fleets.all]", "[fleets.others]", "unknown-fleet"),
    ],
)
def test_what_it_lacks_is_told(file: Path, old: str, new: str, code: str) -> None:
    edit(file, "at-once = 2", "at-once = 2\napprove-between = true")
    edit(file, old, new)
    done = piped(file.parent, "fleet", "definition", "all")
    assert done.returncode == 2
    assert code in done.stderr
