"""Somebody changes AWS by hand between the preview and the yes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rollout.alb.forms import AWS
from rollout.alb.weights import forward_of
from rollout.errors import Drift, PolicyViolation, PreflightFailed
from rollout.inventory.model import LEGACY_ONLY, PREPARED, Split
from rollout.inventory.quantities import Percent
from tests.codes import codes, raises
from tests.conftest import Team
from tests.faults.splits import splits

pytestmark = pytest.mark.engine
ROUTE, HOUR = "embed-score", timedelta(hours=1)


def elb(team: Team) -> Any:
    return team.aws.client("elbv2", team.account, "us-west-2")


def meanwhile(act: Callable[[], object]) -> Callable[[object], bool]:
    """Somebody who says yes, and something that happens while they look."""
    return lambda _gate: (act(), True)[1]


def test_a_rule_edited_before_the_yes_is_told_and_keeps_the_edit(cut_over: Team) -> None:
    live, route, before = cut_over.open().traffic.alb_state(), cut_over.open().inventory.routes[ROUTE], splits(cut_over)
    rule, thirty = cut_over.rules()[ROUTE], Split.at(Percent.of(30))
    edited = AWS.write(forward_of(thirty, live.group_arn(route.legacy), live.group_arn(route.candidate), HOUR))
    calls = len(cut_over.calls())
    with pytest.raises(Drift, match=ROUTE):
        cut_over.open().set_weight(
            20, approve=meanwhile(lambda: elb(cut_over).modify_rule(RuleArn=rule, Actions=[edited]))
        )
    assert splits(cut_over) == before | {ROUTE: thirty}
    assert len(cut_over.calls()) == calls + 1
    cut_over.open().set_weight(20, approve=True, accept_live=True)
    assert set(splits(cut_over).values()) == {Split.at(Percent.of(20))}


def test_a_rule_deleted_before_the_yes_is_told_and_comes_back_by_phase_2_once_somebody_made_it(cut_over: Team) -> None:
    arn, before = cut_over.rules()[ROUTE], splits(cut_over)
    (rule,) = elb(cut_over).describe_rules(RuleArns=[arn])["Rules"]
    calls = len(cut_over.calls())

    with pytest.raises(Drift, match=ROUTE) as caught:
        cut_over.open().set_weight(5, approve=meanwhile(lambda: elb(cut_over).delete_rule(RuleArn=arn)))
    assert "rule-missing" in codes(caught.value)
    assert splits(cut_over) == before | {ROUTE: None}
    assert cut_over.calls()[calls:] == ["DeleteRule"]
    with raises(PreflightFailed, "rule-missing"):
        cut_over.open().set_weight(5, approve=True)

    legacy = cut_over.open().traffic.alb_state().group_arn(cut_over.open().inventory.routes[ROUTE].legacy)
    made = elb(cut_over).create_rule(
        ListenerArn=cut_over.open().traffic.alb_state().listeners["internal"],
        Priority=int(rule["Priority"]),
        Conditions=[{k: v for k, v in c.items() if k != "Values"} for c in rule["Conditions"]],
        Actions=[{"Type": "forward", "TargetGroupArn": legacy}],
    )
    with raises(PreflightFailed, "rule-not-managed"):
        cut_over.open().set_weight(5, approve=True)
    cut_over.open().phase2(approve=True)
    assert cut_over.rules()[ROUTE] == made["Rules"][0]["RuleArn"]
    assert splits(cut_over) == before | {ROUTE: PREPARED}
    cut_over.open().set_weight(5, approve=True)
    assert set(splits(cut_over).values()) == {Split.at(Percent.of(5))}
    assert cut_over.calls()[calls:].count("DeleteRule") == 1


def test_a_target_group_deleted_before_the_yes_is_told_and_made_anew_by_phase_1(cut_over: Team) -> None:
    cut_over.open().rollback(reconcile=False)
    group = cut_over.open().traffic.alb_state().group_arn("l-passport-v2-rust-scorer-int")
    calls = len(cut_over.calls())
    with raises(Drift, "target-group-missing"):
        cut_over.open().set_weight(
            10, approve=meanwhile(lambda: elb(cut_over).delete_target_group(TargetGroupArn=group)), accept_live=True
        )
    assert set(splits(cut_over).values()) == {LEGACY_ONLY}
    assert cut_over.calls()[calls:] == []
    with raises(PreflightFailed, "candidate-missing"):
        cut_over.open().set_weight(10, approve=True, accept_live=True)
    with pytest.raises(PolicyViolation, match="Permission:rust-scorer-internal: replace of sourceArn"):
        cut_over.open().phase1(approve=True)
    cut_over.open().phase1(approve=True, waive=["Permission:rust-scorer-internal"])
    cut_over.open().set_weight(10, approve=True, accept_live=True)
    assert set(splits(cut_over).values()) == {Split.at(Percent.of(10))}
    assert not cut_over.open().phase3(approve=True).changed
