"""A rule's conditions: refused where AWS refuses them and moto doesn't, and written as AWS answers them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html#rule-condition-types
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from moto.elbv2.exceptions import ELBClientError

MAX_VALUES = 5
MAX_WILDCARDS = 5
_ONCE = ("host-header", "http-request-method", "path-pattern", "source-ip")
_WITH_WILDCARDS = frozenset({"host-header", "http-header", "path-pattern", "query-string"})
_CONFIGS = {
    "host-header": "HostHeaderConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "path-pattern": "PathPatternConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}
_PATH = re.compile(r"""[A-Za-z0-9_\-.$/~"'@:+&*?]+""")
_METHOD = re.compile(r"[A-Z_-]+")

Condition = Mapping[str, Any]


def check(conditions: Sequence[Condition]) -> None:
    """Refuse what AWS refuses; moto checks the lengths and the fields' names.

    Raises:
        ELBClientError: AWS wouldn't take them.
    """
    fields = [condition.get("Field") for condition in conditions]
    for once in _ONCE:
        if fields.count(once) > 1:
            raise _invalid(f"A rule can only have one '{once}' condition")
    values = [(condition.get("Field"), value) for condition in conditions for value in _values(condition)]
    if len(values) > MAX_VALUES:
        raise _invalid(f"A rule can only have '{MAX_VALUES}' condition values")
    wildcards = sum(
        len(re.findall(r"(?<!\\)[*?]", text)) for field, value in values if field in _WITH_WILDCARDS for text in value
    )
    if wildcards > MAX_WILDCARDS:
        raise _invalid(f"A rule can only have '{MAX_WILDCARDS}' condition wildcards")
    for field, texts in values:
        for text in texts:
            if field == "path-pattern" and not _PATH.fullmatch(text):
                raise _invalid(f"The path pattern '{text}' contains invalid characters")
            if field == "http-request-method" and not _METHOD.fullmatch(text):
                raise _invalid(
                    "The 'http-request-method' value is invalid; the allowed characters are A-Z, hyphen and underscore"
                )


def as_aws_answers(conditions: Sequence[Condition]) -> list[dict[str, Any]]:
    """The conditions as DescribeRules gives them: paths and hosts in both the old form and the new one."""
    return [
        {**condition, "Values": list(found), _CONFIGS[field]: {"Values": list(found)}}
        if (field := condition["Field"]) in {"host-header", "path-pattern"} and (found := _plain(condition))
        else dict(condition)
        for condition in conditions
    ]


def _plain(condition: Condition) -> Sequence[Any]:
    config = condition.get(_CONFIGS.get(str(condition.get("Field")), ""), {})
    return config.get("Values") or condition.get("Values") or ()


def _values(condition: Condition) -> list[tuple[str, ...]]:
    """Each value as its texts: a query string's key and value count as one."""
    return [tuple(value.values()) if isinstance(value, Mapping) else (str(value),) for value in _plain(condition)]


def _invalid(message: str) -> ELBClientError:
    return ELBClientError("ValidationError", message)
