"""The in-memory load balancers, as far as the contract with the real ones doesn't go: orders, and other actors."""

from __future__ import annotations

import pytest

from rollout.alb.weights import ForwardAction
from rollout.base.clock import SystemClock
from rollout.errors import AwsError, RollbackIncomplete, WrongAccount
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.calls import ApiCall
from rollout.fakes.load_balancers import InMemoryLoadBalancers
from rollout.inventory.model import LEGACY_ONLY, Split
from rollout.inventory.quantities import Percent
from rollout.migration.rollback.rollback import Rollback
from tests.unit.seed import SEED

HALF = Split.at(Percent(500))


class Quick(SystemClock):
    def sleep(self, seconds: float) -> None:
        pass


def rollback(client: InMemoryLoadBalancers) -> None:
    way_back = Rollback(SEED, tuple(SEED.routes), client, Quick(), lambda _: None)
    way_back.settle(way_back.move(), None)


@pytest.mark.parametrize("split", [LEGACY_ONLY, HALF])
def test_a_served_inventory_is_read_as_it_was_divided(split: Split) -> None:
    client = InMemoryLoadBalancers(InMemoryAws.serving(SEED, split))
    live = client.read(SEED)
    assert live.splits(SEED) == dict.fromkeys(SEED.routes, split)
    assert len(live.rules) == len(SEED.routes) + 4
    assert {rule.priority for rule in live.defaults.values()} == {50_001}


def test_another_client_sees_what_one_changed() -> None:
    aws = InMemoryAws.serving(SEED, HALF)
    rollback(InMemoryLoadBalancers(aws))
    assert InMemoryLoadBalancers(aws).read(SEED).splits(SEED) == dict.fromkeys(SEED.routes, LEGACY_ONLY)


def test_a_refused_call_takes_no_effect_and_a_lost_answer_does() -> None:
    client = InMemoryLoadBalancers(InMemoryAws.serving(SEED, HALF))
    first, second, *_ = (rule for rule in client.read(SEED).rules if rule.forward and len(rule.forward.weights) > 1)
    assert first.forward
    wanted = ForwardAction({next(iter(first.forward.weights)): 1})
    client.calls.refuse("ModifyRule", first.arn)
    client.calls.refuse("ModifyRule", second.arn, takes_effect=True)
    for rule in (first, second):
        with pytest.raises(AwsError):
            client.modify(rule, wanted)
    assert client.aws.rules[first.arn].forward == first.forward
    assert client.aws.rules[second.arn].forward == wanted
    client.modify(first, wanted)  # once alone
    assert client.aws.rules[first.arn].forward == wanted


def test_a_refusal_can_wait_and_last() -> None:
    client = InMemoryLoadBalancers(InMemoryAws.serving(SEED, HALF))
    client.calls.refuse("ModifyRule", skip=3, times=None)
    with pytest.raises(RollbackIncomplete) as caught:
        rollback(client)
    assert len(caught.value.problems) == len(SEED.routes) - 3
    client.calls.forget_orders()
    rollback(client)


def test_another_actor_comes_between_two_calls() -> None:
    aws = InMemoryAws.serving(SEED, HALF)
    client, other = InMemoryLoadBalancers(aws), InMemoryLoadBalancers(aws)
    rule = aws.rule_at("passport-public", 2023)
    assert rule
    assert rule.forward
    forward = rule.forward

    def raise_again(_call: ApiCall) -> None:
        other.modify(rule, forward)

    client.calls.after(raise_again, "ModifyRule", rule.arn, times=1)
    rollback(client)  # which reads back, and moves again
    assert aws.rules[rule.arn].forward != forward
    assert [call.action for call in other.calls.log] == ["ModifyRule"]


def test_what_aws_refuses_is_refused() -> None:
    aws = InMemoryAws.serving(SEED)
    client = InMemoryLoadBalancers(aws)
    rule, internal = aws.rule_at("passport-public", 2023), aws.group_named("embed-st-lambda-target-group")
    assert rule
    assert rule.forward
    assert internal
    with pytest.raises(AwsError, match="TargetGroupAssociationLimit"):
        client.modify(rule, ForwardAction({internal.arn: 1}))
    with pytest.raises(AwsError, match="ResourceInUse"):
        aws.delete_target_group(internal.arn)
    with pytest.raises(AwsError, match="PriorityInUse"):
        aws.set_rule_priority(rule.arn, 2022)
    aws.delete_rule(rule.arn)
    with pytest.raises(AwsError, match="RuleNotFound"):
        client.modify(rule, rule.forward)
    with pytest.raises(WrongAccount):
        InMemoryLoadBalancers(aws, "210987654321").read(SEED)


def test_a_copy_goes_its_own_way() -> None:
    aws = InMemoryAws.serving(SEED)
    other = aws.copy()
    rollback(InMemoryLoadBalancers(other))
    aws.delete_rule(next(arn for arn, rule in aws.rules.items() if rule.priority == 2023))
    assert other.rule_at("passport-public", 2023)
    assert not aws.rule_at("passport-public", 2023)


def test_an_inventory_may_have_two_listeners_of_a_load_balancer() -> None:
    public = SEED.load_balancers["public"]
    both = {**SEED.load_balancers, "plain": public.model_copy(update={"listener_port": 80})}
    moved = {key: route.model_copy(update={"load_balancer": "plain"}) for key, route in SEED.routes.items()}
    inventory = SEED.model_copy(update={"load_balancers": both, "routes": moved})
    live = InMemoryLoadBalancers(InMemoryAws.serving(inventory, HALF)).read(inventory)
    assert live.load_balancers["plain"] == live.load_balancers["public"]
    assert live.listeners["plain"] != live.listeners["public"]
    assert set(live.splits(inventory).values()) == {HALF}
