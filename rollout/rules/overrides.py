"""Header rules: which stand before the routes' own ones, so that a header picks the implementation. Pure.

A header rule has a route's path and methods, and a header. It is asked before rules that the route's own comes after:
a kept route at 2022 must win over a route at 2023, with the header too. So every rule of the inventory that takes
requests from a route has a stand-in in the block of header rules, which sends them where it would itself, and the
block keeps the order of the rules that it stands for. docs/decisions/0009-header-override.md proves it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import SecretStr

from rollout.errors import Problem
from rollout.formatting import count_of
from rollout.live import Live, LiveRule
from rollout.model import Environment, HeaderOverride, KeptRoute, OverrideRule, Route
from rollout.rules.header_rules import is_header_rule
from rollout.rules.matching import Conditions, overlap

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
MAX_CONDITION_VALUES, RULES_QUOTA = 5, 100


def planned_overrides(environment: Environment) -> dict[str, OverrideRule]:
    """The header rules that the inventory asks for, by their logical names; none without `[header-override]`."""
    override = environment.header_override
    if override is None:
        return {}
    rules: dict[str, OverrideRule] = {}
    for balancer in environment.load_balancers:
        priority = override.priority_base
        for key, entry in _block(environment, balancer, override):
            path, methods = _asks(entry)
            for name, values, group in _sent(key, entry, override):
                hidden = tuple(map(SecretStr, values))
                for number, some in enumerate(_parts(methods, len(values)), 1):
                    part = name if number == 1 else f"{name}-{number}"
                    rules[part] = OverrideRule(balancer, priority, path, some, override.name, hidden, group)
                    priority += 1
    return rules


def _parts(methods: tuple[str, ...], values: int) -> list[tuple[str, ...]]:
    """Methods as several rules have them, since a rule has few condition values; the first has what one had alone."""
    room = MAX_CONDITION_VALUES - 1 - values  # beside the path
    return [methods[start : start + room] for start in range(0, len(methods), room)] or [()]


def _block(environment: Environment, balancer: str, override: HeaderOverride) -> list[tuple[str, Route | KeptRoute]]:
    """The routes of a load balancer and whatever must still be asked before them, in the order of their priorities."""
    routes = {key: route for key, route in environment.routes.items() if route.load_balancer == balancer}
    block: dict[int, tuple[str, Route | KeptRoute]] = {r.priority: (key, r) for key, r in routes.items()}
    kept = {
        route.priority: (key, route)
        for key, route in reversed(list(environment.kept_routes.items()))
        if route.load_balancer == balancer and route.priority > override.priority_base
    }
    grows = True
    while grows:
        found = {
            priority: entry
            for priority, entry in kept.items()
            if priority not in block
            and any(priority < later and _overlap(entry[1], other) for later, (_, other) in block.items())
        }
        block |= found
        grows = bool(found)
    return [entry for _, entry in sorted(block.items())]


def _overlap(one: Route | KeptRoute, other: Route | KeptRoute) -> bool:
    return overlap(Conditions(*_asks(one)), Conditions(*_asks(other))) is not None


def _asks(entry: Route | KeptRoute) -> tuple[str, tuple[str, ...]]:
    """Path and methods of the rule that carries an entry."""
    return (entry.rule_path, entry.rule_methods) if isinstance(entry, KeptRoute) else (entry.path, entry.methods)


def _sent(key: str, entry: Route | KeptRoute, override: HeaderOverride) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The header rules for an entry: name, header values, target group."""
    to_legacy = (override.legacy_value,) if override.legacy_value else ()
    if isinstance(entry, KeptRoute):
        yield f"{key}-override-kept", (override.value, *to_legacy), entry.legacy
        return
    yield f"{key}-override", (override.value,), entry.candidate
    if to_legacy:
        yield f"{key}-override-legacy", to_legacy, entry.legacy


def planning_problems(environment: Environment) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """What in the inventory doesn't go with header rules: the keys of the place, what, and what to do."""
    override = environment.header_override
    if override is None:
        return
    base = ("header-override", "priority-base")
    if override.legacy_value and override.legacy_value.lower() == override.value.lower():
        yield ("header-override", "legacy-value"), "is the same as value", "AWS doesn't mind a header's case"
    taken = {
        (entry.load_balancer, entry.priority): place
        for table, entries in (("routes", environment.routes), ("kept-routes", environment.kept_routes))
        for key, entry in entries.items()
        for place in [f"{table}.{key}"]
    }
    balancers = {route.load_balancer for route in environment.routes.values()}
    first = {balancer: _first(environment, balancer) for balancer in balancers}
    room: dict[str, str] = {}
    for name, rule in planned_overrides(environment).items():
        balancer = rule.load_balancer
        if holder := taken.get((balancer, rule.priority)):
            what = f"the header rule {name} would have {rule.priority}, which is {holder}'s"
        elif rule.priority > first[balancer]:
            what = f"the header rule {name} would have {rule.priority}, after a route at {first[balancer]}"
        else:
            continue
        if balancer not in room:
            room[balancer] = _room(environment, override, balancer, taken)
        yield base, what, f"header rules stand before all routes: {room[balancer]}"


