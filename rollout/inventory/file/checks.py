"""What no single value can show: whether the tables of one environment fit together.

Each check is a generator of findings. Entries that are broken in themselves have been left out of the environment by
now; `names` has them still, so that what points at one isn't called unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain

from rollout.inventory.conditions import Meaning, meaning_of
from rollout.inventory.file.findings import Finding, dotted, suggestion
from rollout.inventory.file.in_account import in_account
from rollout.inventory.file.layout import Keys
from rollout.inventory.functions import MIN_STORAGE, Function
from rollout.inventory.header_rules import planning_problems
from rollout.inventory.match import too_much
from rollout.inventory.matching import covers
from rollout.inventory.model import Environment, KeptRoute, Route

Names = Mapping[str, AbstractSet[str]]

_ZIP_KEYS, _IMAGE_KEYS = ("code", "runtime", "handler", "layers"), ("image-uri", "image")
_NOT_NEEDED = ("layers", "image")
_OF_VERSIONS = ("provisioned-concurrency", "snap-start")
_OWN_ROLE_KEYS = ("role-name", "permissions-boundary", "policies", "statements")


def cross_check(environment: Environment, names: Names) -> Iterator[Finding]:
    """Everything that doesn't fit together in one environment.

    Args:
        environment: Without the entries that are broken in themselves.
        names: By table, the names of all entries, broken ones too.
    """
    yield from _legacy(environment)
    yield from _load_balancers(environment)
    yield from _functions(environment)
    yield from _references(environment, names)
    yield from _rules(environment)
    yield from _priorities(environment)
    yield from _endpoints(environment)
    yield from _target_groups(environment)
    if names["functions"] == set(environment.functions):
        yield from _candidates(environment)
    # last, since these stop one feature alone, and must not hide what stops all
    yield from (
        Finding(at, what, hint, code="conflicting-header-rule") for at, what, hint in planning_problems(environment)
    )
    yield from in_account(environment)


def _all_routes(environment: Environment) -> Iterator[tuple[Keys, Route | KeptRoute]]:
    yield from ((("routes", name), route) for name, route in environment.routes.items())
    yield from ((("kept-routes", name), route) for name, route in environment.kept_routes.items())


_OWNERS_KEYS: Mapping[str, tuple[str, ...]] = {
    "pulumi": ("stack", "backend"),
    "terraform": ("directory", "state", "workspace"),
}


def _legacy(environment: Environment) -> Iterator[Finding]:
    legacy, program = environment.legacy, environment.programs.legacy
    owner, at = legacy.owner or ("rollout" if program else "none"), ("legacy",)
    if owner == "rollout" and not program:
        what, hint = "owner rollout needs an entry point in programs.legacy", 'such as "programs.legacy:program"'
        yield Finding((*at, "owner"), what, hint, code="missing-key")
    allowed = _OWNERS_KEYS.get(owner, ())
    for key in ("stack", "backend", "directory", "workspace", "state"):
        if getattr(legacy, key) is not None and key not in allowed:
            hint = f"keys of {owner}: {', '.join(allowed)}" if allowed else "only for owner pulumi or terraform"
            yield Finding((*at, key), f"{key} is not allowed with owner {owner}", hint, code="conflicting-keys")
    if owner == "pulumi" and legacy.stack is None:
        yield Finding(
            at,
            "stack is missing",
            "name the Pulumi stack that manages the rules: ORGANIZATION/PROJECT/STACK",
            code="missing-key",
        )
    if owner == "terraform" and (legacy.directory is None) == (legacy.state is None):
        given = "neither directory nor state is given" if legacy.state is None else "both directory and state are given"
        yield Finding(at, given, "give exactly one of them", code="conflicting-keys")
    if legacy.workspace and legacy.state:
        yield Finding(
            (*at, "workspace"),
            "workspace is not allowed with state",
            "a state file has one workspace",
            code="conflicting-keys",
        )


def _identity(environment: Environment, key: str) -> str | None:
    """A load balancer's name on AWS, which is its own in a region; None where the file doesn't say."""
    balancer = environment.load_balancers.get(key)
    return balancer.real_name if balancer else None


def _load_balancers(environment: Environment) -> Iterator[Finding]:
    listeners: dict[tuple[str | None, int], Keys] = {}
    for name, balancer in environment.load_balancers.items():
        at = ("load-balancers", name)
        if (balancer.name is None) == (balancer.arn is None):
            given = "neither name nor arn is given" if balancer.name is None else "both name and arn are given"
            yield Finding(at, given, "give exactly one of them", code="conflicting-keys")
            continue
        first = listeners.setdefault((balancer.real_name, balancer.listener_port), at)
        if first != at:
            hint = "remove one of them, and name the other in all routes"
            yield Finding(at, f"is the same listener as {dotted(first)}", hint, first, code="duplicate-listener")


def _functions(environment: Environment) -> Iterator[Finding]:
    names: dict[str, tuple[Keys, str]] = {}
    for key, function in environment.functions.items():
        at, name = ("functions", key), function.name or key
        yield from _package(at, function)
        yield from _role(at, function)
        yield from _alias(at, function)
        if function.file_system and not function.vpc:
            yield Finding((*at, "file-system"), "file-system needs vpc", "name the VPC's subnets", code="missing-key")
        place = (*at, "name") if function.name else at
        first, taken = names.setdefault(name.casefold(), (place, name))
        if first != place:
            what = f"function name {name!r} is already used by {dotted(first)}"
            if name != taken:
                what = f"function name {name!r} differs from {dotted(first)} only in case, which IAM ignores"
            yield Finding(place, what, "give each function a different name", first, code="duplicate-function")
    yield from _made_twice(environment)


def _made_twice(environment: Environment) -> Iterator[Finding]:
    """Target groups that phase 1 would make although they are there: made before, or legacy's."""
    there = {group: (place, balancer) for group, balancer, place in _found_groups(environment)}
    for key, function in environment.functions.items():
        for place, balancer, group in _made_groups(key, function):
            first, home = there.setdefault(group, (place, balancer))
            if first == place:
                continue
            hint = "give this one a different name"
            is_listener = first[:2] == place[:2] and _identity(environment, balancer) == _identity(environment, home)
            if is_listener:
                hint = f"name it once: it serves every listener of {_identity(environment, balancer)}"
            elif first[:2] == place[:2]:
                continue  # on two load balancers, which is told of every group
            at = f"{'created by' if first[0] == 'functions' else 'in'} {dotted(first)}"
            what = f"target group {group!r} is already {at}"
            yield Finding(place, what, hint, first, code="duplicate-target-group")


