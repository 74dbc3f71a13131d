"""What a target group brings with it that others own: whether it fits, and what another kind of target changes. Pure.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from rollout.alb.state import AlbState, LiveTargetGroup
from rollout.alb.weights import group_name
from rollout.base.formatting import count_of
from rollout.errors import Problem
from rollout.inventory.model import Arn, Environment, Route

Attributes = Mapping[str, str]
"""A target group's, by AWS's keys."""

_STICKY, _KIND = "stickiness.enabled", "stickiness.type"
_SLOW_START, _DELAY = "slow_start.duration_seconds", "deregistration_delay.timeout_seconds"
SIDES = ("legacy", "candidate")
_NOT_ASKED = "unused"
"""The state of targets of a group that no rule forwards to: their health isn't checked."""


def misfits(
    environment: Environment, group: LiveTargetGroup, own: Attributes, vpc: str, place: str
) -> Iterator[Problem]:
    """Why a load balancer's weighted rules couldn't forward to a target group.

    Args:
        vpc: The load balancer's, where it is known.
        place: Where the inventory names the group.
    """
    name = group.name
    if not group.is_lambda and group.protocol not in ("", "HTTP", "HTTPS"):
        yield Problem(
            f"target group {name} has protocol {group.protocol}, to which no Application Load Balancer forwards",
            where=place,
            hint="name a group with protocol HTTP or HTTPS; one of type alb or with TCP is for a Network Load Balancer",
            code="wrong-protocol",
        )
    if vpc and group.vpc and group.vpc != vpc:
        yield Problem(
            f"target group {name} is in {group.vpc}, its load balancer in {vpc}",
            where=place,
            hint="name a group in the load balancer's VPC",
            code="other-vpc",
        )
    if own.get(_STICKY) == "true" and (own.get(_KIND) == "app_cookie" or not environment.stickiness.enabled):
        yield Problem(
            f"target group {name} has stickiness of type {own.get(_KIND, 'lb_cookie')}, which conflicts with weights",
            where=place,
            hint=f"turn off {_STICKY} of the group, or set lb_cookie and enable [stickiness]",
            code="group-sticky",
        )


def ill(states: Sequence[str]) -> str | None:
    """Why no target of a group would be asked, in words; None where one is healthy, or nobody can know."""
    if not states or {"healthy", "unavailable", _NOT_ASKED, ""} & set(states):
        return None
    counts = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
    return f"has no healthy target: {counts}"


def with_health(
    environment: Environment, live: AlbState, routes: Iterable[str], parts: Sequence[str] = SIDES
) -> dict[Arn, str]:
    """The target groups of routes whose targets have a health, which functions haven't: where the file names each.

    Args:
        parts: Of legacy's and the candidate's, those that are asked for.
    """
    found: dict[Arn, str] = {}
    for name, part in product(routes, parts):
        group = live.target_groups.get(getattr(environment.routes[name], part))
        if group and not group.is_lambda:
            found.setdefault(group.arn, f"routes.{name}.{part}")
    return found


def health_problems(places: Mapping[Arn, str], states: Mapping[Arn, Sequence[str]]) -> Iterator[Problem]:
    """Target groups with targets that the load balancer doesn't ask.

    Args:
        places: As `with_health` gives them.
    """
    hint = "look at the health check and the targets of the group"
    for arn, place in places.items():
        said, name = states.get(arn, ()), group_name(arn)
        if why := ill(said):
            yield Problem(f"target group {name} {why}", place, hint, code="no-healthy-target")
        elif count := said.count("unhealthy"):
            what = f"target group {name} has {count} unhealthy of {count_of(len(said), 'target')}"
            yield Problem(what, place, hint, code="unhealthy-targets")


def kind_warnings(
    environment: Environment,
    live: AlbState,
    attributes: Mapping[Arn, Attributes],
    states: Mapping[Arn, Sequence[str]],
) -> Iterator[str]:
    """What to know of groups that others own, and of routes whose targets become another kind."""
    theirs = {route.candidate for route in environment.routes.values() if not route.is_built}
    for name in sorted(theirs & live.target_groups.keys()):
        arn = live.group_arn(name)
        yield from _of_group(name, attributes.get(arn, {}), states.get(arn, ()))
    changing: dict[tuple[str, str], list[str]] = {}
    for key, route in environment.routes.items():
        if pair := _pair(live, route):
            changing.setdefault(pair, []).append(key)
    for (old, new), names in changing.items():
        routes = ", ".join(names)
        if new == "lambda":
            yield (
                f"{routes}: from {old} to lambda: request and answer bodies have at most 1 MB (413, 502), "
                "WebSockets get a 400, answers don't stream and must come within the function's timeout; without "
                "multi-value headers only the last of repeated headers and parameters arrives"
            )
        elif old == "lambda":
            yield (
                f"{routes}: from lambda to {new}: the targets get HTTP requests, with repeated headers and parameters "
                "unchanged, instead of events; bodies may exceed 1 MB, and an answer must come within the load "
                "balancer's idle timeout (504)"
            )
        else:
            yield f"{routes}: from {old} to {new}: HTTP2 and GRPC need an HTTPS listener; GRPC also its own clients"


def _of_group(name: str, own: Attributes, states: Sequence[str]) -> Iterator[str]:
    if set(states) == {_NOT_ASKED}:
        yield f"the health of the targets of {name} is unknown until a rule forwards to it"
    if own.get(_STICKY) == "true":
        yield f"target group {name} has its own stickiness: each client also stays with one of its targets"
    if own.get(_SLOW_START, "0") != "0":
        yield f"target group {name} starts slowly: a new target gets its share only after {own[_SLOW_START]} s"
    if own.get(_DELAY) == "0":
        yield f"target group {name} has no deregistration delay: a deregistered target loses its open requests"


def _pair(live: AlbState, route: Route) -> tuple[str, str] | None:
    """What serves a route before and after, where that differs; instances and addresses are asked alike."""
    old, new = live.target_groups.get(route.legacy), live.target_groups.get(route.candidate)
    if old is None or (new is None and (old.is_lambda or not route.is_built)):
        return None
    before = _speaks(old)
    after = _speaks(new) if new else "lambda"
    return (before, after) if before != after else None


def _speaks(group: LiveTargetGroup) -> str:
    return "lambda" if group.is_lambda else group.version or "HTTP1"
