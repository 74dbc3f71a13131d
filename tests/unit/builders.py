"""Small inventories, live rules and previews for the pure tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from rollout.alb.state import AlbState, LiveRule, LiveTargetGroup
from rollout.alb.weights import ForwardAction
from rollout.errors import Problem
from rollout.inventory.functions import Function
from rollout.inventory.model import Arn, Environment, LoadBalancer, Route
from rollout.inventory.settings import Programs
from rollout.state.plan import LISTENER_RULE, Change, ResourceState, change_of

BALANCER, LISTENER = Arn("arn:lb"), Arn("arn:listener")
LEGACY, CANDIDATE = Arn("arn:targetgroup/old/1"), Arn("arn:targetgroup/new/1")
HOUR = timedelta(hours=1)


def environment(**overrides: Any) -> Environment:
    """One load balancer, two routes: `score` at 10 and `bulk` at 20."""
    routes = {
        "score": Route(
            load_balancer="public", path="/score/*", methods=("GET",), priority=10, legacy="old", candidate="new"
        ),
        "bulk": Route(
            load_balancer="public", path="/bulk", methods=("POST",), priority=20, legacy="old", candidate="new"
        ),
    }
    values: dict[str, Any] = {
        "name": "production",
        "project": "shop",
        "root": Path(),
        "account": "123456789012",
        "region": "us-west-2",
        "programs": Programs(legacy="p:legacy", candidate="p:candidate", routing="p:routing"),
        "load_balancers": {"public": LoadBalancer(name="shop-public")},
        "functions": {
            "new": Function(runtime="provided.al2023", handler="bootstrap", target_groups={"public": ("new",)})
        },
        "routes": routes,
    }
    return Environment(**values | overrides)


def places(problems: Iterable[Problem]) -> list[tuple[str | None, str]]:
    """Where each problem is, and its code."""
    return [(problem.where, problem.code) for problem in problems]


def rule_arn(name: str) -> Arn:
    """The ARN of a route's rule."""
    return Arn(f"arn:rule/{name}")


def live(forwards: Mapping[str, ForwardAction | None], inventory: Environment | None = None) -> AlbState:
    """AWS with a rule for each route, forwarding so."""
    inventory = inventory or environment()
    rules = tuple(
        LiveRule(
            rule_arn(name),
            LISTENER,
            route.priority,
            route.rule_conditions or (),
            forward=forwards[name],
        )
        for name, route in inventory.routes.items()
        if name in forwards
    )
    groups = {
        "old": LiveTargetGroup(LEGACY, "old", "lambda", (BALANCER,)),
        "new": LiveTargetGroup(CANDIDATE, "new", "lambda"),
    }
    return AlbState(inventory.account, {"public": BALANCER}, {"public": LISTENER}, rules, groups)


LEGACY_FORWARD = ForwardAction({LEGACY: 1})


def weighted(legacy: int, candidate: int) -> ForwardAction:
    """A weighted forward with an hour's stickiness."""
    return ForwardAction({LEGACY: legacy, CANDIDATE: candidate}, HOUR)


def rule_inputs(name: str, forward: ForwardAction, **overrides: Any) -> dict[str, Any]:
    """A rule's inputs as the provider has them."""
    route = environment().routes[name]
    block: dict[str, Any] = {
        "targetGroups": [{"arn": arn, "weight": weight} for arn, weight in forward.weights.items()]
    }
    if forward.stickiness:
        block["stickiness"] = {"enabled": True, "duration": int(forward.stickiness.total_seconds())}
    return {
        "listenerArn": LISTENER,
        "priority": route.priority,
        "actions": [{"type": "forward", "forward": block}],
        "conditions": [
            {"pathPattern": {"values": list(route.path)}},
            {"httpRequestMethod": {"values": list(route.methods)}},
        ],
        "region": "us-west-2",
        "tagsAll": {},
    } | overrides


def state(
    name: str, inputs: Mapping[str, Any], type_: str = LISTENER_RULE, *, id_: str | None = None, retain: bool = False
) -> ResourceState:
    """A resource in a state."""
    urn = f"urn:pulumi:production::shop-routing::{type_}::{name}"
    return ResourceState(urn, type_, rule_arn(name) if id_ is None else id_, True, retain, inputs, inputs)


def step(op: str, name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, **given: Any) -> Change:
    """One step of a preview of a rule."""
    return change_of(
        op,
        None if old is None else state(name, old, **given),
        None if new is None else state(name, new, **given),
    )