def _found_groups(environment: Environment) -> Iterator[tuple[str, str, Keys]]:
    """Each target group that is there before phase 1: its name, its load balancer, and where the file says so."""
    for at, route in _all_routes(environment):
        yield route.legacy, route.load_balancer, (*at, "legacy")
        if isinstance(route, Route) and not route.is_built:
            yield route.candidate, route.load_balancer, (*at, "candidate")


def _made_groups(name: str, function: Function) -> Iterator[tuple[Keys, str, str]]:
    """Each target group that a function makes: where the file says so, its load balancer and its name."""
    for balancer, groups in function.target_groups.items():
        at = ("functions", name, "target-groups", balancer)
        yield from (((*at, index) if len(groups) > 1 else at, balancer, group) for index, group in enumerate(groups))


def _package(at: Keys, function: Function) -> Iterator[Finding]:
    wanted, unwanted = (_ZIP_KEYS, _IMAGE_KEYS) if function.package_type == "Zip" else (_IMAGE_KEYS, _ZIP_KEYS)
    hint = f"a {function.package_type} function needs {', '.join(wanted)} and must not have {' or '.join(unwanted)}"
    for key in wanted:
        if key not in _NOT_NEEDED and not _has(function, key):
            yield Finding(at, f"{key} is missing", hint, code="missing-key")
    yield from _clashes(at, function, unwanted, f"package-type {function.package_type}", hint)


