"""What a controller's function does when it is invoked: a look, a ramp that a fleet asked for, or a rollback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rollout import __version__
from rollout.api.opened import Opened, Part
from rollout.api.ramp import EnvironmentRamp
from rollout.api.rollback import Rollbacks
from rollout.errors import AwsError, Locked, UsageError
from rollout.inventory.fleets import silence_of
from rollout.inventory.settings import Controller
from rollout.migration import events
from rollout.ramp.controlled import Installed, Look, Task, await_end, told_end
from rollout.ramp.looking import MARGIN, look
from rollout.ramp.runner import RampResult

LOOK, RAMP, ROLLBACK = "look", "ramp", "rollback"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation of the function.

    Attributes:
        id: The request's, the same for a retry.
        function: The ARN.
        left: How long it may take.
        project: The version of the project.
    """

    id: str
    function: str
    left: timedelta
    project: str


class ControllerActs(Part):
    """Answers events. A look's failure is an answer; of what somebody asked for and waits for, it is raised."""

    def __init__(self, opened: Opened, settings: Controller, invocation: Invocation, ramp: EnvironmentRamp) -> None:
        super().__init__(opened)
        self._settings, self._invocation, self._ramp = settings, invocation, ramp

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Do what an event asks for.

        Raises:
            UsageError: It asks for nothing that is known, or names another role than a fleet's.
            Locked: A ramp is to begin anew, and a look is under way.
            RolloutError: A rollback's.
        """
        act = event.get("act")
        if act == ROLLBACK:
            return self._rollback(str(event.get("why") or "asked for by a fleet"))
        if act == RAMP:
            token, restart = event.get("token"), event.get("restart") is True
            if not token:
                return self._look(lambda: True, restart=restart)
            role = self._known_role(str(event.get("role") or ""))
            self._container.controller.change(
                lambda record, now: await_end(record, str(token), now, role, restart=restart)
            )
            return self._look(lambda: True)
        if act == LOOK:
            return self._look(self._is_waited_for)  # what a fleet's first look couldn't begin
        raise UsageError(f"there is no act {act!r}", hint=f"send {LOOK}, {RAMP} or {ROLLBACK}", code="unknown-act")

    def _look(self, begins: Callable[[], bool], *, restart: bool = False) -> dict[str, Any]:
        it, pace = self._invocation, self._settings.pace
        installed = Installed(it.function, self._settings.image, it.project, __version__, pace)

        def run() -> RampResult:
            task = self._task()
            if restart or task is None or not task.restart:
                return self._ramp.look(begins=begins, restart=restart)
            return self._ramp.look(begins=begins, restart=True, wanted=task.since - MARGIN)

        try:
            told = look(self._container.controller, installed, it.id, it.left, run)
        except Locked as error:
            if restart:
                raise
            return {"act": LOOK, "state": "skipped", "sentence": error.what, "code": error.code}
        self._tell(told)
        return {"act": LOOK, "state": told.state, "sentence": told.sentence, "code": told.code}

    def _rollback(self, why: str) -> dict[str, Any]:
        result = Rollbacks(self._opened).rollback(save=False, message=why)
        return {"act": ROLLBACK, "state": "rolled-back", "routes": list(result.moved), "reconciled": result.reconciled}

    def _tell(self, told: Look) -> None:
        """Tell who waits for the ramp's end; a call that fails is made again at the next look.

        An error is no sign of life, so that nobody waits for ever for a ramp that can't go on.
        """
        try:
            task = self._task()
            if task is None or told.state == "error":
                return
            token, tasks = task.token, self._container.answering(self._known_role(task.role))
            if told.state == "finished":
                tasks.succeed(token, {"environment": self._environment.name, "sentence": told.sentence})
            elif told.state == "failed":
                tasks.fail(token, told.code, told.sentence)
            elif tasks.beat(token):
                return
            self._container.controller.change(lambda record, _: told_end(record, token))
        except (AwsError, UsageError) as error:
            self._emit(events.Warned(self._environment.name, f"the fleet isn't notified of the end: {error.what}"))

    def _is_waited_for(self) -> bool:
        """Whether a fleet still waits for a ramp that hasn't begun; a token that is over is forgotten."""
        task = self._task()
        if task is None:
            return False
        token, is_late = task.token, self._container.utc > task.since + silence_of(self._environment)
        if not is_late and self._container.answering(self._known_role(task.role)).beat(token):
            return True
        self._container.controller.change(lambda record, _: told_end(record, token))
        return False

    def _known_role(self, role: str) -> str:
        """A role by which who waits is answered, if a fleet of stacks.toml has it; the function may assume no other."""
        if role and role not in self._environment.answer_roles:
            hint = "run `rollout controller install` if its fleet is new in stacks.toml"
            raise UsageError(
                f"{role} belongs to no fleet with {self._environment.name}", hint=hint, code="unknown-role"
            )
        return role

    def _task(self) -> Task | None:
        record = self._container.controller.read()
        return record.task if record else None
