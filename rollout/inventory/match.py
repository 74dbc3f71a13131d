"""`match` of a route: the conditions of its rule, written out in AWS's words, or as the live rule has them.

No header has a key: a value of one is often a secret, and stacks.toml is no place for it. So a rule that asks for a
header is taken `as-is`. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, TypeAdapter, ValidationError

from rollout.base.formatting import count_of
from rollout.inventory.conditions import Condition, ConditionField, Conditions
from rollout.inventory.fields import LATER, Frozen, Methods, OneOrSeveral, Written, distinct
from rollout.inventory.quotas import MAX_CONDITION_VALUES, MAX_TEXT, MAX_WILDCARDS

AS_IS = "as-is"
"""The conditions that the live rule has."""


def _tld(host: str) -> str:
    if not re.fullmatch(r".*\.[A-Za-z]+", host):
        raise ValueError(f"{host!r} is not a valid host for AWS: it needs a dot, and only letters after the last one")
    return host


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is not a CIDR block: {error}") from None
    if "/" not in value:
        raise ValueError(f"{value!r} is not a CIDR block: write {ipaddress.ip_network(value)}")
    return value


_NOT_IN_RE2 = re.compile(r"\(\?<?[=!]|\\[1-9]")


def _expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from None
    if _NOT_IN_RE2.search(value):
        raise ValueError(f"{value!r} uses lookaround or backreferences, which AWS doesn't support")
    return value


def _pair(value: str) -> str:
    return value if "=" in value else f"={value}"


Host = Annotated[
    str,
    Field(
        max_length=MAX_TEXT,
        pattern=r"^[A-Za-z0-9.*?-]+$",
        description="a host of at most 128 letters, digits, dots and hyphens; `*` is 0 or more characters, `?` one",
    ),
    AfterValidator(_tld),
]
AnyPath = Annotated[
    str,
    Field(
        max_length=MAX_TEXT,
        pattern=r"""^[A-Za-z0-9_.$/~"'@:+&*?-]+$""",
        description="a path of at most 128 characters; `*` is 0 or more characters, `?` exactly one",
    ),
]
Expression = Annotated[
    str,
    Field(min_length=1, max_length=MAX_TEXT, description="a regular expression of at most 128 characters"),
    AfterValidator(_expression),
]
Query = Annotated[
    str,
    Field(
        max_length=2 * MAX_TEXT + 1,
        pattern=r"^([^=]{0,128}=)?.{1,128}$",
        description='"key=value", or "value" for any key, each of at most 128 characters; `*` and `?` are wildcards, '
        "behind a backslash they are not",
    ),
    AfterValidator(_pair),
]
Network = Annotated[str, Field(description='addresses as a CIDR block, such as "10.0.0.0/8"'), AfterValidator(_network)]


Hosts = Annotated[tuple[Host, ...], Field(min_length=1), AfterValidator(distinct), OneOrSeveral(Host)]
AnyPaths = Annotated[tuple[AnyPath, ...], Field(min_length=1), AfterValidator(distinct), OneOrSeveral(AnyPath)]
Expressions = Annotated[tuple[Expression, ...], Field(min_length=1), AfterValidator(distinct), OneOrSeveral(Expression)]
Queries = Annotated[tuple[Query, ...], Field(min_length=1), AfterValidator(distinct), OneOrSeveral(Query)]
Networks = Annotated[tuple[Network, ...], Field(min_length=1), AfterValidator(distinct), OneOrSeveral(Network)]


def _no_header(_: object) -> object:
    raise ValueError('a header\'s value may be a secret: for a rule with one, write match = "as-is"')


class Match(Frozen):
    """Conditions of a rule. All must match; one matching value per condition is enough."""

    host: Hosts = Field((), description="hosts of letters, digits, dots and hyphens, any one of them")
    host_regex: Expressions = Field((), description="regular expressions for the host, any one of them")
    path: AnyPaths = Field((), description="path patterns, any one of them")
    path_regex: Expressions = Field((), description="regular expressions for the path, any one of them")
    methods: Methods = ()
    query: Queries = Field((), description='parts of the query string, "key=value" or "value", any one of them')
    source_ip: Networks = Field((), description='addresses as CIDR blocks, such as "10.0.0.0/8", any one of them')
    header: Annotated[Any, PlainValidator(_no_header)] = None

    @property
    def conditions(self) -> Conditions:
        """As a rule has them."""
        given = {key: getattr(self, key.replace("-", "_")) for key in _KEYS.values()}
        return tuple(Condition(kind, given[key], regex=regex) for (kind, regex), key in _KEYS.items() if given[key])


