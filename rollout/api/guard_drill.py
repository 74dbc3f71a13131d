"""A drill of the guard: an alarm is set to ALARM state, and the guard's own record says what it did, and how fast."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

from rollout.analysis.metrics import AlarmState
from rollout.api.arguments import Approval, approver
from rollout.api.opened import Part
from rollout.base.formatting import count_of
from rollout.base.user import who
from rollout.errors import AwsError, Locked, UsageError
from rollout.guard.alarm import DRILL
from rollout.guard.record import Firing
from rollout.guard.state import Drill, GuardRefusal, begin_drill, end_drill
from rollout.inventory.marks import guard_name
from rollout.inventory.model import LEGACY_ONLY
from rollout.migration import events
from rollout.migration.drill import DrillResult, drill_result
from rollout.migration.gates import Gate, traffic_of
from rollout.migration.runner.approval import ask
from rollout.programs.alarms.alarms import names
from rollout.state.history.firings import FIRINGS

LONGEST, PAUSE = timedelta(minutes=3), timedelta(seconds=2)
"""How long a drill waits for the guard's record, and between two looks."""
READY = (AlarmState.OK, AlarmState.INSUFFICIENT_DATA)


class Drills(Part):
    """Tests the guard; a call makes one drill."""

    def __call__(self, alarm: str | None, *, real: bool, approve: Approval) -> DrillResult:
        """See `EnvironmentGuard.test`."""
        name, before = self._chosen(alarm)
        if real:
            self._ask(approve)
        with self._drill(dry=not real) as drill:
            data = json.dumps({DRILL: drill, **({} if real else {"dry": True})})
            self._container.guard.set_alarm(name, AlarmState.ALARM, f"a drill by {who()}", data)
            try:
                return drill_result(self._environment.name, self._record(drill))
            finally:  # as it was: in ALARM state a real breach would be no change
                self._container.guard.set_alarm(name, before, "the drill is over", "{}")

    def _chosen(self, alarm: str | None) -> tuple[str, AlarmState]:
        """One of our own alarms that could go off now, and its state."""
        ours = names(self._environment)
        if alarm is not None and alarm not in ours:
            what = f"{alarm} is no alarm of monitoring"
            raise UsageError(what, hint=f"known: {', '.join(ours)}", code="unknown-alarm")
        states = self._container.alarms.states((alarm,) if alarm else ours)
        found = next(((name, state) for name, state in states.items() if state in READY), None)
        if found is None:
            name, is_raised = self._environment.name, AlarmState.ALARM in states.values()
            ended = f"wait until no alarm of `rollout guard status {name}` is in ALARM state"
            hint = ended if is_raised else f"run `rollout guard install {name}`"
            what = "no alarm of the guard can go off: each is missing, or in ALARM state already"
            raise UsageError(what, hint=hint, code="no-alarm")
        return found

    def _ask(self, approve: Approval) -> None:
        environment, live = self._environment, self._live()
        after = dict.fromkeys(environment.routes, LEGACY_ONLY)
        traffic = traffic_of(environment, live, after, written=False)
        warning = "the guard itself takes all traffic back, as in an emergency"
        gate = Gate(environment.name, "guard test", traffic, (), (warning,), by_name=environment.confirm == "name")
        self._emit(events.GateOpened(environment.name, gate))
        ask(gate, approver(approve), self._emit, hint="pass `--yes`")

    @contextmanager
    def _drill(self, *, dry: bool) -> Iterator[str]:
        """Tell the guard of a drill, so that it knows its alarm; and that it is over."""
        guard, key = self._container.guard, uuid4().hex[:12]
        try:
            guard.change(lambda state, now: begin_drill(state, Drill(key, who(), now, now + 2 * LONGEST, dry)))
        except GuardRefusal:
            raise Locked("another drill is in progress", hint="wait for it", code="drill-under-way") from None
        try:
            yield key
        finally:
            guard.change(lambda state, _: end_drill(state, key))

    def _record(self, drill: str) -> Firing:
        container, end = self._container, self._container.utc + LONGEST
        while container.utc < end:
            for firing in container.guard.firings(FIRINGS):
                if firing.drill == drill:
                    return firing
            container.wait_until(container.utc + PAUSE)
        log = f"/aws/lambda/{guard_name(self._environment)}"
        what = f"the guard has no record of the drill after {count_of(LONGEST // timedelta(minutes=1), 'minute')}"
        raise AwsError(what, hint=f"read the log group {log}", code="guard-silent")
