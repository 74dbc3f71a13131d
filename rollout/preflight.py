"""Whether AWS and the stacks are as a phase needs them: every finding at once, before anything is previewed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rollout.errors import Problem
from rollout.live import Live
from rollout.model import Environment, KeptRoute, Route
from rollout.phases import CANDIDATE, LEGACY, ROUTING
from rollout.plan import LISTENER_RULE, ResourceState

Recorded = Mapping[str, tuple[ResourceState, ...] | None]


def live_problems(environment: Environment, live: Live) -> Iterator[Problem]:
    """What any phase needs: load balancers, listeners, legacy target groups, and each rule as the inventory has it."""
    for name, balancer in environment.load_balancers.items():
        label = balancer.name or balancer.arn
        if name not in live.load_balancers:
            yield Problem(
                f"load balancer {label} isn't there",
                where=f"load-balancers.{name}",
                then=f"look in account {environment.account}, region {environment.region}",
            )
        elif name not in live.listeners:
            yield Problem(
                f"load balancer {label} has no listener on port {balancer.listener_port}",
                where=f"load-balancers.{name}",
                then="correct listener-port",
            )
    for key, route in (*environment.routes.items(), *environment.kept_routes.items()):
        if route.legacy not in live.target_groups:
            place = "routes" if isinstance(route, Route) else "kept-routes"
            yield Problem(f"target group {route.legacy} isn't there", where=f"{place}.{key}.legacy")
    for key, route in environment.routes.items():
        if route.load_balancer in live.listeners:
            yield from _rule_problems(key, route, live)


def _rule_problems(key: str, route: Route, live: Live) -> Iterator[Problem]:
    rule = live.rule_of(route)
    place = f"routes.{key}"
    if rule is None:
        yield Problem(f"no rule at priority {route.priority} on {route.load_balancer}", where=place)
    elif not rule.matches(route.path, route.methods):
        yield Problem(
            f"the rule at priority {route.priority} on {route.load_balancer} is for {rule.conditions}, not {route}",
            where=place,
            then=f"correct the inventory, or the rule {rule.arn}",
        )


def candidate_problems(environment: Environment, live: Live) -> Iterator[Problem]:
    """What routing needs: the candidate's target groups."""
    missing = dict.fromkeys(r.candidate for r in environment.routes.values() if r.candidate not in live.target_groups)
    for group in missing:
        yield Problem(
            f"candidate target group {group} isn't there", then=f"run `rollout phase1 {environment.name}` first"
        )


def code_problems(environment: Environment) -> Iterator[Problem]:
    """What building needs: the deployment packages."""
    for name, function in environment.functions.items():
        if function.code is not None and not (environment.root / function.code).exists():
            yield Problem(
                f"the deployment package {function.code} isn't there",
                where=f"functions.{name}.code",
                then=f"build it in {environment.root}, or correct the path",
            )


def order_problems(phase: str, environment: Environment, recorded: Recorded) -> Iterator[Problem]:
    """What must have been done before a phase.

    Args:
        phase: Its name.
        environment: The inventory.
        recorded: What the stacks' states hold, by stack; None where there is no such stack.
    """
    name = environment.name
    if phase == "phase2":
        if not recorded.get(CANDIDATE):
            yield Problem("the candidate isn't built", then=f"run `rollout phase1 {name}` first")
        for rule in held_rules(recorded.get(LEGACY), environment).values():
            if not rule.retain_on_delete:
                yield Problem(
                    f"the legacy stack would delete the rule {rule.id} on letting go of it",
                    then=f"run `rollout phase1 {name}` first, which marks it to be retained",
                )
    if phase in ("phase3", "weight"):
        adopted = held_rules(recorded.get(ROUTING), environment)
        missing = [key for key in environment.routes if key not in adopted]
        if missing:
            routes = "no route" if len(missing) == len(environment.routes) else f"not {', '.join(missing)}"
            then = f"run `rollout phase2 {name}` first"
            if not recorded.get(CANDIDATE, ()):
                then = f"run `rollout phase1 {name}`, then `rollout phase2 {name}` first"
            yield Problem(f"routing holds {routes} of the inventory", then=then)


def held_rules(resources: tuple[ResourceState, ...] | None, environment: Environment) -> dict[str, ResourceState]:
    """The dual routes' rules in a stack's state, by route: those at a route's priority with its path."""
    found: dict[str, ResourceState] = {}
    for resource in resources or ():
        if resource.type != LISTENER_RULE:
            continue
        for key, route in environment.routes.items():
            if is_rule_of(resource, route):
                found[key] = resource
    return found


def is_rule_of(resource: ResourceState, route: Route | KeptRoute) -> bool:
    """Whether a rule in a state is a route's: its priority, path and methods."""
    inputs = resource.inputs
    paths: set[str] = set()
    methods: set[str] = set()
    for condition in inputs.get("conditions") or ():
        paths |= set((condition.get("pathPattern") or {}).get("values") or ())
        methods |= set((condition.get("httpRequestMethod") or {}).get("values") or ())
    priority = inputs.get("priority", resource.outputs.get("priority"))
    return priority == route.priority and paths == {route.path} and methods == set(route.methods)
