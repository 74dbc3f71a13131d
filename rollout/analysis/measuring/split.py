"""The measured shares of requests, from CloudWatch's counts, compared with the live weights. Pure.

CloudWatch counts by target group, not by rule. So routes that share a target group are measured together, as a pool.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from statistics import NormalDist

from rollout.alb.state import AlbState
from rollout.analysis.measuring.pools import group_pools, hindrances
from rollout.analysis.metrics import MINUTE, Series, target_group
from rollout.inventory.model import Arn, Environment
from rollout.inventory.quantities import ALL_TENTHS, Percent, format_duration

Z_95 = NormalDist().inv_cdf(0.975)
"""The standard deviations to either side that contain 95 %."""

_SURPRISING = math.log(1000)
_EXPECTED = 5  # the minimum of the rarer kind


class SplitVerdict(StrEnum):
    """Whether the measured share matches the live rules."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    TOO_FEW = "too few requests"
    UNKNOWN = "can't tell"


@dataclass(frozen=True, slots=True)
class Measured:
    """The measured requests of one route, or of routes that share target groups.

    Attributes:
        routes: The routes that are counted together; one if it shares no target group.
        requests: The number of requests.
        candidate: The number of the candidate's requests.
        share: The candidate's share, 0 to 100 per cent; None without requests.
        low: The lower end of the share's 95 % interval, for independent requests.
        high: Its upper end.
        expected: The share by the live rules; None if they don't define one.
        verdict: Whether the share matches the expected one.
        why: The likely causes of a mismatch, or why the share can't be compared.
    """

    routes: tuple[str, ...]
    requests: int
    candidate: int
    share: Percent | None
    low: Percent | None
    high: Percent | None
    expected: Percent | None
    verdict: SplitVerdict
    why: tuple[str, ...] = ()


def shared_candidates(environment: Environment) -> dict[str, tuple[str, ...]]:
    """Routes that share a candidate's target group, by that group: clients drift to the candidate between them.

    A client's cookie to that group applies to all of them, one to a legacy group only to that group's routes.
    """
    found: dict[str, list[str]] = {}
    for name, route in environment.routes.items():
        found.setdefault(route.candidate, []).append(name)
    return {
        group: tuple(names)
        for group, names in found.items()
        if len({environment.routes[name].legacy for name in names}) > 1
    }


def counted(environment: Environment, live: AlbState) -> dict[Arn, Series]:
    """CloudWatch's queries: the requests of each existing target group of the routes."""
    places = {
        live.group_arn(group): live.load_balancers.get(route.load_balancer, Arn(""))
        for route in environment.routes.values()
        for group in (route.legacy, route.candidate)
    }
    return {group: target_group(at, group).series("RequestCount") for group, at in places.items() if group and at}


def measure(
    environment: Environment, live: AlbState, counts: Mapping[Arn, int], since: timedelta
) -> dict[str, Measured]:
    """Compare the counts with the live rules.

    Args:
        counts: The requests of each target group; CloudWatch has no point where there were none.
        since: The time that they are of.

    Returns:
        By route; routes of one pool have the same.
    """
    found: dict[str, Measured] = {}
    for routes in group_pools(environment):
        found |= dict.fromkeys(routes, _measured(environment, live, routes, counts, since))
    return found


def per_minute(
    environment: Environment, live: AlbState, counts: Mapping[Arn, int], since: timedelta
) -> dict[tuple[str, ...], float]:
    """Requests a minute of both implementations together, by pool.

    Args:
        counts: The requests of each target group.
        since: The time that they are of, a minute or longer.
    """
    found = {}
    for names in group_pools(environment):
        routes = [environment.routes[name] for name in names]
        groups = {live.group_arn(group) for route in routes for group in (route.legacy, route.candidate)}
        found[names] = sum(counts.get(group, 0) for group in groups if group) / (since / MINUTE)
    return found


