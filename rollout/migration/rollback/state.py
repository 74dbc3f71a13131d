"""Updates Pulumi's state to match the load balancer, by an update that changes nothing on AWS.

It uses the live rules, not the inventory: a renumbered rule or a renamed route must not prevent the update.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rollout.alb.state import AlbState, LiveRule
from rollout.errors import Drift, Problem
from rollout.inventory.fields import LastPriority
from rollout.inventory.model import LEGACY_ONLY, Arn, Environment, ProgramInput, Route
from rollout.inventory.stacks import ROUTING
from rollout.migration.checks.compare import moved
from rollout.migration.desired import routing_input
from rollout.migration.policy import rule_bounds, violations
from rollout.migration.ports import LoadBalancers
from rollout.migration.rollback.targets import KnownArns, find_targets
from rollout.state.history.record import Record, with_record
from rollout.state.plan import LISTENER_RULE, Op, StackPreview
from rollout.state.ports import Stacks
from rollout.state.work_folder import work_folder


def tidy(
    environment: Environment,
    routes: Sequence[str],
    load_balancers: LoadBalancers,
    stacks: Stacks,
    *,
    known: KnownArns,
    message: str,
    record: Record,
) -> bool:
    """Bring the routing stack's state up to date, by an update even if there is nothing to change.

    Args:
        routes: Those that are on legacy alone.
        message: For Pulumi's update history, a line.
        record: What is written below it.

    Returns:
        Whether there was such an update: not before the cutover, when the stack holds no rule.

    Raises:
        Drift: It would change more than it may, or a rule is like none of rollout's.
        EngineError, AwsError, Locked: As they say.
    """
    live = load_balancers.read(environment)
    own = _own_rules(environment, live, known)
    with work_folder() as folder:
        plan = folder / "routing.json"
        names = dict.fromkeys(own)
        seen = _as_live(environment, own, {name: name for name in names})
        preview = stacks.preview(ROUTING, _given(seen, live, routes), plan, refresh=True)
        held = _managed_routes(preview, own) if preview else {}
        if held and held != {name: name for name in own}:
            seen = _as_live(environment, own, held)
            routes = [held[name] for name in routes if name in held]
            preview = stacks.preview(ROUTING, _given(seen, live, routes), plan, refresh=True)
        if not (preview and held):
            if preview and any(step.type == LISTENER_RULE and step.old for step in preview.steps):
                raise Drift("the state's rules are not at the inventory's priorities", (), code="rule-missing")
            return False
        given = _given(seen, live, routes)
        if refused := violations(preview, "weights", rule_bounds(seen, live, given.splits)):
            problems = [each.problem for each in refused]
            raise Drift("the state would change in more than weights", problems, code="change-not-allowed")
        told = with_record(message, record.model_copy(update={"plan": preview.digest}))

        def guard() -> None:
            """The plan is for the rules as they were read: it would undo what others did since, such as a rollback."""
            if found := tuple(moved(seen, live, load_balancers.read(environment, tags=False))):
                raise Drift("rules changed while the state was updated", found, code="changed-since-preview")

        stacks.up(ROUTING, given, plan=plan, message=told, refresh=True, guard=guard)
        return True


def _own_rules(environment: Environment, live: AlbState, known: KnownArns) -> dict[str, LiveRule]:
    """Each route's own rule, wherever it is by now."""
    groups = {name: group.arn for name, group in live.target_groups.items()}
    own: dict[str, LiveRule] = {}
    for balancer in environment.load_balancers:
        rules = live.rules_of(balancer)
        found = find_targets(environment, balancer, tuple(environment.routes), rules, known=known, groups=groups)
        own |= {target.name: target.rule for target in found.targets if target.name == target.route}
    return own


def _as_live(environment: Environment, own: Mapping[str, LiveRule], names: Mapping[str, str]) -> Environment:
    """The inventory as the load balancer has it: these routes, under the names that the state has for them."""
    routes = {names[name]: _route(environment.routes[name], rule) for name, rule in own.items() if name in names}
    return environment.model_copy(update={"routes": routes})


def _route(route: Route, rule: LiveRule) -> Route:
    priority = LastPriority(rule.priority) if route.is_default else rule.priority
    return route.asking(rule.asks).model_copy(update={"priority": priority})


def _given(environment: Environment, live: AlbState, routes: Sequence[str]) -> ProgramInput:
    splits = live.splits(environment) | {name: LEGACY_ONLY for name in routes if name in environment.routes}
    if strange := [name for name in environment.routes if name not in splits]:
        problems = [Problem("forwards as rollout would not set it", where=f"routes.{name}") for name in strange]
        raise Drift("a rule forwards as rollout would not set it", problems, code="unknown-forward")
    return replace(routing_input(environment, live, splits), existing=live.existing)


def _managed_routes(preview: StackPreview, own: Mapping[str, LiveRule]) -> dict[str, str]:
    """The routes whose rules the stack holds, and their names there, which may be older ones."""
    names: dict[Arn, str] = {}
    for step in preview.steps:
        if step.type == LISTENER_RULE and not step.is_header_rule and step.old is not None and step.op is not Op.IMPORT:
            names[Arn(step.old.id)] = step.name
    return {name: names[rule.arn] for name, rule in own.items() if rule.arn in names}
