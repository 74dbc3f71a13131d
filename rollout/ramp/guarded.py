"""Heartbeats of a ramp, for the guard and for this machine's screens, and what the guard did since its last step.

A ramp that ends, or that a person stops, says that it looks no more. One that is killed doesn't, and neither does one
that can't go on: then missing heartbeats set off the silence alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from rollout.base.formatting import moment
from rollout.base.stopping import is_terminated
from rollout.errors import AnalysisFailed, AwsError, GateRefused, Interrupted, RampEnded
from rollout.guard.state import unwatch, watch
from rollout.migration.ports import Guard
from rollout.ramp.looks import LocalLook, Looks
from rollout.ramp.state import RampState
from rollout.state.history.firings import FIRINGS, sentence

_ENDED = (AnalysisFailed, GateRefused, RampEnded)


class RampGuard:
    """A ramp's view of its environment's guard.

    Args:
        guard: None where the inventory has none.
        alarms: The alarms by which it takes traffic back.
        by: Who runs the ramp.
        now: AWS's time.
        warn: Called with what speaks against relying on it.
        looks: Where this machine's screens read of the looks.

    Attributes:
        sentence: How it stood when it was read last; empty where there is none, or before that.
    """

    def __init__(
        self,
        guard: Guard | None = None,
        alarms: Sequence[str] = (),
        by: str = "",
        *,
        now: Callable[[], datetime] = datetime.now,
        warn: Callable[[str], None] = lambda _: None,
        looks: Looks | None = None,
    ) -> None:
        self._guard = guard
        self._names = tuple(alarms)
        self._by = by
        self._now = now
        self._warn = warn
        self._looks = looks
        self._warned = ""
        self._is_armed = self._is_watching = False
        self.sentence = ""

    @property
    def alarms(self) -> tuple[str, ...]:
        """Its alarms, which fail a step, too, while it is armed."""
        return self._names if self._is_armed else ()

    @property
    def after_stop(self) -> str:
        """What becomes of the weight when a person stops the ramp."""
        return "only the guard's alarms watch it" if self._is_armed else "is not watched any more"

    def fired(self, stands: RampState) -> str:
        """What it did since the ramp's last step, in words; empty if nothing, or if that isn't known."""
        if self._guard is None:
            return ""
        self._is_armed = False
        try:
            state = self._guard.read()
        except AwsError as error:  # a Fail still goes back, and each raise asks for itself
            self.sentence = f"not known: {error.what}"
            self._say(f"the guard's state can't be read: {error}")
            return ""
        if state is None:
            self.sentence = "not installed"
            self._say("no guard is installed: if this command is killed, nothing takes traffic back")
            return ""
        self.sentence = "armed"
        if disarmed := state.disarmed_at(self._now()):
            self.sentence = f"disarmed until {moment(disarmed.until)} by {disarmed.by}: {disarmed.why}"
            self._say(f"the guard is {self.sentence}")
        self._is_armed, began = disarmed is None, stands.since or stands.began
        self._is_watching &= state.watching is not None  # another run of the ramp may have ended
        if state.fired_at is None or began is None or state.fired_at <= began:
            return ""
        try:
            firings = self._guard.firings(FIRINGS)
        except AwsError:  # that it fired is enough
            firings = ()
        return sentence(state, firings)

    def beat(self, next_at: datetime | None) -> None:
        """Say that a look is done, or will raise, so that the next one is expected.

        Args:
            next_at: When that is due; None if another process does it.
        """
        if self._looks:
            self._looks.keep(LocalLook(self._by, self._now(), next_at))
        if self._guard is None:
            return
        try:
            self._guard.beat()
            if not self._is_watching:
                self._guard.change(lambda state, now: watch(state, by=self._by, now=now))
                self._is_watching = True
        except AwsError as error:
            if error.code != "no-guard":  # which `fired` has told
                self._say(f"the guard gets no heartbeat: {error}")

    @contextmanager
    def expecting_looks(self) -> Iterator[None]:
        """Around a ramp's looks: after its end none is expected, after another error somebody is to go on."""
        try:
            yield
        except _ENDED:
            self.leave()
            raise
        except (KeyboardInterrupt, Interrupted) as stop:
            if not is_terminated(stop):
                self.leave()
            raise

    def leave(self) -> None:
        """Say that no more looks are to be expected: the ramp has ended, or a person stopped it."""
        if self._looks:
            self._looks.forget()
        if self._guard is None:
            return
        try:
            self._guard.change(lambda state, _: unwatch(state))
        except AwsError as error:
            if error.code != "no-guard":
                self._say(f"the guard may report a silent ramp: {error}")

    def _say(self, text: str) -> None:
        """Once, until it is something else."""
        if text != self._warned:
            self._warn(text)
        self._warned = text
