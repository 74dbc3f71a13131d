"""Generates names that are valid for AWS and stacks.toml, from the existing ones. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from hashlib import sha256
from itertools import count

from rollout.alb.discovered import Endpoint, Listener

LONGEST_GROUP = 32
"""Characters of a target group's name.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
"""

LONGEST_KEY = 63


def fitted(stem: str, suffix: str, longest: int, taken: AbstractSet[str]) -> str:
    """A name of a stem and a suffix that nobody has; a hash's four digits come between where it must be cut or changed.

    Args:
        stem: How it begins, as far as there is room.
        suffix: How it ends, always.
        longest: Characters, at least six more than the suffix has.
        taken: Names that it can't be.
    """
    for attempt in count():
        tail = suffix
        if attempt or len(stem) + len(suffix) > longest:
            tail = f"-{sha256(f'{stem} {attempt}'.encode()).hexdigest()[:4]}{suffix}"
        name = stem[: longest - len(tail)].rstrip("-") + tail
        if name not in taken:
            return name
    raise AssertionError  # pragma: no cover - the count has no end


def slug(text: str) -> str:
    """Words of a text in small letters, joined by hyphens; `root` where there are none."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower())) or "root"


def route_keys(endpoints: Sequence[Endpoint]) -> dict[Endpoint, str]:
    """A key for each endpoint: its path's words, with all that it asks and its port where others have that path."""
    ports: dict[str, set[int]] = {}
    for endpoint in endpoints:
        ports.setdefault(_stem(endpoint), set()).add(endpoint.listener.port)
    counts = Counter(map(_stem, endpoints))
    keys: dict[Endpoint, str] = {}
    for endpoint in endpoints:
        words = _stem(endpoint)
        if counts[words] > 1:
            port = f" {endpoint.listener.port}" if len(ports[words]) > 1 else ""
            words = slug(str(endpoint) + port)
        keys[endpoint] = fitted(words, "", LONGEST_KEY, set(keys.values()))
    return keys


def _stem(endpoint: Endpoint) -> str:
    if endpoint.is_default:
        return "default"
    return slug(endpoint.paths[0] if endpoint.paths else str(endpoint))


def balancer_keys(listeners: Iterable[Listener]) -> dict[Listener, str]:
    """A key for each listener: its load balancer's name, with the port where that one has several."""
    listeners = list(listeners)
    names = Counter(listener.load_balancer for listener in listeners)
    return {
        each: f"{each.load_balancer}-{each.port}" if names[each.load_balancer] > 1 else each.load_balancer
        for each in listeners
    }


def candidate_groups(
    keys: Mapping[str, Endpoint], suffix: str, taken: AbstractSet[str], *, shared: bool = False
) -> dict[str, str]:
    """By route, a name for the candidate's target group.

    Each route has its own, so that it is measured separately and doesn't share cookies.

    Args:
        keys: The endpoints that move, by route.
        suffix: How the candidate's names end.
        taken: The target groups that the account has; their names are unique in a region.
        shared: Whether routes with one legacy target group have one candidate group together instead.
    """
    served: dict[tuple[str, ...], list[str]] = {}
    for key, each in keys.items():
        served.setdefault((each.target_group, *(() if shared else (key,))), []).append(key)
    crowds = Counter(group for group, *_ in served)
    made: dict[str, str] = {}
    for (group, *_), routes in served.items():
        stem = f"{group}-{routes[0]}" if crowds[group] > 1 else group
        made |= dict.fromkeys(routes, fitted(stem, suffix, LONGEST_GROUP, {*taken, *made.values()}))
    return made
