"""Runs a ramp: read its state, judge, decide, act, and look again in a minute.

It keeps no state. Each look starts from the live weights and from history, so a ramp can be killed at any time and run
anywhere, also several times at once: a raise is announced in history, and given up if another process was faster.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Generic

from rollout.analysis.metrics import MINUTE
from rollout.base import log
from rollout.errors import (
    AnalysisFailed,
    Drift,
    Interrupted,
    Locked,
    RampEnded,
    RolloutError,
)
from rollout.inventory.model import Environment
from rollout.inventory.quantities import ZERO, Percent
from rollout.migration import events
from rollout.migration.gates import Gate
from rollout.migration.glance import Glance
from rollout.migration.ports import Approver
from rollout.ramp.abort import RampAbort
from rollout.ramp.actions import Live, RampActions
from rollout.ramp.considering import FINAL, Considering
from rollout.ramp.decide import Act, Decision
from rollout.ramp.ended import ended_error
from rollout.ramp.glance import seen_by_ramp
from rollout.ramp.guarded import RampGuard
from rollout.ramp.history import LOOK_AGAIN, History
from rollout.ramp.state import RampState
from rollout.state.ramp_journal import Journal, Kind

TRIES, AGAIN = 4, timedelta(seconds=20)
"""How often to wait for another process's lock if nothing else is due, and how long each time."""
_LOG = logging.getLogger("rollout.ramp")
_ENDED = ("finished", "idle")


@dataclass(frozen=True, slots=True)
class RampResult:
    """The result of a look.

    Attributes:
        weight: The routes' weight.
        state: What was done: `raised`, `finished` or `dropped` (some routes). Or what it waits for: `waiting` (time or
            requests), `held` (no verdict), `paused`, `frozen`, `closed` (outside the windows), `approval`, or `idle`
            (no ramp has begun).
        sentence: The reason.
        wait: The time until the next decision, if known.
    """

    environment: str
    weight: Percent
    state: str
    sentence: str
    wait: timedelta | None = None


