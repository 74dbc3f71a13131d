"""A rule's conditions: refused where AWS refuses them, and written as AWS answers them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
Texts that somebody has published are AWS's (https://github.com/aws/aws-cli/issues/9792), or moto's; those of
expressions, of empty values and of networks are ours. After a host's last dot AWS's page has letters alone; a wildcard
is let pass too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from moto.elbv2.exceptions import ELBClientError, InvalidConditionFieldError

from rollout.inventory.expressions import compiled

MAX_VALUES = 5
MAX_WILDCARDS = 5
MAX_LENGTH, MAX_SHORT = 128, 40
_ONCE = ("host-header", "http-request-method", "path-pattern", "source-ip")
_WITH_WILDCARDS = frozenset({"host-header", "http-header", "path-pattern", "query-string"})
_IN_SHORT = frozenset({"host-header", "path-pattern"})
_CONFIGS = {
    "host-header": "HostHeaderConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "path-pattern": "PathPatternConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}
_WITH_EXPRESSIONS = frozenset({"host-header", "http-header", "path-pattern"})
_CHARACTERS = {
    "host-header": re.compile(r"[A-Za-z0-9\-.*?]+"),
    "http-header": re.compile(r"[ -~]+"),
    "path-pattern": re.compile(r"""[A-Za-z0-9_\-.$/~"'@:+&*?]+"""),
    "query-string": re.compile(r"[ -~]*"),
}
_HOST_ENDS = re.compile(r".*\.[A-Za-z*?]+")
_METHOD = re.compile(r"[A-Z_-]+")
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

Condition = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition, whichever way it was written.

    Attributes:
        field: What it looks at.
        values: Each as its texts: a query string's key and value count as one.
        expressions: Its regular expressions.
    """

    field: str
    values: tuple[tuple[str, ...], ...]
    expressions: tuple[str, ...]

    @classmethod
    def of(cls, condition: Condition) -> Asked:
        """Read one.

        Raises:
            ELBClientError: AWS wouldn't take its form.
        """
        field = condition.get("Field", "")
        if field not in _CONFIGS:
            raise InvalidConditionFieldError(field)
        config = _CONFIGS[field]
        if strange := next((key for key in _CONFIGS.values() if key in condition and key != config), None):
            raise _invalid(f"The '{strange}' field is not compatible with '{field}'")
        said = condition.get(config, {})
        for key, allowed in ("Values", _IN_SHORT), ("RegexValues", _WITH_EXPRESSIONS):
            if condition.get(key) and field not in allowed:
                raise _invalid(f"The '{key}' field is not compatible with '{field}'")
            if condition.get(key) and said.get(key):
                raise _invalid(f"You cannot provide both {key} and '{config}' for a condition of type '{field}'")
        if len(condition.get("Values") or ()) > 1:
            raise _invalid(f"The '{field}' field contains too many values; the limit is '1'")
        if field not in _IN_SHORT and config not in condition:
            raise _invalid(f"A '{config}' must be specified with '{field}'")
        values = said.get("Values") or condition.get("Values") or ()
        expressions = tuple(said.get("RegexValues") or condition.get("RegexValues") or ())
        if not values and not expressions:
            raise _invalid("A condition value must be specified")
        if values and expressions:
            raise _invalid("You cannot provide both Values and RegexValues for a condition")
        return cls(field, tuple(map(_texts, values)), expressions)


def check(conditions: Sequence[Condition]) -> None:
    """Refuse what AWS refuses.

    Raises:
        ELBClientError: AWS wouldn't take them.
    """
    asked = [Asked.of(condition) for condition in conditions]
    fields = [each.field for each in asked]
    for once in _ONCE:
        if fields.count(once) > 1:
            raise _invalid(f"A rule can only have one '{once}' condition")
    if sum(len(each.values) + len(each.expressions) for each in asked) > MAX_VALUES:
        raise _invalid(f"A rule can only have '{MAX_VALUES}' condition values")
    wildcards = (
        len(re.findall(r"(?<!\\)[*?]", text))
        for each in asked
        if each.field in _WITH_WILDCARDS
        for value in each.values
        for text in value
    )
    if sum(wildcards) > MAX_WILDCARDS:
        raise _invalid(f"A rule can only have '{MAX_WILDCARDS}' condition wildcards")
    problems = (problem for c, each in zip(conditions, asked, strict=True) for problem in _problems(c, each))
    for problem in problems:
        raise _invalid(problem)


def as_aws_answers(conditions: Sequence[Condition]) -> list[dict[str, Any]]:
    """The conditions as DescribeRules gives them: paths and hosts in both the old form and the new one."""
    return [_answered(condition) for condition in conditions]


def _answered(condition: Condition) -> dict[str, Any]:
    field = condition["Field"]
    if field not in _IN_SHORT:
        return dict(condition)
    key = "Values" if Asked.of(condition).values else "RegexValues"
    found = list(condition.get(_CONFIGS[field], condition)[key])
    return {**condition, key: found, _CONFIGS[field]: {key: list(found)}}


def _problems(condition: Condition, asked: Asked) -> Iterator[str]:
    field = asked.field
    for expression in asked.expressions:
        if len(expression) > MAX_LENGTH:
            yield f"The '{field}' value is too long; the limit is '{MAX_LENGTH}'"
        try:
            compiled(expression)
        except ValueError as error:
            yield f"The regular expression '{expression}' is not valid: {error}"
    if field == "http-header":
        yield from _problems_of_header(condition["HttpHeaderConfig"].get("HttpHeaderName", ""))
    limit = MAX_SHORT if field == "http-request-method" else MAX_LENGTH
    for value in asked.values:
        if not value[-1]:
            yield "A condition value must not be empty"
        for text in value:
            if len(text) > limit:
                yield f"The '{field}' value is too long; the limit is '{limit}'"
            yield from _problems_of_text(field, text)


def _problems_of_header(name: str) -> Iterator[str]:
    if len(name) > MAX_SHORT:
        yield f"The 'HttpHeaderName' value is too long; the limit is '{MAX_SHORT}'"
    if not _HEADER_NAME.fullmatch(name) or name.lower() == "host":
        yield f"'{name}' is not a valid HTTP header name for a condition"


def _problems_of_text(field: str, text: str) -> Iterator[str]:
    match field:
        case "http-request-method":
            if not _METHOD.fullmatch(text):
                yield f"The '{field}' value is invalid; the allowed characters are A-Z, hyphen and underscore"
        case "source-ip":
            try:
                ip_network(text, strict=False)
            except ValueError:
                yield f"'{text}' is not a valid CIDR block"
            if "/" not in text:
                yield f"'{text}' is not a valid CIDR block"
        case _:
            if not _CHARACTERS[field].fullmatch(text):
                yield f"Condition value '{text}' contains a character that is not valid"
            if field == "host-header" and not _HOST_ENDS.fullmatch(text):
                yield f"The host name '{text}' must have a '.', and only alphabetical characters after the last one"


def _texts(value: Any) -> tuple[str, ...]:
    """A value's texts, the value itself last."""
    if not isinstance(value, Mapping):
        return (str(value),)
    if "Value" not in value:
        raise _invalid("A 'Value' must be specified in 'QueryStringKeyValuePair'")
    return (*([value["Key"]] if value.get("Key") else []), value["Value"])


def _invalid(message: str) -> ELBClientError:
    return ELBClientError("ValidationError", message)
