"""AWS does what it was asked for, and nobody hears of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rollout.errors import EngineError
from rollout.inventory.model import LEGACY_ONLY, Split
from rollout.inventory.quantities import Percent
from rollout.migration.events import LeftoversSettled
from rollout_sandbox import Fault
from tests.conftest import Team
from tests.faults.splits import splits

pytestmark = pytest.mark.engine


def lost(action: str, times: int = 1) -> Fault:
    return Fault(action, times, code="AccessDeniedException", message="the answer was lost", effect=True)


def finish(run: Callable[[], object]) -> None:
    """Run until it ends well: which answers one run meets depends on what the engine has begun when it stops."""
    for _ in range(4):
        try:
            run()
        except EngineError:
            continue
        return
    pytest.fail("it doesn't end")


def test_what_was_made_without_an_answer_is_adopted_by_the_next_run(legacy: Team) -> None:
    made = ("iam:CreateRole", "logs:CreateLogGroup", "lambda:CreateFunction")
    before = {action: len(legacy.calls(action)) for action in made}
    for action in made:
        legacy.aws.faults.add(lost(action))
    finish(lambda: legacy.open().phase1(approve=True))
    settled = [name for event in legacy.events if isinstance(event, LeftoversSettled) for name in event.adopted]
    assert sorted(settled) == ["Function rust-scorer", "LogGroup rust-scorer", "Role rust-scorer"]
    assert {action: len(legacy.calls(action)) - before[action] for action in made} == dict.fromkeys(made, 1)
    assert legacy.open().status().phase == "phase1"
    assert not legacy.open().phase1(approve=True).changed


def test_a_weight_that_was_set_without_an_answer_is_finished_by_the_next_run(cut_over: Team) -> None:
    cut_over.aws.faults.add(lost("elasticloadbalancing:ModifyRule", 3))
    with pytest.raises(EngineError, match="the answer was lost"):
        cut_over.open().set_weight(10, approve=True)
    finish(lambda: cut_over.open().set_weight(10, approve=True))
    assert set(splits(cut_over).values()) == {Split.at(Percent.of(10))}
    assert not cut_over.open().phase3(approve=True).changed


def test_a_rollback_does_not_need_the_answers(cut_over: Team) -> None:
    cut_over.open().set_weight(10, approve=True)
    cut_over.aws.faults.add(lost("elasticloadbalancing:ModifyRule", 3))
    assert cut_over.open().rollback().reconciled
    assert set(splits(cut_over).values()) == {LEGACY_ONLY}
    assert not cut_over.open().phase3(approve=True).changed
