"""The main job through the library, on the real engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rollout import PhaseResult, events
from rollout.changes.plan import Op
from rollout.model import LEGACY_ONLY, PREPARED, Split
from rollout.quantities import Percent
from tests.conftest import Team

pytestmark = pytest.mark.engine


def splits(team: Team) -> set[Split | None]:
    return {route.live for route in team.open().status().routes}


def test_the_whole_inventory_from_the_legacy_stack_to_a_rollback(whole: Team) -> None:
    elb, rule = whole.aws.client("elbv2", whole.account, "us-west-2"), whole.rules()["stamp-score"]
    elb.add_tags(ResourceArns=[rule], Tags=[{"Key": "team", "Value": "identity"}])
    before, kept = whole.rules(), whole.open().live().rules
    assert splits(whole) == {LEGACY_ONLY}

    done = whole.open().phase1(approve=True)
    assert {change.op for preview in done.gate.previews for change in preview.changes} == {Op.STATE, Op.CREATE}
    assert whole.open().status().phase == "phase1"

    earlier = len(whole.calls())
    whole.open().phase2(approve=True)
    assert whole.calls()[earlier:] == ["ModifyRule"] * 8
    assert splits(whole) == {PREPARED}
    assert whole.rules() == before
    assert {route.owners for route in whole.open().status().routes} == {("routing",)}

    assert not whole.open().phase3(approve=True).changed  # the file says 0, and so it is
    raised = whole.open().set_weight(10, approve=True)
    assert raised.changed
    assert splits(whole) == {Split.at(Percent.of(10))}
    assert whole.open().inventory.weight == Percent.of(10)  # saved
    nothing_is_left_to_do(whole)

    back = whole.open().rollback()
    assert back.reconciled
    assert len(back.moved) == 8
    assert splits(whole) == {LEGACY_ONLY}
    assert whole.open().inventory.weight == Percent.of(0)

    now = whole.open().live().rules
    assert whole.rules() == before
    untouched = {rule.arn for rule in kept} - set(before.values())
    assert [rule for rule in now if rule.arn in untouched] == [rule for rule in kept if rule.arn in untouched]

    (told,) = elb.describe_tags(ResourceArns=[rule])["TagDescriptions"]
    assert told["Tags"] == [{"Key": "team", "Value": "identity"}]
    digests = {preview.digest for event in whole.events if (preview := getattr(event, "preview", None))}
    *_, phase1, phase2, weight, rollback = whole.open().history()
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