def interval(hits: int, total: int) -> tuple[Percent, Percent]:
    """A share's 95 % interval, rounded outwards to a tenth of a per cent; see `wilson`."""
    low, high = wilson(hits, total)
    return Percent(max(0, math.floor(low * ALL_TENTHS))), Percent(min(ALL_TENTHS, math.ceil(high * ALL_TENTHS)))


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Wilson's score interval of a share at 95 %.

    Args:
        hits: 0 to `total`.
        total: 1 or more.

    Returns:
        Its ends; by rounding they may be beyond 0 and 1 by a hair.

    See Wilson, Probable Inference, the Law of Succession, and Statistical Inference, 1927.
    """
    share, scale = hits / total, 1 + Z_95**2 / total
    middle = share + Z_95**2 / (2 * total)
    reach = Z_95 * math.sqrt(share * (1 - share) / total + (Z_95 / (2 * total)) ** 2)
    return (middle - reach) / scale, (middle + reach) / scale


def verdict_of(hits: int, total: int, expected: float) -> SplitVerdict:
    """Whether a share matches an expected one.

    It doesn't if chance causes such a difference less than once in a thousand cases. Chernoff's bound is safe for few
    requests and for expectations near 0 or 1.

    Args:
        hits: 0 to `total`.
        total: 0 or more.
        expected: 0 to 1.
    """
    if not total:
        return SplitVerdict.TOO_FEW
    share = hits / total
    if total * (_surprise(share, expected) + _surprise(1 - share, 1 - expected)) > _SURPRISING:
        return SplitVerdict.DISAGREES
    sampled = 0 < expected < 1
    return SplitVerdict.TOO_FEW if sampled and total * min(expected, 1 - expected) < _EXPECTED else SplitVerdict.AGREES


def _surprise(share: float, expected: float) -> float:
    if not share:
        return 0
    return share * math.log(share / expected) if expected else math.inf


def _measured(
    environment: Environment, live: AlbState, names: tuple[str, ...], counts: Mapping[Arn, int], since: timedelta
) -> Measured:
    routes = [environment.routes[name] for name in names]
    legacy = {live.group_arn(route.legacy) for route in routes}
    candidate = {live.group_arn(route.candidate) for route in routes}
    hits = sum(counts.get(group, 0) for group in candidate)
    total = hits + sum(counts.get(group, 0) for group in legacy - candidate)
    expected = _expected(environment, live, names, counts)
    why = tuple(hindrances(environment, live, names))
    if expected is None and not why:
        why = ("the live rules don't define a common share for them",)
    verdict = SplitVerdict.UNKNOWN if why or expected is None else verdict_of(hits, total, expected)
    if verdict is SplitVerdict.DISAGREES and expected is not None:
        why = tuple(_likely(environment, live, names, since, expected, above=hits > expected * total))
    low, high = interval(hits, total) if total else (None, None)
    return Measured(
        names,
        total,
        hits,
        Percent(round(hits / total * ALL_TENTHS)) if total else None,
        low,
        high,
        None if expected is None else Percent(round(expected * ALL_TENTHS)),
        verdict,
        why,
    )


def _expected(
    environment: Environment, live: AlbState, names: tuple[str, ...], counts: Mapping[Arn, int]
) -> float | None:
    """The candidate's share by the live rules, 0 to 1, each route counting as much as it has requests."""
    splits = {name: live.split_of(environment.routes[name]) for name in names}
    shares = [split.weight.share for split in splits.values() if split is not None]
    if len(shares) < len(names):
        return None
    if len(set(shares)) == 1:
        return shares[0]
    groups = [live.group_arn(environment.routes[name].legacy) for name in names]
    if len(set(groups)) < len(groups) or max(shares) == 1:
        return None  # the number of requests of each is not known
    whole = [counts.get(group, 0) / (1 - share) for group, share in zip(groups, shares, strict=True)]
    return sum(map(math.prod, zip(whole, shares, strict=True))) / sum(whole) if sum(whole) else None


def _likely(
    environment: Environment, live: AlbState, names: tuple[str, ...], since: timedelta, expected: float, *, above: bool
) -> Iterator[str]:
    """Likely causes of a difference from the live weight, the likeliest first."""
    rules = [live.rule_of(environment.routes[name]) for name in names]
    held = [rule.forward.stickiness for rule in rules if rule and rule.forward and rule.forward.stickiness]
    drifting = [group for group, routes in shared_candidates(environment).items() if set(routes) & set(names)]
    if above and held and drifting:
        yield (
            f"a cookie to {', '.join(drifting)} counts on all routes that share it: "
            "give each route its own target group"
        )
    change = "lowered" if above else "raised"
    yield f"if the weight was {change} in the last {format_duration(since)}, earlier requests count too"
    if held:
        yield (
            f"if it was {change} earlier, clients with a cookie stay where they are until "
            f"{format_duration(max(held))} after their last request; a few busy clients count much"
        )
    elif not expected:
        yield "if it was just set, some nodes of the load balancer may not have it yet"
