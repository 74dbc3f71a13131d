from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from rollout.alb.state import LiveTargetGroup
from rollout.errors import Problem
from rollout.inventory.model import Arn, LoadBalancer, Route
from rollout.inventory.quotas import GROUPS, RULES
from rollout.migration.checks.inspection import (
    Inspection,
    lets_in,
    quota_problems,
    target_problems,
    unread_policies,
    usages,
)
from tests.unit.builders import BALANCER, CANDIDATE, LEGACY, LEGACY_FORWARD, environment, live, places

NOW = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
FUNCTION = "arn:aws:lambda:us-west-2:123456789012:function:new"
GROUP = Arn("arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/new/1")


def policy(**changes: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "elasticloadbalancing.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Condition": {"ArnLike": {"AWS:SourceArn": GROUP}},
    }
    return json.dumps({"Statement": [statement | changes]})


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        (policy(), True),
        (policy(Condition={}), True),
        (policy(Principal="*"), True),
        (policy(Condition={"ArnLike": {"AWS:SourceArn": "arn:aws:elasticloadbalancing:*:*:targetgroup/new/*"}}), True),
        (policy(Condition={"StringEquals": {"AWS:SourceAccount": "123456789012"}}), True),
        (policy(Condition={"StringEquals": {"AWS:SourceAccount": "999999999999"}}), False),
        (policy(Condition={"ArnLike": {"AWS:SourceArn": GROUP.replace("new", "old")}}), False),
        (policy(Effect="Deny"), False),
        (policy(Action="lambda:GetFunction"), False),
        (policy(Principal={"Service": "events.amazonaws.com"}), False),
        ("", False),
    ],
)
def test_a_policy_lets_a_target_group_in_or_not(text: str, *, allowed: bool) -> None:
    assert lets_in(text, GROUP) is allowed


def problems(found: Inspection, now: Any = NOW) -> list[Problem]:
    return list(target_problems(environment(), now, found, {"old", "new"}))


def test_groups_with_targets_that_may_be_invoked_are_fine() -> None:
    open_door = policy(Condition={})
    found = Inspection(
        {LEGACY: ("old-function",), CANDIDATE: (FUNCTION,)}, {"old-function": open_door, FUNCTION: open_door}
    )
    assert problems(found) == []


def test_a_group_without_a_target_is_told() -> None:
    found = Inspection({LEGACY: ("x",), CANDIDATE: ()})
    assert places(problems(found)) == [("routes.score.candidate", "no-registered-target")]


def test_a_function_that_does_not_let_the_group_in_is_told_and_one_that_cannot_be_read_is_not() -> None:
    targets = {LEGACY: ("secret",), CANDIDATE: (FUNCTION,)}
    found = Inspection(targets, {FUNCTION: ""})
    assert places(problems(found)) == [("routes.score.candidate", "invoke-not-allowed")]
    assert unread_policies(NOW, found) == ("secret",)


def test_a_candidate_of_another_type_or_on_another_balancer_is_told() -> None:
    targets = Inspection({LEGACY: ("x",), CANDIDATE: ("10.0.0.1",)})
    ip = replace(NOW, target_groups={**NOW.target_groups, "new": LiveTargetGroup(CANDIDATE, "new", "ip")})
    assert problems(targets, ip)[0].code == "wrong-target-type"
    elsewhere = LiveTargetGroup(CANDIDATE, "new", "lambda", (Arn("arn:loadbalancer/app/other/1"),))
    (taken,) = problems(targets, replace(NOW, target_groups={**NOW.target_groups, "new": elsewhere}))
    assert taken.code == "target-group-taken"
    assert "other" in taken.what


def test_quotas_count_what_the_cutover_adds() -> None:
    ninety_nine = frozenset(Arn(f"arn:targetgroup/g{n}/1") for n in range(99))
    found = Inspection(groups={BALANCER: ninety_nine | {LEGACY}}, rules={BALANCER: 100})
    used = {usage.limit: (usage.now, usage.after, usage.allowed) for usage in usages(environment(), NOW, found)}
    assert used == {GROUPS: (100, 101, 100), RULES: (100, 100, 100)}
    (said,) = quota_problems(usages(environment(), NOW, found))
    assert (said.where, said.code) == ("load-balancers.public", "quota-exceeded")
    assert "AWS doesn't raise this one" in (said.hint or "")
    raised = replace(found, limits={GROUPS: 101})
    assert list(quota_problems(usages(environment(), NOW, raised))) == []
    assert len(list(quota_problems(usages(environment(), NOW, raised, extra_rules=2)))) == 1


def test_a_quota_is_of_a_load_balancer_whose_name_stays_as_it_is() -> None:
    name = "a-load-balancer-with-32-charac32"
    both = environment(
        load_balancers={name: LoadBalancer(name=name), "other": LoadBalancer(name=name, listener_port=80)},
        routes={
            "score": Route(load_balancer=name, path="/score", priority=1, legacy="old", candidate="new"),
            "plain": Route(load_balancer="other", path="/score", priority=1, legacy="old", candidate="new-too"),
        },
    )
    now = replace(NOW, load_balancers={name: BALANCER, "other": BALANCER})
    found = usages(both, now, Inspection(groups={BALANCER: frozenset({LEGACY})}, rules={BALANCER: 2}))
    assert [str(usage) for usage in found] == [f"{name} 3 of 100 target groups", f"{name} 2 of 100 rules"]
