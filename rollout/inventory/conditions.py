"""A listener rule's conditions in full, and whether a request meets them as AWS reads them. Pure.

All conditions of a rule must hold; of one condition's values any one is enough.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html

The value of a header is often a secret that a CDN sends, and by which a rule knows its requests. So it has a type here
which can be compared and can't be printed: no message, page, file or JSON has it.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/restrict-access-to-load-balancer.html
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pydantic import SecretStr

from rollout.inventory import expressions
from rollout.inventory.wildcards import fits, pattern


class ConditionField(StrEnum):
    """What a condition looks at, in AWS's words."""

    METHOD = "http-request-method"
    PATH = "path-pattern"
    HOST = "host-header"
    HEADER = "http-header"
    QUERY = "query-string"
    SOURCE = "source-ip"


_FIELDS = frozenset(ConditionField)
_WITH_EXPRESSIONS = frozenset({ConditionField.HOST, ConditionField.PATH, ConditionField.HEADER})
_LOWERED = frozenset({ConditionField.HOST, ConditionField.QUERY, ConditionField.SOURCE})
"""What has no case: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a rule.

    Attributes:
        field: What it looks at: a `ConditionField`, or a word that is not one of them, which nobody here can judge.
        values: What it takes, any one of them; for a query string `key=value`, without a key `=value`. None of a
            header's.
        name: Of a header.
        hidden: A header's values, any one of them.
        regex: Whether its values are regular expressions, which can be held against most requests, not against others.

    Raises:
        ValueError: A header's values aren't hidden.
    """

    field: str
    values: tuple[str, ...] = ()
    name: str = ""
    hidden: tuple[SecretStr, ...] = ()
    regex: bool = False

    def __post_init__(self) -> None:
        if self.field == ConditionField.HEADER and self.values:
            raise ValueError("the values of a header are hidden ones")

    @classmethod
    def on_header(cls, name: str, values: Iterable[str], *, regex: bool = False) -> Condition:
        """A condition on a header."""
        return cls(ConditionField.HEADER, name=name, hidden=tuple(map(SecretStr, values)), regex=regex)

    @property
    def is_decidable(self) -> bool:
        """Whether it can be judged here which requests it takes, all of them."""
        if self.field == ConditionField.SOURCE:
            return all(map(_is_network, self.values))
        return not self.regex and self.field in _FIELDS

    @property
    def meaning(self) -> Meaning:
        """All that it asks; the order of its values says nothing."""
        lowered = self.field in _LOWERED and not self.regex
        values = (value.lower() for value in self.values) if lowered else self.values
        return self.field, self.name.lower(), self.regex, frozenset((*values, *self.hidden))

    @property
    def texts(self) -> tuple[str, ...]:
        """Its values as AWS has them, those of a header too."""
        return (*self.values, *(value.get_secret_value() for value in self.hidden))

    @property
    def wildcards(self) -> int:
        """How many `*` and `?` its values have."""
        if self.regex or self.field in (ConditionField.METHOD, ConditionField.SOURCE):
            return 0
        escapes = r"(?<!\\)" if self.field == ConditionField.QUERY else ""
        return sum(len(re.findall(escapes + "[*?]", text)) for text in self.texts)

    def __str__(self) -> str:
        values = "|".join((*map(self._told, self.values), *map(str, self.hidden)))
        by = "regex " if self.regex else ""
        match self.field:
            case ConditionField.METHOD | ConditionField.PATH:
                return f"path {by}{values}" if self.regex else values
            case ConditionField.HOST:
                return f"host {by}{values}"
            case ConditionField.HEADER:
                return f"header {self.name}: {by}{values}"
            case ConditionField.QUERY:
                return f"query {values}"
            case ConditionField.SOURCE:
                return f"from {values}"
        return f"{self.field} {self.name}: {values}" if self.name else f"{self.field} {values}"

    def _told(self, value: str) -> str:
        return f"*{value}" if self.field == ConditionField.QUERY and value.startswith("=") else value


Meaning = tuple[str, str, bool, frozenset[str | SecretStr]]
Conditions = tuple[Condition, ...]
"""All that a rule asks of a request."""


def meaning_of(conditions: Iterable[Condition]) -> frozenset[Meaning]:
    """All that conditions ask together; their order says nothing."""
    return frozenset(condition.meaning for condition in conditions)


DIGEST_OUTPUT = "conditions"
"""The output of a weighted rule that has the digest of what it asks."""
_ORDER = (ConditionField.METHOD, ConditionField.PATH)


def in_order(conditions: Iterable[Condition]) -> Conditions:
    """Conditions as rollout writes them: path, methods, and all others as they are."""
    first = (ConditionField.PATH, ConditionField.METHOD)
    return tuple(sorted(conditions, key=lambda c: first.index(c.field) if c.field in first else len(first)))


