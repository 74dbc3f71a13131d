"""A fleet's ramps as changes beside those of its stack: who began, approved, declined or stopped each. Pure.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from rollout.ramp.fleet import RUNNING, FleetExecution, tasks_of
from rollout.state.history.audit import PastChange

_BY = {"Stopped": ": ", "Declined": " declined "}
"""How an execution ends that a person ended, and what follows their name in its cause."""
_RESULTS = {"SUCCEEDED": "succeeded", RUNNING: "in-progress", "ABORTED": "stopped", "TIMED_OUT": "timed out"}
"""By AWS's status; any other one is a failure."""


def fleet_changes(executions: Iterable[FleetExecution]) -> tuple[PastChange, ...]:
    """What people did to the ramps; numbers are given when they are merged."""
    return tuple(change for execution in executions for change in _changes(execution))


def _changes(execution: FleetExecution) -> Iterator[PastChange]:
    started = next((each for each in execution.history if each.kind == "ExecutionStarted"), None)
    given = _read(started.details.get("input")) if started else {}
    why = "begins again what has failed" if given.get("restart") else ""
    result = _RESULTS.get(execution.status, "failed")
    who, _, ended = execution.cause.partition(_BY.get(execution.error, "\0"))
    yield _change(execution.began, "fleet ramp", given.get("by"), why, result, "" if ended else execution.cause)
    for task in tasks_of(execution):
        if task.token and task.last.kind == "TaskSucceeded":
            by = _read(task.last.details.get("output")).get("by")
            yield _change(task.last.at, "fleet approved", by, str(task.parameters.get("Subject", "")))
    if execution.ended and ended:
        yield _change(execution.ended, f"fleet {execution.error.lower()}", who, ended)


def _change(  # noqa: PLR0917 - what a row has
    at: datetime, what: str, by: object, why: str, result: str = "succeeded", cause: str = ""
) -> PastChange:
    who = str(by) if by else None
    message = "\n".join(filter(None, (what, why, cause)))
    return PastChange(0, at, what, result, who, why, None, {}, None, cause, message)


def _read(text: object) -> Mapping[str, Any]:
    """A JSON object; others may have written another one, or begun the execution by hand."""
    try:
        found = json.loads(str(text))
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}
