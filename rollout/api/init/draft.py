"""An inventory's draft, from the account and the answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rollout.alb.discovered import Endpoint, Found, Listener, Unfit, sorted_out
from rollout.api.init.answers import Answers
from rollout.api.init.names import balancer_keys, candidate_groups, route_keys
from rollout.errors import UsageError
from rollout.inventory.conditions import meaning_of
from rollout.inventory.file.findings import suggestion


@dataclass(frozen=True, slots=True)
class Draft:
    """What the file will say.

    Attributes:
        load_balancers: By key in the file.
        routes: The endpoints that move, by key; of those on several listeners the first.
        priorities: By route on several listeners, the rule's priority by port.
        kept: Those that stay, by key.
        unfit: The rules that the file can't express.
        groups: The candidate's new target group of each route that has none yet.
        existing: The existing target group that such routes have instead.
        unused: Target groups that they could have, with their types.
    """

    answers: Answers
    account: str
    region: str
    load_balancers: Mapping[str, Listener]
    routes: Mapping[str, Endpoint]
    priorities: Mapping[str, Mapping[int, int]]
    kept: Mapping[str, Endpoint]
    unfit: tuple[Unfit, ...]
    groups: Mapping[str, str]
    existing: str | None
    unused: Mapping[str, str]

    def balancer(self, endpoint: Endpoint) -> str:
        """The key of an endpoint's load balancer."""
        return next(key for key, listener in self.load_balancers.items() if listener == endpoint.listener)

    @property
    def target_groups(self) -> dict[str, list[str]]:
        """The new target groups by the load balancer's key, each once: it serves all listeners there."""
        found: dict[str, list[str]] = {}
        for key, group in self.groups.items():
            if not any(group in groups for groups in found.values()):
                found.setdefault(self.balancer(self.routes[key]), []).append(group)
        return found


def drafted(
    found: Found,
    moving: Sequence[Endpoint],
    answers: Answers,
    *,
    shared_groups: bool = False,
    candidate: str | None = None,
) -> Draft:
    """The draft that moves some endpoints and knows all others of their listeners.

    Args:
        found: The account.
        moving: The endpoints that move, at least one.
        answers: What AWS can't say.
        shared_groups: Whether routes with one legacy target group have one candidate group together.
        candidate: An existing target group in place of new ones.

    Raises:
        UsageError: There is no such target group that could be a candidate.
    """
    if candidate is not None and candidate not in found.unused:
        raise UsageError(
            f"there is no unused target group {candidate!r}{suggestion(candidate, found.unused)}",
            hint=f"unused: {', '.join(found.unused)}" if found.unused else "make it first, or leave --candidate out",
            code="target-group-missing",
        )
    listeners = tuple(dict.fromkeys(endpoint.listener for endpoint in moving))
    judged = tuple(sorted_out(listeners, found.target_groups))
    endpoints = [each for each in judged if isinstance(each, Endpoint)]
    alike = _alike(each for each in endpoints if each in moving)
    keys = route_keys([each for each in endpoints if each in alike or each not in moving])
    routes = {keys[each]: each for each in alike}
    new = {key: each for key, each in routes.items() if not each.candidate}
    taken = {group.name for group in found.target_groups.values()}
    return Draft(
        answers,
        found.account,
        found.region,
        {key: listener for listener, key in balancer_keys(listeners).items()},
        routes,
        {keys[first]: ports for first, ports in alike.items() if len(ports) > 1},
        {keys[each]: each for each in endpoints if each not in moving and not each.is_default},
        tuple(each for each in judged if isinstance(each, Unfit)),
        {} if candidate else candidate_groups(new, answers.suffix, taken, shared=shared_groups),
        candidate,
        {name: group.target_type for name, group in found.unused.items()} if new else {},
    )


def _alike(endpoints: Iterable[Endpoint]) -> dict[Endpoint, dict[int, int]]:
    """The first of the endpoints that ask and do the same on listeners of a load balancer: the priorities by port."""
    firsts: dict[tuple[object, ...], Endpoint] = {}
    found: dict[Endpoint, dict[int, int]] = {}
    for each in endpoints:
        does = (each.is_default, each.target_group, each.candidate, each.weight, each.kept_for)
        first = firsts.setdefault((each.listener.load_balancer, meaning_of(each.asks), *does), each)
        found.setdefault(first, {})[each.listener.port] = each.priority
    return found
