"""What a phase tells, from its preview to its read-back."""

from __future__ import annotations

from dataclasses import dataclass

from rollout.base.plain import Seconds
from rollout.inventory.model import Split
from rollout.inventory.quantities import Percent
from rollout.migration.events.event import Event
from rollout.migration.gates import Gate
from rollout.state.plan import Change, StackPreview


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
class Watching(Event):
    """The alarms and the dashboard exist; `ramp.alarms` takes the alarms' names."""

    alarms: tuple[str, ...]
    dashboard: str


@dataclass(frozen=True, slots=True)
class GuardInstalled(Event):
    """The guard is there.

    Attributes:
        function: Its name.
        alarms: Those that take traffic back.
        silence: The alarm on missing heartbeats.
    """

    function: str
    alarms: tuple[str, ...]
    silence: str


@dataclass(frozen=True, slots=True)
class ControllerInstalled(Event):
    """The controller is there.

    Attributes:
        function: Its name.
        pace: From one look to the next.
    """

    function: str
    pace: Seconds


@dataclass(frozen=True, slots=True)
class FleetInstalled(Event):
    """A fleet's state machine is there.

    Attributes:
        machine: Its ARN.
    """

    machine: str


@dataclass(frozen=True, slots=True)
class PhaseFinished(Event):
    """A phase is done and read back."""

    phase: str
    changes: int
