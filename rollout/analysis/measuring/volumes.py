"""Each route's requests per minute, for the approval of a weight. Pure.

CloudWatch counts by target group. Where routes share the candidate's group but each has a legacy group of its own, the
candidate's requests are divided among them by legacy's counts and the live weights. Otherwise `Volume` names the routes
that are counted together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from rollout.alb.state import AlbState
from rollout.analysis.measuring.pools import group_pools
from rollout.analysis.metrics import MINUTE
from rollout.inventory.model import Arn, Environment


@dataclass(frozen=True, slots=True)
class Volume:
    """Requests to both implementations together.

    Attributes:
        per_minute: The number, 0 or more.
        routes: The route, or several that can only be counted together.
    """

    per_minute: float
    routes: tuple[str, ...]


def volumes(environment: Environment, live: AlbState, counts: Mapping[Arn, int], since: timedelta) -> dict[str, Volume]:
    """Each route's requests a minute.

    Args:
        counts: The requests of each target group.
        since: The time that they are of, a minute or longer.
    """
    found: dict[str, Volume] = {}
    for names in group_pools(environment):
        own = _separate_counts(environment, live, names, counts)
        if own is None:
            groups = {group for name in names for group in _groups(environment, live, name)}
            together = Volume(sum(counts.get(group, 0) for group in groups) / (since / MINUTE), names)
            found |= dict.fromkeys(names, together)
        else:
            found |= {name: Volume(requests / (since / MINUTE), (name,)) for name, requests in own.items()}
    return found


def _groups(environment: Environment, live: AlbState, name: str) -> tuple[Arn, Arn]:
    route = environment.routes[name]
    return live.group_arn(route.legacy), live.group_arn(route.candidate)


def _separate_counts(
    environment: Environment, live: AlbState, names: tuple[str, ...], counts: Mapping[Arn, int]
) -> dict[str, float] | None:
    """Each route's requests, or None if they can only be counted together."""
    groups = {name: _groups(environment, live, name) for name in names}
    own = {name: float(counts.get(legacy, 0)) for name, (legacy, _) in groups.items()}
    if len(names) > 1 and len({legacy for legacy, _ in groups.values()}) < len(names):
        return None
    for shared in {candidate for _, candidate in groups.values()}:
        users = [name for name in names if groups[name][1] == shared]
        to_candidate = counts.get(shared, 0)
        if len(users) == 1:
            own[users[0]] += to_candidate
        elif to_candidate:
            splits = [live.split_of(environment.routes[name]) for name in users]
            shares = [split.weight.share if split else 1.0 for split in splits]
            if max(shares) == 1:
                return None  # legacy's counts say nothing about a route without legacy requests
            expected = [own[name] * share / (1 - share) for name, share in zip(users, shares, strict=True)]
            if not sum(expected):
                return None
            for name, part in zip(users, expected, strict=True):
                own[name] += to_candidate * part / sum(expected)
    return own
