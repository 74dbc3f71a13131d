"""Events: what happened, for the CLI, `--json` and programs.

Each event is frozen and has its environment; `as_json` returns it as one flat object for a line of JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Union

from rollout.analysis.verdicts import AnalysisResult
from rollout.base.plain import Seconds, Timestamp, schema_of
from rollout.base.plain import plain as plain  # noqa: PLC0414 - results are JSON by it, too
from rollout.errors import Problem
from rollout.inventory.model import Split
from rollout.inventory.quantities import Percent
from rollout.migration.gates import Gate
from rollout.state.plan import Change, StackPreview


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in an environment."""

    environment: str


@dataclass(frozen=True, slots=True)
class PhaseStarted(Event):
    """A phase, a weight change or a rollback began."""

    phase: str
    summary: str
    stacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PreflightPassed(Event):
    """AWS is as the inventory says."""

    account: str
    rules: int
    target_groups: int


@dataclass(frozen=True, slots=True)
class PreviewStarted(Event):
    """The preview of a stack's update began."""

    stack: str
    summary: str


@dataclass(frozen=True, slots=True)
class StepPreviewed(Event):
    """The preview of a stack's update is done, and the policy allows it."""

    phase: str
    preview: StackPreview


@dataclass(frozen=True, slots=True)
class GateOpened(Event):
    """The gate: everything that would change, for approval."""

    gate: Gate


@dataclass(frozen=True, slots=True)
class GateApproved(Event):
    """The gate was approved."""

    phase: str


@dataclass(frozen=True, slots=True)
class NothingToDo(Event):
    """There was nothing to do."""

    phase: str


@dataclass(frozen=True, slots=True)
class LockCleared(Event):
    """A lock was removed: its holder is dead, or the user said so."""

    stack: str
    holder: str
    state: str = "dead"


@dataclass(frozen=True, slots=True)
class LeftoversSettled(Event):
    """An interrupted run had begun to create resources: the state has adopted them."""

    stack: str
    adopted: tuple[str, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """The engine began to apply a stack's approved plan."""

    stack: str
    summary: str
    changes: int


@dataclass(frozen=True, slots=True)
class ResourceStarted(Event):
    """The engine began to change one resource."""

    stack: str
    change: Change


@dataclass(frozen=True, slots=True)
class ResourceChanged(Event):
    """One resource is done; `took` is in seconds, None if its beginning was missed."""

    stack: str
    change: Change
    took: float | None = None


@dataclass(frozen=True, slots=True)
class StepApplied(Event):
    """A stack's approved plan was applied; `took` is in seconds, None if not measured."""

    stack: str
    changes: int
    took: float | None = None


@dataclass(frozen=True, slots=True)
class RuleVerified(Event):
    """A route's rule was read back and is as wanted."""

    route: str
    rule: str
    split: Split


@dataclass(frozen=True, slots=True)
class WeightSet(Event):
    """A route's weight changed."""

    route: str
    before: Percent | None
    after: Percent


@dataclass(frozen=True, slots=True)
class WeightSaved(Event):
    """The inventory file has the new weight."""

    file: str
    weight: Percent


@dataclass(frozen=True, slots=True)
class LegacyQuiet(Event):
    """Legacy had no requests in a time in which the candidate had some."""

    span: Seconds
    candidate: int


@dataclass(frozen=True, slots=True)
class LegacyLeft(Event):
    """Resources of legacy that its owner can remove, since rollout doesn't manage them."""

    owner: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompletionSaved(Event):
    """The inventory file says that the environment is completed."""

    file: str


@dataclass(frozen=True, slots=True)
class OwnerToRelease(Event):
    """The rules' former owner must release them: by these commands, and then by a change of its code."""

    owner: str
    routes: tuple[str, ...]
    commands: tuple[str, ...]
    advice: str


@dataclass(frozen=True, slots=True)
class CommandRun(Event):
    """A command of another owner's tool was run."""

    command: str


@dataclass(frozen=True, slots=True)
class OwnerReleased(Event):
    """The owner's state no longer has these routes' rules; on AWS they are unchanged."""

    owner: str
    routes: tuple[str, ...]
    advice: str


@dataclass(frozen=True, slots=True)
class RouteRolledBack(Event):
    """A route's requests, or those with a header, go to legacy only, as read back."""

    route: str
    before: Split | None


@dataclass(frozen=True, slots=True)
class RouteNotRolledBack(Event):
    """A route's requests may still reach the candidate: the reason, and the AWS CLI command that moves its rule."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class RollbackWaiting(Event):
    """What a rollback is waiting for."""

    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RollbackFinished(Event):
    """Traffic is back on legacy; the state is up to date, or the reason why not."""

    routes: tuple[str, ...]
    reconciled: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class BuildTakenBack(Event):
    """A function's alias points to the build before again; `before` and `after` say to which versions."""

    function: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RampEvent(Event):
    """Something about a ramp."""


@dataclass(frozen=True, slots=True)
class RampPickedUp(RampEvent):
    """A run continues a ramp from its state."""

    weight: Percent
    since: Timestamp | None
    steps: tuple[Percent, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Judged(RampEvent):
    """The evidence of a weight was judged."""

    weight: Percent
    judgement: AnalysisResult


@dataclass(frozen=True, slots=True)
class RampWaiting(RampEvent):
    """Nothing is due: `state` says what the ramp waits for, and `until` when it decides again, if known."""

    weight: Percent
    state: str
    sentence: str
    until: Timestamp | None = None


@dataclass(frozen=True, slots=True)
class RampRaised(RampEvent):
    """A ramp set its next weight."""

    weight: Percent
    sentence: str


@dataclass(frozen=True, slots=True)
class RampFailed(RampEvent):
    """A ramp failed; `outcome` says what was done."""

    weight: Percent
    sentence: str
    outcome: str
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RampFinished(RampEvent):
    """A ramp's last step passed."""

    weight: Percent
    sentence: str


@dataclass(frozen=True, slots=True)
class RampNoted(RampEvent):
    """A control of the ramp is in history: paused, resumed, wait skipped, approved or frozen."""

    what: str
    by: str
    weight: Percent | None = None
    until: Timestamp | None = None


@dataclass(frozen=True, slots=True)
class Watching(Event):
    """The alarms and the dashboard exist; `ramp.alarms` takes the alarms' names."""

    alarms: tuple[str, ...]
    dashboard: str


@dataclass(frozen=True, slots=True)
class PhaseFinished(Event):
    """A phase is done and read back."""

    phase: str
    changes: int


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """A warning that stops nothing."""

    message: str


Listener = Callable[[Event], None]


def name_of(event: Event | type[Event]) -> str:
    """An event's name in JSON, or that of a kind of events: `rule-verified`."""
    kind = event if isinstance(event, type) else type(event)
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def as_json(event: Event) -> dict[str, Any]:
    """An event as plain JSON data, its name first."""
    return {"event": name_of(event), **plain(event)}


def json_schema() -> dict[str, Any]:
    """The JSON schema of what `as_json` returns, an alternative for each kind of event."""
    known = (each for each in globals().values() if isinstance(each, type) and issubclass(each, Event))
    kinds = [each for each in known if each not in (Event, RampEvent)]
    schema = schema_of(Union[tuple(kinds)])  # noqa: UP007 - of a list
    for kind in kinds:
        one = schema["$defs"][kind.__name__]
        one["properties"] = {"event": {"const": name_of(kind)}, **one["properties"]}
        one["required"] = ["event", *one["required"]]
    return schema
