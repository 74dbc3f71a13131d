"""Whether AWS and the stacks are as a phase needs them: all problems at once, before any preview. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rollout.alb.overlaps import overlaps
from rollout.alb.state import AlbState
from rollout.base.files import is_there
from rollout.errors import Problem
from rollout.inventory.conditions import ConditionField
from rollout.inventory.match import in_file
from rollout.inventory.model import Environment
from rollout.migration.checks.default_action import default_action_problem, default_rule_problems
from rollout.state.plan import LISTENER_RULE, Op, ResourceState, StackPreview, conditions_told

Resources = tuple[ResourceState, ...] | None


def live_problems(environment: Environment, live: AlbState, states: Resources = None) -> Iterator[Problem]:
    """What any phase needs: load balancers, listeners, legacy target groups, and each rule as the inventory has it.

    Args:
        states: The stacks' resources, to show with the live rules and the file.
    """
    yield from listener_problems(environment, live)
    yield from target_group_problems(environment, live)
    yield from rule_problems(environment, live, states)


def listener_problems(environment: Environment, live: AlbState) -> Iterator[Problem]:
    """Missing load balancers and listeners."""
    for name, balancer in environment.load_balancers.items():
        label = balancer.name or balancer.arn
        if name not in live.load_balancers:
            yield Problem(
                f"load balancer {label} doesn't exist",
                where=f"load-balancers.{name}",
                hint=f"check account {environment.account}, region {environment.region}",
                code="load-balancer-missing",
            )
        elif name not in live.listeners:
            yield Problem(
                f"load balancer {label} has no listener on port {balancer.listener_port}",
                where=f"load-balancers.{name}",
                hint="fix listener-port there, or listeners of a route",
                code="listener-missing",
            )


def target_group_problems(environment: Environment, live: AlbState) -> Iterator[Problem]:
    """Missing legacy target groups; not needed if the rule forwards to the candidate only."""
    groups = {
        f"routes.{key}.legacy": route.legacy
        for key, route in environment.routes.items()
        if not ((split := live.split_of(route)) and split.alone)
    }
    groups |= {f"kept-routes.{key}.legacy": route.legacy for key, route in environment.kept_routes.items()}
    for place, group in groups.items():
        if group not in live.target_groups:
            yield Problem(
                f"target group {group} doesn't exist",
                where=place,
                hint="name the target group that the live rule forwards to",
                code="target-group-missing",
            )


def rule_problems(environment: Environment, live: AlbState, states: Resources = None) -> Iterator[Problem]:
    """Rules that aren't at their priority, or are for other requests than the inventory says."""
    held = {state.name: state.id for state in states or () if state.type == LISTENER_RULE}
    recorded = {state.id: conditions_told(state.asked) for state in states or () if state.type == LISTENER_RULE}
    for key, route in live.resolved(environment).routes.items():
        if route.load_balancer not in live.listeners:
            continue
        if route.is_default:
            yield from default_rule_problems(key, route, live)
            continue
        rule, place = live.rule_of(route), f"routes.{key}"
        if rule is not None and (strange := next((c for c in rule.asks if c.field not in set(ConditionField)), None)):
            yield Problem(
                f"the rule at priority {route.priority} on {route.load_balancer} has a condition on {strange.field}, "
                f"which this version doesn't support; supported are {', '.join(ConditionField)}",
                where=place,
                hint=f"remove the route from the inventory: the rule {rule.arn} then stays unchanged",
                code="unknown-condition",
            )
        if rule is not None and rule.is_for(route):
            continue
        here = live.rules_of(route.load_balancer)
        moved = next((r for r in here if r.is_for(route) or (rule is None and r.arn == held.get(key))), None)
        if moved is not None:
            yield Problem(
                f"its rule on {route.load_balancer} has priority {moved.priority}, not {route.priority}",
                where=place,
                hint=f"set priority = {moved.priority} in the inventory, or renumber the rule {moved.arn}",
                code="rule-renumbered",
            )
        elif rule is None:
            yield Problem(
                f"{route.load_balancer} has no rule at priority {route.priority}",
                where=place,
                hint="set the priority that its rule has, or create the rule first",
                code="rule-missing",
            )
        else:
            state = f" · state {recorded[rule.arn]}" if rule.arn in recorded else ""
            yield Problem(
                f"the rule at priority {route.priority} on {route.load_balancer} has other conditions: "
                f"file {route}{state} · live {rule.conditions}",
                where=place,
                hint=f"if the live conditions are right, write {in_file(rule.asks)}; otherwise fix the rule {rule.arn}",
                code="wrong-conditions",
            )


