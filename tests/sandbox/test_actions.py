"""What AWS takes in a rule's actions, and how it gives them back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.tenant import Tenant, refused, single, weighted

OFF = {"Enabled": False}


@pytest.mark.parametrize("weights", [(0, 999), (999, 0), (1, 0), (500, 499)])
def test_weights_from_0_to_999_are_kept(tenant: Tenant, weights: tuple[int, int]) -> None:
    groups = tenant.groups(2)
    rule = tenant.rule(weighted(dict(zip(groups, weights, strict=True))))
    forward = tenant.read(rule)["Actions"][0]["ForwardConfig"]
    assert [group["Weight"] for group in forward["TargetGroups"]] == list(weights)


@pytest.mark.parametrize("weight", [1000, -1])
def test_other_weights_are_refused(tenant: Tenant, weight: int) -> None:
    one, other = tenant.groups(2)
    with refused("ValidationError", "The weight for each target group must be between 0 and 999, inclusive"):
        tenant.rule(weighted({one: 1, other: weight}))


def test_a_refused_change_leaves_the_rule_alone(tenant: Tenant) -> None:
    one, other = tenant.groups(2)
    rule = tenant.rule(weighted({one: 100, other: 0}))
    before = tenant.read(rule)
    with refused("ValidationError", "between 0 and 999"):
        tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=weighted({one: 0, other: 1000}))
    assert tenant.read(rule) == before


def test_several_groups_need_weights(tenant: Tenant) -> None:
    one, other = tenant.groups(2)
    with refused("ValidationError", "You must specify a weight for each target group"):
        tenant.rule(weighted({one: 1, other: None}))


def test_the_weights_cannot_all_be_0(tenant: Tenant) -> None:
    one, other = tenant.groups(2)
    with refused("ValidationError", "can't all be 0"):
        tenant.rule(weighted({one: 0, other: 0}))


def test_an_action_has_at_most_five_groups(tenant: Tenant) -> None:
    groups = tenant.groups(6)
    tenant.rule(weighted(dict.fromkeys(groups[:5], 1)))
    with refused("InvalidLoadBalancerAction", "at most '5' target groups"):
        tenant.rule(weighted(dict.fromkeys(groups, 1)), priority=11)


def test_a_rule_has_one_action_that_answers(tenant: Tenant) -> None:
    group = tenant.group("group")
    with refused("TooManyActions", "limit on the number of actions"):
        tenant.rule([*single(group), *single(group)])


@pytest.mark.parametrize("seconds", [1, 604_800])
def test_stickiness_within_its_range_is_kept(tenant: Tenant, seconds: int) -> None:
    one, other = tenant.groups(2)
    on = {"Enabled": True, "DurationSeconds": seconds}
    rule = tenant.rule(weighted({one: 1, other: 1}, on))
    assert tenant.read(rule)["Actions"][0]["ForwardConfig"]["TargetGroupStickinessConfig"] == on


@pytest.mark.parametrize("seconds", [0, 604_801])
def test_stickiness_out_of_its_range_is_refused(tenant: Tenant, seconds: int) -> None:
    one, other = tenant.groups(2)
    with refused("ValidationError", "between 1 and 604800 seconds"):
        tenant.rule(weighted({one: 1, other: 1}, {"Enabled": True, "DurationSeconds": seconds}))


def test_stickiness_needs_a_duration(tenant: Tenant) -> None:
    one, other = tenant.groups(2)
    with refused("ValidationError", "A duration must be specified"):
        tenant.rule(weighted({one: 1, other: 1}, {"Enabled": True}))


@pytest.mark.parametrize("form", ["arn", "forward", "both"])
def test_a_single_group_reads_the_same_in_every_form(tenant: Tenant, form: str) -> None:
    group = tenant.group("group")
    forms: dict[str, dict[str, Any]] = {"arn": single(group)[0], "forward": weighted({group: None})[0]}
    forms["both"] = forms["arn"] | forms["forward"]
    rule = tenant.rule([forms[form]])
    assert tenant.read(rule)["Actions"] == [
        {
            "Type": "forward",
            "Order": 1,
            "TargetGroupArn": group,
            "ForwardConfig": {
                "TargetGroups": [{"TargetGroupArn": group, "Weight": 1}],
                "TargetGroupStickinessConfig": OFF,
            },
        }
    ]


def test_several_groups_read_without_a_single_arn(tenant: Tenant) -> None:
    one, other = tenant.groups(2)
    action = tenant.read(tenant.rule(weighted({one: 100, other: 0})))["Actions"][0]
    assert "TargetGroupArn" not in action
    assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == OFF


def test_an_arn_beside_other_groups_is_refused(tenant: Tenant) -> None:
    one, other = tenant.groups(2)
    for weights in ({one: 1, other: 1}, {other: 1}):
        with refused("ValidationError", "only one target group, and it must be the same"):
            tenant.rule([single(one)[0] | weighted(weights)[0]])


def test_a_forward_needs_a_group(tenant: Tenant) -> None:
    with refused("ValidationError", "A target group must be specified"):
        tenant.rule([{"Type": "forward"}])


def test_a_group_that_is_not_there_is_refused(tenant: Tenant) -> None:
    group = tenant.group("group")
    with refused("TargetGroupNotFound", "not found"):
        tenant.rule(single(f"{group}0"))
    rule = tenant.rule(single(group))
    with refused("TargetGroupNotFound", "not found"):
        tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=single(f"{group}0"))
