"""An inventory's draft out of what was found and what was answered. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rollout.init.answers import Answers
from rollout.init.found import Endpoint, Found, Listener, Unfit, sorted_out
from rollout.init.names import balancer_keys, candidate_groups, route_keys


@dataclass(frozen=True, slots=True)
class Draft:
    """What the file will say.

    Attributes:
        load_balancers: By key in the file.
        routes: The endpoints that move, by key.
        kept: Those that stay, by key.
        unfit: The rules that can't be said in the file.
        groups: The candidate's target group for each legacy one.
    """

    answers: Answers
    account: str
    region: str
    load_balancers: Mapping[str, Listener]
    routes: Mapping[str, Endpoint]
    kept: Mapping[str, Endpoint]
    unfit: tuple[Unfit, ...]
    groups: Mapping[str, str]

    def balancer(self, endpoint: Endpoint) -> str:
        """The key of an endpoint's load balancer."""
        return next(key for key, listener in self.load_balancers.items() if listener == endpoint.listener)

    @property
    def target_groups(self) -> dict[str, list[str]]:
        """The function's target groups, by the load balancer's key."""
        made: dict[str, list[str]] = {}
        homes: dict[str, str] = {}
        for endpoint in self.routes.values():  # a group serves all listeners of its load balancer, and is named once
            group = self.groups[endpoint.target_group]
            if group not in homes:
                homes[group] = self.balancer(endpoint)
                made.setdefault(homes[group], []).append(group)
        return made


def drafted(found: Found, moving: Sequence[Endpoint], answers: Answers) -> Draft:
    """The draft that moves some endpoints and knows all others of their listeners.

    Args:
        found: The account.
        moving: The endpoints that move, at least one.
        answers: What AWS can't say.
    """
    listeners = tuple(dict.fromkeys(endpoint.listener for endpoint in moving))
    judged = tuple(sorted_out(listeners, found.target_groups))
    endpoints = [each for each in judged if isinstance(each, Endpoint)]
    keys = route_keys(endpoints)
    taken = {group.name for group in found.target_groups.values()}
    return Draft(
        answers,
        found.account,
        found.region,
        {key: listener for listener, key in balancer_keys(listeners).items()},
        {keys[each]: each for each in endpoints if each in moving},
        {keys[each]: each for each in endpoints if each not in moving},
        tuple(each for each in judged if isinstance(each, Unfit)),
        candidate_groups(moving, answers.suffix, taken),
    )
