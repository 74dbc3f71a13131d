"""AWS does what it was asked for, and nobody hears of it."""

from __future__ import annotations

import pytest

from rollout.errors import EngineError
from rollout.events import LeftoversSettled
from rollout.model import LEGACY_ONLY, Split
from rollout.quantities import Percent
from rollout.sandbox import Fault
from tests.conftest import Team
from tests.faults.splits import splits

pytestmark = pytest.mark.engine


def lost(action: str, times: int = 1) -> Fault:
    return Fault(action, times, code="AccessDeniedException", message="the answer was lost", effect=True)


def test_what_was_made_without_an_answer_is_adopted_by_the_next_run(legacy: Team) -> None:
    made = ("iam:CreateRole", "logs:CreateLogGroup", "lambda:CreateFunction")
    before = {action: len(legacy.calls(action)) for action in made}
    for actions in (made[:2], made[2:]):  # AWS is asked for the function once its role is there
        for action in actions:
            legacy.aws.faults.add(lost(action))
        with pytest.raises(EngineError, match="the answer was lost"):
            legacy.open().phase1(approve=True)
    legacy.open().phase1(approve=True)
    settled = [set(event.adopted) for event in legacy.events if isinstance(event, LeftoversSettled)]
    assert settled == [{"Role rust-scorer", "LogGroup rust-scorer"}, {"Function rust-scorer"}]
    assert {action: len(legacy.calls(action)) - before[action] for action in made} == dict.fromkeys(made, 1)
    assert legacy.open().status().phase == "phase1"
    assert not legacy.open().phase1(approve=True).changed


def test_a_weight_that_was_set_without_an_answer_is_finished_by_the_next_run(cut_over: Team) -> None:
    cut_over.aws.faults.add(lost("elasticloadbalancing:ModifyRule", 3))
    with pytest.raises(EngineError, match="the answer was lost"):
        cut_over.open().set_weight(10, approve=True)
    cut_over.open().set_weight(10, approve=True)
    assert set(splits(cut_over).values()) == {Split.at(Percent.of(10))}
    assert not cut_over.open().phase3(approve=True).changed


def test_a_rollback_does_not_need_the_answers(cut_over: Team) -> None:
    cut_over.open().set_weight(10, approve=True)
    cut_over.aws.faults.add(lost("elasticloadbalancing:ModifyRule", 3))
    assert cut_over.open().rollback().reconciled
    assert set(splits(cut_over).values()) == {LEGACY_ONLY}
    assert not cut_over.open().phase3(approve=True).changed
