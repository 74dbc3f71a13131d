"""Priorities, default rules, quotas and associations, as AWS keeps them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.tenant import REGION, Tenant, path, refused, single, weighted

NOTHING = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]


def test_a_priority_is_used_once_a_listener(tenant: Tenant) -> None:
    tenant.rule(NOTHING, priority=7)
    tenant.rule(NOTHING, priority=7, balancer="internal")
    with refused("PriorityInUse", "Priority '7' is currently in use"):
        tenant.rule(NOTHING, priority=7)


def test_of_many_at_once_one_gets_the_priority(tenant: Tenant) -> None:
    listener, elb = tenant.landscape.listeners["public"], tenant.elb

    def create(_: int) -> str:
        try:
            elb.create_rule(ListenerArn=listener, Priority=7, Conditions=[path("/a")], Actions=NOTHING)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create, range(8))) == ["PriorityInUse"] * 7 + ["created"]


def test_a_priority_ends_at_50000(tenant: Tenant) -> None:
    tenant.rule(NOTHING, priority=50_000)
    with refused("ValidationError", "less than or equal to 50000"):
        tenant.rule(NOTHING, priority=50_001)


def test_priorities_are_set_and_swapped_at_once(tenant: Tenant) -> None:
    one, other = tenant.rule(NOTHING, priority=1), tenant.rule(NOTHING, priority=2)
    tenant.elb.set_rule_priorities(
        RulePriorities=[{"RuleArn": one["RuleArn"], "Priority": 2}, {"RuleArn": other["RuleArn"], "Priority": 1}]
    )
    assert (tenant.read(one)["Priority"], tenant.read(other)["Priority"]) == ("2", "1")


def test_a_priority_in_use_cannot_be_set(tenant: Tenant) -> None:
    one, _ = tenant.rule(NOTHING, priority=1), tenant.rule(NOTHING, priority=2)
    with refused("PriorityInUse", "Priority '2' is currently in use"):
        tenant.elb.set_rule_priorities(RulePriorities=[{"RuleArn": one["RuleArn"], "Priority": 2}])
    with refused("ValidationError", "less than or equal to 50000"):
        tenant.elb.set_rule_priorities(RulePriorities=[{"RuleArn": one["RuleArn"], "Priority": 50_001}])


def test_the_default_rule_stays(tenant: Tenant) -> None:
    rule = tenant.default_rule()
    with refused("OperationNotPermitted", f"Default rule '{rule}' cannot be modified"):
        tenant.elb.modify_rule(RuleArn=rule, Actions=NOTHING)
    with refused("OperationNotPermitted", f"Default rule '{rule}' cannot be deleted"):
        tenant.elb.delete_rule(RuleArn=rule)
    with refused("OperationNotPermitted", f"Default rule '{rule}' cannot be modified"):
        tenant.elb.set_rule_priorities(RulePriorities=[{"RuleArn": rule, "Priority": 1}])


def test_the_default_action_is_changed_by_the_listener(tenant: Tenant) -> None:
    group = tenant.group("group")
    tenant.elb.modify_listener(ListenerArn=tenant.landscape.listeners["public"], DefaultActions=single(group))
    action = tenant.read({"RuleArn": tenant.default_rule()})["Actions"][0]
    assert action["ForwardConfig"]["TargetGroups"] == [{"TargetGroupArn": group, "Weight": 1}]
    with refused("TargetGroupNotFound", "not found"):
        tenant.elb.modify_listener(ListenerArn=tenant.landscape.listeners["public"], DefaultActions=single(f"{group}0"))


def test_a_rule_that_is_not_there(tenant: Tenant) -> None:
    rule = tenant.rule(NOTHING)["RuleArn"]
    tenant.elb.delete_rule(RuleArn=rule)
    with refused("RuleNotFound", "One or more rules not found"):
        tenant.elb.delete_rule(RuleArn=rule)
    with refused("RuleNotFound", "One or more rules not found"):
        tenant.elb.modify_rule(RuleArn=rule, Actions=NOTHING)
    with refused("RuleNotFound", "One or more rules not found"):
        tenant.elb.set_rule_priorities(RulePriorities=[{"RuleArn": rule, "Priority": 1}])


def test_a_load_balancer_has_at_most_100_rules_and_pages_them(tenant: Tenant) -> None:
    for priority in range(1, 101):
        tenant.rule(NOTHING, priority=priority)
    with refused("TooManyRules", "maximum number of rules"):
        tenant.rule(NOTHING, priority=101)
    listener = tenant.landscape.listeners["public"]
    pages = list(tenant.elb.get_paginator("describe_rules").paginate(ListenerArn=listener, PageSize=40))
    assert [len(page["Rules"]) for page in pages] == [40, 40, 21]


def test_a_load_balancer_has_at_most_100_groups(tenant: Tenant) -> None:
    groups = tenant.groups(101)
    rules = [
        tenant.rule(weighted(dict.fromkeys(groups[first : first + 5], 1)), priority=first + 1)
        for first in range(0, 100, 5)
    ]
    text = "maximum number of unique target groups"
    with refused("TooManyUniqueTargetGroupsPerLoadBalancer", text):
        tenant.rule(single(groups[100]), priority=200)
    tenant.rule(single(groups[0]), priority=201)
    with refused("TooManyUniqueTargetGroupsPerLoadBalancer", text):
        tenant.elb.modify_rule(
            RuleArn=rules[0]["RuleArn"], Actions=weighted(dict.fromkeys((*groups[1:5], groups[100]), 1))
        )
    tenant.elb.modify_rule(
        RuleArn=rules[1]["RuleArn"], Actions=weighted(dict.fromkeys((*groups[6:10], groups[100]), 1))
    )


def test_a_group_belongs_to_one_load_balancer(tenant: Tenant) -> None:
    group, other = tenant.group("group"), tenant.group("other")
    tenant.rule(single(group))
    text = f"cannot be associated with more than one load balancer: {group}"
    with refused("TargetGroupAssociationLimit", text):
        tenant.rule(single(group), balancer="internal")
    rule = tenant.rule(single(other), balancer="internal")
    with refused("TargetGroupAssociationLimit", text):
        tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=weighted({other: 1, group: 0}))
    with refused("TargetGroupAssociationLimit", text):
        tenant.elb.modify_listener(ListenerArn=tenant.landscape.listeners["internal"], DefaultActions=single(group))


def test_a_group_is_free_again_when_no_rule_forwards_to_it(tenant: Tenant) -> None:
    group, other = tenant.group("group"), tenant.group("other")
    rule = tenant.rule(weighted({group: 1, other: 0}))
    with refused("ResourceInUse", f"Target group '{other}' is currently in use by a listener or a rule"):
        tenant.elb.delete_target_group(TargetGroupArn=other)
    tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=single(group))
    described = tenant.elb.describe_target_groups(TargetGroupArns=[group, other])["TargetGroups"]
    assert {each["TargetGroupName"]: len(each["LoadBalancerArns"]) for each in described} == {"group": 1, "other": 0}
    tenant.elb.delete_target_group(TargetGroupArn=other)


@pytest.mark.parametrize("name", ["a" * 33, "-a", "a-", "a_b"])
def test_a_group_has_its_name(tenant: Tenant, name: str) -> None:
    with refused("ValidationError", name):
        tenant.group(name)


def test_a_port_has_one_listener(tenant: Tenant) -> None:
    listener = tenant.landscape.listeners["public"]
    balancer = tenant.elb.describe_listeners(ListenerArns=[listener])["Listeners"][0]["LoadBalancerArn"]
    text = f"A listener already exists on this port for this load balancer '{balancer}'"
    with refused("DuplicateListener", text):
        tenant.elb.create_listener(LoadBalancerArn=balancer, Port=443, Protocol="HTTP", DefaultActions=NOTHING)
    made = tenant.elb.create_listener(LoadBalancerArn=balancer, Port=80, Protocol="HTTP", DefaultActions=NOTHING)
    with refused("DuplicateListener", text):
        tenant.elb.modify_listener(ListenerArn=made["Listeners"][0]["ListenerArn"], Port=443)


def test_a_load_balancer_is_active_at_once(tenant: Tenant) -> None:
    subnets = tenant.client("ec2").describe_subnets()["Subnets"]
    made = tenant.elb.create_load_balancer(Name="new", Subnets=[each["SubnetId"] for each in subnets[:2]])
    assert made["LoadBalancers"][0]["State"]["Code"] == "active"


def test_accounts_are_apart(tenant: Tenant) -> None:
    tenant.rule(NOTHING, conditions=[path("/only-here")])
    other = tenant.sandbox.client("elbv2", "999999999999", REGION)
    assert other.describe_load_balancers()["LoadBalancers"] == []
    assert tenant.client("sts").get_caller_identity()["Account"] == tenant.account
    assert f":{tenant.account}:" in tenant.landscape.listeners["public"]


def test_other_keys_belong_to_the_default_account(tenant: Tenant) -> None:
    identity = tenant.sandbox.client("sts", "AKIAIOSFODNN7EXAMPLE", REGION).get_caller_identity()
    assert identity["Account"] == "123456789012"


def sticky(tenant: Tenant, group: str) -> None:
    tenant.elb.modify_target_group_attributes(
        TargetGroupArn=group, Attributes=[{"Key": "stickiness.enabled", "Value": "true"}]
    )


def ips(tenant: Tenant) -> tuple[str, str]:
    """Two groups whose targets may be sticky."""
    tenant.landscape  # noqa: B018 - made by being asked for
    vpc = tenant.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    made = [
        tenant.elb.create_target_group(Name=name, TargetType="ip", Protocol="HTTP", Port=80, VpcId=vpc)
        for name in ("one", "other")
    ]
    return made[0]["TargetGroups"][0]["TargetGroupArn"], made[1]["TargetGroups"][0]["TargetGroupArn"]


def test_of_two_groups_one_with_sticky_targets_needs_a_sticky_rule(tenant: Tenant) -> None:
    one, other = ips(tenant)
    sticky(tenant, one)
    with refused("InvalidLoadBalancerAction", "group stickiness"):
        tenant.rule(weighted({one: 1, other: 1}))
    made = tenant.rule(weighted({one: 1, other: 1}, {"Enabled": True, "DurationSeconds": 60}))
    with refused("InvalidLoadBalancerAction", "group stickiness"):
        tenant.elb.modify_rule(RuleArn=made["RuleArn"], Actions=weighted({one: 1, other: 1}, {"Enabled": False}))
    tenant.rule(single(one), priority=11)


def test_targets_of_a_group_in_a_split_that_is_not_sticky_cannot_become_so(tenant: Tenant) -> None:
    one, other = ips(tenant)
    tenant.rule(weighted({one: 1, other: 1}))
    with refused("InvalidLoadBalancerAction", "group stickiness"):
        sticky(tenant, other)