class Runner(Generic[Live]):
    """Runs a ramp of one environment.

    Args:
        history: Makes the ramp's history; it is given who is warned.
        approve: Called at each step's gate; None refuses.
        guard: What takes traffic back without it.
        begins: Whether to begin a ramp; only asked where one is to begin.
    """

    def __init__(
        self,
        environment: Environment,
        means: RampActions[Live],
        journal: Journal,
        emit: events.Listener,
        *,
        history: Callable[[Callable[[str], None]], History[Live]],
        approve: Approver | None,
        guard: RampGuard | None = None,
        begins: Callable[[], bool] = lambda: True,
    ) -> None:
        self._environment, self._name, self._begins = environment, environment.name, begins
        self._means, self._journal, self._emit, self._approve = means, journal, emit, approve
        self._guard = guard or RampGuard()
        self._retreat = RampAbort(environment, means, journal, emit)
        self._warned = ""
        self._considering = Considering(environment, means, self._guard, emit, self._warn)
        self._history = history(self._warn)
        self._called, self._restart = self._history.wording.name, self._history.wording.restart

    def run(self, *, once: bool, restart: bool = False, wanted: datetime | None = None) -> RampResult:
        """Do what is due, and continue until the ramp has ended, unless `once`.

        Args:
            once: Return after one look.
            restart: Begin at the live weight, after a ramp has ended or another process set weights.
            wanted: When that was wanted, if it may have been done since.

        Raises:
            AnalysisFailed: The candidate is worse than legacy, now or when the ramp ended.
            RampEnded: It ended in another way.
            Drift: Another process set weights.
            UsageError: There is nothing to restart.
            GateRefused: A step's gate was declined, or there is no terminal.
            Interrupted: By the user.
            RolloutError: Others only if `once`, or at the first look; later they are reported, and the ramp goes on.
        """
        if restart and (wanted is None or (self._history.has_failed(wanted) and self._begins())):
            self._history.begin_anew()
        try:
            with self._guard.expecting_looks():
                return self._run(once=once)
        except KeyboardInterrupt:
            what = f"stopped; the weight stays, and {self._guard.after_stop}"
            raise Interrupted(what, hint=self._history.wording.stopped) from None

    def _run(self, *, once: bool) -> RampResult:
        is_first, tries = True, 0
        while True:
            due = _next_look(self._means.now())
            try:
                result = self._look_if_begun(is_first=is_first, persistent=not once)
            except FINAL:
                raise
            except RolloutError as error:
                tries += 1
                is_busy = isinstance(error, Locked) and tries < TRIES
                if (once or is_first) and not is_busy:
                    raise
                due = self._means.now() + AGAIN if is_busy else due
                self._warn(f"{error}; the {self._called} will look again")
            else:
                if result.state in _ENDED:
                    self._guard.leave()
                    return result
                self._guard.beat(None if once else due)
                if once:
                    return result
                is_first, tries = False, 0
            if due > self._means.now():
                self._means.wait_until(due)

    def _look_if_begun(self, *, is_first: bool, persistent: bool) -> RampResult:
        """One look; none where no ramp has begun, and this run begins none."""
        try:
            live, stands = self._history.stand()
        except Drift as error:
            if error.code != "weights-differ" or self._begins():
                raise
            return RampResult(self._name, ZERO, "idle", error.what)
        if stands.is_new and not self._begins():
            return self._result(stands, "idle", "no ramp has begun")
        return self._look(live, stands, is_first=is_first, persistent=persistent)

    def _look(self, live: Live, stands: RampState, *, is_first: bool, persistent: bool) -> RampResult:
        """One look, with its action."""
        if fired := self._guard.fired(stands):
            self._taken_back(stands, fired, persistent=persistent)
        if stands.ended is not None:
            self._stop(stands, persistent=persistent)
            return self._result(stands, "finished", stands.ended.sentence)
        if stands.is_new:
            self._history.start(stands.weight)
            note = stands.note
            live, stands = self._history.stand()
            stands = replace(stands, note=note)
        if is_first:
            steps = self._environment.ramp.steps
            self._emit(events.RampPickedUp(self._name, stands.weight, stands.since, steps, stands.note))
            if stands.calibrated and stands.calibrated.safe is False:
                self._warn(f"a good candidate may be rolled back: {stands.calibrated.sentence}")
        now = self._means.now()
        stands, decision, judgement = self._considering.decided(live, stands, now)
        log.note(_LOG, "%s at %s: %s", self._name, stands.weight, decision)
        if decision.act is Act.FAIL:
            return self._fail(stands, decision, persistent=persistent)
        self._history.require_untouched(live, stands)
        if decision.act is Act.RAISE:
            self._guard.beat(_next_look(now) if persistent else None)  # so that a kill after the raise is noticed
            raised = self._raise(stands, decision)
            is_last = self._history.is_last(raised.weight)
            return self._finish(replace(stands, weight=raised.weight), decision) if is_last else raised
        if decision.act is Act.FINISH:
            return self._finish(stands, decision)
        seen = seen_by_ramp(self._name, self._environment.ramp, stands, decision, judgement, now=now)
        return self._wait(stands, decision, seen, now, _looks(now, persistent=persistent))

    def _finish(self, stands: RampState, decision: Decision) -> RampResult:
        self._history.write(Kind.FINISHED, stands.weight, decision.sentence)
        self._emit(events.RampFinished(self._name, stands.weight, decision.sentence))
        said = f"the {self._called} is finished: {decision.sentence}"
        self._means.tell("finished", said, stands.weight, stands.routes)
        return self._result(stands, "finished", decision.sentence)

    def _wait(self, stands: RampState, decision: Decision, seen: Glance, now: datetime, who: str) -> RampResult:
        """Nothing is due; what people must do is recorded and reported once."""
        if decision.act is Act.ASK and stands.asked is None:
            self._history.write(Kind.ASKED, decision.weight)
            self._means.tell("approval", f"{decision.sentence} {self._name}", stands.weight, stands.routes)
        elif decision.act is Act.HOLD and not stands.is_held:
            self._history.write(Kind.HELD, stands.weight, decision.sentence)
            self._means.tell("verdict", decision.sentence, stands.weight, stands.routes)
        act, said, until = decision.act.value, decision.sentence, decision.until
        beside = seen, who, self._guard.sentence, self._history.last_change
        self._emit(events.RampWaiting(self._name, stands.weight, act, said, until, *beside))
        return RampResult(self._name, stands.weight, act, said, until - now if until else None)

    def _stop(self, stands: RampState, *, persistent: bool) -> None:
        """Report how a ramp ended; routes that a failure left behind are moved back first."""
        if stands.left and stands.ended and not stands.is_by_hand:
            left = self._retreat.move_back(stands.left, persistent=persistent)
            self._journal.write(self._journal.message(Kind.FAILED, ZERO, stands.ended.sentence, left))
        if error := ended_error(stands, self._history.wording):
            raise error

    def _raise(self, stands: RampState, decision: Decision) -> RampResult:
        """Set the next weight, only if the current one is the judged one."""
        target, approve = decision.weight or ZERO, self._approve
        if stands.weight == ZERO and self._environment.ramp.smoke:
            for note in self._means.smoke():
                self._warn(note)

        def consent(gate: Gate) -> bool:
            if elsewhere := tuple(self._history.elsewhere(gate, stands, target)):
                raise Drift(
                    f"weights were changed after the verdict on {stands.weight} %", elsewhere, code="weight-changed"
                )
            if approve is None or not approve(gate):
                return False
            self._history.announce(target, decision.sentence)
            return True

        said = partial(self._history.raised, target, decision.sentence)
        try:
            result = self._means.set_weight(target, stands.routes, consent if approve else None, said)
        except Drift as error:
            raise self._overtaken(stands, error) from None
        if not result.changed:  # an interrupted run had done it
            self._journal.write(said())
        self._emit(events.RampRaised(self._name, target, decision.sentence))
        told = f"raised from {stands.weight} % to {target} %: {decision.sentence}"
        self._means.tell("step", told, target, stands.routes)
        return replace(self._result(stands, "raised", decision.sentence), weight=target)

    def _overtaken(self, stands: RampState, error: Drift) -> RolloutError:
        if error.code == "rolled-back":
            return RampEnded(error.what, hint=self._restart, code=error.code)
        if error.code == "guard-fired":  # the next look wouldn't know that from where a first step began
            self._taken_back(stands, error.what, persistent=False)
        # the next look shows whether it is drift or another run of the ramp
        return Locked(f"another process was faster: {error}", hint=LOOK_AGAIN, code="concurrent-change")

    def _fail(self, stands: RampState, decision: Decision, *, persistent: bool) -> RampResult:
        outcome, rest = self._retreat.go(stands, decision, persistent=persistent)
        if rest:
            return self._result(stands, "dropped", f"{outcome}: {decision.sentence}")
        raise AnalysisFailed(f"{decision.sentence}; {outcome}", hint=f"fix the candidate; {self._restart}")

    def _taken_back(self, stands: RampState, sentence: str, *, persistent: bool) -> None:
        """End the ramp because the guard took traffic back; what it left is moved back, and history says why."""
        ended = stands.ended
        if ended is not None and not stands.is_by_hand:
            if ended.kind is Kind.FINISHED and stands.note:
                raise RampEnded(f"the {self._called} has ended: {sentence}", hint=self._restart, code="guard-fired")
            return
        stands = replace(stands, weight=(ended and ended.weight) or stands.weight)
        outcome, _ = self._retreat.go(stands, Decision(Act.FAIL, sentence), persistent=persistent)
        hint = f"fix the candidate; {self._restart}"
        raise AnalysisFailed(f"{sentence}; {outcome}", hint=hint, code="guard-fired")

    def _warn(self, text: str) -> None:
        if text != self._warned:
            self._emit(events.Warned(self._name, text))
        self._warned = text

    def _result(self, stands: RampState, state: str, sentence: str) -> RampResult:
        return RampResult(self._name, stands.weight, state, sentence)


def _next_look(now: datetime) -> datetime:
    """When a ramp that stays looks again: each minute."""
    return now.replace(second=0, microsecond=0) + MINUTE


def _looks(now: datetime, *, persistent: bool) -> str:
    """Who runs the ramp, and when it looks next."""
    return f"this process, which looks {f'again at {_next_look(now):%H:%M} UTC' if persistent else 'once'}"
