"""Where two listener rules would take the same requests, with an example of one. Pure.

A load balancer asks its rules in the order of their priorities and takes the first that matches, so a rule can starve
another without AWS ever refusing it. Conditions of different kinds are independent of each other, so two rules share a
request if they share something of each kind: texts by patterns, methods by sets, addresses by networks. What asks for a
regular expression, or for something that AWS has added since, may share requests: `undecided` says so.

A request has as many pairs in its query string as it likes, so conditions on those never exclude each other. It could
have a header twice, too; that isn't thought of.
See https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import product

from rollout.inventory.conditions import Condition, ConditionField, Conditions, Request, values_of
from rollout.inventory.wildcards import Pattern, example, pattern

_PATH_CHARACTERS = string.ascii_lowercase + string.ascii_uppercase + string.digits + "-_.~$@:+&'\"/"
_TEXT_CHARACTERS = string.ascii_lowercase + string.digits + "-_."
_ANY_PATH = "/*"
_ANY_OTHER = "any other"  # stands for all methods that no rule names


def example_path(matching: Sequence[str], avoiding: Sequence[str] = ()) -> str | None:
    """The shortest path that all of some patterns match and none of others; None where there is none."""
    wanted = map(pattern, (_ANY_PATH, *matching))
    return example(tuple(wanted), tuple(map(pattern, avoiding)), alphabet=_PATH_CHARACTERS)


@lru_cache(4096)
def covers(general: str, specific: str) -> bool:
    """Whether a path pattern matches every path that another matches."""
    return example_path([specific], avoiding=[general]) is None


def undecided(*rules: Conditions) -> Condition | None:
    """What keeps anybody from knowing which requests rules take; None where nothing does."""
    return next((condition for rule in rules for condition in rule if not condition.is_decidable), None)


def shared_request(*rules: Conditions) -> Request | None:
    """A request that all of some rules take, as far as that can be decided; None where there is surely none."""
    asked = tuple(condition for rule in rules for condition in rule if condition.is_decidable)
    method, host, source = _method(asked), _host(asked), _source(asked)
    path = _first(example_path(each) for each in _choices(asked, ConditionField.PATH))
    headers = tuple(_headers(asked))
    if method is None or host is None or source is None or path is None or None in headers:
        return None
    query = tuple(_pair(condition) for condition in asked if condition.field == ConditionField.QUERY)
    return Request(method, path, query, tuple(filter(None, headers)), host, source)


def overlap(one: Conditions, other: Conditions) -> str | None:
    """A request that both rules match, as `GET /v2/stamps`, or None where there is none."""
    found = shared_request(one, other)
    return str(found) if found else None


def shadows(earlier: Conditions, later: Conditions) -> bool:
    """Whether a rule takes every request of another that is asked after it, so that the other never gets one."""
    return takes_all([earlier], later)


def takes_all(earlier: Iterable[Conditions], later: Conditions) -> bool:
    """Whether rules together surely have every request of one that is asked after them."""
    near = [rule for rule in earlier if all(_implied(each, later) for each in rule if not _is_endpoint(each))]
    named = {method for rule in near for method in values_of(rule, ConditionField.METHOD)}
    for method in values_of(later, ConditionField.METHOD) or (*named, _ANY_OTHER):
        takers = [rule for rule in near if method in (values_of(rule, ConditionField.METHOD) or (method,))]
        avoided = [path for rule in takers for path in values_of(rule, ConditionField.PATH) or ("*",)]
        wanted = values_of(later, ConditionField.PATH) or ("*",)
        if any(example_path([path], avoiding=avoided) is not None for path in wanted):
            return False
    return True


def _is_endpoint(condition: Condition) -> bool:
    return condition.field in (ConditionField.METHOD, ConditionField.PATH) and not condition.regex


def _implied(asked: Condition, by: Conditions) -> bool:
    """Whether every request that meets some conditions meets this one, too, as far as one kind alone can tell."""
    return any(_within(asked, each) for each in by)


def _within(wide: Condition, narrow: Condition) -> bool:
    if narrow.meaning == wide.meaning:
        return True
    same_kind = (narrow.field, narrow.name.lower()) == (wide.field, wide.name.lower())
    if not same_kind or not (narrow.is_decidable and wide.is_decidable):
        return False
    if wide.field == ConditionField.SOURCE:
        return all(any(_inside(inner, outer) for outer in wide.values) for inner in narrow.values)
    if wide.field == ConditionField.QUERY:
        return all(any(_pair_within(outer, inner) for outer in wide.values) for inner in narrow.values)
    outer = tuple(pattern(text.lower()) for text in wide.texts)
    return all(example([pattern(text.lower())], outer, alphabet=_TEXT_CHARACTERS) is None for text in narrow.texts)


def _pair_within(outer: str, inner: str) -> bool:
    parts = zip(_pair_patterns(outer), _pair_patterns(inner), strict=True)
    return all(example([narrow], [wide], alphabet=_TEXT_CHARACTERS) is None for wide, narrow in parts)


def _pair_patterns(value: str) -> tuple[Pattern, Pattern]:
    key, _, text = value.lower().partition("=")
    return pattern(key or "*", escapes=True), pattern(text, escapes=True)


def _inside(inner: str, outer: str) -> bool:
    one, other = _networks(inner, outer)
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type] # they are of one version


def _networks(*values: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(value, strict=False) for value in values)


def _first(found: Iterable[str | None]) -> str | None:
    return next((each for each in found if each is not None), None)


def _choices(asked: Conditions, kind: ConditionField) -> Iterator[tuple[str, ...]]:
    """The values of conditions of one kind, one of each condition at a time."""
    return product(*(condition.texts for condition in asked if condition.field == kind))


def _method(asked: Conditions) -> str | None:
    sets = [condition.values for condition in asked if condition.field == ConditionField.METHOD]
    return next((each for each in (sets or [("GET",)])[0] if all(each in some for some in sets)), None)


def _host(asked: Conditions) -> str | None:
    """A host; empty where any will do."""
    if not any(condition.field == ConditionField.HOST for condition in asked):
        return ""
    return _first(_text(each, avoiding=("", ".*")) for each in _choices(asked, ConditionField.HOST))


def _text(patterns: Iterable[str], *, avoiding: Iterable[str] = ()) -> str | None:
    wanted = tuple(pattern(each.lower()) for each in patterns)
    return example(wanted, tuple(map(pattern, avoiding)), alphabet=_TEXT_CHARACTERS)


def _headers(asked: Conditions) -> Iterator[tuple[str, str] | None]:
    """Each header that is asked for; None for one that can't be as all conditions want it."""
    by_name: dict[str, list[Condition]] = {}
    for condition in asked:
        if condition.field == ConditionField.HEADER:
            by_name.setdefault(condition.name.lower(), []).append(condition)
    for conditions in by_name.values():
        value = _first(_text(each) for each in product(*(condition.texts for condition in conditions)))
        yield None if value is None else (conditions[0].name, value)


def _pair(condition: Condition) -> tuple[str, str]:
    """The pair of a query string that meets a condition on it."""
    key, text = _pair_patterns(condition.values[0])
    found = (example([key], alphabet=_TEXT_CHARACTERS, least=1), example([text], alphabet=_TEXT_CHARACTERS))
    return found[0] or "", found[1] or ""


def _source(asked: Conditions) -> str | None:
    """An address; empty where any will do."""
    if not any(condition.field == ConditionField.SOURCE for condition in asked):
        return ""
    return _first(_address(each) for each in _choices(asked, ConditionField.SOURCE))


def _address(values: Sequence[str]) -> str | None:
    """An address in all of some networks, each of which is in another or apart from it."""
    inmost = max(_networks(*values), key=lambda network: network.prefixlen)
    is_shared = all(_inside(str(inmost), value) for value in values)
    return str(inmost.network_address) if is_shared else None
