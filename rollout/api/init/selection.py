"""Selects listeners and rules, by flags or typed numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rollout.alb.discovered import Endpoint, Found, Listener
from rollout.errors import UsageError
from rollout.inventory.file.findings import suggestion


def listeners_named(found: Found, names: Sequence[str]) -> tuple[Listener, ...]:
    """The listeners that `NAME` or `NAME:PORT` mean; without a port those of `with_rules`.

    Raises:
        UsageError: There is none of such a name or port.
    """
    chosen: dict[Listener, None] = {}
    for name in names:
        balancer, _, port = name.partition(":")
        own = [each for each in found.listeners if each.load_balancer == balancer]
        meant = [each for each in own if str(each.port) == port] if port else with_rules(own)
        if not meant:
            known = [str(each) for each in found.listeners]
            close = suggestion(name, [*known, *(each.load_balancer for each in found.listeners)])
            raise UsageError(
                f"there is no listener {name!r}{close}", hint=f"known: {', '.join(known)}", code="unknown-listener"
            )
        chosen |= dict.fromkeys(meant)
    return tuple(chosen)


def with_rules(listeners: Sequence[Listener]) -> list[Listener]:
    """Those that have rules, or else those whose default action forwards, or else all."""
    ruled, serving = [each for each in listeners if each.rules], [each for each in listeners if each.serves]
    return ruled or serving or list(listeners)


def endpoints_named(endpoints: Sequence[Endpoint], names: Sequence[str]) -> tuple[Endpoint, ...]:
    """The endpoints that texts such as `GET /score/*`, a path alone or a priority mean, in the order of the rules.

    Raises:
        UsageError: One means none.
    """
    chosen: set[Endpoint] = set()
    for name in names:
        meant = {each for each in endpoints if _means(name, each)}
        if not meant:
            known = [str(each) for each in endpoints]
            raise UsageError(
                f"there is no movable rule {name!r}{suggestion(name, known)}",
                hint=f"known: {', '.join(known)}",
                code="unknown-rule",
            )
        chosen |= meant
    return tuple(each for each in endpoints if each in chosen)


def _means(name: str, endpoint: Endpoint) -> bool:
    if name == str(endpoint):
        return True
    *methods, where = name.split() or [""]
    asked = {method for word in methods for method in word.split("|")}
    return where in (*endpoint.paths, str(endpoint.priority)) and (not methods or asked == set(endpoint.methods))


def numbers(text: str, count: int) -> tuple[int, ...]:
    """Numbers such as `1,3-5` or `all`, counted from 1, as indexes.

    Raises:
        ValueError: It is something else, or out of range.
    """
    if text.strip().lower() == "all":
        return tuple(range(count))
    chosen: set[int] = set()
    for part in re.split(r"[,\s]+", text.strip()):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= count:
            raise ValueError(f"numbers from 1 to {count}, such as 1,3-5, or all")
        chosen |= set(range(first - 1, last))
    return tuple(sorted(chosen))