def _alias(at: Keys, function: Function) -> Iterator[Finding]:
    """What only published versions have, and what excludes it."""
    for key in _OF_VERSIONS:
        if function.alias is None and _has(function, key):
            yield Finding((*at, key), f"{key} needs alias", 'such as alias = "live"', code="missing-key")
    provisioned, reserved = function.provisioned_concurrency, function.reserved_concurrency
    if provisioned is not None and reserved is not None and provisioned > reserved:
        what = f"provisioned-concurrency is above reserved-concurrency, {reserved}"
        hint = "lower it, or raise reserved-concurrency"
        yield Finding((*at, "provisioned-concurrency"), what, hint, code="conflicting-keys")
    if function.snap_start:
        hint = "https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html"
        yield from _clashes(at, function, ("provisioned-concurrency", "file-system", "image-uri"), "snap-start", hint)
        if function.ephemeral_storage > MIN_STORAGE:
            what = f"ephemeral-storage above {MIN_STORAGE} is not allowed with snap-start"
            yield Finding((*at, "ephemeral-storage"), what, hint, code="conflicting-keys")


def _role(at: Keys, function: Function) -> Iterator[Finding]:
    """A role that is there already is its owner's, rights and all."""
    if function.role is not None:
        yield from _clashes(at, function, _OWN_ROLE_KEYS, "role", "only for a role that phase 1 creates")


def _clashes(at: Keys, function: Function, keys: tuple[str, ...], other: str, hint: str) -> Iterator[Finding]:
    for key in filter(lambda key: _has(function, key), keys):
        yield Finding((*at, key), f"{key} is not allowed with {other}", hint, code="conflicting-keys")


def _has(function: Function, key: str) -> bool:
    return getattr(function, key.replace("-", "_")) not in {None, (), False}


def _references(environment: Environment, names: Names) -> Iterator[Finding]:
    balancers = names["load-balancers"] | environment.load_balancers.keys()
    pointers: list[tuple[Keys, str]] = [
        ((*at, "load-balancer"), route.load_balancer) for at, route in _all_routes(environment)
    ]
    pointers += [
        (("functions", name, "target-groups", balancer), balancer)
        for name, function in environment.functions.items()
        for balancer in function.target_groups
    ]
    for at, balancer in pointers:
        if balancer not in balancers:
            yield _unknown(at, "load balancer", balancer, balancers)
    for route in environment.route_weights:
        if route not in names["routes"]:
            yield _unknown(("route-weights", route), "route", route, names["routes"])


def _unknown(at: Keys, kind: str, name: str, known: AbstractSet[str]) -> Finding:
    return Finding(
        at,
        f"unknown {kind} {name!r}{suggestion(name, known)}",
        f"known: {', '.join(sorted(known))}",
        code="unknown-name",
    )


def _rules(environment: Environment) -> Iterator[Finding]:
    for at, route in _all_routes(environment):
        key, short = "path", bool(route.path or route.methods)
        if route.is_default:
            yield from _default_action(at, route)
        elif route.match is not None and short:
            hint = "match has all conditions of the rule"
            yield Finding((*at, "match"), "match is not allowed with path and methods", hint, code="conflicting-keys")
        elif route.match == ():
            yield Finding((*at, "match"), "match has no condition", 'or "as-is"', code="missing-key")
        elif not route.path and route.match is None:
            hint = 'or match = "as-is", for the conditions of the live rule'
            yield Finding((*at, key), "path is missing", hint, code="missing-key")
        if isinstance(route, KeptRoute) and route.via:
            key = "via"
            yield from _carried((*at, key), route, route.via)
        elif route.match is not None:
            key = "match"
        elif len(route.methods) > 1:
            key = "methods"
        for what in too_much(route.rule_conditions or ()):
            yield Finding((*at, key), what, "write the conditions that the live rule has", code="too-many-values")


def _default_action(at: Keys, route: Route | KeptRoute) -> Iterator[Finding]:
    """A default action has no conditions."""
    for key in ("path", "methods", "match"):
        if getattr(route, key):
            hint = "the default action gets every request that no rule matches; leave it out"
            yield Finding((*at, key), f'{key} is not allowed with priority = "default"', hint, code="conflicting-keys")


