"""Step Functions' calls: executions that are begun, stopped and described, and task tokens that are answered.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from rollout_sandbox.states.branches import Branch
from rollout_sandbox.states.language import check
from rollout_sandbox.states.run import RUNTIME, Event, Failed, Run, Services, Timers, Token


class TaskTimedOut(Exception):
    """AWS's error of that name: nobody waits for this token any more, or never did."""


@dataclass
class Execution:
    """One execution.

    Attributes:
        status: RUNNING, SUCCEEDED, FAILED or ABORTED.
        output: Where it succeeded.
        failed: Where it failed or was aborted.
    """

    name: str
    began: datetime
    history: list[Event]
    status: str = "RUNNING"
    ended: datetime | None = None
    output: Any = None
    failed: Failed | None = None
    _branch: Branch | None = field(default=None, repr=False)
    _run: Run | None = field(default=None, repr=False)

    @property
    def transitions(self) -> int:
        """What AWS charges for: states entered, and attempts after the first."""
        tries = sum(event.kind == "TaskScheduled" for event in self.history)
        tasks = sum(event.kind == "TaskStateEntered" for event in self.history)
        return sum(event.kind.endswith("StateEntered") for event in self.history) + max(tries - tasks, 0)


@dataclass
class Executions:
    """The executions of state machines, and the tokens that they wait for."""

    timers: Timers
    services: Services
    random: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - jitter and names
    tokens: dict[str, Token] = field(default_factory=dict)
    all: dict[str, Execution] = field(default_factory=dict)

    def start(self, definition: Mapping[str, Any], given: Any, name: str = "") -> Execution:
        """Begin an execution; it goes on as time passes.

        Raises:
            InvalidDefinition: Something in it isn't known here.
        """
        check(definition)
        name = name or str(UUID(int=self.random.getrandbits(128)))
        context = {"Execution": {"Name": name, "Input": given, "StartTime": self.timers.now().isoformat()}}
        run = Run(
            self.timers,
            self.services,
            self.tokens,
            context,
            lambda: self._end(execution, Failed(RUNTIME, "the history has 25,000 events")),
            self.random,
        )
        execution = self.all[name] = Execution(name, self.timers.now(), run.history, _run=run)
        run.note("ExecutionStarted", input=given)
        execution._branch = branch = Branch(run, definition, context, lambda result: self._end(execution, result))  # noqa: SLF001
        branch.begin(given)
        return execution

    def stop(self, execution: Execution, cause: str = "", error: str = "") -> None:
        """End it as aborted: nothing is rolled back, and its tokens are worth nothing from now on."""
        self._end(execution, Failed(error, cause), "ABORTED")

    def send_task_success(self, token: str, output: Any) -> None:
        """End a task with a result."""
        self._waiting(token).end(output)

    def send_task_failure(self, token: str, error: str, cause: str | None = None) -> None:
        """End a task with an error."""
        self._waiting(token).end(Failed(error, cause))

    def send_task_heartbeat(self, token: str) -> None:
        """Give a sign of life."""
        self._waiting(token).beat()

    def _waiting(self, token: str) -> Token:
        if token not in self.tokens:
            raise TaskTimedOut(token)
        return self.tokens[token]

    def _end(self, execution: Execution, result: Any | Failed, status: str = "FAILED") -> None:
        run, branch = execution._run, execution._branch  # noqa: SLF001
        if execution.status != "RUNNING" or run is None:
            return
        execution.status = status if isinstance(result, Failed) else "SUCCEEDED"
        execution.failed = result if isinstance(result, Failed) else None
        execution.output = None if isinstance(result, Failed) else result
        execution.ended, run.is_over = self.timers.now(), True
        last, kind = len(run.history), f"Execution{execution.status.capitalize()}"
        run.history.append(Event(last + 1, last, self.timers.now(), kind))
        if branch:
            branch.stop()
