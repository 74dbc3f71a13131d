"""Phases taken back out of order, declined, or from under somebody's rule: not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rollout.alb.weights import ForwardAction
from rollout.errors import GateRefused, PreflightFailed, UsageError
from rollout.inventory.conditions import for_endpoint
from rollout.inventory.model import LEGACY_ONLY, Arn
from tests.behaviour.team import InMemoryTeam
from tests.codes import raises


def test_nothing_is_undone_out_of_order_and_a_prepared_candidate_goes_in_place(
    legacy: InMemoryTeam, no: Callable[[object], bool]
) -> None:
    team, rule = legacy, Arn(legacy.rules()["stamp-score"])
    team.aws.set_tags(rule, {"team": "identity"})
    team.open().phase1(approve=True)
    team.open().phase2(approve=True)
    team.edit("[stickiness]", "[header-override]\n\n[stickiness]")
    team.open().set_weight(10, routes=["stamp-score"], approve=True)
    team.open().override(approve=True)

    earlier = team.calls("*")
    with pytest.raises(PreflightFailed) as caught:
        team.open().undo("phase2", approve=True)
    (header, weight) = caught.value.problems
    assert "rollout override production --remove" in str(header)
    assert weight.where == "routes.stamp-score"
    assert "rollout rollback production" in str(weight)
    with raises(PreflightFailed, "rule-managed-by-routing"):
        team.open().undo("phase1", approve=True)
    with raises(UsageError, "unknown-phase"):
        team.open().undo("phase3", approve=True)  # type: ignore[arg-type]
    assert team.calls("*") == earlier

    team.open().override(remove=True, approve=True)
    team.open().set_weight(0, routes=["stamp-score"], approve=True)
    for approve in (no, None):
        with raises(GateRefused, "gate-declined" if approve else "approval-required"):
            team.open().undo("phase2", approve=approve)
    calls = len(team.calls())
    done = team.run("undo", "phase2", "production", "--yes")
    assert done.returncode == 0, done.stderr
    assert team.calls()[calls:] == ["ModifyRule"] * 2  # the two that were prepared
    assert set(team.splits().values()) == {LEGACY_ONLY}

    assert "log groups are deleted" in team.run("preview", "undo-phase1", "production").stdout
    assert team.run("undo", "phase1", "production").returncode == GateRefused.exit_code
    team.open().phase1(approve=True)
    team.open().undo("phase1", approve=True)
    assert team.aws.rules[rule].tags == {"team": "identity"}


def test_a_candidate_that_another_rule_uses_is_not_deleted(legacy: InMemoryTeam) -> None:
    legacy.open().phase1(approve=True)
    live = legacy.open().traffic.alb_state()
    group, listener = live.group_arn("l-passport-v2-rust-scorer"), live.listeners["public"]
    legacy.aws.create_rule(listener, 7, for_endpoint("/beta", ()), ForwardAction({group: 1}))
    with raises(PreflightFailed, "target-group-in-use"):
        legacy.open().undo("phase1", approve=True)
    assert legacy.open().status().phase == "phase1"
