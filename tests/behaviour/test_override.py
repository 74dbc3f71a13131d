"""Header rules: they come, stay through everything else, follow a rollback, and go; and hands on them are noticed."""

from __future__ import annotations

import pytest

from rollout.alb.header_rules import held_overrides
from rollout.errors import PolicyViolation, PreflightFailed
from rollout.inventory.conditions import Condition, ConditionField, Request
from rollout.inventory.model import LEGACY_ONLY, OverrideRule, Split
from rollout.inventory.quantities import Percent
from rollout.migration.events import Warned
from rollout.state.plan import Op
from tests.behaviour.team import InMemoryTeam
from tests.codes import raises

SCORE = Request.of("GET", "/v2/stamps/7/score/0xA", [("x-rollout", "candidate")])
HISTORY = Request.of("GET", "/v2/stamps/7/score/0xA/history", [("x-rollout", "candidate")])
RUST, PYTHON, REGISTRY = "l-passport-v2-rust-scorer", "l-passport-v2-stamp-score", "targetGroupRegistry"


def goes_to(team: InMemoryTeam, request: Request, after: str | None = None) -> list[str]:
    (found,) = team.open().traffic.explain(request, load_balancer="public", after=after)
    return [share.target_group for share in found.shares]


def header_rules(team: InMemoryTeam) -> dict[str, OverrideRule]:
    return held_overrides(team.open().inventory, team.open().traffic.alb_state())


def test_header_rules_come_stay_follow_a_rollback_and_go(cut_over: InMemoryTeam) -> None:
    with raises(PreflightFailed, "no-header-override"):
        cut_over.open().override(approve=True)
    cut_over.edit("[stickiness]", "[header-override]\n\n[stickiness]")
    assert goes_to(cut_over, SCORE, "override") == [RUST]
    assert goes_to(cut_over, HISTORY, "override") == [REGISTRY]
    assert goes_to(cut_over, SCORE, "10") == [PYTHON, RUST]
    assert header_rules(cut_over) == {}  # explaining changes nothing

    before, calls = cut_over.rules(), len(cut_over.calls())
    added = cut_over.open().override(approve=True)
    assert {change.op for preview in added.gate.previews for change in preview.changes} == {Op.CREATE}
    assert cut_over.calls()[calls:] == ["CreateRule"] * 4
    assert goes_to(cut_over, SCORE) == [RUST]
    assert goes_to(cut_over, HISTORY) == [REGISTRY]
    assert not cut_over.open().override(approve=True).changed
    rules = header_rules(cut_over)

    cut_over.edit("[header-override]\n", "")  # what is there stays there, whatever the file says by then
    raised = cut_over.open().set_weight(10, approve=True)
    assert [len(preview.changes) for preview in raised.gate.previews] == [3]
    assert header_rules(cut_over) == rules

    cut_over.edit("[stickiness]", "[header-override]\n\n[stickiness]")
    back = cut_over.open().rollback()
    assert back.reconciled
    assert len(back.moved) == len(back.header_rules) == 3
    assert [event for event in cut_over.events if isinstance(event, Warned)]
    assert goes_to(cut_over, SCORE) == [PYTHON]
    assert goes_to(cut_over, HISTORY) == [REGISTRY]
    assert not cut_over.open().phase3(approve=True).changed

    again = cut_over.open().override(approve=True)
    assert {change.op for preview in again.gate.previews for change in preview.changes} == {Op.UPDATE}
    assert header_rules(cut_over) == rules

    calls = len(cut_over.calls())
    removed = cut_over.open().override(remove=True, approve=True)
    assert {change.op for preview in removed.gate.previews for change in preview.changes} == {Op.DELETE}
    assert cut_over.calls()[calls:] == ["DeleteRule"] * 4
    assert cut_over.rules() == before
    assert {route.live for route in cut_over.open().status().routes} == {LEGACY_ONLY}


def test_hands_on_header_rules_are_noticed(cut_over: InMemoryTeam) -> None:
    cut_over.edit("[stickiness]", "[header-override]\n\n[stickiness]")
    cut_over.open().override(approve=True)
    by_name = {rule.tags.get("rollout:override"): rule for rule in cut_over.open().traffic.alb_state().rules}
    cut_over.aws.delete_rule(by_name["embed-score-override"].arn)
    cut_over.open().set_weight(10, approve=True)  # one that was deleted by hand is let go of
    assert {route.live for route in cut_over.open().status().routes} == {Split.at(Percent.of(10))}
    assert len(header_rules(cut_over)) == 3
    assert cut_over.open().override(approve=True).changed  # and comes back
    assert len(header_rules(cut_over)) == 4

    cut_over.edit("[header-override]", "[header-override]\npriority-base = 700")
    with pytest.raises(PolicyViolation, match="priority"):
        cut_over.open().override(approve=True)
    asks = [Condition(ConditionField.PATH, ("/here", "/there")), Condition.on_header("X-Rollout", ["candidate"])]
    cut_over.aws.modify_rule(by_name["stamp-score-override"].arn, asks=asks)
    with raises(PreflightFailed, "header-rule-changed"):
        cut_over.open().set_weight(5, approve=True)
    cut_over.open().override(remove=True, approve=True)
    cut_over.open().override(approve=True)
    assert {rule.priority for rule in header_rules(cut_over).values()} == {700, 701, 702}
