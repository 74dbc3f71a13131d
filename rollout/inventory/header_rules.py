"""The header rules that an inventory asks for, a block in front of all routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

from rollout.base.formatting import count_of
from rollout.inventory.conditions import Condition, Conditions
from rollout.inventory.matching import overlap
from rollout.inventory.model import Environment, KeptRoute, OverrideRule, Route
from rollout.inventory.quotas import MAX_CONDITION_VALUES
from rollout.inventory.settings import HeaderOverride


def planned_overrides(environment: Environment) -> dict[str, OverrideRule]:
    """The header rules that the inventory asks for, by their logical names; none without `[header-override]`.

    What isn't known of its routes, the conditions of a live rule, must have been read.
    """
    override = environment.header_override
    if override is None:
        return {}
    rules: dict[str, OverrideRule] = {}
    for balancer in environment.load_balancers:
        priority = override.priority_base
        block = block_of(environment, balancer, override)
        refused = _refused(block, override)
        for key, entry in block:
            for name, values, group in () if key in refused else _sent(key, entry, override):
                header = Condition.on_header(override.name, values)
                for number, some in enumerate(_parts(_asks(entry), len(values)), 1):
                    part = name if number == 1 else f"{name}-{number}"
                    rules[part] = OverrideRule(balancer, priority, (*some, header), group)
                    priority += 1
    return rules


def refused_overrides(environment: Environment) -> dict[str, str]:
    """The routes that can have no header rule, and why: AWS has no room for it, or a rule before it has none."""
    override, found = environment.header_override, dict[str, str]()
    for balancer in environment.load_balancers if override else ():
        found |= _refused(block_of(environment, balancer, override), override)  # type: ignore[arg-type] # there is one
    return found


def _refused(block: Sequence[tuple[str, Route | KeptRoute]], override: HeaderOverride) -> dict[str, str]:
    refused: dict[str, str] = {}
    for at, (key, entry) in enumerate(block):
        most = max(len(values) for _, values, _ in _sent(key, entry, override))
        before = (other for other, one in block[:at] if other in refused and _overlap(one, entry))
        if not _parts(_asks(entry), most):
            count = count_of(len(_asks(entry)), "condition")
            refused[key] = f"its rule has {count}, and AWS allows {MAX_CONDITION_VALUES} values including the header"
        elif first := next(before, None):
            refused[key] = f"{first} has none either, and precedes it for some of the same requests"
    return refused


def _parts(conditions: Conditions, values: int) -> list[Conditions]:
    """Conditions as several rules have them, since a rule has few condition values; none where no split will do."""
    room, sizes = MAX_CONDITION_VALUES - values, [len(condition.texts) for condition in conditions]
    while sum(sizes) > room:
        largest = max(range(len(sizes)), key=sizes.__getitem__)
        if sizes[largest] == 1:
            return []
        sizes[largest] -= 1
    return list(product(*(_chunks(condition, size) for condition, size in zip(conditions, sizes, strict=True))))


def _chunks(condition: Condition, size: int) -> list[Condition]:
    every = range(0, len(condition.texts), size)
    return [
        replace(condition, values=condition.values[at : at + size], hidden=condition.hidden[at : at + size])
        for at in every
    ]


def block_of(environment: Environment, balancer: str, override: HeaderOverride) -> list[tuple[str, Route | KeptRoute]]:
    """The routes of a load balancer and whatever must still be asked before them, in the order of their priorities.

    Those whose conditions aren't known are left out.
    """
    known = {key: route for key, route in environment.routes.items() if route.rule_conditions is not None}
    routes = {key: route for key, route in known.items() if route.load_balancer == balancer}
    block: dict[int, tuple[str, Route | KeptRoute]] = {r.priority: (key, r) for key, r in routes.items()}
    kept = {
        route.priority: (key, route)
        for key, route in reversed(list(environment.kept_routes.items()))
        if route.load_balancer == balancer and route.priority > override.priority_base and route.rule_conditions
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
    return overlap(_asks(one), _asks(other)) is not None


def _asks(entry: Route | KeptRoute) -> Conditions:
    return entry.rule_conditions or ()


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
        yield ("header-override", "legacy-value"), "is the same as value", "AWS ignores a header's case"
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
            what = f"the header rule {name} would have priority {rule.priority}, which {holder} has"
        elif rule.priority > first[balancer]:
            what = f"the header rule {name} would have priority {rule.priority}, after a route at {first[balancer]}"
        else:
            continue
        if balancer not in room:
            room[balancer] = _room(environment, override, balancer, taken)
        yield base, what, f"header rules must precede all routes: {room[balancer]}"


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
            return f"set {base} or lower"
        base = min(ends) - needed
    return f"renumber the rules of {balancer} so that {count_of(needed, 'priority')} are free before its first"
