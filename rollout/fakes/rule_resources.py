"""Listener rules as the provider has them: between Pulumi's inputs and a live rule, compared by what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rollout.alb.forms import PULUMI
from rollout.alb.rule_inputs import condition_inputs
from rollout.alb.state import LiveRule
from rollout.alb.weights import ForwardAction
from rollout.fakes.aws import InMemoryAws
from rollout.inventory.conditions import meaning_of
from rollout.inventory.model import ROLLBACK_TAG, Arn
from rollout.state.plan import LISTENER_RULE, SECRET, ResourceState, actions_in, conditions_in, forward_in

Props = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ListenerRules:
    """Listener rules, compared by what they mean."""

    replaced_by: frozenset[str] = frozenset({"listenerArn"})

    def create(self, aws: InMemoryAws, inputs: Props) -> tuple[str, Props]:
        arn = aws.create_rule(
            Arn(inputs["listenerArn"]),
            int(inputs["priority"]),
            conditions_in(inputs),
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
                aws.modify_rule(rule, forward=forward, asks=conditions_in(inputs) if "conditions" in changed else None)
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
    if meaning_of(conditions_in(recorded)) != meaning_of(conditions_in(wanted)):
        found.add("conditions")
    if not recorded.get("tags") and not wanted.get("tags"):
        found.discard("tags")
    return frozenset(found)


def as_told(state: ResourceState) -> ResourceState:
    """A resource as the engine shows it: without the values of headers, which programs make secrets."""
    inputs = state.inputs.get("conditions")
    if state.type != LISTENER_RULE or not any("httpHeader" in each for each in inputs or ()):
        return state
    hidden = {"conditions": SECRET}
    outputs = {**state.outputs, **hidden} if "conditions" in state.outputs else state.outputs
    return replace(state, inputs={**state.inputs, **hidden}, outputs=outputs)


def _as_read(rule: LiveRule) -> Props:
    read: dict[str, Any] = {
        "arn": rule.arn,
        "listenerArn": rule.listener,
        "priority": rule.priority,
        "actions": [
            *({"type": kept.type} for kept in rule.extras.before),
            _action_as_read(rule.forward) if rule.forward else {"type": rule.action.partition(" ")[0]},
        ],
        "conditions": condition_inputs(rule.asks),
    }
    if rule.extras.transforms:
        read["transforms"] = [{"type": kept.type} for kept in rule.extras.transforms]
    tags = {key: value for key, value in rule.tags.items() if key != ROLLBACK_TAG}
    return read | ({"tags": tags} if tags else {})


def _action_as_read(forward: ForwardAction) -> Any:
    if len(forward.weights) == 1 and forward.stickiness is None:
        return {"type": "forward", "targetGroupArn": next(iter(forward.weights))}
    return PULUMI.write(forward)