def _carried(at: Keys, route: KeptRoute, via: str) -> Iterator[Finding]:
    """Whether a generic rule has all of a kept route's requests."""
    if route.match is not None:
        hint = "give its path"
        yield Finding(at, "via is not allowed with match", hint, code="conflicting-keys")
    for path in route.path:
        if not covers(via, path):
            what = f"a rule for {via} doesn't match all of {path}"
            yield Finding(at, what, "name the path of the rule that serves it", code="via-too-narrow")


def _priorities(environment: Environment) -> Iterator[Finding]:
    taken: dict[tuple[str, int], tuple[Keys, Route | KeptRoute]] = {}
    for at, route in _all_routes(environment):
        first, holder = taken.setdefault((route.load_balancer, route.priority), (at, route))
        if first == at:
            continue
        if _share_rule(route, holder):
            if route.legacy != holder.legacy:
                what = f"shares its rule with {dotted(first)}, whose target group is {holder.legacy!r}"
                hint = "name the same target group in both: one rule serves them"
                yield Finding((*at, "legacy"), what, hint, (*first, "legacy"), code="shared-rule-differs")
            continue
        what = f"priority {route.priority} on load balancer {route.load_balancer!r} is already used by {dotted(first)}"
        hint = "a listener has one default action" if route.is_default else "set the priority that its live rule has"
        yield Finding((*at, "priority"), what, hint, (*first, "priority"), code="duplicate-priority")


def _share_rule(one: Route | KeptRoute, other: Route | KeptRoute) -> bool:
    return (
        isinstance(one, KeptRoute)
        and isinstance(other, KeptRoute)
        and one.rule_conditions is not None
        and other.rule_conditions is not None
        and meaning_of(one.rule_conditions) == meaning_of(other.rule_conditions)
    )


def _endpoints(environment: Environment) -> Iterator[Finding]:
    seen: dict[tuple[str, frozenset[Meaning]], tuple[Keys, str]] = {}
    for at, route in _all_routes(environment):
        if not route.conditions or route.is_default:
            continue  # what the live rules ask isn't known here; a default action has a priority that is its own
        key = "path" if route.match is None else "match"
        first, other = seen.setdefault((route.load_balancer, meaning_of(route.conditions)), (at, key))
        if first != at:
            what = f"{route} is already in {dotted(first)}"
            hint = "remove one of them, or write all conditions of each rule"
            yield Finding((*at, key), what, hint, (*first, other), code="duplicate-endpoint")


def _target_groups(environment: Environment) -> Iterator[Finding]:
    for at, route in _all_routes(environment):
        if isinstance(route, Route) and route.legacy == route.candidate:
            what = f"legacy and candidate are the same target group, {route.legacy!r}"
            hint = "name another one as the candidate"
            yield Finding((*at, "candidate"), what, hint, (*at, "legacy"), code="same-target-group")
    uses: Iterator[tuple[str, str, Keys]] = chain(
        _found_groups(environment),
        (
            (group, balancer, at)
            for name, function in environment.functions.items()
            for at, balancer, group in _made_groups(name, function)
        ),
    )
    homes: dict[str, tuple[str, Keys]] = {}
    for group, balancer, at in uses:
        home, first = homes.setdefault(group, (balancer, at))
        here, there = (_identity(environment, name) for name in (balancer, home))
        if here and there and here != there:
            what = f"target group {group!r} is already on load balancer {home!r}, by {dotted(first)}"
            yield Finding(
                at,
                what,
                "a target group belongs to one load balancer: use a different one for each",
                first,
                code="target-group-taken",
            )


def _candidates(environment: Environment) -> Iterator[Finding]:
    for name, route in environment.routes.items():
        made = {
            group
            for function in environment.functions.values()
            for balancer, groups in function.target_groups.items()
            if balancer == route.load_balancer
            or (_identity(environment, balancer) or balancer) == _identity(environment, route.load_balancer)
            for group in groups
        }
        if route.is_built and route.candidate not in made:
            what = f"no function has the target group {route.candidate!r} on {route.load_balancer!r}"
            hint = f"functions there have: {', '.join(sorted(made)) or 'none'}; "
            hint += f'or candidate = {{ target-group = "{route.candidate}" }}, for an existing one'
            yield Finding(
                ("routes", name, "candidate"),
                f"{what}{suggestion(route.candidate, made)}",
                hint,
                code="candidate-not-made",
            )