_KEYS: Mapping[tuple[ConditionField, bool], str] = {
    (ConditionField.METHOD, False): "methods",
    (ConditionField.HOST, False): "host",
    (ConditionField.HOST, True): "host-regex",
    (ConditionField.PATH, False): "path",
    (ConditionField.PATH, True): "path-regex",
    (ConditionField.QUERY, False): "query",
    (ConditionField.SOURCE, False): "source-ip",
}
_TABLES: TypeAdapter[tuple[Match, ...]] = TypeAdapter(Annotated[tuple[Match, ...], Field(min_length=1)], config=LATER)


def _read(value: object) -> object:
    """What `match` may be; conditions themselves stay as they are."""
    if value is None or value == AS_IS or (isinstance(value, tuple) and all(isinstance(c, Condition) for c in value)):
        return value
    if isinstance(value, str):
        raise ValueError(f'{value!r} is not allowed; write "{AS_IS}", or the conditions as a table')  # noqa: TRY004 - pydantic takes ValueErrors
    if isinstance(value, Mapping):
        return Match.model_validate(value, by_alias=True, by_name=False).conditions
    tables = _TABLES.validate_python(value, by_alias=True, by_name=False)
    return tuple(condition for table in tables for condition in table.conditions)


def _said(value: AsIs | Conditions | None) -> object:
    """What `_read` reads again."""
    if not isinstance(value, tuple):
        return value
    return [{_KEYS[ConditionField(c.field), c.regex]: list(c.values)} for c in value]


AsIs = Literal["as-is"]
MatchOrAsIs = Annotated[
    AsIs | Conditions | None,
    PlainSerializer(_said),
    PlainValidator(_read),
    Written(AsIs | Match | Annotated[list[Match], Field(min_length=1)]),
]


def written(conditions: Conditions) -> Iterator[tuple[str, str]]:
    """The keys of a route that say so, with their values in TOML: the short form where it can, or `match`.

    What no key says, a header above all, is taken as it is.
    """
    kinds = [(condition.field, condition.regex) for condition in conditions]
    if not conditions or any(kind not in _KEYS for kind in kinds) or not _holds(conditions):
        yield "match", _text(AS_IS)
        return
    paths = [c.values for c in conditions if (c.field, c.regex) == (ConditionField.PATH, False)]
    keys = [_KEYS[kind] for kind in kinds]  # type: ignore[index] # looked up above
    if set(keys) <= {"path", "methods"} and len(paths) == 1 and all(path.startswith("/") for path in paths[0]):
        by_key = dict(zip(keys, conditions, strict=True))
        yield from ((key, _values(by_key[key])) for key in ("path", "methods") if key in by_key)
        return
    tables: list[list[str]] = [[]]
    used: set[str] = set()
    for key, condition in zip(keys, conditions, strict=True):
        if key in used:
            tables, used = [*tables, []], set()
        used.add(key)
        tables[-1].append(f"{key} = {_values(condition)}")
    told = [f"{{ {', '.join(table)} }}" for table in tables]
    yield "match", told[0] if len(told) == 1 else f"[{', '.join(told)}]"


def _holds(conditions: Conditions) -> bool:
    """Whether the file takes such values; AWS may have taken others once."""
    try:
        _TABLES.validate_python([{_KEYS[ConditionField(c.field), c.regex]: c.values} for c in conditions])
    except ValidationError:
        return False
    return not any(too_much(conditions))


def in_file(conditions: Conditions) -> str:
    """The keys of a route that say so, in one line."""
    return " and ".join(f"{key} = {value}" for key, value in written(conditions))


def _values(condition: Condition) -> str:
    values = [_text(value.removeprefix("=") if _is_bare(condition, value) else value) for value in condition.values]
    is_list = len(values) > 1 or condition.field == ConditionField.METHOD
    return f"[{', '.join(values)}]" if is_list else values[0]


def _is_bare(condition: Condition, value: str) -> bool:
    """Whether it is a query string's value for any key, with nothing that would be taken for one."""
    return condition.field == ConditionField.QUERY and value.startswith("=") and "=" not in value[1:]


def _text(value: str) -> str:
    """A TOML string: JSON's, which has the same escapes."""
    return json.dumps(value, ensure_ascii=False)


def too_much(conditions: Conditions) -> Iterator[str]:
    """What AWS allows of no rule: values and wildcards beyond its limits, a kind twice that may be there once.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
    """
    if (values := sum(len(condition.texts) for condition in conditions)) > MAX_CONDITION_VALUES:
        yield f"{count_of(values, 'condition value')}; a rule has at most {MAX_CONDITION_VALUES}"
    if (wildcards := sum(condition.wildcards for condition in conditions)) > MAX_WILDCARDS:
        yield f"{count_of(wildcards, 'wildcard')}; a rule has at most {MAX_WILDCARDS}"
    kinds = [condition.field for condition in conditions]
    for once in (ConditionField.METHOD, ConditionField.HOST, ConditionField.PATH, ConditionField.SOURCE):
        if kinds.count(once) > 1:
            yield f"{count_of(kinds.count(once), 'condition')} on {once}; a rule has at most one"
