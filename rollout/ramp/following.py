"""Follows a ramp that a controller runs in the account: tells what a run of one's own would, and stops as it would.

It writes a ramp's beginning, if there is none, and nothing else. What it tells is of history, the live weights and the
controller's record; the judge's sentences are made here, of the same counts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from rollout import __version__
from rollout.alb.state import AlbState
from rollout.errors import AnalysisFailed, AwsError, Interrupted, RampEnded, RolloutError, WrongAccount
from rollout.inventory.model import Environment
from rollout.inventory.quantities import ZERO, Percent
from rollout.migration import events
from rollout.migration.checks.controller_status import ControllerStatus
from rollout.ramp.actions import RampActions
from rollout.ramp.controlled import Controlled, Look, ramp_begins
from rollout.ramp.ended import ended_error
from rollout.ramp.glance import of_controller, seen_by_ramp
from rollout.ramp.history import RampHistory
from rollout.ramp.ports import Controller
from rollout.ramp.runner import RampResult
from rollout.ramp.state import RampState
from rollout.ramp.view import RampView, view_of
from rollout.state.ramp_journal import JournalEntry, Kind

POLL = timedelta(seconds=15)
_NOTED = frozenset({Kind.PAUSED, Kind.RESUMED, Kind.SKIPPED, Kind.APPROVED, Kind.FROZEN})
Consent = Callable[[AlbState, Percent], None]
"""Asked before a ramp begins, with what is live and its weight; refuses by an error."""


class Follower:
    """Follows the ramp of one environment.

    Args:
        history: The ramp's.
        status: How a controller stands by its record.
        guard: How the guard stands, in a sentence; empty without one.
    """

    def __init__(
        self,
        environment: Environment,
        means: RampActions[AlbState],
        history: RampHistory,
        controller: Controller,
        *,
        emit: events.Listener,
        status: Callable[[Controlled], ControllerStatus],
        guard: Callable[[], str] = str,
    ) -> None:
        self._environment, self._name = environment, environment.name
        self._means = means
        self._history = history
        self._controller = controller
        self._emit = emit
        self._status, self._guard = status, guard
        self._seen: Look | None = None
        self._told: JournalEntry | None = None
        self._weight = ZERO
        self._warned = ""

    def run(self, *, once: bool, restart: bool, consent: Consent) -> RampResult:
        """Begin a ramp where none is, and follow it until it has ended, unless `once`.

        Args:
            once: Return what is known now.
            restart: Begin at the live weight, after a ramp has ended or another process set weights.

        Raises:
            AwsError: No controller is installed, or AWS can't be read at the first look.
            AnalysisFailed, RampEnded, Drift, UsageError, GateRefused, Interrupted: As `Runner.run`.
        """
        try:
            self._record()  # before anything is written: there may be none
            self._begin(consent, restart=restart)
            return self._follow(once=once)
        except KeyboardInterrupt:
            hint = f"`rollout ramp {self._name}` follows again, `rollout pause {self._name}` stops raises"
            raise Interrupted("stopped following; the controller goes on with the ramp", hint=hint) from None

    def _begin(self, consent: Consent, *, restart: bool) -> None:
        begins = self._beginning(restart=restart)
        if begins is None:
            return
        consent(*begins)
        if (again := self._beginning(restart=restart)) is not None:  # nobody else began it meanwhile
            self._controller.change(_begins)  # before it, so that no older version goes on with it
            self._history.start(again[1])
            self._controller.change(_begins)  # after it, so that no look of meanwhile is taken for one at it

    def _beginning(self, *, restart: bool) -> tuple[AlbState, Percent] | None:
        """What is live, and the weight at which a ramp begins; None where one has begun."""
        if restart:
            return self._history.anew()
        live, stands = self._history.stand()
        return (live, stands.weight) if stands.is_new else None

    def _follow(self, *, once: bool) -> RampResult:
        is_first = True
        while True:
            try:
                record = self._record()
                if is_first or record.last != self._seen:
                    self._seen = record.last
                    result = self._look(record, is_first=is_first)
                    if once or result.state == "finished":
                        return result
                self._say_late(record)
                is_first = False
            except (AnalysisFailed, RampEnded, WrongAccount):
                raise
            except RolloutError as error:
                if is_first or error.code == "no-controller":
                    raise
                self._warn(f"{error}; the next look follows")
            self._means.wait_until(self._means.now() + POLL)

    def _look(self, record: Controlled, *, is_first: bool) -> RampResult:
        """Tell what is new, and how the ramp stands; its end is an error, unless it has finished."""
        live, stands = self._history.stand()
        if is_first:
            self._emit(events.RampFollowed(self._name, self._status(record).sentence))
            steps = self._environment.ramp.steps
            self._emit(events.RampPickedUp(self._name, stands.weight, stands.since, steps, stands.note))
        self._tell(is_first=is_first)
        self._weight = stands.weight
        if error := ended_error(stands, self._history.wording):
            raise error
        if stands.ended is not None:
            return RampResult(self._name, stands.weight, "finished", stands.ended.sentence)
        return self._said(record, live, stands)

    def _said(self, record: Controlled, live: AlbState, stands: RampState) -> RampResult:
        """What the judge says here, and what the controller said of this ramp."""
        found = view_of(self._environment, self._means, live, stands)
        if found.judgement:
            self._emit(events.Judged(self._name, stands.weight, found.judgement))
        last = record.said
        if last is None or last.state == "idle":
            state, sentence = "waiting", "the controller hasn't looked since the ramp began"
        elif last.state == "failed":
            raise RampEnded(f"the controller stopped: {last.sentence}", hint=self._history.wording.restart)
        elif last.state == "error":
            state, sentence = "error", f"the controller's last look failed: {last.sentence}"
            self._warn(sentence)
        else:
            state, sentence = last.state, last.sentence
        self._emit(self._waiting(record, found, state, sentence))
        return RampResult(self._name, stands.weight, state, sentence)

    def _waiting(self, record: Controlled, found: RampView, state: str, sentence: str) -> events.RampWaiting:
        """How the ramp stands, at a glance."""
        stands, status = found.standing or RampState(()), self._status(record)
        seen, now, runs = None, self._means.now(), f"the controller: {status.sentence}"
        if not status.is_well:
            seen = of_controller(status)
        elif found.decision is not None:
            seen = seen_by_ramp(self._name, self._environment.ramp, stands, found.decision, found.judgement, now=now)
        beside = seen, runs, self._guard(), self._history.last_change
        return events.RampWaiting(self._name, stands.weight, state, sentence, None, *beside)

    def _tell(self, *, is_first: bool) -> None:
        """What history has since the last reading."""
        told = self._history.told
        new = told[told.index(self._told) + 1 :] if self._told in told else told
        self._told = told[-1] if told else None
        for entry in () if is_first else new:
            self._emit_entry(entry)

    def _emit_entry(self, entry: JournalEntry) -> None:
        name, weight, said = self._name, entry.weight or ZERO, entry.sentence
        match entry.kind:
            case Kind.RAISED:
                self._emit(events.RampRaised(name, weight, said))
            case Kind.FINISHED:
                self._emit(events.RampFinished(name, weight, said))
            case Kind.FAILED | Kind.DROPPED:
                outcome = "rolled back" if weight == ZERO else f"at {weight} % now"
                self._emit(events.RampFailed(name, self._weight, said, outcome, entry.routes))
            case kind if kind in _NOTED:
                self._emit(events.RampNoted(name, kind.value, entry.by, entry.weight, entry.until))

    def _record(self) -> Controlled:
        found = self._controller.read()
        if found is None:
            install, here = f"rollout controller install {self._name}", f"rollout ramp {self._name} --here"
            hint = f"run `{install}`; `{here}` runs the ramp in this process"
            raise AwsError("stacks.toml has [controller], but none is installed", hint=hint, code="no-controller")
        return found

    def _say_late(self, record: Controlled) -> None:
        if record.is_late(self._means.now()):
            self._warn(f"the controller is late: {self._status(record).sentence}")

    def _warn(self, text: str) -> None:
        if text != self._warned:
            self._emit(events.Warned(self._name, text))
        self._warned = text


def _begins(record: Controlled, now: datetime) -> Controlled:
    return ramp_begins(record, __version__, now)
