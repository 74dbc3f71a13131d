"""Things that aren't there, and calls that are refused: told at once, and nothing is changed that needn't be."""

from __future__ import annotations

import pytest

from rollout.errors import AwsError, EngineError, PreflightFailed, RollbackIncomplete
from rollout.inventory.conditions import Condition, ConditionField
from rollout.inventory.model import LEGACY_ONLY, PREPARED, Arn, Split
from rollout.inventory.quantities import Percent
from rollout.migration.events import RouteRolledBack
from tests.behaviour.team import InMemoryTeam
from tests.codes import raises

TEN = Split.at(Percent.of(10))
NOT_PERMITTED = AwsError("ModifyRule: OperationNotPermitted: not now")


def test_what_is_missing_on_aws_is_told_at_once_and_nothing_is_changed(team: InMemoryTeam) -> None:
    with pytest.raises(PreflightFailed) as caught:
        team.open().phase1(approve=True)
    said = str(caught.value)
    for missing in (
        "passport-public doesn't exist",
        "passport-internal doesn't exist",
        "target group l-cc-v1-score-POST-0 doesn't exist",
    ):
        assert missing in said
    assert team.calls("*") == []


def test_a_rule_with_other_conditions_is_told(legacy: InMemoryTeam) -> None:
    legacy.aws.modify_rule(Arn(legacy.rules()["ceramic-score"]), asks=[Condition(ConditionField.PATH, ("/elsewhere",))])
    with pytest.raises(PreflightFailed) as caught:
        legacy.open().phase1(approve=True)
    assert [problem.where for problem in caught.value.problems] == ["routes.ceramic-score"]


def test_a_listener_that_is_not_there_is_told(legacy: InMemoryTeam) -> None:
    legacy.edit("listener-port = 443", "listener-port = 8443")
    with raises(PreflightFailed, "listener-missing"):
        legacy.open().phase1(approve=True)


def test_a_rollback_goes_on_where_one_route_fails(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(10, approve=True)
    cut_over.meets.refuse("ModifyRule", cut_over.rules()["embed-score"], times=None, error=NOT_PERMITTED)
    with pytest.raises(RollbackIncomplete) as caught:
        cut_over.open().rollback()
    assert [problem.where for problem in caught.value.problems] == ["routes.embed-score"]
    assert "OperationNotPermitted" in str(caught.value)
    now = cut_over.splits()
    assert now.pop("embed-score") == TEN
    assert set(now.values()) == {LEGACY_ONLY}
    cut_over.meets.forget_orders()
    cut_over.open().rollback()
    assert set(cut_over.splits().values()) == {LEGACY_ONLY}


def test_each_route_is_told_as_it_comes_back(cut_over: InMemoryTeam) -> None:
    cut_over.open().set_weight(10, routes=["embed-score"], approve=True)
    cut_over.events.clear()
    result = cut_over.open().rollback()
    assert result.moved[0] in result.before
    assert {e.route for e in cut_over.events if isinstance(e, RouteRolledBack)} == set(result.before)


@pytest.mark.parametrize("lost", [False, True])
def test_a_build_and_a_cutover_cut_off_halfway_are_finished_by_a_rerun(legacy: InMemoryTeam, lost: bool) -> None:
    refused = AwsError("creating Lambda Function (rust-scorer): ServiceException: try again")
    legacy.meets.refuse("create", "Function:*", error=refused, takes_effect=lost)
    with pytest.raises(EngineError, match="ServiceException"):
        legacy.open().phase1(approve=True)
    legacy.open().phase1(approve=True)
    assert legacy.open().status().phase == "phase1"

    before, calls = legacy.rules(), len(legacy.calls())
    legacy.meets.refuse("update", "ListenerRule:ceramic-score", error=NOT_PERMITTED, takes_effect=lost)
    with pytest.raises(EngineError):
        legacy.open().phase2(approve=True)
    legacy.open().phase2(approve=True)
    assert set(legacy.splits().values()) == {PREPARED}
    assert legacy.rules() == before
    assert legacy.owners() == {("routing",)}
    assert set(legacy.calls()[calls:]) == {"ModifyRule"}


def test_what_was_rolled_back_is_not_to_be_raised_next(cut_over: InMemoryTeam) -> None:
    opened = cut_over.open()
    opened.set_weight(25, approve=True)
    opened.rollback(save=False)  # as in CI, or with a file that can't be written
    for found in (cut_over.open().status(), cut_over.open().reports.summary()):
        assert found.next_step == "rollout rollback production"
    cut_over.open().rollback()
    assert cut_over.open().status().next_step is None
    cut_over.open().set_weight(5, approve=True, save=False)
    cut_over.edit("weight = 0", "weight = 10")
    assert cut_over.open().status().next_step == "rollout phase3 production"
