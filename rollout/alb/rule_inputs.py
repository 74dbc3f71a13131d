"""A rule's conditions as the provider's inputs have them, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rollout.inventory.conditions import Condition, ConditionField, Conditions, in_order

_BLOCKS = {
    ConditionField.METHOD: "httpRequestMethod",
    ConditionField.PATH: "pathPattern",
    ConditionField.HOST: "hostHeader",
    ConditionField.HEADER: "httpHeader",
    ConditionField.SOURCE: "sourceIp",
}


def condition_inputs(conditions: Iterable[Condition]) -> list[dict[str, Any]]:
    """Conditions as the provider's inputs have them, a header's values too.

    Raises:
        ValueError: One is of a kind that the provider doesn't know.
    """
    return [_block(condition) for condition in in_order(conditions)]


def _block(condition: Condition) -> dict[str, Any]:
    if condition.field == ConditionField.QUERY:
        pairs = (value.partition("=") for value in condition.values)
        return {"queryStrings": [({"key": key} if key else {}) | {"value": value} for key, _, value in pairs]}
    name = {"httpHeaderName": condition.name} if condition.name else {}
    kind = "regexValues" if condition.regex else "values"
    return {_BLOCKS[ConditionField(condition.field)]: {**name, kind: list(condition.texts)}}


def conditions_of(inputs: Iterable[Mapping[str, Any]]) -> Conditions:
    """Conditions of the provider's inputs."""
    return tuple(_of_block(*found) for each in inputs for found in each.items() if found[1])


_FIELDS = {block: field for field, block in _BLOCKS.items()}


def _of_block(kind: str, block: Any) -> Condition:
    if kind == "queryStrings":
        return Condition(ConditionField.QUERY, tuple(f"{pair.get('key') or ''}={pair['value']}" for pair in block))
    regex = bool(block.get("regexValues"))
    values = tuple(block["regexValues"] if regex else block.get("values") or ())
    if name := block.get("httpHeaderName"):
        return Condition.on_header(name, values, regex=regex)
    return Condition(_FIELDS.get(kind, kind), values, regex=regex)
