"""States one after the other, and Maps of such branches side by side; a branch that fails stops those beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rollout_sandbox.states.paths import PathFailure, evaluated, filled, leads_somewhere, placed
from rollout_sandbox.states.run import RUNTIME, Failed, Run, is_too_large
from rollout_sandbox.states.tasks import Task, takes

Ended = Callable[[Any | Failed], None]


class Branch:
    """A chain of states.

    Args:
        machine: StartAt and States.
        context: What `$$` is here.
        ended: Gets the output, or the error that nothing caught.
    """

    def __init__(self, run: Run, machine: Mapping[str, Any], context: Mapping[str, Any], ended: Ended) -> None:
        self._run, self._machine, self._context, self._ended = run, machine, context, ended
        self._inside: Task | Map | None = None
        self._is_live = True

    def begin(self, data: Any) -> None:
        """Enter the first state."""
        self._enter(self._machine["StartAt"], data)

    def stop(self) -> None:
        """End without a result, and whatever is under way."""
        self._is_live = False
        if self._inside:
            self._inside.stop()

    def _enter(self, name: str, data: Any) -> None:
        state = self._machine["States"][name]
        self._run.note(f"{state['Type']}StateEntered", name=name)
        if is_too_large(data):
            self._end(Failed("States.DataLimitExceeded", f"The input of {name} is too large"))
            return
        try:
            self._do(name, state, data)
        except PathFailure as error:
            self._end(Failed(RUNTIME, str(error)))

    def _do(self, name: str, state: Mapping[str, Any], data: Any) -> None:
        kind, given = state["Type"], self._given(state, data)
        if kind == "Succeed":
            self._end(data)
        elif kind == "Fail":
            self._end(self._failure(state, data))
        elif kind == "Choice":
            self._enter(self._chosen(state, data), data)
        elif kind == "Pass":
            filled_in = filled(state["Parameters"], given, self._context) if "Parameters" in state else given
            self._leave(name, state, data, state.get("Result", filled_in))
        else:
            inside = Task if kind == "Task" else Map
            ended = lambda result: self._done(name, state, data, result)  # noqa: E731 - which is less than a def
            self._inside = inside(self._run, state, given, self._context, ended)
            self._inside.begin()

    def _given(self, state: Mapping[str, Any], data: Any) -> Any:
        return evaluated(state["InputPath"], data, self._context) if state.get("InputPath") else data

    def _failure(self, state: Mapping[str, Any], data: Any) -> Failed:
        found = {
            key: evaluated(state[f"{key}Path"], data, self._context) if f"{key}Path" in state else state.get(key)
            for key in ("Error", "Cause")
        }
        return Failed(found["Error"] or "", found["Cause"])

    def _chosen(self, state: Mapping[str, Any], data: Any) -> str:
        for rule in state["Choices"]:
            if leads_somewhere(rule["Variable"], data) == rule["IsPresent"]:
                return str(rule["Next"])
        if "Default" not in state:
            raise PathFailure("no choice fits, and there is no Default")
        return str(state["Default"])

    def _done(self, name: str, state: Mapping[str, Any], data: Any, result: Any | Failed) -> None:
        self._inside = None
        if not self._is_live:
            return
        try:
            if not isinstance(result, Failed):
                selector = state.get("ResultSelector")
                self._leave(name, state, data, filled(selector, result, self._context) if selector else result)
                return
            for catcher in state.get("Catch", ()):
                if takes(catcher["ErrorEquals"], result):
                    self._note_exit(name, state)
                    self._enter(catcher["Next"], placed(data, catcher.get("ResultPath", "$"), result.output))
                    return
            self._end(result)
        except PathFailure as error:
            self._end(Failed(RUNTIME, str(error)))

    def _leave(self, name: str, state: Mapping[str, Any], data: Any, result: Any) -> None:
        output = placed(data, state.get("ResultPath", "$"), result)
        self._note_exit(name, state)
        if state.get("End"):
            self._end(output)
        else:
            self._enter(state["Next"], output)

    def _note_exit(self, name: str, state: Mapping[str, Any]) -> None:
        self._run.note(f"{state['Type']}StateExited", name=name)

    def _end(self, result: Any | Failed) -> None:
        if self._is_live:
            self._is_live = False
            self._ended(result)


class Map:
    """A branch for each item, some at a time."""

    def __init__(self, run: Run, state: Mapping[str, Any], data: Any, context: Mapping[str, Any], ended: Ended) -> None:
        self._run, self._state, self._data, self._context, self._ended = run, state, data, context, ended
        self._items = evaluated(state.get("ItemsPath", "$"), data, context)
        self._results: list[Any] = [None] * len(self._items)
        self._branches: dict[int, Branch] = {}
        self._next, self._left = 0, len(self._items)

    def begin(self) -> None:
        """Begin as many as may be."""
        self._run.note("MapStateStarted", length=len(self._items))
        if not self._items:
            self._ended([])
        for _ in range(min(int(self._state.get("MaxConcurrency", 0)) or len(self._items), len(self._items))):
            self._begin_next()

    def stop(self) -> None:
        """End all branches without a result."""
        self._next = len(self._items)
        for index, branch in self._branches.items():
            branch.stop()
            self._run.note("MapIterationAborted", index=index)

    def _begin_next(self) -> None:
        if self._next >= len(self._items):
            return
        index = self._next
        self._next += 1
        context = {**self._context, "Map": {"Item": {"Index": index, "Value": self._items[index]}}}
        selector = self._state.get("ItemSelector")
        item = filled(selector, self._data, context) if selector else self._items[index]
        branch = Branch(self._run, self._state["ItemProcessor"], context, lambda result: self._done(index, result))
        self._branches[index] = branch
        self._run.note("MapIterationStarted", index=index)
        branch.begin(item)

    def _done(self, index: int, result: Any | Failed) -> None:
        del self._branches[index]
        if isinstance(result, Failed):
            self._run.note("MapIterationFailed", index=index)
            self.stop()
            self._run.note("MapStateFailed")
            self._ended(result)
            return
        self._run.note("MapIterationSucceeded", index=index)
        self._results[index] = result
        self._left -= 1
        if self._left == 0:
            self._run.note("MapStateSucceeded")
            self._ended(self._results)
        else:
            self._begin_next()