def _first(environment: Environment, balancer: str) -> int:
    """The lowest priority of a load balancer's routes."""
    return min(route.priority for route in environment.routes.values() if route.load_balancer == balancer)


def _room(
    environment: Environment, override: HeaderOverride, balancer: str, taken: Mapping[tuple[str, int], str]
) -> str:
    """Where the header rules of a load balancer could be, or what makes room; a lower base may need more rules."""
    base, needed = _first(environment, balancer), 0
    while base > 0:
        lower = override.model_copy(update={"priority_base": base})
        planned = planned_overrides(environment.model_copy(update={"header_override": lower}))
        needed = sum(rule.load_balancer == balancer for rule in planned.values())
        ends = [number for number in range(base, base + needed) if (balancer, number) in taken]
        if not ends:
            return f"take {base} or lower"
        base = min(ends) - needed
    return f"renumber the rules of {balancer} so that {count_of(needed, 'priority')} are free before its first"


def override_problems(environment: Environment, live: Live) -> Iterator[Problem]:
    """What on AWS doesn't go with the header rules that the inventory asks for."""
    override = environment.header_override
    if override is None:
        yield Problem(
            "there is no [header-override] in the inventory",
            then="add it, with a name and a value",
            code="no-header-override",
        )
        return
    entries: list[Route | KeptRoute] = [*environment.routes.values(), *environment.kept_routes.values()]
    known = {(entry.load_balancer, entry.priority) for entry in entries}
    planned = planned_overrides(environment)
    for balancer in environment.load_balancers:
        ours = {rule.priority for rule in planned.values() if rule.load_balancer == balancer}
        block = _block(environment, balancer, override)
        yield from _not_as_kept(balancer, block, live)
        for rule in live.rules_of(balancer):
            if is_header_rule(environment, rule) or (balancer, rule.priority) in known:
                continue
            passed_by = (e for _, e in block if min(ours) < rule.priority < e.priority and _takes(rule, e))
            what = f"the rule at {rule.priority} on {balancer} ({rule.conditions}), which the inventory doesn't know,"
            if rule.priority in ours:
                what += " has the priority of a header rule"
            elif entry := next(passed_by, None):
                what += f" takes requests before {entry}; with the header they would pass it by"
            else:
                continue
            then = f"take another base, or {'put it among the kept routes' if rule.as_route else 'renumber that rule'}"
            yield Problem(
                what,
                "header-override.priority-base",
                then,
                code="priority-taken" if rule.priority in ours else "rule-bypassed",
            )


def override_warnings(environment: Environment, live: Live) -> tuple[str, ...]:
    """What to know before header rules are added."""
    override, planned = environment.header_override, planned_overrides(environment)
    said = [f"whoever sends {override.name}: {override.value} gets the candidate, at any weight"] if override else []
    for balancer in environment.load_balancers:
        listener = live.listeners.get(balancer)
        there = [rule for rule in live.rules if rule.listener == listener and not is_header_rule(environment, rule)]
        count = len(there) + sum(rule.load_balancer == balancer for rule in planned.values())
        if count > RULES_QUOTA:
            said.append(
                f"{balancer} will have {count_of(count, 'rule')}; AWS allows {RULES_QUOTA} unless you had that raised"
            )
    return tuple(said)


def _not_as_kept(balancer: str, block: list[tuple[str, Route | KeptRoute]], live: Live) -> Iterator[Problem]:
    """Kept routes whose rule does something else than a header rule in its stead would."""
    for key, entry in block:
        rule, group = live.rule_at(balancer, entry.priority), live.group_arn(entry.legacy)
        forwards = rule.forward.weights.keys() if rule and rule.forward else ()
        if isinstance(entry, KeptRoute) and set(forwards) != {group}:
            what = f"forwards to {rule.forward or rule.action}, not to {entry.legacy} alone" if rule else "isn't there"
            then = f"a header rule stands in for it; correct the inventory, or the rule at {entry.priority}"
            yield Problem(f"its rule {what}", f"kept-routes.{key}", then, code="kept-rule-differs")


def _takes(rule: LiveRule, entry: Route | KeptRoute) -> bool:
    """Whether a live rule may take requests of an entry, whatever more it asks for."""
    methods, wanted = tuple(sorted(rule.methods)), Conditions(*_asks(entry))
    return any(overlap(Conditions(path, methods), wanted) for path in sorted(rule.paths) or ["*"])