def in_words(conditions: Iterable[Condition]) -> str:
    """Conditions as one line, such as `GET /score/* host api.example.com`; no value of a header is in it."""
    ordered = sorted(conditions, key=lambda c: _ORDER.index(c.field) if c.field in _ORDER else len(_ORDER))
    alike = (replace(c, values=tuple(sorted(c.values))) if c.field in _ORDER else c for c in ordered)
    return " ".join(map(str, alike)) or "no conditions"


def digest_of(route: str, conditions: Iterable[Condition]) -> str:
    """A name for what a rule asks, by which a change is seen.

    Where there is a header, guessing its value takes long for each guess.

    Args:
        route: Its name, which makes the same conditions of two routes differ.
        conditions: The conditions.
    """
    asked = tuple(conditions)
    told = json.dumps(sorted((*kind, sorted(map(_shown, values))) for *kind, values in meaning_of(asked))).encode()
    if any(condition.hidden for condition in asked):
        return hashlib.scrypt(told, salt=route.encode(), n=2**12, r=8, p=1, dklen=12).hex()
    return hashlib.sha256(route.encode() + b"\0" + told).hexdigest()[:24]


def _is_network(value: str) -> bool:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True


def _shown(value: str | SecretStr) -> str:
    return value if isinstance(value, str) else value.get_secret_value()


@dataclass(frozen=True, slots=True)
class Request:
    """A request as a load balancer's rules see it.

    Attributes:
        method: The method in capitals.
        path: The path as sent, without the query string.
        query: The pairs of the query string as sent, not decoded.
        headers: Names and values, which are never shown.
        host: The host without a port; empty if unknown.
        source_ip: The client's IP address; empty if unknown.

    Raises:
        ValueError: The source isn't an IP address.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
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
        source = f" from {self.source_ip}" if self.source_ip else ""
        return f"{self.method} {self.host}{self.path}" + (f"?{query}" if query else "") + source


def for_endpoint(path: str | Sequence[str], methods: Sequence[str]) -> Conditions:
    """A rule's conditions for a path pattern, or any of several, and methods; none on what is empty."""
    paths = (path,) if isinstance(path, str) else tuple(path)
    both = ((ConditionField.METHOD, tuple(methods)), (ConditionField.PATH, paths))
    return tuple(Condition(field, values) for field, values in both if values)


def values_of(conditions: Iterable[Condition], kind: ConditionField) -> tuple[str, ...]:
    """The values that conditions of one kind have, but regular expressions."""
    return tuple(value for c in conditions if c.field == kind and not c.regex for value in c.values)


def matches(condition: Condition, request: Request) -> bool | None:
    """Whether a request meets a condition; None where it can't be judged here."""
    if condition.regex and condition.field in _WITH_EXPRESSIONS:
        found = {expressions.fits(each, text) for each in condition.texts for text in _seen_by(condition, request)}
        return True if True in found else None if None in found else False
    if not condition.is_decidable:
        return None
    match condition.field:
        case ConditionField.METHOD:
            return request.method in condition.values
        case ConditionField.PATH:
            return any(_like(request.path, value) for value in condition.values)
        case ConditionField.HOST:
            return any(_like(request.host.lower(), value.lower()) for value in condition.values)
        case ConditionField.HEADER:
            wanted = [value.get_secret_value().lower() for value in condition.hidden]
            return any(_like(text.lower(), value) for value in wanted for text in _seen_by(condition, request))
        case ConditionField.QUERY:
            return any(_asks_for(value.lower(), *pair) for value in condition.values for pair in request.query)
        case ConditionField.SOURCE:
            return bool(request.source_ip) and _within(condition.values, request.source_ip)
    return None


def _seen_by(condition: Condition, request: Request) -> tuple[str, ...]:
    """What of a request a condition on a path, a host or a header looks at."""
    match condition.field:
        case ConditionField.PATH:
            return (request.path,)
        case ConditionField.HOST:
            return (request.host,)
    return tuple(value for name, value in request.headers if name.lower() == condition.name.lower())


def unmet(conditions: Iterable[Condition], request: Request) -> Condition | None:
    """The first condition that a request doesn't meet; None where it meets all that can be judged."""
    return next((condition for condition in conditions if matches(condition, request) is False), None)


def _like(text: str, wanted: str, *, escapes: bool = False) -> bool:
    return fits(pattern(wanted, escapes=escapes), text)


def _asks_for(wanted: str, key: str, value: str) -> bool:
    named, _, text = wanted.partition("=")
    return _like(key.lower(), named or "*", escapes=True) and _like(value.lower(), text, escapes=True)


def _within(networks: Iterable[str], address: str) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False) for network in networks)
