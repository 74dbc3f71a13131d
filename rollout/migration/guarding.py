"""A raise beside the guard: neither loses an alarm, and neither undoes the other without saying so.

The order matters: first a lease, then the alarms are read, then the epoch is advanced to the lease's beginning, then
rules are changed. An alarm that went off before the lease is seen here, and the guard takes one that went off later for
new. While the lease is open, a guard that fires looks at the rules again and again. A raise that lands after the guard
fired takes back what it raised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from rollout.analysis.metrics import AlarmState
from rollout.analysis.ports import Alarms
from rollout.errors import AwsError, Drift, PreflightFailed, Problem
from rollout.guard.state import Disarmed, GuardRefusal, GuardState, begin_raise, confirm_raise, end_raise
from rollout.migration.ports import Guard

LEASE = timedelta(minutes=15)
"""How long a raise may change rules at most."""


class Raising(Protocol):
    """Makes a `GuardedRaise` for routes that change, and have a share afterwards."""

    def __call__(self, routes: Sequence[str], *, raises: bool) -> GuardedRaise:
        """For these."""


class GuardedRaise:
    """One raise; make it when the raise is decided on, before its preview.

    Args:
        guard: The environment's.
        alarms: Who knows the states of the guard's alarms.
        names: The guard's alarms, without the one on missing heartbeats.
        environment: Its name.
        by: Who raises.
        raises: Whether any share goes up. What only lowers shares leaves a lease, so that it undoes nothing of the
            guard's; no alarm and no failure of the guard's table stops it.
        required: Whether nothing is raised while the guard is disarmed.
        take_back: Moves the raised routes back to legacy.

    Raises:
        AwsError: The guard's state can't be read.
    """

    def __init__(
        self,
        guard: Guard,
        alarms: Alarms,
        names: Sequence[str],
        *,
        environment: str,
        by: str,
        required: bool,
        raises: bool = True,
        take_back: Callable[[], object],
    ) -> None:
        self._guard, self._alarms, self._names, self._environment = guard, alarms, names, environment
        self._by, self._required, self._raises, self._take_back = by, required, raises, take_back
        self._id, self._is_open = uuid4().hex[:16], False
        self._seen = self._fired_so_far()

    def begin(self) -> None:
        """Make sure that nothing speaks against the raise, right before its first rule is changed.

        Raises:
            Drift: The guard fires, or has fired since the decision; code `guard-firing` or `guard-fired`.
            PreflightFailed: An alarm is in ALARM state, unless the guard is disarmed; or a guard that is required is.
            AwsError: The state or the alarms can't be read.
        """
        if self._seen is None or self._is_open:
            return
        seen = self._seen
        disarmed: list[Disarmed | None] = []

        def begin(state: GuardState, now: datetime) -> GuardState:
            disarmed.append(state.disarmed_at(now))
            return begin_raise(state, id_=self._id, by=self._by, now=now, until=now + LEASE, seen=seen)

        try:
            self._guard.change(begin)
        except GuardRefusal as refusal:
            raise self._refused(refusal) from None
        except AwsError:
            if self._raises:
                raise
            return
        self._is_open = True
        try:
            if self._raises:
                self._require_quiet(disarmed[-1])
                self._confirm(seen)
        except BaseException:
            with suppress(AwsError):  # it ends by itself, and the guard only looks longer
                self._close()
            raise

    def end(self) -> str | None:
        """Say that the raise's changes have ended, whatever became of them.

        Returns:
            What people should know; None if all is well.

        Raises:
            Drift: The guard fired meanwhile, and the routes were taken back; code `guard-fired`.
        """
        if not self._is_open:
            return None
        try:
            is_fired = not self._close(unless_fired=True)
        except AwsError as error:
            return f"the guard doesn't know yet that the raise has ended: {error}"
        if is_fired:
            self._take_back()
            with suppress(AwsError):  # as above
                self._close()
            raise self._fired("the routes were taken back")
        with suppress(AwsError):
            if raised := self._in_alarm():
                return f"in ALARM state: {', '.join(raised)}"
        return None

    def _fired_so_far(self) -> int | None:
        try:
            state = self._guard.read()
        except AwsError:
            if self._raises:
                raise
            return None
        return state.fired if state else None

    def _close(self, *, unless_fired: bool = False) -> bool:
        """Whether the lease was given back."""

        def close(state: GuardState, _: object) -> GuardState:
            if unless_fired and state.fired != self._seen:
                raise GuardRefusal("guard-fired")
            return end_raise(state, self._id)

        try:
            self._guard.change(close)
        except GuardRefusal:
            return False
        self._is_open = False
        return True

    def _confirm(self, seen: int) -> None:
        try:
            self._guard.change(lambda state, _: confirm_raise(state, self._id, seen=seen))
        except GuardRefusal:
            raise self._fired("nothing was applied") from None

    def _require_quiet(self, disarmed: Disarmed | None) -> None:
        name = self._environment
        if disarmed and self._required:
            what = f"it is disarmed by {disarmed.by} until {disarmed.until:%Y-%m-%d %H:%M} UTC: {disarmed.why}"
            problem = Problem(what, where="guard", hint=f"run `rollout guard arm {name}`", code="guard-disarmed")
            raise PreflightFailed("[guard] is required for raises; nothing was applied", [problem])
        if disarmed:  # by a person, who knows of the alarm
            return
        problems = [Problem("is in ALARM state", where=alarm, code="alarm-raised") for alarm in self._in_alarm()]
        if problems:
            hint = f"if the raise is right, run `rollout guard disarm {name} --for 30m -m WHY` before"
            what = "an alarm of the guard prevents the raise; nothing was applied"
            raise PreflightFailed(what, problems, hint=hint)

    def _in_alarm(self) -> list[str]:
        states = self._alarms.states(self._names) if self._names else {}
        return [name for name, state in states.items() if state is AlarmState.ALARM]

    def _refused(self, refusal: GuardRefusal) -> Drift:
        if refusal.code == "guard-firing":
            what = "the guard is taking traffic back; nothing was applied"
            return Drift(what, (), hint=self._hint("status"), code="guard-firing")
        return self._fired("nothing was applied")

    def _fired(self, outcome: str) -> Drift:
        what = f"the guard took traffic back meanwhile; {outcome}"
        return Drift(what, (), hint=self._hint("history"), code="guard-fired")

    def _hint(self, command: str) -> str:
        why = f"`rollout {command} {self._environment}` says why"
        return f"{why}; run the command again if you still want to raise"
