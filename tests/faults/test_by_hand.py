"""Somebody changes AWS by hand between the preview and the yes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rollout.aws.alb import action_for
from rollout.errors import Drift, PolicyViolation, PreflightFailed
from rollout.model import LEGACY_ONLY, PREPARED, Split
from rollout.quantities import Percent
from rollout.rules.weights import forward_of
from tests.conftest import Team
from tests.faults.splits import splits

pytestmark = pytest.mark.engine
ROUTE, HOUR = "embed-score", timedelta(hours=1)


def elb(team: Team) -> Any:
    return team.aws.client("elbv2", team.account, "us-west-2")


def meanwhile(act: Callable[[], object]) -> Callable[[object], bool]:
    """Somebody who says yes, and something that happens while they look."""
    return lambda _gate: (act(), True)[1]


def test_a_rule_edited_before_the_yes_is_told_and_keeps_the_edit(shared: Team) -> None:
    live, route, before = shared.open().live(), shared.open().inventory.routes[ROUTE], splits(shared)
    rule, thirty = shared.rules()[ROUTE], Split.at(Percent.of(30))
    edited = action_for(forward_of(thirty, live.group_arn(route.legacy), live.group_arn(route.candidate), HOUR))
    calls = len(shared.calls())
    with pytest.raises(Drift, match=ROUTE):
        shared.open().set_weight(20, approve=meanwhile(lambda: elb(shared).modify_rule(RuleArn=rule, Actions=[edited])))
    assert splits(shared) == before | {ROUTE: thirty}
    assert len(shared.calls()) == calls + 1
    shared.open().set_weight(20, approve=True, accept_live=True)
    assert set(splits(shared).values()) == {Split.at(Percent.of(20))}


def test_a_rule_deleted_before_the_yes_is_told_and_comes_back_by_phase_2_once_somebody_made_it(shared: Team) -> None:
    arn, before = shared.rules()[ROUTE], splits(shared)
    (rule,) = elb(shared).describe_rules(RuleArns=[arn])["Rules"]
    calls = len(shared.calls())

    with pytest.raises(Drift, match=ROUTE) as caught:
        shared.open().set_weight(5, approve=meanwhile(lambda: elb(shared).delete_rule(RuleArn=arn)))
    assert "the rule at priority 2103 is gone" in str(caught.value)
    assert splits(shared) == before | {ROUTE: None}
    assert shared.calls()[calls:] == ["DeleteRule"]
    with pytest.raises(PreflightFailed, match="no rule at priority"):
        shared.open().set_weight(5, approve=True)

    legacy = shared.open().live().group_arn(shared.open().inventory.routes[ROUTE].legacy)
    made = elb(shared).create_rule(
        ListenerArn=shared.open().live().listeners["internal"],
        Priority=int(rule["Priority"]),
        Conditions=[{k: v for k, v in c.items() if k != "Values"} for c in rule["Conditions"]],
        Actions=[{"Type": "forward", "TargetGroupArn": legacy}],
    )
    with pytest.raises(PreflightFailed, match="phase2"):
        shared.open().set_weight(5, approve=True)
    shared.open().phase2(approve=True)
    assert shared.rules()[ROUTE] == made["Rules"][0]["RuleArn"]
    assert splits(shared) == before | {ROUTE: PREPARED}
    shared.open().set_weight(5, approve=True)
    assert set(splits(shared).values()) == {Split.at(Percent.of(5))}
    assert shared.calls()[calls:].count("DeleteRule") == 1


def test_a_target_group_deleted_before_the_yes_is_told_and_made_anew_by_phase_1(shared: Team) -> None:
    shared.open().rollback(reconcile=False)
    group = shared.open().live().group_arn("l-passport-v2-rust-scorer-int")
    calls = len(shared.calls())
    with pytest.raises(Drift, match="target group l-passport-v2-rust-scorer-int is gone"):
        shared.open().set_weight(
            10, approve=meanwhile(lambda: elb(shared).delete_target_group(TargetGroupArn=group)), accept_live=True
        )
    assert set(splits(shared).values()) == {LEGACY_ONLY}
    assert shared.calls()[calls:] == []
    with pytest.raises(PreflightFailed, match="phase1"):
        shared.open().set_weight(10, approve=True, accept_live=True)
    with pytest.raises(PolicyViolation, match="replace of sourceArn of Permission rust-scorer-internal"):
        shared.open().phase1(approve=True)
    shared.open().phase1(approve=True, waive=["Permission:rust-scorer-internal"])
    shared.open().set_weight(10, approve=True, accept_live=True)
    assert set(splits(shared).values()) == {Split.at(Percent.of(10))}
    assert not shared.open().phase3(approve=True).changed
