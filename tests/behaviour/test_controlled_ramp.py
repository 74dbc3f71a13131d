"""A ramp that a controller runs, in memory: begun, followed and steered from a desk, on the real phases."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest

from rollout import __version__
from rollout.errors import AwsError, RampEnded, UsageError
from rollout.inventory.on_aws import routed_groups_of
from rollout.inventory.quantities import ZERO, Percent
from rollout.migration import events
from rollout.migration.gates import Gate
from rollout.programs.controlling import project_archive
from rollout.ramp.controlled import Installed, Look, await_end
from rollout.ramp.looking import look
from tests.behaviour.drawn import DrawnCounts
from tests.behaviour.team import InMemoryTeam

MINUTE, LIMIT = timedelta(minutes=1), timedelta(minutes=15)
FIVE = Percent.of(5)
IMAGE = f"123456789012.dkr.ecr.us-west-2.amazonaws.com/rollout@sha256:{'0' * 64}"
FUNCTION = "rollout-passport-scorer-production-controller"
FUNCTION_ARN = f"arn:aws:lambda:us-west-2:123456789012:function:{FUNCTION}"
PRODUCTION = "[environments.production]\n"


@pytest.fixture
def controlled(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team after phase 2 with a controller, which has requests."""
    state = 'backend = "s3://state/rollout"\nsecrets-provider = "awskms://alias/rollout"\n'
    cut_over.edit(PRODUCTION, f'[environments.production.controller]\nimage = "{IMAGE}"\n\n{PRODUCTION}{state}')
    cut_over.open().controller.install(approve=True)
    cut_over.world.metrics = DrawnCounts(open=cut_over.open)
    return cut_over


def looks(team: InMemoryTeam, id_: str = "1") -> Look:
    """The function is invoked."""
    here = Installed(FUNCTION_ARN, IMAGE, project_archive(team.inventory, team.file).version, __version__, MINUTE)
    ramp = team.open().ramp
    record = team.world.controller(team.inventory)
    return look(record, here, id_, LIMIT, lambda: ramp(approve=True, once=True, save=False, begins=False))


def shares(team: InMemoryTeam) -> set[Percent]:
    return {split.weight for split in team.splits().values() if split}


def test_a_desk_begins_the_controller_raises_and_status_says_so(controlled: InMemoryTeam) -> None:
    assert looks(controlled).state == "idle"
    gates: list[Gate] = []

    def approve(gate: Gate) -> bool:
        gates.append(gate)
        return True

    begun = controlled.open().ramp.follow(approve=approve, once=True)
    assert (begun.state, shares(controlled)) == ("waiting", {ZERO})
    assert {line.after.weight for gate in gates for line in gate.traffic} == {Percent.of(100)}
    controlled.world.clock.advance(MINUTE)
    assert looks(controlled).state == "raised"
    assert shares(controlled) == {FIVE}
    assert controlled.open().inventory.desired_weight("stamp-score") == ZERO, "the file is the desk's"

    assert controlled.open().reports.summary().next_step == "rollout ramp production"
    status = controlled.open().status()
    assert status.controller
    assert (status.controller.state, status.controller.said, status.controller.function) == (
        "waiting",
        "raised",
        FUNCTION,
    )
    assert status.next_step == "rollout ramp production", "not to the file's weight"
    for words in (("status", "production"), ("status", "production", "--json")):
        assert FUNCTION in controlled.run(*words).stdout
    said = json.loads(controlled.run("ramp", "production", "--once", "--json").stdout.splitlines()[0])
    assert said["event"] == "ramp-followed"
    assert controlled.open().reports.overview().status.controller == status.controller
    controlled.run("report", "production", "--html", "report.html")
    assert FUNCTION in (controlled.folder / "report.html").read_text("utf-8")


def test_a_desk_steers_it_by_the_same_commands(controlled: InMemoryTeam) -> None:
    assert controlled.run("ramp", "production", "--once").returncode == 3, "nobody approved"
    assert controlled.run("ramp", "production", "--once", "--yes").returncode == 0
    looks(controlled)
    assert controlled.run("pause", "production").returncode == 0
    controlled.world.clock.advance(timedelta(hours=2))
    assert looks(controlled).state == "paused"
    assert controlled.run("resume", "production").returncode == 0
    controlled.world.clock.advance(MINUTE)
    assert looks(controlled).state == "raised"
    assert controlled.run("rollback", "production").returncode == 0
    controlled.world.clock.advance(MINUTE)
    assert looks(controlled).state == "failed"
    assert shares(controlled) == {ZERO}
    with pytest.raises(RampEnded):
        controlled.open().ramp.follow(approve=True)
    assert controlled.run("ramp", "production", "--once").returncode == 1


