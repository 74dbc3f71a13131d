"""Which requests a rule's conditions let through.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html#rule-condition-types
Paths are case-sensitive and methods exact; hosts, headers' values and query strings are neither. `*` stands for any
characters, also for `/`, and `?` for one. A condition holds if one of its values fits; a rule needs all its conditions.
Regular expressions see a host with its port, and are case-sensitive but for hosts; AWS doesn't say so, and `(?i)` is
for who wants them otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import Any

from multidict import CIMultiDictProxy

from rollout.inventory.expressions import compiled


@dataclass(frozen=True)
class Request:
    """What a client asks, as it came.

    Attributes:
        method: As the client wrote it.
        path: Not decoded, without the query string.
        query: Not decoded, without the question mark.
        headers: All of them.
        client: The client's IP address.
    """

    method: str
    path: str
    query: str
    headers: CIMultiDictProxy[str]
    client: str

    @property
    def host(self) -> str:
        """The host that is asked for, without its port."""
        return re.sub(r":\d*$", "", self.headers.get("Host", ""))

    @cached_property
    def query_pairs(self) -> list[tuple[str, str]]:
        """The query string's names and values, not decoded."""
        return [(name, value) for part in self.query.split("&") if part for name, _, value in [part.partition("=")]]


Condition = Callable[[Request], bool]
_Fits = Callable[[str], re.Match[str] | None]


def condition(said: Mapping[str, Any]) -> Condition:
    """A condition as DescribeRules gives it, ready to be asked."""
    match said["Field"]:
        case "path-pattern":
            path = _text(said, "PathPatternConfig")
            return lambda request: path(request.path) is not None
        case "host-header":
            host = _text(said, "HostHeaderConfig", re.IGNORECASE, re.IGNORECASE)
            if _expressions(said, "HostHeaderConfig"):  # for which a port counts
                return lambda request: host(request.headers.get("Host", "")) is not None
            return lambda request: host(request.host) is not None
        case "http-request-method":
            methods = frozenset(said["HttpRequestMethodConfig"]["Values"])
            return lambda request: request.method in methods
        case "http-header":
            name = said["HttpHeaderConfig"]["HttpHeaderName"]
            header = _text(said, "HttpHeaderConfig", re.IGNORECASE)
            return lambda request: any(map(header, request.headers.getall(name, ())))
        case "query-string":
            return _query(said["QueryStringConfig"]["Values"])
        case "source-ip":
            networks = [ip_network(value, strict=False) for value in said["SourceIpConfig"]["Values"]]
            return lambda request: any(ip_address(request.client) in network for network in networks)
        case other:
            raise NotImplementedError(other)


def _query(values: Iterable[Mapping[str, str]]) -> Condition:
    wanted = [(_any_of([v.get("Key") or "*"], re.IGNORECASE), _any_of([v["Value"]], re.IGNORECASE)) for v in values]
    return lambda request: any(key(name) and text(value) for name, value in request.query_pairs for key, text in wanted)


def _text(said: Mapping[str, Any], config: str, flags: int = 0, expression_flags: int = 0) -> _Fits:
    """Whether a text fits one of a condition's values, or of its regular expressions."""
    if expressions := _expressions(said, config):
        found = [compiled(expression, expression_flags) for expression in expressions]
        return lambda text: next(filter(None, (each.search(text) for each in found)), None)
    return _any_of(said[config]["Values"], flags)


def _expressions(said: Mapping[str, Any], config: str) -> Sequence[str]:
    return said[config].get("RegexValues") or said.get("RegexValues") or ()


def _any_of(patterns: Iterable[str], flags: int = 0) -> _Fits:
    r"""One question for all patterns; `\` takes `*`, `?` and itself by their letter."""
    return re.compile("|".join(f"(?:{_expression(pattern)})" for pattern in patterns), flags | re.DOTALL).fullmatch


def _expression(pattern: str) -> str:
    def one(part: re.Match[str]) -> str:
        text = part[0]
        return {"*": ".*", "?": "."}.get(text) or re.escape(text[-1])

    return re.sub(r"\\[*?\\]|.", one, pattern, flags=re.DOTALL)
