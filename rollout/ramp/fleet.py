"""What became of a fleet's ramp, by the history of its state machine's execution. Pure.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from rollout.inventory.fleets import APPROVAL, FleetPlan

RUNNING = "RUNNING"
Installed = Literal["yes", "differs", "no"]
_ENDS = {
    "TaskSucceeded": ("done", "rolled back"),
    **dict.fromkeys(
        ("TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed"), ("failed", "not rolled back")
    ),
}
"""What the end of a ramp's task and of a rollback's says of the environment."""
_OF_A_TASK = {*_ENDS, "TaskStarted", "TaskSubmitted"}


@dataclass(frozen=True, slots=True)
class StateEvent:
    """One event of a history.

    Attributes:
        id: From 1.
        previous: The event that it follows.
        kind: AWS's type, such as `TaskScheduled`.
        details: AWS's of its kind.
    """

    id: int
    previous: int
    at: datetime
    kind: str
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class FleetExecution:
    """One execution of a fleet's state machine.

    Attributes:
        arn: Its own.
        status: AWS's: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
        cause: Why it failed.
        history: Its events, from the first.
    """

    arn: str
    status: str
    began: datetime
    ended: datetime | None = None
    error: str = ""
    cause: str = ""
    history: tuple[StateEvent, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class MemberStatus:
    """An environment in a fleet's ramp.

    Attributes:
        wave: From 1.
        state: `waiting`, `ramping`, `done`, `failed`, `rolling back`, `rolled back` or `not rolled back`.
        since: When that began; None while it waits.
    """

    environment: str
    wave: int
    state: str = "waiting"
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """A fleet's ramp.

    Attributes:
        state: `none` (it has never begun), `running`, `approval` (a wave waits for a person), `done`, `failed` or
            `stopped`.
        cause: Why it failed or was stopped.
        waits: The wave that waits for approval.
        installed: Whether state machine and roles are on AWS as stacks.toml has them: `yes`, `differs` or `no`.
        differences: What differs.
    """

    fleet: str
    state: str
    members: tuple[MemberStatus, ...]
    began: datetime | None = None
    ended: datetime | None = None
    cause: str = ""
    waits: int | None = None
    installed: Installed = "yes"
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A task: whose it is, what it does, and how it stands."""

    scheduled: StateEvent
    last: StateEvent

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the service was asked."""
        found: Mapping[str, Any] = json.loads(self.scheduled.details.get("parameters", "{}"))
        return found

    @property
    def token(self) -> str | None:
        """Of who approves; None of any other task."""
        found: str | None = self.parameters.get("MessageAttributes", {}).get("token", {}).get("StringValue")
        return found


def fleet_status(plan: FleetPlan, execution: FleetExecution | None) -> FleetStatus:
    """A fleet's ramp, by its last execution."""
    waves = {member.function: (member.name, number) for number, wave in enumerate(plan.waves, 1) for member in wave}
    members = {name: MemberStatus(name, number) for name, number in waves.values()}
    if execution is None:
        return FleetStatus(plan.name, "none", tuple(members.values()))
    for task in tasks_of(execution):
        name, number = waves.get(task.parameters.get("FunctionName", ""), ("", 0))
        if name:
            act = task.parameters["Payload"]["act"]
            members[name] = MemberStatus(name, number, _state(act, task, execution), task.last.at)
    waits = waiting_approval(execution)
    return FleetStatus(
        plan.name,
        _overall(execution, waits),
        tuple(members.values()),
        execution.began,
        execution.ended,
        execution.cause,
        waits[0] if waits else None,
    )


def waiting_approval(execution: FleetExecution) -> tuple[int, str] | None:
    """The wave that waits for a person, and the token of its task; None if none does."""
    if execution.status != RUNNING:
        return None
    tokens = [task.token for task in tasks_of(execution) if task.token and task.last.kind not in _ENDS]
    entered = (str(event.details.get("name", "")) for event in execution.history if event.kind == "TaskStateEntered")
    waves = [name.removeprefix(APPROVAL) for name in entered if name.startswith(APPROVAL)]
    return (int(waves[-1]), tokens[-1]) if tokens else None


def tasks_of(execution: FleetExecution) -> Iterator[Task]:
    """The tasks in the order in which they began; a later attempt comes after the one before."""
    tasks: dict[int, Task] = {}
    whose: dict[int, int] = {}
    for event in execution.history:
        if event.kind == "TaskScheduled":
            tasks[event.id] = Task(event, event)
            whose[event.id] = event.id
        elif event.kind in _OF_A_TASK and event.previous in whose:
            whose[event.id] = first = whose[event.previous]
            tasks[first] = Task(tasks[first].scheduled, event)
    return iter(tasks.values())


def _state(act: str, task: Task, execution: FleetExecution) -> str:
    is_back = act == "rollback"
    if task.last.kind in _ENDS:
        return _ENDS[task.last.kind][is_back]
    if execution.status != RUNNING:
        return "not rolled back" if is_back else "stopped"
    return "rolling back" if is_back else "ramping"


def _overall(execution: FleetExecution, waits: tuple[int, str] | None) -> str:
    if execution.status == RUNNING:
        return "approval" if waits else "running"
    return {"SUCCEEDED": "done", "ABORTED": "stopped"}.get(execution.status, "failed")
