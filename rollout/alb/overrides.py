"""Header rules: which stand before the routes' own ones, so that a header picks the implementation. Pure.

A header rule has a route's path and methods, and a header. It is asked before rules that the route's own comes after:
a kept route at 2022 must win over a route at 2023, with the header too. So every rule of the inventory that takes
requests from a route has a stand-in in the block of header rules, which sends them where it would itself, and the
block keeps the order of the rules that it stands for. docs/decisions/0009-header-override.md proves it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rollout.alb.header_rules import is_header_rule
from rollout.alb.state import AlbState, LiveRule
from rollout.base.formatting import count_of
from rollout.errors import Problem
from rollout.inventory.header_rules import block_of, planned_overrides, planning_problems, refused_overrides
from rollout.inventory.matching import overlap
from rollout.inventory.model import Environment, KeptRoute, Route
from rollout.inventory.quotas import DEFAULT_LIMITS, RULES

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html


def override_problems(environment: Environment, live: AlbState) -> Iterator[Problem]:
    """What on AWS doesn't go with the header rules that the inventory asks for."""
    override = environment.header_override
    if override is None:
        yield Problem(
            "the inventory has no [header-override]",
            hint="add it, with a name and a value",
            code="no-header-override",
        )
        return
    environment = live.resolved(environment)
    entries: list[Route | KeptRoute] = [*environment.routes.values(), *environment.kept_routes.values()]
    known = {(entry.load_balancer, entry.priority) for entry in entries}
    planned = planned_overrides(environment)
    for keys, what, then in planning_problems(environment):  # what only the live rules' conditions tell
        yield Problem(what, ".".join(keys), then, code="conflicting-header-rule")
    for balancer in environment.load_balancers:
        ours = {rule.priority for rule in planned.values() if rule.load_balancer == balancer}
        block = block_of(environment, balancer, override)
        yield from _not_as_kept(balancer, block, live)
        yield from _doing_more(balancer, block, live)
        for rule in live.rules_of(balancer):
            if is_header_rule(environment, rule) or (balancer, rule.priority) in known:
                continue
            passed_by = (e for _, e in block if ours and min(ours) < rule.priority < e.priority and _takes(rule, e))
            what = f"the rule at {rule.priority} on {balancer} ({rule.conditions}), which is not in the inventory,"
            if rule.priority in ours:
                what += " has a header rule's priority"
            elif entry := next(passed_by, None):
                what += f" takes requests before {entry}; header rules would bypass it"
            else:
                continue
            hint = "set another priority-base, or describe the rule in [kept-routes]"
            yield Problem(
                what,
                "header-override.priority-base",
                hint,
                code="priority-taken" if rule.priority in ours else "rule-bypassed",
            )


def override_warnings(environment: Environment, live: AlbState) -> tuple[str, ...]:
    """What to know before header rules are added."""
    environment = live.resolved(environment)
    override, planned = environment.header_override, planned_overrides(environment)
    said = (
        [f"a client that sends {override.name}: {override.value} gets the candidate, at any weight"] if override else []
    )
    said += [f"no header rule for {key}: {why}" for key, why in refused_overrides(environment).items()]
    for balancer in environment.load_balancers:
        listener = live.listeners.get(balancer)
        there = [rule for rule in live.rules if rule.listener == listener and not is_header_rule(environment, rule)]
        count = len(there) + sum(rule.load_balancer == balancer for rule in planned.values())
        if count > (most := DEFAULT_LIMITS[RULES]):
            said.append(f"{balancer} will have {count_of(count, 'rule')}; AWS allows {most} by default")
    return tuple(said)


def _not_as_kept(balancer: str, block: list[tuple[str, Route | KeptRoute]], live: AlbState) -> Iterator[Problem]:
    """Kept routes whose rule does something else than a header rule in its stead would."""
    for key, entry in block:
        rule, group = live.rule_at(balancer, entry.priority), live.group_arn(entry.legacy)
        forwards = rule.forward.weights.keys() if rule and rule.forward else ()
        if isinstance(entry, KeptRoute) and set(forwards) != {group}:
            what = f"forwards to {rule.does}, not only to {entry.legacy}" if rule else "is missing"
            hint = f"a header rule copies it; fix the inventory, or the rule at {entry.priority}"
            yield Problem(f"its rule {what}", f"kept-routes.{key}", hint, code="kept-rule-differs")


def _doing_more(balancer: str, block: list[tuple[str, Route | KeptRoute]], live: AlbState) -> Iterator[Problem]:
    """Entries whose rule has requests log in, or rewrites them, which a header rule before it wouldn't."""
    for key, entry in block:
        rule = live.rule_at(balancer, entry.priority)
        if rule and rule.extras:
            what = f"its rule does more than forward ({rule.extras}), and a header rule before it would not"
            hint = "such a route can't have header rules: leave [header-override] out"
            place = f"{'routes' if isinstance(entry, Route) else 'kept-routes'}.{key}"
            yield Problem(what, place, hint, code="rule-does-more")


def _takes(rule: LiveRule, entry: Route | KeptRoute) -> bool:
    """Whether a live rule may take requests of an entry."""
    return overlap(rule.asks, entry.rule_conditions or ()) is not None
