"""Phases taken back on the real engine: to the letter, and without a lost request."""

from __future__ import annotations

import pytest

from rollout.state.plan import Op
from rollout_sandbox.load import Load, Verdict, endpoints_of
from tests.conftest import Team

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]  # long, so begun early

RATE = 100


def held(team: Team) -> set[tuple[str, ...] | None]:
    return {route.owners for route in team.open().status().routes}


def test_phase_2_and_phase_1_are_undone_to_the_letter_under_traffic(legacy: Team) -> None:
    rules, before = legacy.rules(), legacy.open().traffic.alb_state().rules
    with Load(endpoints_of(legacy.open().inventory, legacy.aws), RATE, users=20, visits=200) as load:
        load.wait(RATE)
        legacy.open().phase1(approve=True)
        legacy.open().phase2(approve=True)
        legacy.open().set_weight(50, approve=True)
        load.wait(RATE)
        legacy.open().rollback()
        back = load.now

        calls = len(legacy.calls())
        gate = legacy.open().undo("phase2", approve=True).gate
        assert {preview.stack: {change.op for change in preview.changes} for preview in gate.previews} == {
            "legacy": {Op.IMPORT},
            "routing": {Op.RELEASE},
        }
        assert legacy.calls()[calls:] == []  # the rules are as legacy leaves them already
        assert held(legacy) == {("legacy",)}
        assert legacy.open().status().phase == "phase1"

        legacy.open().undo("phase1", approve=True)
        assert legacy.open().status().phase == "not begun"
        load.wait(RATE)
        answers = load.answers
    assert [answer for answer in answers if answer.verdict is not Verdict.FINE] == []
    assert [answer for answer in answers if answer.started > back and answer.on_candidate] == []
    assert legacy.rules() == rules
    assert [rule.conditions for rule in legacy.open().traffic.alb_state().rules] == [rule.conditions for rule in before]
    functions = legacy.aws.client("lambda", legacy.account, "us-west-2").list_functions()["Functions"]
    assert "rust-scorer" not in {function["FunctionName"] for function in functions}

    for phase in ("phase2", "phase1"):
        assert not legacy.open().undo(phase, approve=True).changed
    legacy.open().phase1(approve=True)
    legacy.open().phase2(approve=True)  # and the whole way again
    assert held(legacy) == {("routing",)}
    assert legacy.rules() == rules
