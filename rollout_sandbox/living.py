"""What the sandbox does by itself, put together: functions that run, their events, alarms and schedules."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from rollout_sandbox.agenda import Agenda
from rollout_sandbox.alarms.actions import AlarmActions
from rollout_sandbox.alarms.watch import AlarmWatch
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane.plane import DataPlane
from rollout_sandbox.faults import Faults
from rollout_sandbox.lambdas.events import Events
from rollout_sandbox.lambdas.functions import RunningFunctions
from rollout_sandbox.recorded import RecordedMoto
from rollout_sandbox.schedules import Schedules
from rollout_sandbox.sessions import Sessions
from rollout_sandbox.state_machines import StateMachines
from rollout_sandbox.tape import Tape


@dataclass(frozen=True, slots=True)
class Living:
    """The parts that calls meet.

    Attributes:
        moto: moto's API, which tells the others what changed.
        functions: Who answers invocations.
        events: Where asynchronous ones wait.
        executions: Who answers calls about state machines' executions.
        agenda: When things are done.
    """

    moto: RecordedMoto
    functions: RunningFunctions
    events: Events
    executions: StateMachines
    agenda: Agenda

    def ask(self, answer: Callable[[], None]) -> None:
        """Have this called when the next thing is due, in moto's turn."""

        def in_turn() -> None:
            with self.moto.turn:
                answer()

        self.agenda.at(self.agenda.now(), in_turn)


def begin(  # noqa: PLR0917 - each is a part of its own
    running: ExitStack, tape: Tape, plane: DataPlane, clock: SandboxClock, faults: Faults, sessions: Sessions
) -> Living:
    """Make the changes on a tape again, and go by them from then on, until the end of what runs."""
    turn, agenda = threading.Lock(), Agenda(clock)
    functions = RunningFunctions(plane, clock, sessions, turn)
    running.callback(functions.stop)
    running.callback(agenda.stop)
    moto = RecordedMoto(tape, plane, turn)
    events = Events(agenda, clock, turn, functions, faults)
    alarms = AlarmWatch(agenda, clock, turn, AlarmActions(turn, events).act)
    executions = StateMachines(agenda, clock, turn, functions)
    moto.changed = {
        "monitoring": alarms.refresh,
        "scheduler": Schedules(agenda, clock, turn, events).refresh,
        "states": executions.refresh,
    }
    return Living(moto, functions, events, executions, agenda)