def strange_forward(environment: Environment, live: AlbState, name: str) -> Problem | None:
    """Why phase 2 can't adopt a route's rule by what it does; None where it can.

    It can where the rule forwards to legacy alone, or divides requests between the route's two target groups.
    """
    route, place = environment.routes[name], f"routes.{name}"
    split, rule = live.split_of(route), live.rule_of(route)
    if rule and rule.is_default:
        return default_action_problem(environment, live, name)
    if split is not None and not split.alone:
        return None
    if rule and rule.not_movable:
        why, hint = rule.not_movable
        return Problem(why, where=place, hint=hint, code="unknown-forward")
    hint = f"change the rule to forward to {route.legacy}, or to {route.legacy} and {route.candidate}"
    if split is not None:
        hint += f"; if {route.candidate} serves it today, name that as legacy"
    return Problem(f"forwards to {live.forwards(route)}", where=place, hint=hint, code="unknown-forward")


def candidate_problems(environment: Environment, live: AlbState) -> Iterator[Problem]:
    """What routing needs: the candidate's target groups."""
    yield from existing_problems(environment, live)
    missing = dict.fromkeys(r.candidate for r in environment.routes.values() if r.is_built)
    for group in missing:
        if group not in live.target_groups:
            yield Problem(
                f"candidate target group {group} doesn't exist",
                hint=f"run `rollout phase1 {environment.name}` first",
                code="candidate-missing",
            )


def existing_problems(environment: Environment, live: AlbState) -> Iterator[Problem]:
    """Candidates that others build, and that aren't there."""
    for key, route in environment.routes.items():
        if not route.is_built and route.candidate not in live.target_groups:
            yield Problem(
                f"target group {route.candidate} doesn't exist",
                where=f"routes.{key}.candidate",
                hint=f"rollout doesn't build it: make it in account {environment.account}, region {environment.region}",
                code="target-group-missing",
            )


def code_problems(environment: Environment) -> Iterator[Problem]:
    """What building needs: the deployment packages."""
    for name, function in environment.functions.items():
        if function.code is not None and not is_there(environment.root / function.code):
            yield Problem(
                f"the deployment package {function.code} doesn't exist",
                where=f"functions.{name}.code",
                hint=f"build it in {environment.root}, or fix the path",
                code="package-missing",
            )


def handover_problems(environment: Environment, live: AlbState, legacy: Resources) -> Iterator[Problem]:
    """What a cutover needs: the legacy stack must be ready to let go of the rules without deleting them.

    Args:
        legacy: The legacy stack's resources; None where there is no such stack.
    """
    for key, rule in held_rules(environment, live, legacy).items():
        if not rule.retain_on_delete:
            yield Problem(
                f"the legacy stack would delete the rule {rule.id} instead of releasing it",
                where=f"routes.{key}",
                hint=f"run `rollout phase1 {environment.name}` first, which marks it to stay",
                code="rule-not-retained",
            )


def adoption_problems(environment: Environment, live: AlbState, routing: StackPreview | None) -> Iterator[Problem]:
    """What a weight change needs: every route's rule must be routing's own already.

    Args:
        routing: A preview of its stack; None where there is no such stack.
    """
    there = {rule.arn for rule in live.rules}
    foreign = (
        [
            step.name
            for step in routing.steps
            if step.type == LISTENER_RULE
            and not step.is_header_rule
            and (step.op in (Op.CREATE, Op.IMPORT) or (step.op in (Op.SAME, Op.UPDATE) and step.rule not in there))
        ]
        if routing
        else list(environment.routes)
    )
    if foreign:
        missing = "any route" if len(foreign) == len(environment.routes) else ", ".join(foreign)
        yield Problem(
            f"the routing stack doesn't manage the rule of {missing}",
            hint=f"run `rollout phase2 {environment.name}` first",
            code="rule-not-managed",
        )


def overlap_problems(environment: Environment, live: AlbState) -> Iterator[Problem]:
    """Overlaps of rules that keep a route from its requests."""
    return (overlap.problem for overlap in overlaps(environment, live) if overlap.severity == "problem")


def held_rules(environment: Environment, live: AlbState, resources: Resources) -> dict[str, ResourceState]:
    """The dual routes' rules in a stack's state, by route."""
    states = {r.id: r for r in resources or () if r.type == LISTENER_RULE}
    rules = {key: live.rule_of(route) for key, route in environment.routes.items()}
    return {key: states[rule.arn] for key, rule in rules.items() if rule is not None and rule.arn in states}
