"""A task: one attempt after the other, each with a token of its own if the task waits for one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from rollout_sandbox.states.paths import evaluated, filled
from rollout_sandbox.states.run import UNCATCHABLE, Call, Failed, Run

WAITS = ".waitForTaskToken"
_TIMEOUTS = frozenset({"States.Timeout", "States.HeartbeatTimeout"})


class Task:
    """A task state that was entered, until it has a result.

    Args:
        state: As the definition has it.
        data: The state's input.
        context: What `$$` is here.
        ended: Gets the result, or the error that no retrier took.
    """

    def __init__(
        self,
        run: Run,
        state: Mapping[str, Any],
        data: Any,
        context: Mapping[str, Any],
        ended: Callable[[Any | Failed], None],
    ) -> None:
        self._run, self._state, self._data, self._context, self._ended = run, state, data, context, ended
        self._tries: dict[int, int] = {}
        self._attempt: Attempt | None = None
        self._is_live = True

    def begin(self) -> None:
        """Make an attempt; paths that lead nowhere raise PathFailure."""
        if self._is_live:
            self._attempt = Attempt(self._run, self._state, self._data, self._context, self._after)
            self._attempt.begin()

    def stop(self) -> None:
        """Nobody waits for it any more."""
        self._is_live = False
        if self._attempt:
            self._run.note("TaskStateAborted")
            self._attempt.close()

    def _after(self, result: Any | Failed) -> None:
        wait = self._wait(result) if isinstance(result, Failed) else None
        if wait is None:
            self._ended(result)
        else:
            self._run.after(wait, self.begin)

    def _wait(self, failed: Failed) -> float | None:
        """Seconds until the next attempt; None if there is none."""
        for number, retrier in enumerate(self._state.get("Retry", ())):
            if takes(retrier["ErrorEquals"], failed):
                tries = self._tries[number] = self._tries.get(number, 0) + 1
                if tries > retrier.get("MaxAttempts", 3):
                    return None
                wait = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** (tries - 1)
                wait = min(wait, retrier.get("MaxDelaySeconds", wait))
                return self._run.random.uniform(0, wait) if retrier.get("JitterStrategy") == "FULL" else wait
        return None


class Attempt:
    """One attempt: a call, and where the task waits for its token, the time until that is answered."""

    def __init__(
        self,
        run: Run,
        state: Mapping[str, Any],
        data: Any,
        context: Mapping[str, Any],
        ended: Callable[[Any | Failed], None],
    ) -> None:
        self._token = str(UUID(int=run.random.getrandbits(128)))
        self._context = {**context, "Task": {"Token": self._token}}
        self._run, self._state, self._data, self._ended = run, state, data, ended
        self._is_open = True
        self._beats = self._last = 0

    def begin(self) -> None:
        """Call the service."""
        context = self._context
        parameters = filled(self._state.get("Parameters", {}), self._data, context)
        role = filled(self._state.get("Credentials", {}), self._data, context).get("RoleArn")
        call = Call(self._state["Resource"], parameters, role)
        self._last = self._run.note("TaskScheduled", resource=call.resource, parameters=json.dumps(parameters))
        self._note("TaskStarted", resource=call.resource)
        if self._waits:
            self._run.tokens[self._token] = self
            self.beat()
        if timeout := self._seconds("Timeout"):
            self._run.after(timeout, lambda: self.end(Failed("States.Timeout")))
        self._run.services.call(call, self._called)

    def _called(self, answer: Any | Failed) -> None:
        if self._waits and not isinstance(answer, Failed):
            if self._is_open:
                self._note("TaskSubmitted", output=answer)
        else:
            self.end(answer)

    def end(self, result: Any | Failed) -> None:
        """The task has a result."""
        if not self._is_open:
            return
        self.close()
        if isinstance(result, Failed):
            kind = "TaskTimedOut" if result.error in _TIMEOUTS else "TaskFailed"
            self._note(kind, error=result.error, cause=result.cause)
        else:
            self._note("TaskSucceeded", output=result)
        self._ended(result)

    def beat(self) -> None:
        """Who works on it is alive."""
        self._beats += 1
        beats = self._beats
        if seconds := self._seconds("Heartbeat"):
            self._run.after(
                seconds, lambda: self.end(Failed("States.HeartbeatTimeout")) if self._beats == beats else None
            )

    def _note(self, kind: str, **details: Any) -> None:
        self._last = self._run.note(kind, self._last, **details)

    def close(self) -> None:
        """Take no answer any more."""
        self._is_open = False
        self._run.tokens.pop(self._token, None)

    @property
    def _waits(self) -> bool:
        return bool(self._state["Resource"].endswith(WAITS))

    def _seconds(self, what: str) -> float | None:
        path = self._state.get(f"{what}SecondsPath")
        found = evaluated(path, self._data, self._context) if path else self._state.get(f"{what}Seconds")
        return None if found is None else float(found)


def takes(names: list[str], failed: Failed) -> bool:
    """Whether a retrier or catcher is for an error."""
    if failed.error in UNCATCHABLE:
        return failed.error in names
    return bool({failed.error, "States.ALL"} & set(names)) or (
        "States.TaskFailed" in names and failed.error not in _TIMEOUTS
    )