def test_here_runs_it_here_beside_the_controller(controlled: InMemoryTeam) -> None:
    assert controlled.run("ramp", "production", "--here", "--once", "--yes").returncode == 0
    assert shares(controlled) == {FIVE}
    controlled.world.clock.advance(MINUTE)
    assert looks(controlled).state == "waiting"


def test_a_waiting_look_asks_the_load_balancers_for_the_rules_alone(controlled: InMemoryTeam) -> None:
    controlled.open().ramp.follow(approve=True, once=True)
    clients = controlled.world.actor("clients")
    controlled.world.metrics = DrawnCounts(open=lambda: clients.open(controlled.inventory))
    ramp, log = controlled.open().ramp, controlled.meets.log  # as in a process that Lambda keeps
    asked: list[Counter[str]] = []
    for state, later in (("raised", 1), ("waiting", 5), ("waiting", 5), ("raised", 60)):
        controlled.world.clock.advance(later * MINUTE)
        before = len(log)
        assert ramp(approve=True, once=True, save=False, begins=False).state == state
        asked.append(Counter(call.action for call in log[before:] if call.action.startswith("Describe")))
    groups = len(routed_groups_of(controlled.inventory)) - 1  # one has addresses
    listeners = len(controlled.inventory.load_balancers)
    once = dict.fromkeys(("DescribeLoadBalancers", "DescribeListeners", "DescribeRules"), listeners)
    assert asked[1]["DescribeTargetHealth"] == groups, "whose functions are judged"
    assert asked[2] == Counter(once) + Counter(DescribeTags=1)
    assert asked[3]["DescribeTargetHealth"] >= 2 * groups, "whether they still are, and before the raise"


def test_preflight_says_that_it_is_missing_late_or_cannot_look(controlled: InMemoryTeam) -> None:
    def codes() -> set[str]:
        checks = {check.name: check for check in controlled.open().preflight().checks}
        return {problem.code for problem in checks["controller"].notes}

    controlled.open().ramp.follow(approve=True, once=True)
    looks(controlled)
    assert codes() == set()
    controlled.world.clock.advance(timedelta(minutes=10))
    assert codes() == {"controller-late"}
    controlled.meets.refuse("history", times=None)
    looks(controlled, "2")
    controlled.meets.forget_orders()
    assert codes() == {"look-failed"}
    controlled.run("weight", "production", "1", "--yes")
    controlled.edit("[environments.production]\n", "# a comment\n[environments.production]\n")
    assert controlled.inventory.weight == Percent.of(1), "which a ramp doesn't go by"
    assert codes() == {"look-failed"}
    status = controlled.open().status().controller
    assert status
    assert status.outdated == ""
    controlled.edit("steps = [5, ", "steps = [3, ")
    assert codes() == {"look-failed", "controller-outdated"}
    status = controlled.open().status().controller
    assert status
    assert "rollout controller install" in status.outdated
    controlled.open().controller.remove(approve=True)
    assert codes() == {"no-controller"}


def test_none_installed_is_one_error_with_a_next_step(controlled: InMemoryTeam) -> None:
    controlled.open().controller.remove(approve=True)
    with pytest.raises(AwsError) as caught:
        controlled.open().ramp.follow(approve=True)
    assert caught.value.code == "no-controller"
    assert caught.value.hint
    status = controlled.open().status()
    assert status.controller
    assert status.controller.state == "missing"


def test_without_the_table_there_is_nothing_to_follow(cut_over: InMemoryTeam) -> None:
    with pytest.raises(UsageError) as caught:
        cut_over.open().ramp.follow(approve=True)
    assert caught.value.code == "missing-key"
    assert cut_over.open().status().controller is None


def test_a_record_that_cannot_be_read_is_part_of_a_status(controlled: InMemoryTeam) -> None:
    controlled.world.controller(controlled.inventory).body = "{"
    status = controlled.open().status().controller
    assert status
    assert status.state == "unknown"
    assert [event for event in controlled.events if isinstance(event, events.Warned)] == []


def test_no_token_is_shown(controlled: InMemoryTeam) -> None:
    controlled.world.controller(controlled.inventory).change(lambda record, now: await_end(record, "secret", now))
    looks(controlled)
    for words in (("status", "production", "--json"), ("status", "production")):
        assert "secret" not in controlled.run(*words).stdout


def test_a_controller_that_cannot_be_read_keeps_its_ramp(controlled: InMemoryTeam) -> None:
    controlled.edit(IMAGE, "an image")
    for command in (("ramp", "production", "--once", "--yes"), ("controller", "status", "production")):
        done = controlled.run(*command)
        assert (done.returncode, "controller.image" in done.stderr) == (2, True), done.stderr
    assert shares(controlled) == {ZERO}
    assert controlled.run("ramp", "production", "--once", "--yes", "--here").returncode == 0
    assert shares(controlled) == {FIVE}
