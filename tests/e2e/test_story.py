"""The main job through the library, on the real engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rollout import PhaseResult
from rollout.inventory.model import LEGACY_ONLY, PREPARED, Split
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout.state.plan import Op
from tests.conftest import Team

pytestmark = [pytest.mark.engine, pytest.mark.nightly]  # README, traffic and undo hold the parts


def splits(team: Team) -> set[Split | None]:
    return {route.live for route in team.open().status().routes}


@pytest.mark.parametrize("inventory", ["legacy", "whole"])
def test_all_routes_from_the_legacy_stack_to_a_rollback(inventory: str, request: pytest.FixtureRequest) -> None:
    team: Team = request.getfixturevalue(inventory)
    routes = len(team.open().inventory.routes)
    elb, rule = team.aws.client("elbv2", team.account, "us-west-2"), team.rules()["stamp-score"]
    elb.add_tags(ResourceArns=[rule], Tags=[{"Key": "team", "Value": "identity"}])
    before, kept = team.rules(), team.open().traffic.alb_state().rules
    assert splits(team) == {LEGACY_ONLY}

    done = team.open().phase1(approve=True)
    assert {change.op for preview in done.gate.previews for change in preview.changes} == {Op.STATE, Op.CREATE}
    assert team.open().status().phase == "phase1"

    earlier = len(team.calls())
    team.open().phase2(approve=True)
    assert team.calls()[earlier:] == ["ModifyRule"] * routes
    assert splits(team) == {PREPARED}
    assert team.rules() == before
    assert {route.owners for route in team.open().status().routes} == {("routing",)}

    assert not team.open().phase3(approve=True).changed  # the file says 0, and so it is
    raised = team.open().set_weight(10, approve=True)
    assert raised.changed
    assert splits(team) == {Split.at(Percent.of(10))}
    assert team.open().inventory.weight == Percent.of(10)  # saved
    nothing_is_left_to_do(team)

    back = team.open().rollback()
    assert back.reconciled
    assert len(back.moved) == routes
    assert splits(team) == {LEGACY_ONLY}
    assert team.open().inventory.weight == Percent.of(0)

    now = team.open().traffic.alb_state().rules
    assert team.rules() == before
    untouched = {rule.arn for rule in kept} - set(before.values())
    assert [rule for rule in now if rule.arn in untouched] == [rule for rule in kept if rule.arn in untouched]

    (told,) = elb.describe_tags(ResourceArns=[rule])["TagDescriptions"]
    assert {"Key": "team", "Value": "identity"} in told["Tags"]  # beside the rollback's mark
    digests = {preview.digest for event in team.events if (preview := getattr(event, "preview", None))}
    *_, phase1, phase2, weight, rollback = team.open().history()
    assert [each.what for each in (phase1, phase2, weight, rollback)] == ["phase1", "phase2", "weight", "rollback"]
    assert {digest for each in (phase1, phase2, weight) for digest in (each.plan or "").split()} <= digests


def nothing_is_left_to_do(team: Team) -> None:
    calls = len(team.calls("*"))
    target = team.open()
    again: tuple[Callable[[], PhaseResult], ...] = (
        lambda: target.phase1(approve=True),
        lambda: target.phase2(approve=True),
        lambda: target.phase3(approve=True),
        lambda: target.set_weight(10, approve=True),
    )
    for run in again:
        told = len(team.events)
        assert not run().changed
        assert any(isinstance(event, events.NothingToDo) for event in team.events[told:])
    assert [call for call in team.calls("*")[calls:] if not call.startswith(("Get", "List", "Describe"))] == []
