"""What keeps a migration from being completed, and what a completed one refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rollout.errors import GateRefused, PreflightFailed, RollbackIncomplete, UsageError
from rollout.inventory.model import CANDIDATE_ONLY
from rollout.migration import events
from rollout.state.plan import Op
from tests.behaviour.team import InMemoryTeam
from tests.codes import raises

LEGACY = {"l-passport-v2-stamp-score", "l-cc-v1-score-POST-0", "embed-gs-lambda-target-group"}


def serve(team: InMemoryTeam, minutes: int = 1) -> None:
    for _ in range(minutes):
        team.world.serve(team.inventory, dict.fromkeys(team.inventory.routes, 60))


def test_legacy_is_retired_once_nobody_needs_it(cut_over: InMemoryTeam, no: Callable[[object], bool]) -> None:
    team, rules = cut_over, cut_over.rules()
    team.edit("[environments.production]\n", "[environments.production] # the last one\n")
    team.open().set_weight(50, routes=["stamp-score"], approve=True)
    serve(team)
    with pytest.raises(PreflightFailed) as caught:
        team.open().complete(quiet_for="30m", approve=True)
    said = "\n".join(map(str, caught.value.problems))
    assert "routes.stamp-score: the candidate gets 50 %" in said
    assert "rollout weight production 100" in said
    team.open().set_weight(100, approve=True)
    serve(team, minutes=31)
    with raises(PreflightFailed, "legacy-not-idle"):
        team.open().complete(quiet_for="1d", approve=True)
    for approve in (no, None):
        with raises(GateRefused, "gate-declined" if approve else "approval-required"):
            team.open().complete(quiet_for="30m", approve=approve)

    calls = len(team.calls())
    done = team.open().complete(quiet_for="30m", approve=True)
    assert team.calls()[calls:] == ["ModifyRule"] * 3
    (routing, legacy) = done.gate.previews
    assert {change.op for change in routing.changes} == {Op.UPDATE}
    assert {change.op for change in legacy.changes} == {Op.DELETE}
    assert any("can't undo" in warning for warning in done.gate.warnings)

    groups = {group.name for group in team.aws.target_groups.values()}
    assert not groups & LEGACY
    assert {"l-passport-v2-rust-scorer", "targetGroupRegistry"} <= groups
    assert ("aws:lambda/function:Function", "passport-v2-stamp-score") not in team.aws.resources
    assert team.rules() == rules
    status = team.open().status()
    assert {route.live for route in status.routes} == {CANDIDATE_ONLY}
    assert (status.phase, status.problems, status.next_step) == ("completed", (), None)
    text = team.file.read_text()
    assert "completed = true" in text
    assert "[environments.production] # the last one" in text
    assert [event.candidate > 0 for event in team.events if isinstance(event, events.LegacyQuiet)][-1:] == [True]

    assert not team.open().complete(approve=True).changed
    assert not team.open().phase1(approve=True).changed  # and new builds still go that way
    with raises(UsageError, "completed"):
        team.open().set_weight(50, approve=True)
    with pytest.raises(RollbackIncomplete) as refused:
        team.open().rollback()
    assert "legacy is retired" in str(refused.value.hint)
    assert {route.live for route in team.open().status().routes} == {CANDIDATE_ONLY}


def test_without_a_request_to_the_candidate_nothing_is_proven(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(100, approve=True)
    with raises(PreflightFailed, "candidate-idle"):
        cut_over.open().complete(quiet_for="30m", approve=True)
    done = cut_over.run("complete", "production", "--quiet-for", "1s", "--yes")
    assert done.returncode == UsageError.exit_code
    assert "allowed: 1m to 90d" in done.stderr


def test_what_of_legacy_isnt_marked_stays_on_aws_and_is_named(cut_over: InMemoryTeam) -> None:
    team, theirs = cut_over, ("aws:lambda/function:Function", "passport-v2-stamp-score")
    team.open().set_weight(100, approve=True)
    serve(team, minutes=31)
    team.aws.resources[theirs] = {**team.aws.resources[theirs], "tags": {"team": "b"}}
    done = team.open().complete(quiet_for="30m", approve=True)
    assert any("function passport-v2-stamp-score stays" in warning for warning in done.gate.warnings)
    assert team.aws.resources[theirs]["tags"] == {"team": "b"}
    assert ("aws:iam/role:Role", "passport-v2-stamp-score") not in team.aws.resources
    assert team.open().status().phase == "completed"
