"""A rule's conditions as DescribeRules gives them, and back.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rollout.inventory.conditions import Condition, ConditionField, in_order

_CONFIGS: Mapping[str, str] = {
    ConditionField.METHOD: "HttpRequestMethodConfig",
    ConditionField.PATH: "PathPatternConfig",
    ConditionField.HOST: "HostHeaderConfig",
    ConditionField.HEADER: "HttpHeaderConfig",
    ConditionField.SOURCE: "SourceIpConfig",
}
_QUERY = "QueryStringConfig"


def condition_of(told: Mapping[str, Any]) -> Condition:
    """A condition of AWS's; one of an unknown kind can't be evaluated."""
    kind = told.get("Field", "unknown")
    if kind == ConditionField.QUERY:
        pairs = told.get(_QUERY, {}).get("Values", [])
        return Condition(kind, tuple(f"{pair.get('Key', '')}={pair['Value']}" for pair in pairs))
    config = told.get(_CONFIGS.get(kind, ""), {})
    expressions = config.get("RegexValues") or told.get("RegexValues")
    values = expressions or config.get("Values") or told.get("Values", [])
    name = config.get("HttpHeaderName")
    if name is not None:
        return Condition.on_header(name, values, regex=bool(expressions))
    return Condition(kind, tuple(values), regex=bool(expressions))


def described(conditions: Iterable[Condition]) -> tuple[dict[str, Any], ...]:
    """Conditions as AWS has them, a header's values too, always in the same order."""
    return tuple(map(_described, in_order(conditions)))


def _described(condition: Condition) -> dict[str, Any]:
    if condition.field == ConditionField.QUERY:
        pairs = (value.partition("=") for value in condition.values)
        told = [({"Key": key} if key else {}) | {"Value": value} for key, _, value in pairs]
        return {"Field": str(condition.field), _QUERY: {"Values": told}}
    name = {"HttpHeaderName": condition.name} if condition.name else {}
    kind = "RegexValues" if condition.regex else "Values"
    values: dict[str, Any] = {**name, kind: list(condition.texts)}
    config = _CONFIGS.get(condition.field)
    return {"Field": str(condition.field), **({config: values} if config else values)}
