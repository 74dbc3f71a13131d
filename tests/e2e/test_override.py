"""Header rules through the engine: they come, stay through everything else, follow a rollback, and go."""

from __future__ import annotations

import pytest

from rollout.changes.plan import Op
from rollout.events import Warned
from rollout.model import LEGACY_ONLY
from rollout.rules.conditions import Request
from rollout.rules.header_rules import held_overrides
from tests.conftest import Team

pytestmark = pytest.mark.engine

SCORE = Request.of("GET", "/v2/stamps/7/score/0xA", [("x-rollout", "candidate")])
HISTORY = Request.of("GET", "/v2/stamps/7/score/0xA/history", [("x-rollout", "candidate")])
RUST, PYTHON, REGISTRY = "l-passport-v2-rust-scorer", "l-passport-v2-stamp-score", "targetGroupRegistry"


def goes_to(team: Team, request: Request) -> list[str]:
    (found,) = team.open().explain(request, load_balancer="public")
    return [share.target_group for share in found.shares]


def test_header_rules_come_stay_follow_a_rollback_and_go(cut_over: Team) -> None:
    cut_over.edit("[stickiness]", "[header-override]\n\n[stickiness]")
    before, calls = cut_over.rules(), len(cut_over.calls())
    added = cut_over.open().override(approve=True)
    assert {change.op for preview in added.gate.previews for change in preview.changes} == {Op.CREATE}
    assert cut_over.calls()[calls:] == ["CreateRule"] * 4
    assert goes_to(cut_over, SCORE) == [RUST]
    assert goes_to(cut_over, HISTORY) == [REGISTRY]
    assert not cut_over.open().override(approve=True).changed
    rules = held_overrides(cut_over.open().live())

    raised = cut_over.open().set_weight(10, approve=True)
    assert [len(preview.changes) for preview in raised.gate.previews] == [3]
    assert held_overrides(cut_over.open().live()) == rules

    back = cut_over.open().rollback()
    assert back.reconciled
    assert len(back.moved) == len(back.header_rules) == 3
    assert [event for event in cut_over.events if isinstance(event, Warned)]
    assert goes_to(cut_over, SCORE) == [PYTHON]
    assert goes_to(cut_over, HISTORY) == [REGISTRY]

    again = cut_over.open().override(approve=True)
    assert {change.op for preview in again.gate.previews for change in preview.changes} == {Op.UPDATE}
    assert held_overrides(cut_over.open().live()) == rules

    calls = len(cut_over.calls())
    removed = cut_over.open().override(remove=True, approve=True)
    assert {change.op for preview in removed.gate.previews for change in preview.changes} == {Op.DELETE}
    assert cut_over.calls()[calls:] == ["DeleteRule"] * 4
    assert cut_over.rules() == before
    assert {route.live for route in cut_over.open().status().routes} == {LEGACY_ONLY}
