"""A small shop in memory: three routes on two load balancers, cut over, whose legacy rules nobody manages."""

from __future__ import annotations

from pathlib import Path

from rollout.alb.state import LiveRule
from rollout.alb.weights import ForwardAction, group_name
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.world import World
from rollout.inventory.functions import Function
from rollout.inventory.model import Arn, Environment, LoadBalancer, Route
from rollout.inventory.settings import Legacy

ROUTES = {
    "a": Route(load_balancer="one", path="/a", methods=("GET",), priority=10, legacy="old-a", candidate="new-one"),
    "b": Route(load_balancer="one", path="/b", methods=("GET",), priority=20, legacy="old-b", candidate="new-one"),
    "c": Route(load_balancer="two", path="/c", methods=("GET",), priority=10, legacy="old-c", candidate="new-two"),
}
CANDIDATES = frozenset(route.candidate for route in ROUTES.values())
SHOP = Environment(
    name="production",
    project="shop",
    root=Path("/nonexistent"),
    account="123456789012",
    region="us-west-2",
    legacy=Legacy(owner="none"),
    load_balancers={name: LoadBalancer(name=name) for name in ("one", "two")},
    functions={
        "new": Function(
            package_type="Image",
            image_uri="123456789012.dkr.ecr.us-west-2.amazonaws.com/new:1",
            target_groups={"one": ("new-one",), "two": ("new-two",)},
        )
    },
    routes=ROUTES,
)
_stages: dict[int | None, World] = {}


def before_phase1() -> World:
    """The shop as it is before rollout comes."""
    world = World.landscape(SHOP)
    aws = world.aws(SHOP)
    for route in ROUTES.values():
        legacy, listener = aws.create_answering_group(route.legacy), aws.listener_of(route.load_balancer)
        aws.create_rule(listener, route.priority, route.rule_conditions or (), ForwardAction({legacy: 1}))
    return world


def cut_over(weight: int | None = None) -> World:
    """The shop after phase 2, and at a weight."""
    return stage(weight).copy()


def stage(weight: int | None) -> World:
    """What `cut_over` copies; each is made once."""
    if weight not in _stages:
        if weight is None:
            world = before_phase1()
            world.open(SHOP).phase1(approve=True)
            world.open(SHOP).phase2(approve=True)
        else:
            world = cut_over()
            world.open(SHOP).set_weight(weight, approve=True, save=False)
        _stages[weight] = world
    return _stages[weight]


def rule_of(world: World, route: str) -> LiveRule:
    """The rule at a route's priority."""
    found = world.aws(SHOP).rule_at(ROUTES[route].load_balancer, ROUTES[route].priority)
    assert found
    return found


def group(world: World, name: str) -> Arn:
    """A target group's ARN."""
    found = world.aws(SHOP).group_named(name)
    assert found
    return found.arn


def at_risk(aws: InMemoryAws) -> set[str]:
    """The load balancers' rules by which a request may meet a candidate, as `one 10`."""
    names = {arn: name for name, arn in aws.load_balancers.items()}
    return {
        f"{names.get(aws.listeners[rule.listener].load_balancer, 'gone')} {rule.priority}"
        for rule in aws.rules.values()
        if rule.forward and any(w and group_name(arn) in CANDIDATES for arn, w in rule.forward.weights.items())
    }
