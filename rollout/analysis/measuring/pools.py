"""Which routes are measured together, and what can be compared. Pure.

CloudWatch counts by target group and by function, not by rule. So routes that share a target group can only be
measured together, and other rules' requests to it can't be separated. Such routes are one *pool*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from rollout.alb.state import AlbState, LiveRule
from rollout.analysis.metrics import ARMS, Source, function, target_group
from rollout.inventory.conditions import meaning_of
from rollout.inventory.model import Arn, Environment, Route


@dataclass(frozen=True, slots=True)
class Pool:
    """Routes that are measured together.

    Attributes:
        routes: Their names.
        legacy: The source of legacy's counts.
        candidate: The source of the candidate's counts.
        names: What people call these two.
    """

    routes: tuple[str, ...]
    legacy: tuple[Source, ...]
    candidate: tuple[Source, ...]
    names: tuple[str, str] = ARMS


@dataclass(frozen=True, slots=True)
class Comparable:
    """What can be compared.

    Attributes:
        pools: Each with requests of its own.
        notes: Which routes can't be, and why.
    """

    pools: tuple[Pool, ...] = ()
    notes: tuple[str, ...] = ()


def by_target_group(environment: Environment, live: AlbState) -> Comparable:
    """What the load balancers' counts can compare.

    Args:
        live: The live state; a missing target group counts nothing.
    """
    return _comparable(environment, live, [(pool, list[str]()) for pool in told_apart(environment, live)])


def told_apart(environment: Environment, live: AlbState) -> tuple[Pool, ...]:
    """The pools that the load balancers count, whether or not they can be compared; see `by_target_group`."""

    def sources(groups: Iterable[tuple[str, str]]) -> tuple[Source, ...]:
        found = {group: live.load_balancers.get(at) for at, name in groups if (group := live.target_groups.get(name))}
        return tuple(
            target_group(at, group.arn, of_lambda=group.is_lambda) for group, at in found.items() if at is not None
        )

    pools = []
    for names in group_pools(environment):
        routes = [environment.routes[name] for name in names]
        legacy = sources((route.load_balancer, route.legacy) for route in routes)
        candidate = sources((route.load_balancer, route.candidate) for route in routes)
        pools.append(Pool(names, legacy, candidate))
    return tuple(pools)


def by_function(environment: Environment, live: AlbState, targets: Mapping[Arn, Sequence[str]]) -> Comparable:
    """What Lambda's counts can compare; they include everything that a function answers.

    Args:
        targets: By target group, the ARNs of its functions; empty where it has none or other targets.
    """
    behind = {name: tuple(targets.get(group.arn, ())) for name, group in live.target_groups.items()}
    kept = {each: name for name, route in environment.kept_routes.items() for each in behind.get(route.legacy, ())}
    used = {
        name: {route.legacy, route.candidate, *behind.get(route.legacy, ()), *behind.get(route.candidate, ())}
        for name, route in environment.routes.items()
    }
    pools = []
    for names in pooled(used):
        routes = [environment.routes[name] for name in names]
        old = dict.fromkeys(each for route in routes for each in behind.get(route.legacy, ()))
        new = dict.fromkeys(each for route in routes for each in behind.get(route.candidate, ()))
        groups = [group for route in routes for group in (route.legacy, route.candidate)]
        why = [
            f"{group} is of type {found.target_type}"
            if (found := live.target_groups.get(group)) and not found.is_lambda
            else f"{group} has no known Lambda function"
            for group in groups
            if not behind.get(group)
        ]
        why += [f"{_name(each)} is legacy and candidate" for each in old if each in new]
        why += [f"{_name(each)} also serves {kept[each]}" for each in (*old, *new) if each in kept]
        pools.append((Pool(names, tuple(map(function, old)), tuple(map(function, new))), why))
    return _comparable(environment, live, pools, "the functions of ")


def _comparable(
    environment: Environment, live: AlbState, pools: Iterable[tuple[Pool, Sequence[str]]], what: str = ""
) -> Comparable:
    """The pools that can be compared, and notes on the others."""
    found, notes = list[Pool](), list[str]()
    for pool, why in pools:
        names = pool.routes
        reasons = (*hindrances(environment, live, names, header_rules=False), *_mixed(environment, live, names), *why)
        if reasons:
            notes.append(f"{what}{', '.join(names)} can't be compared: {'; '.join(dict.fromkeys(reasons))}")
        else:
            found.append(pool)
    return Comparable(tuple(found), tuple(notes))


def group_pools(environment: Environment) -> list[tuple[str, ...]]:
    """The routes, grouped by shared target groups, in the inventory's order."""
    return pooled({name: {route.legacy, route.candidate} for name, route in environment.routes.items()})


def pooled(shares: Mapping[str, AbstractSet[str]]) -> list[tuple[str, ...]]:
    """Names, grouped by what they share, each once and in the given order."""
    pools: list[tuple[set[str], list[str]]] = []
    for name, parts in shares.items():
        held, names = set(parts), list[str]()
        for pool in [pool for pool in pools if pool[0] & held]:
            pools.remove(pool)
            held |= pool[0]
            names += pool[1]
        pools.append((held, [*names, name]))
    return [tuple(names) for _, names in pools]


def hindrances(
    environment: Environment, live: AlbState, names: tuple[str, ...], *, header_rules: bool = True
) -> Iterator[str]:
    """Why the counts include other requests, or the rules don't define an expected share.

    Args:
        names: The routes of a pool.
        header_rules: Whether rules for the same endpoints with a further condition, such as a header, count too: they
            change shares, but not the requests.
    """
    environment = live.resolved(environment)
    routes = [environment.routes[name] for name in names]
    if both := sorted({route.legacy for route in routes} & {route.candidate for route in routes}):
        yield f"{', '.join(both)} is one route's legacy and another's candidate"
    strange = [name for name in names if live.split_of(environment.routes[name]) is None]
    yield from (f"the live rule of {name} doesn't forward to legacy and the candidate" for name in strange)
    own = {rule.arn for route in routes if (rule := live.rule_of(route))}
    groups = {live.group_arn(group): group for route in routes for group in (route.legacy, route.candidate)}
    for rule in live.reachable:
        narrower = not header_rules and any(_is_of(rule, route, live) for route in routes)
        if rule.arn not in own and rule.forward and not narrower:
            shared = [groups[arn] for arn in rule.forward.weights if arn in groups]
            yield from (f"{group} also gets requests by another rule, for {rule.conditions}" for group in shared)


def _is_of(rule: LiveRule, route: Route, live: AlbState) -> bool:
    at_home = rule.listener == live.listeners.get(route.load_balancer)
    return at_home and route.conditions is not None and meaning_of(route.conditions) <= rule.meaning


def _mixed(environment: Environment, live: AlbState, names: tuple[str, ...]) -> Iterator[str]:
    """Routes with different weights have different shares of legacy's and the candidate's requests."""
    splits = {name: live.split_of(environment.routes[name]) for name in names}
    weights = {name: split.weight for name, split in splits.items() if split}
    if len(set(weights.values())) > 1:
        said = ", ".join(f"{name} {weight} %" for name, weight in weights.items())
        yield f"their weights differ ({said}), so legacy and the candidate get different mixes of their requests"


def _name(function_arn: str) -> str:
    return function_arn.rpartition(":function:")[2]
