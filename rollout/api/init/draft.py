"""An inventory's draft, from the account and the answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rollout.alb.discovered import Endpoint, Found, Listener, Unfit, sorted_out
from rollout.api.init.answers import Answers
from rollout.api.init.names import balancer_keys, candidate_groups, route_keys


@dataclass(frozen=True, slots=True)
class Draft:
    """What the file will say.

    Attributes:
        load_balancers: By key in the file.
        routes: The endpoints that move, by key.
        kept: Those that stay, by key.
        unfit: The rules that the file can't express.
        groups: The candidate's new target group of each route that has none yet.
        makers: The function of each existing candidate target group.
    """

    answers: Answers
    account: str
    region: str
    load_balancers: Mapping[str, Listener]
    routes: Mapping[str, Endpoint]
    kept: Mapping[str, Endpoint]
    unfit: tuple[Unfit, ...]
    groups: Mapping[str, str]
    makers: Mapping[str, str]

    def balancer(self, endpoint: Endpoint) -> str:
        """The key of an endpoint's load balancer."""
        return next(key for key, listener in self.load_balancers.items() if listener == endpoint.listener)

    def candidate(self, endpoint: Endpoint) -> str:
        """The candidate's target group of an endpoint that moves."""
        return endpoint.candidate or self.groups[next(key for key, each in self.routes.items() if each == endpoint)]

    @property
    def functions(self) -> dict[str, dict[str, list[str]]]:
        """The candidate's functions with their target groups by the load balancer's key, the new one first."""
        found: dict[str, dict[str, list[str]]] = {self.answers.function: {}} if self.groups else {}
        seen: set[str] = set()
        for endpoint in self.routes.values():
            group = self.candidate(endpoint)
            if group not in seen:  # it serves all listeners of its load balancer, and is named once
                seen.add(group)
                maker = found.setdefault(self.makers.get(group, self.answers.function), {})
                maker.setdefault(self.balancer(endpoint), []).append(group)
        return found


def drafted(found: Found, moving: Sequence[Endpoint], answers: Answers, *, shared_groups: bool = False) -> Draft:
    """The draft that moves some endpoints and knows all others of their listeners.

    Args:
        found: The account.
        moving: The endpoints that move, at least one.
        answers: What AWS can't say.
        shared_groups: Whether routes with one legacy target group have one candidate group together.
    """
    listeners = tuple(dict.fromkeys(endpoint.listener for endpoint in moving))
    judged = tuple(sorted_out(listeners, found.target_groups))
    endpoints = [each for each in judged if isinstance(each, Endpoint)]
    keys = route_keys(endpoints)
    taken = {group.name for group in found.target_groups.values()}
    routes = {keys[each]: each for each in endpoints if each in moving}
    new = {key: each for key, each in routes.items() if not each.candidate}
    return Draft(
        answers,
        found.account,
        found.region,
        {key: listener for listener, key in balancer_keys(listeners).items()},
        routes,
        {keys[each]: each for each in endpoints if each not in moving},
        tuple(each for each in judged if isinstance(each, Unfit)),
        candidate_groups(new, answers.suffix, taken, shared=shared_groups),
        {each.candidate: found.function_of(each.candidate) for each in moving if each.candidate},
    )
