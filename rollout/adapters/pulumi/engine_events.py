"""The engine's output, typed: its steps, diagnostics and failures."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from pulumi import automation as auto
from pulumi.automation import errors as auto_errors

from rollout.adapters.pulumi.failures import again_if_torn, engine_error, problem_of, said_by_cli
from rollout.errors import Drift
from rollout.state.plan import Change, ResourceState, change_of

T = TypeVar("T")

_BEYOND_PLAN = re.compile("violates plan|not allowed by the plan|Expected a new resource plan")
_MISSED = "expected resource operations"
_COLOUR = re.compile(r"<\{%.*?%\}>")


class NoStackError(Exception):
    """There is no such stack."""


class LockedError(Exception):
    """The stack is locked; the text names the holder."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Diagnostics:
    """The engine's diagnostics."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def add(self, event: auto.EngineEvent) -> None:
        """Add an event's diagnostic, if it has one."""
        said = event.diagnostic_event
        if said is not None and said.severity == "error":
            text = _COLOUR.sub("", said.message).strip().removeprefix("an unhandled error occurred: ")
            if text and text not in self.errors:
                self.errors.append(text)


class Steps:
    """The steps of a preview, in the engine's order."""

    def __init__(self) -> None:
        self._found: list[Change] = []

    def clear(self) -> None:
        """Remove all steps."""
        self._found.clear()

    def add(self, event: auto.EngineEvent) -> None:
        """Add an event's step, if it has one."""
        step = event.resource_pre_event
        if step is not None:
            self._found.append(change(step.metadata))

    def changes(self) -> tuple[Change, ...]:
        """All steps so far."""
        return tuple(self._found)


def change(metadata: auto.StepEventMetadata) -> Change:
    """A step of the engine as a `Change`."""
    kinds = [str(getattr(diff.diff_kind, "value", diff.diff_kind)) for diff in (metadata.detailed_diff or {}).values()]
    return change_of(
        str(getattr(metadata.op, "value", metadata.op)),
        _state(metadata.old),
        _state(metadata.new),
        diffs=metadata.diffs or (),
        replaces=any(kind.endswith("-replace") for kind in kinds),
    )


def _state(state: auto.StepEventStateMetadata | None) -> ResourceState | None:
    if state is None:
        return None
    return ResourceState(
        urn=state.urn,
        type=state.type,
        id=state.id or "",
        custom=bool(state.custom),
        retain_on_delete=bool(state.retain_on_delete),
        inputs=state.inputs or {},
        outputs=state.outputs or {},
        parent=state.parent or "",
        provider=state.provider or "",
    )


@again_if_torn
def explained(run: Callable[[], T], problems: Diagnostics | None = None) -> T:
    """Run an operation of the engine; a failure becomes one clear error."""
    if problems:
        problems.errors.clear()
    try:
        return run()
    except auto_errors.StackNotFoundError as error:
        raise NoStackError from error
    except auto_errors.ConcurrentUpdateError as error:
        raise LockedError(str(error)) from error
    except auto_errors.CommandError as error:
        said = (problems.errors if problems else None) or [said_by_cli(str(error))]
        # after a first failure the engine reports every later step of the plan as missing
        causes = [text for text in said if not text.startswith(_MISSED)]
        if not causes or any(map(_BEYOND_PLAN.search, (*said, str(error)))):
            raise Drift(
                "AWS or the state changed after the plan was approved; the state has what was applied before",
                [problem_of(text) for text in causes or said],
                hint="run the command again to see what is left",
                code="changed-since-preview",
            ) from error
        raise engine_error(causes) from error
