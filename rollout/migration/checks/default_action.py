"""A listener's default action as a route: whether rollout can make its rule before it, and what became of both. Pure.

The default action itself is never written: it serves until the rule is there, and again once it is gone.
docs/decisions has the reasons.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from rollout.alb.state import AlbState, LiveRule
from rollout.alb.weights import group_name
from rollout.errors import Problem
from rollout.inventory.marks import mark_of
from rollout.inventory.model import Arn, Environment, Route
from rollout.inventory.quotas import MAX_PRIORITY
from rollout.inventory.stacks import ROUTING


def default_action_problem(environment: Environment, live: AlbState, name: str) -> Problem | None:
    """Why a route's default action doesn't send all requests to legacy, as its rule must to begin with."""
    route, place = environment.routes[name], f"routes.{name}"
    default = live.defaults.get(route.load_balancer)
    if default is None:
        return None  # its listener isn't there, which is said elsewhere
    if default.extras:
        what = f"the default action does more than forward ({default.extras}), which a rule before it would not"
        hint = "add a rule for /* with the same actions after all other rules, and name its priority"
    elif default.not_movable:
        what, hint = default.not_movable
    elif default.forward and set(default.forward.weights) != {live.group_arn(route.legacy)}:
        groups = [group_name(arn) for arn in default.forward.weights]
        what = f"the default action forwards to {default.does}, not only to {route.legacy}"
        hint = f"change the default action to forward to {route.legacy}"
        if len(groups) == 1 and groups != [route.candidate]:
            hint += f', or set legacy = "{groups[0]}"'
    else:
        return None
    return Problem(what, where=place, hint=hint, code="unknown-forward")


def changed_defaults(environment: Environment, live: AlbState) -> Iterator[Problem]:
    """Default actions that don't go to legacy any more while rollout's rule stands before them.

    No request meets them, but the rule can't be removed. A completed environment has no use for legacy.
    """
    for name, route in environment.routes.items():
        has_rule = route.is_default and live.own_rule_of(route) and not environment.completed
        if has_rule and (problem := default_action_problem(environment, live, name)):
            hint = f"change the default action to forward to {route.legacy}; no request reaches it meanwhile"
            yield replace(problem, hint=hint, code="default-action-changed")


def default_rule_problems(name: str, route: Route, live: AlbState) -> Iterator[Problem]:
    """What is wrong with the rule that is to be, or is, before a default action."""
    place, there, candidate = f"routes.{name}", live.own_rule_of(route), live.group_arn(route.candidate)
    others = (r for r in live.rules_of(route.load_balancer) if not r.is_default and r.priority != route.priority)
    moved = next((r for r in others if _is_like_it(r, route, candidate)), None)
    if moved:
        yield Problem(
            f"its rule on {route.load_balancer} has priority {moved.priority}, not {MAX_PRIORITY}",
            where=place,
            hint=f"change the priority of {moved.arn} to {MAX_PRIORITY}",
            code="rule-renumbered",
        )
    elif there and not there.is_for(route):
        yield Problem(
            f"the rule at priority {MAX_PRIORITY} on {route.load_balancer}, where the rule before the default action "
            f"must be, is for {there.conditions}",
            where=place,
            hint=f"change the priority of {there.arn} to a lower number; if it is rollout's, its condition is {route}",
            code="priority-taken",
        )


def _is_like_it(rule: LiveRule, route: Route, candidate: Arn) -> bool:
    return rule.is_for(route) and bool(candidate) and rule.forward is not None and candidate in rule.forward.weights


def unmakable(environment: Environment, live: AlbState, held: Collection[str]) -> Iterator[Problem]:
    """Why phase 2 can't make the rules before default actions; see `not_ours`."""
    yield from not_ours(environment, live, held)
    for name, route in environment.routes.items():
        if route.is_default and live.own_rule_of(route) is None:
            yield from filter(None, [default_action_problem(environment, live, name)])


def not_ours(environment: Environment, live: AlbState, held: Collection[str]) -> Iterator[Problem]:
    """Rules of others that are as rollout's would be, which tells nobody that they may be deleted.

    Args:
        live: With tags.
        held: The routes whose rules the routing stack has.
    """
    mark = mark_of(environment, ROUTING)
    for name, route in environment.routes.items():
        there = live.own_rule_of(route) if route.is_default and name not in held else None
        if there and there.is_for(route) and not mark.is_on(there.tags):
            yield Problem(
                f"rollout didn't create the rule for all requests at priority {MAX_PRIORITY} on {route.load_balancer}",
                where=f"routes.{name}",
                hint=f'write priority = {MAX_PRIORITY} and path = "/*": the route is then that rule',
                code="priority-taken",
            )
