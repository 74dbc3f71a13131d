"""Listener rules as the provider has them: between Pulumi's inputs and a live rule, compared by what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rollout.alb.forms import PULUMI
from rollout.alb.state import LiveRule
from rollout.alb.weights import ForwardAction
from rollout.fakes.aws import InMemoryAws
from rollout.inventory.conditions import Condition, ConditionField
from rollout.inventory.model import ROLLBACK_TAG, Arn
from rollout.state.plan import actions_in, conditions_in, forward_in

Props = Mapping[str, Any]
_BLOCKS = {
    "pathPattern": ConditionField.PATH,
    "httpRequestMethod": ConditionField.METHOD,
    "hostHeader": ConditionField.HOST,
    "httpHeader": ConditionField.HEADER,
    "sourceIp": ConditionField.SOURCE,
}


@dataclass(frozen=True, slots=True)
class ListenerRules:
    """Listener rules, compared by what they mean."""

    replaced_by: frozenset[str] = frozenset({"listenerArn"})

    def create(self, aws: InMemoryAws, inputs: Props) -> tuple[str, Props]:
        arn = aws.create_rule(
            Arn(inputs["listenerArn"]),
            int(inputs["priority"]),
            _asks(inputs),
            forward_in(inputs),
            tags=inputs.get("tags"),
        )
        return arn, {**inputs, "arn": arn}

    def read(self, aws: InMemoryAws, id_: str) -> Props | None:
        rule = aws.rules.get(Arn(id_))
        return _as_read(rule) if rule else None

    def update(self, aws: InMemoryAws, id_: str, old: Props, inputs: Props) -> Props:
        changed, rule = differing_rule(old, inputs), Arn(id_)
        with aws.lock:
            if "priority" in changed:
                aws.set_rule_priority(rule, int(inputs["priority"]))
            if changed & {"actions", "conditions"}:
                forward = forward_in(inputs) if "actions" in changed else None
                aws.modify_rule(rule, forward=forward, asks=_asks(inputs) if "conditions" in changed else None)
            if "tags" in changed:
                kept = {key: value for key, value in aws.rules[rule].tags.items() if key == ROLLBACK_TAG}
                aws.set_tags(rule, (inputs.get("tags") or {}) | kept)  # the provider is told to ignore that one
        return {**inputs, "arn": id_}

    def delete(self, aws: InMemoryAws, id_: str, inputs: Props) -> None:  # noqa: ARG002 - the id says all
        with aws.lock:
            if Arn(id_) in aws.rules:
                aws.delete_rule(Arn(id_))


def differing_rule(recorded: Props, wanted: Props) -> frozenset[str]:
    """The inputs by which a rule differs from what the program wants, by meaning."""
    found = {key for key in {*recorded, *wanted} - {"actions", "conditions"} if recorded.get(key) != wanted.get(key)}
    if actions_in(recorded) != actions_in(wanted) or forward_in(wanted) is None:
        found.add("actions")
    if conditions_in(recorded) != conditions_in(wanted):
        found.add("conditions")
    if not recorded.get("tags") and not wanted.get("tags"):
        found.discard("tags")
    return frozenset(found)


def _asks(inputs: Props) -> list[Condition]:
    found = []
    for condition in inputs["conditions"]:
        for kind, block in condition.items():
            if kind == "queryStrings":
                values = tuple(f"{pair.get('key') or '*'}={pair['value']}" for pair in block)
                found.append(Condition(ConditionField.QUERY, values))
            elif block:
                name, values = block.get("httpHeaderName"), tuple(block["values"])
                found.append(Condition.on_header(name, values) if name else Condition(_BLOCKS[kind], values))
    return found


def _as_read(rule: LiveRule) -> Props:
    blocks = {field: kind for kind, field in _BLOCKS.items()}
    conditions: list[Props] = []
    for asked in rule.asks:
        if asked.field == ConditionField.QUERY:
            pairs = [value.partition("=") for value in asked.values]
            conditions.append({"queryStrings": [{"key": key, "value": value} for key, _, value in pairs]})
        else:
            name = {"httpHeaderName": asked.name} if asked.name else {}
            values = [*asked.values, *(value.get_secret_value() for value in asked.hidden)]
            conditions.append({blocks[ConditionField(asked.field)]: {**name, "values": values}})
    read: dict[str, Any] = {
        "arn": rule.arn,
        "listenerArn": rule.listener,
        "priority": rule.priority,
        "actions": [
            *({"type": kept.type} for kept in rule.extras.before),
            _action_as_read(rule.forward) if rule.forward else {"type": rule.action.partition(" ")[0]},
        ],
        "conditions": conditions,
    }
    if rule.extras.transforms:
        read["transforms"] = [{"type": kept.type} for kept in rule.extras.transforms]
    tags = {key: value for key, value in rule.tags.items() if key != ROLLBACK_TAG}
    return read | ({"tags": tags} if tags else {})


def _action_as_read(forward: ForwardAction) -> Any:
    if len(forward.weights) == 1 and forward.stickiness is None:
        return {"type": "forward", "targetGroupArn": next(iter(forward.weights))}
    return PULUMI.write(forward)
