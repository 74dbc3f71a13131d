"""Rules that another tool holds: refusals until it has let go, and what is left to it afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rollout.errors import GateRefused, OwnerError, PreflightFailed, VerifyFailed
from rollout.fakes.calls import ApiCall
from rollout.fakes.owner import InMemoryOwner
from rollout.fakes.world import World
from rollout.inventory.model import CANDIDATE_ONLY, LEGACY_ONLY, PREPARED, Arn
from rollout.migration import events
from tests.behaviour.team import InMemoryTeam
from tests.codes import raises

PROGRAM = 'legacy = "programs.legacy:program"       # today\'s Lambdas and their rules\n'


@pytest.fixture
def owner() -> InMemoryOwner:
    return InMemoryOwner()


@pytest.fixture
def elsewhere(legacy: InMemoryTeam, owner: InMemoryOwner) -> InMemoryTeam:
    """A team whose legacy rules are in a stack of another project, of which rollout has no program."""
    team, rules = legacy, legacy.rules()
    aws, world = team.aws, World(owner=owner)
    owner.held.update(InMemoryOwner.of(map(Arn, rules.values())).held)
    world.accounts[aws.account] = aws  # and none of our stacks
    team.edit(PROGRAM, "")
    team.edit("[stickiness]", '[legacy]\nowner = "pulumi"\nstack = "acme/infra/production"\n\n[stickiness]')
    return InMemoryTeam(team.folder, world)


@pytest.fixture
def adopted(elsewhere: InMemoryTeam) -> InMemoryTeam:
    """After phase 2, with the owner holding its rules still."""
    elsewhere.open().phase1(approve=True)
    elsewhere.open().phase2(approve=True)
    return elsewhere


def test_the_owner_is_told_of_until_it_lets_go(
    elsewhere: InMemoryTeam, owner: InMemoryOwner, no: Callable[[object], bool]
) -> None:
    team, before = elsewhere, elsewhere.rules()
    team.open().phase1(approve=True)
    assert team.owners() == {("pulumi",)}
    with raises(PreflightFailed, "rule-not-managed"):
        team.open().ownership.release(approve=True)

    (looked,) = [check for check in team.open().preflight().checks if check.name == "other owner"]
    assert looked.evidence == f"pulumi ({owner.place}) manages 3 of 3 rules"

    gate = team.open().phase2(approve=True).gate
    warning, *_ = [each for each in gate.warnings if "pulumi" in each]
    assert f"pulumi ({owner.place}) manages 3 of 3 rules" in warning
    assert "its next `pulumi up` sends all traffic to legacy" in warning
    (told,) = [event for event in team.events if isinstance(event, events.OwnerToRelease)]
    assert set(told.routes) == before.keys()
    assert gate.commands == told.commands

    team.events.clear()
    assert not team.open().phase2(approve=True).changed
    assert team.events[-1] == told  # said again while it holds them

    status = team.open().status()
    assert {route.owners for route in status.routes} == {("pulumi", "routing")}
    assert {route.live for route in status.routes} == {PREPARED}
    assert status.next_step == "rollout release production"
    for approve in (no, None):
        with raises(GateRefused, "gate-declined" if approve else "approval-required"):
            team.open().ownership.release(approve=approve)

    owner.held.pop("rule-0")  # by hand; rollout does the rest
    assert len(team.open().status().unreleased) == 2
    calls = team.calls("*")
    said = team.run("release", "production", "--yes")
    assert said.returncode == 0, said.stdout + said.stderr
    assert told.commands[1] in said.stdout
    assert "pulumi released 2 rules" in said.stdout
    assert team.calls("*") == calls

    status = team.open().status()
    assert {route.owners for route in status.routes} == {("routing",)}
    assert (status.unreleased, status.next_step) == ((), None)
    assert team.rules() == before
    assert team.open().ownership.release(approve=True).routes == ()


def test_a_command_that_fails_ends_a_release_which_is_finished_by_a_rerun(
    adopted: InMemoryTeam, owner: InMemoryOwner
) -> None:
    owner.calls.refuse("run", skip=1, error=OwnerError("no network"))
    with pytest.raises(OwnerError):
        adopted.open().ownership.release(approve=True)
    assert len(adopted.open().status().unreleased) == 2
    assert len(adopted.open().ownership.release(approve=True).routes) == 2


def test_a_rule_that_changed_during_a_release_is_told(adopted: InMemoryTeam, owner: InMemoryOwner) -> None:
    rule = Arn(adopted.rules()["stamp-score"])

    def change(_call: ApiCall) -> None:
        adopted.aws.set_rule_priority(rule, 7)

    owner.calls.after(change, "run", times=1)
    with pytest.raises(VerifyFailed) as caught:
        adopted.open().ownership.release(approve=True)
    assert [problem.where for problem in caught.value.problems] == ["routes.stamp-score"]


def test_undoing_waits_for_the_owner(adopted: InMemoryTeam, owner: InMemoryOwner) -> None:
    team, before = adopted, adopted.rules()
    team.open().ownership.release(approve=True)
    with raises(PreflightFailed, "candidate-attached"):
        team.open().undo("phase2", approve=True)  # the candidate is prepared, as that stack wouldn't have it
    team.open().set_weight(0, approve=True)
    calls = team.calls("*")
    with raises(PreflightFailed, "rule-not-managed") as caught:
        team.open().undo("phase2", approve=True)
    assert {problem.where for problem in caught.value.problems} == {f"routes.{name}" for name in before}
    assert all(before["embed-score"] in str(problem) for problem in caught.value.problems[-1:])
    assert team.calls("*") == calls
    assert team.owners() == {("routing",)}

    owner.held.update(InMemoryOwner.of(map(Arn, before.values())).held)
    team.open().undo("phase2", approve=True)
    assert team.owners() == {("pulumi",)}
    assert set(team.splits().values()) == {LEGACY_ONLY}


def test_completing_leaves_what_is_not_ours(adopted: InMemoryTeam) -> None:
    team = adopted
    team.open().ownership.release(approve=True)
    team.open().set_weight(100, approve=True)
    for _ in range(31):
        team.world.serve(team.inventory, dict.fromkeys(team.inventory.routes, 60))
    gate = team.open().complete(quiet_for="30m", approve=True).gate
    assert [preview.stack for preview in gate.previews] == ["routing"]
    (left,) = [event for event in team.events if isinstance(event, events.LegacyLeft)]
    assert left.owner == "pulumi"
    assert "target group l-passport-v2-stamp-score with passport-v2-stamp-score" in left.parts
    status = team.open().status()
    assert (status.phase, status.unreleased, status.next_step) == ("completed", (), None)
    assert {route.live for route in status.routes} == {CANDIDATE_ONLY}
    assert "l-passport-v2-stamp-score" in team.open().traffic.alb_state().target_groups
