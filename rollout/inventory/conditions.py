"""A listener rule's conditions in full, and whether a request meets them as AWS reads them. Pure.

All conditions of a rule must hold; of one condition's values any one is enough.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html

The value of a header is often a secret that a CDN sends, and by which a rule knows its requests. So it has a type here
which can be compared and can't be printed: no message, page, file or JSON has it.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/restrict-access-to-load-balancer.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import SecretStr


class ConditionField(StrEnum):
    """What a condition looks at, in AWS's words."""

    METHOD = "http-request-method"
    PATH = "path-pattern"
    HOST = "host-header"
    HEADER = "http-header"
    QUERY = "query-string"
    SOURCE = "source-ip"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a rule.

    Attributes:
        field: What it looks at: a `ConditionField`, or a word that is not one of them, which nobody here can judge.
        values: What it takes, any one of them; for a query string `key=value`, the key `*` where any will do. None of
            a header's.
        name: Of a header.
        hidden: A header's values, any one of them.

    Raises:
        ValueError: A header's values aren't hidden.
    """

    field: str
    values: tuple[str, ...] = ()
    name: str = ""
    hidden: tuple[SecretStr, ...] = ()

    def __post_init__(self) -> None:
        if self.field.startswith(ConditionField.HEADER) and self.values:
            raise ValueError("the values of a header are hidden ones")

    @classmethod
    def on_header(cls, name: str, values: Iterable[str], kind: str = ConditionField.HEADER) -> Condition:
        """A condition on a header, by its values or, as another kind says, by regular expressions."""
        return cls(kind, name=name, hidden=tuple(map(SecretStr, values)))

    @property
    def meaning(self) -> tuple[str, str, frozenset[str | SecretStr]]:
        """All that it asks; the order of its values says nothing."""
        return self.field, self.name.lower(), frozenset((*self.values, *self.hidden))

    def __str__(self) -> str:
        values = "|".join((*self.values, *map(str, self.hidden)))
        match self.field:
            case ConditionField.METHOD | ConditionField.PATH:
                return values
            case ConditionField.HOST:
                return f"host {values}"
            case ConditionField.HEADER:
                return f"header {self.name}: {values}"
            case ConditionField.QUERY:
                return f"query {values}"
            case ConditionField.SOURCE:
                return f"from {values}"
        return f"{self.field} {self.name}: {values}" if self.name else f"{self.field} {values}"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a load balancer's rules see it.

    Attributes:
        method: In capitals, as clients send it.
        path: Without the query string, as it came.
        query: Its pairs, as they came: undecoded.
        headers: Names and values.
        host: Without a port; empty where it isn't known.
        source_ip: Whose connection it is; empty where it isn't known.

    Raises:
        ValueError: The source isn't an IP address.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    host: str = ""
    source_ip: str = ""

    def __post_init__(self) -> None:
        if self.source_ip:
            ipaddress.ip_address(self.source_ip)

    @classmethod
    def of(
        cls, method: str, target: str, headers: Iterable[tuple[str, str]] = (), host: str = "", source_ip: str = ""
    ) -> Request:
        """A request for a path with or without a query string."""
        path, _, query = target.partition("?")
        pairs = tuple((key, value) for part in query.split("&") if part for key, _, value in [part.partition("=")])
        return cls(method, path, pairs, tuple(headers), host, source_ip)

    def __str__(self) -> str:
        query = "&".join(f"{key}={value}" for key, value in self.query)
        return f"{self.method} {self.path}" + (f"?{query}" if query else "")


def for_endpoint(path: str, methods: Sequence[str]) -> tuple[Condition, ...]:
    """The conditions of a rule for a path pattern and methods; without methods there is none on them."""
    named = (Condition(ConditionField.METHOD, tuple(methods)),) if methods else ()
    return (*named, Condition(ConditionField.PATH, (path,)))


def matches(condition: Condition, request: Request) -> bool | None:
    """Whether a request meets a condition; None where it can't be judged here."""
    match condition.field:
        case ConditionField.METHOD:
            return request.method in condition.values
        case ConditionField.PATH:
            return any(_like(value, request.path) for value in condition.values)
        case ConditionField.HOST:
            return any(_like(value.lower(), request.host.lower()) for value in condition.values)
        case ConditionField.HEADER:
            sent = [value.lower() for name, value in request.headers if name.lower() == condition.name.lower()]
            wanted = [value.get_secret_value().lower() for value in condition.hidden]
            return any(_like(value, text) for value in wanted for text in sent)
        case ConditionField.QUERY:
            return any(_asks_for(value.lower(), *pair) for value in condition.values for pair in request.query)
        case ConditionField.SOURCE:
            return bool(request.source_ip) and _within(condition.values, request.source_ip)
    return None


def unmet(conditions: Iterable[Condition], request: Request) -> Condition | None:
    """The first condition that a request doesn't meet; None where it meets all that can be judged."""
    return next((condition for condition in conditions if matches(condition, request) is False), None)


def _like(pattern: str, text: str, *, escapes: bool = False) -> bool:
    r"""Whether `*` (0 or more characters) and `?` (exactly one) make a pattern fit; a query string's may be escaped."""
    parts = re.findall(r"\\[*?\\]|.", pattern, re.DOTALL) if escapes else list(pattern)
    wild = {"*": ".*", "?": "."}
    expression = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _asks_for(wanted: str, key: str, value: str) -> bool:
    named, _, text = wanted.partition("=")
    return _like(named, key.lower(), escapes=True) and _like(text, value.lower(), escapes=True)


def _within(networks: Iterable[str], address: str) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False) for network in networks)
