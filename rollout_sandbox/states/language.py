"""Which states a definition may have, and which of their fields: what isn't here is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_FLOW = frozenset({"Type", "Comment", "Next", "End"})
_DATA = frozenset({"InputPath", "ResultPath", "ResultSelector"})
_TROUBLE = frozenset({"Retry", "Catch"})
_TIMES = frozenset({"TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"})
FIELDS: Mapping[str, frozenset[str]] = {
    "Pass": _FLOW | {"Result", "ResultPath", "Parameters", "InputPath"},
    "Task": _FLOW | _DATA | _TROUBLE | _TIMES | {"Resource", "Parameters", "Credentials"},
    "Choice": frozenset({"Type", "Comment", "Choices", "Default"}),
    "Map": _FLOW | _DATA | _TROUBLE | {"ItemsPath", "ItemSelector", "ItemProcessor", "MaxConcurrency"},
    "Succeed": frozenset({"Type", "Comment"}),
    "Fail": frozenset({"Type", "Comment", "Error", "ErrorPath", "Cause", "CausePath"}),
}
_RETRIER = frozenset(
    {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy"}
)
_CATCHER = frozenset({"ErrorEquals", "ResultPath", "Next"})
_RULE = frozenset({"Variable", "IsPresent", "Next"})
_MACHINE = frozenset({"Comment", "StartAt", "States", "TimeoutSeconds", "Version"})
_PROCESSOR = frozenset({"ProcessorConfig", "StartAt", "States"})


class InvalidDefinition(Exception):
    """AWS's error of that name, and what isn't known here."""


def check(definition: Mapping[str, Any]) -> None:
    """Go on only with a definition that can be run.

    Raises:
        InvalidDefinition: With each problem.
    """
    if found := [*_unknown("the state machine", definition, _MACHINE), *_states(definition)]:
        raise InvalidDefinition("; ".join(found))


def _states(machine: Mapping[str, Any]) -> Iterator[str]:
    states = machine.get("States", {})
    if machine.get("StartAt") not in states:
        yield f"StartAt {machine.get('StartAt')!r} is not a state"
    for name, state in states.items():
        yield from _state(name, state)
        yield from (f"{name}: {target!r} is not a state" for target in targets(state) if target not in states)
    reached = {machine.get("StartAt"), *(target for state in states.values() for target in targets(state))}
    yield from (f"{name} is never reached" for name in states if name not in reached)


def _state(name: str, state: Mapping[str, Any]) -> Iterator[str]:
    kind = str(state.get("Type"))
    if kind not in FIELDS:
        yield f"{name}: the type {kind!r} isn't known"
        return
    yield from _unknown(name, state, FIELDS[kind])
    if "Next" in FIELDS[kind] and ("Next" in state) == (state.get("End") is True):
        yield f"{name}: exactly one of Next and End is needed"
    for each in state.get("Retry", ()):
        yield from _unknown(f"{name}: Retry", each, _RETRIER)
    for each in state.get("Catch", ()):
        yield from _unknown(f"{name}: Catch", each, _CATCHER)
    for each in state.get("Choices", ()):
        yield from _unknown(f"{name}: Choices", each, _RULE)
    if kind == "Map":
        processor = state.get("ItemProcessor", {})
        yield from _unknown(f"{name}: ItemProcessor", processor, _PROCESSOR)
        if processor.get("ProcessorConfig", {}).get("Mode", "INLINE") != "INLINE":
            yield f"{name}: only inline Maps are known"
        yield from (f"{name}: {each}" for each in _states(processor))


def _unknown(where: str, table: Mapping[str, Any], known: frozenset[str]) -> Iterator[str]:
    yield from (f"{where}: the field {field!r} isn't known" for field in table if field not in known)


def targets(state: Mapping[str, Any]) -> Iterator[str]:
    """The states that may come after one."""
    for each in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        if "Next" in each:
            yield each["Next"]
    if "Default" in state:
        yield state["Default"]
