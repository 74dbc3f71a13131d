"""AWS does what it was asked for, and nobody hears of it."""

from __future__ import annotations

import pytest

from rollout.errors import EngineError
from rollout.events import LeftoversSettled
from rollout.sandbox import Fault
from tests.conftest import Team

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def _no_fault_is_left(team: Team) -> object:
    yield
    team.aws.faults.clear()


@pytest.mark.parametrize(
    ("action", "what"),
    [
        ("iam:CreateRole", "Role rust-scorer"),
        ("logs:CreateLogGroup", "LogGroup rust-scorer"),
        ("lambda:CreateFunction", "Function rust-scorer"),
    ],
)
def test_what_was_made_without_an_answer_is_adopted_by_the_next_run(legacy: Team, action: str, what: str) -> None:
    legacy.aws.faults.add(Fault(action, code="AccessDeniedException", message="the answer was lost", effect=True))
    with pytest.raises(EngineError, match="the answer was lost"):
        legacy.open().phase1(approve=True)
    legacy.open().phase1(approve=True)
    settled = [event for event in legacy.events if isinstance(event, LeftoversSettled)]
    assert [(event.stack, event.adopted, event.gone) for event in settled] == [("candidate", (what,), ())]
    assert legacy.calls(action) == [action.split(":")[1]]
    assert legacy.open().status().phase == "phase1"
    assert not legacy.open().phase1(approve=True).changed
