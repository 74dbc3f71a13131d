"""A route of several listeners is, from here on, a route for each of them, which share one weight.

So whatever reads a rule, changes it or checks it knows of one listener a route. A route's name there is the file's with
the port: `ingest-443`. A listener without a `[load-balancers]` table of its own gets an entry such as `public:80`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from rollout.inventory.fields import PriorityByPort
from rollout.inventory.file.findings import Finding
from rollout.inventory.file.layout import Keys
from rollout.inventory.model import Environment, LoadBalancer, Route


def with_each_listener(environment: Environment) -> Environment:
    """An environment whose routes have one listener each."""
    balancers, routes, in_file = dict(environment.load_balancers), dict[str, Route](), dict[str, str]()
    for name, route in environment.routes.items():
        priorities = priorities_of(route)
        if not priorities or route.load_balancer not in balancers:
            routes.setdefault(name, route)
            continue
        for port, priority in priorities.items():
            key = _listener(balancers, route.load_balancer, port)
            own = {"load_balancer": key, "priority": priority, "listeners": ()}
            routes[f"{name}-{port}"], in_file[f"{name}-{port}"] = route.model_copy(update=own), name
    return environment.model_copy(update={"load_balancers": balancers, "routes": routes, "in_file": in_file})


def priorities_of(route: Route) -> Mapping[int, int]:
    """By port, the priority of a route that says which listeners have it; empty for others."""
    if isinstance(route.priority, PriorityByPort):
        return route.priority.by_port
    return dict.fromkeys(route.listeners, route.priority)


def _listener(balancers: dict[str, LoadBalancer], key: str, port: int) -> str:
    """The key of a load balancer's listener on a port, which is added if the file has none."""
    own = balancers[key].model_copy(update={"listener_port": port})
    same = (k for k, b in balancers.items() if (b.real_name, b.listener_port) == (own.real_name, port))
    found = next(same, f"{key}:{port}")
    balancers.setdefault(found, own)
    return found


def listener_findings(environment: Environment) -> Iterator[Finding]:
    """What is wrong with routes of several listeners, before each listener has its own."""
    taken = {name: ("routes", name) for name in environment.routes}
    for name, route in environment.routes.items():
        at = ("routes", name)
        if isinstance(route.priority, PriorityByPort) and route.listeners:
            what = "listeners is not allowed with a priority for each listener"
            yield Finding((*at, "listeners"), what, "leave it out: priority names the ports", code="conflicting-keys")
        for port in priorities_of(route):
            if (first := taken.setdefault(f"{name}-{port}", at)) != at:
                what = f"its rule on port {port} would have the name of {first[1]!r}"
                yield Finding((*at, "listeners"), what, "rename one of them", first, code="invalid-name")


def in_file(at: Keys, environment: Environment) -> Keys:
    """The keys by which the file says what an environment's key says."""
    match at:
        case ("routes", str(name), *rest):
            return ("routes", environment.in_file.get(name, name), *rest)
        case ("load-balancers", str(name), *rest):
            return ("load-balancers", name.partition(":")[0], *rest)
    return at


def as_in_file(findings: Iterator[Finding], environment: Environment) -> Iterator[Finding]:
    """Findings of routes of one listener each, at the places that the file has for them."""
    for each in findings:
        other = in_file(each.other, environment) if each.other else None
        yield replace(each, at=in_file(each.at, environment), other=other)
