"""What becomes of one alarm's event: the decision, then the routes' rules until all are back, then people are told.

Every part may fail, and the function may be killed anywhere: Lambda tries again, and the same event goes on. Lowering
is the safe side, so a table that can't be read stops nobody from it while the alarm is fresh.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from rollout.guard.alarm import ALARM, AlarmEvent
from rollout.guard.config import GuardConfig, GuardedRoute
from rollout.guard.plain import dumps
from rollout.guard.record import Decision, Firing, Moved
from rollout.guard.rules import Need, Part, needs, shares_of, taken_back
from rollout.guard.sentences import subject, text
from rollout.guard.state import GuardState, begin_firing, end_firing

FRESH = timedelta(minutes=5)
"""How old an alarm may be that fires though the table can't be read: an older one might undo a later raise."""
BLIND = timedelta(seconds=30)
"""How long it looks again where it can't know whether a raise is under way."""
EARLY = timedelta(seconds=15)
"""After which time people are told how far it is."""
ENDING = timedelta(seconds=10)
"""What is left of the function's time when it gives up: enough to say so."""
RETRY = timedelta(minutes=3)
"""After which time Lambda has begun a retry."""
PAUSE = 1.0
TRIES = 10
_UNTOLD = {Decision.IGNORED, Decision.REPEATED, Decision.IDLE}


class NotBack(Exception):
    """The function's time is up before all routes were back."""


class Rules(Protocol):
    """The load balancers' rules, in AWS's JSON; any failure raises."""

    def describe(self, arns: Sequence[str]) -> Mapping[str, Part]:
        """Those of some rules that are there."""

    def modify(self, arn: str, actions: Sequence[Part]) -> None:
        """Give a rule other actions."""


class Table(Protocol):
    """The guard's table; any failure raises."""

    def read(self) -> GuardState | None:
        """The state; None if there is no table."""

    def compare_and_set(self, read: GuardState, wanted: GuardState) -> GuardState | None:
        """Write a state if nobody did since it was read; None if somebody did."""

    def earlier(self, firing: Firing) -> Firing | None:
        """What a run before wrote of the same event."""

    def record(self, firing: Firing) -> None:
        """Keep what an alarm led to."""


class Clock(Protocol):
    """Time."""

    def now(self) -> datetime:
        """The time of day, never before the alarm's."""

    def left(self) -> timedelta:
        """What is left of the function's time."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a firing works with.

    Attributes:
        run: The invocation's id, the same for its retries.
        publish: Tells people: a subject, a text, and data.
        together: Runs a function with each of some values, side by side.
    """

    config: GuardConfig
    rules: Rules
    table: Table
    clock: Clock
    run: str
    publish: Callable[[str, str, str], object]
    together: Callable[[Callable[[str], object], Sequence[str]], object]


def handle(event: AlarmEvent, parts: Parts) -> Firing:
    """Handle an event.

    Raises:
        NotBack: It has to be handled again.
    """
    return _Handling(event, parts).run()


def handle_all(
    events: Sequence[AlarmEvent], parts: Callable[[AlarmEvent], Parts], together: Callable[..., object]
) -> list[Firing]:
    """Handle events side by side, so that one whose routes can't be taken back keeps no other waiting.

    Args:
        parts: Of each event.
        together: As in `Parts`.

    Raises:
        NotBack: Some have to be handled again, of which those that had no time are first in turn.
    """
    known, done, failures = {event.id: event for event in events}, dict[str, Firing](), list[NotBack]()

    def one(id_: str) -> None:
        event = known[id_]
        mine = parts(event)
        if mine.clock.left() < 2 * ENDING:
            failures.append(NotBack(f"no time was left for {event.alarm}"))
            return
        try:
            done[id_] = handle(event, mine)
        except NotBack as error:
            failures.append(error)

    together(one, [*known])
    if failures:
        raise failures[0]
    return [done[id_] for id_ in known]


@dataclass(slots=True)
class _Handling:
    """One run of the function.

    Attributes:
        problems: By route, why it isn't back.
        trouble: What else went wrong, by what was tried.
        is_done: Whether all routes that can go back are back.
    """

    event: AlarmEvent
    parts: Parts
    decision: Decision = Decision.IGNORED
    before: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    after: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    trouble: dict[str, str] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)
    is_done: bool = False
    _moves: dict[str, tuple[Part, GuardedRoute]] = field(default_factory=dict)

    def run(self) -> Firing:
        self.times = {"alarm": self.event.at, "invoked": self.parts.clock.now()}
        self._begin()
        self._mark("decided")
        if self.decision in _UNTOLD:
            return self._firing()
        if self.decision is Decision.DRY:
            self._look()
        if self.decision is Decision.FIRE:
            self._take_back()
        firing = self._tell()
        is_open = self.decision is Decision.FIRE or (self.decision is Decision.LATE and "state" in self.trouble)
        if is_open and not self.is_done:
            raise NotBack(dumps(firing))
        if self.decision is not Decision.DISARMED:  # if it is in that state once the guard is armed, it fires
            self._change(lambda state: end_firing(state, self.event, self.parts.run))
        return firing

    def _begin(self) -> None:
        """Decide, and leave a lease."""
        config, clock = self.parts.config, self.parts.clock

        def begin(state: GuardState) -> GuardState:
            now = clock.now()
            until = now + clock.left() + RETRY
            state, self.decision = begin_firing(state, self.event, config, run=self.parts.run, now=now, until=until)
            return state

        if not self._change(begin):
            self.decision = self._blind()

    def _blind(self) -> Decision:
        """The decision where the state can't be read or written."""
        event, config = self.event, self.parts.config
        if event.state != ALARM or not config.routes_of(event.alarm) or event.drill:
            return Decision.IGNORED
        if event.alarm == config.silence.alarm:
            return Decision.HOLD
        return Decision.FIRE if self.parts.clock.now() - event.at <= FRESH else Decision.LATE

    def _change(self, transition: Callable[[GuardState], GuardState]) -> bool:
        """Change the state as it is now; whether that could be done."""
        try:
            for _ in range(TRIES):
                state = self.parts.table.read()
                if state is None:
                    break
                wanted = transition(state)
                if wanted == state or self.parts.table.compare_and_set(state, wanted):
                    self.trouble.pop("state", None)
                    return True
        except Exception as error:  # noqa: BLE001 - it goes on without
            self.trouble["state"] = f"the guard's table: {_in_words(error)}"
        else:
            self.trouble["state"] = "the guard's table is missing, or changes all the time"
        return False

    def _take_back(self) -> None:
        """Move rules until all are read back and no raise is under way, which might land later."""
        clock = self.parts.clock
        blind, early, is_told = clock.now() + BLIND, clock.now() + EARLY, False
        while True:
            is_raising = self._is_raising(blind)  # asked before the rules: what it changed by then is seen
            moves = self._look()
            if moves == [] and not is_raising:
                self.is_done = True
                self._mark("read-back")
                return
            if clock.left() < ENDING:
                return
            if not is_told and clock.now() >= early:
                is_told = True
                self._tell()
            if not moves or not self._move(moves):
                clock.sleep(PAUSE)

    def _is_raising(self, blind: datetime) -> bool:
        """Whether a raise may still change rules."""
        now = self.parts.clock.now()
        self.trouble.pop("raise", None)
        try:
            state = self.parts.table.read()
        except Exception:  # noqa: BLE001 - what can't be known is waited for
            return now < blind
        if state and (leases := state.raises(now)):
            self.trouble["raise"] = f"a raise is in progress: {', '.join(lease.by for lease in leases)}"
            return True
        return state is None and now < blind

    def _look(self) -> list[str] | None:
        """The routes to move; None where the rules can't be read."""
        routes = {name: self.parts.config.routes[name] for name in self.parts.config.routes_of(self.event.alarm)}
        try:
            rules = self.parts.rules.describe([route.rule for route in routes.values()])
        except Exception as error:  # noqa: BLE001 - it looks again
            self.trouble["rules"] = f"the rules can't be read: {_in_words(error)}"
            return None
        self.trouble.pop("rules", None)
        self._moves = {}
        for name, route in routes.items():
            self._see(name, route, rules.get(route.rule))
        return [*self._moves]

    def _see(self, name: str, route: GuardedRoute, rule: Part | None) -> None:
        """Take a rule for what there is now."""
        need, self.after[name] = needs(rule, route), shares_of(rule, route)
        self.before.setdefault(name, self.after[name])
        if rule is not None and need is Need.MOVE:
            self._moves[name] = rule, route
        elif need is Need.BACK:
            self.problems.pop(name, None)
        else:
            self.problems[name] = f"{name}: {need}"

    def _move(self, moves: Sequence[str]) -> bool:
        """Change rules side by side; whether all calls succeeded."""
        self.times.setdefault("first-change", self.parts.clock.now())
        failed: list[str] = []

        def modify(name: str) -> None:
            rule, route = self._moves[name]
            try:
                self.parts.rules.modify(route.rule, taken_back(rule, route))
            except Exception as error:  # noqa: BLE001 - the others go on, and it is tried again
                failed.append(name)
                self.problems[name] = f"{name}: {_in_words(error)}"

        self.parts.together(modify, moves)
        self._mark("last-change")
        return not failed

    def _mark(self, part: str) -> None:
        self.times[part] = self.parts.clock.now()

    def _firing(self) -> Firing:
        event = self.event
        return Firing(
            event.id,
            event.at,
            event.alarm,
            event.reason,
            self.decision,
            {name: Moved(self.before.get(name), after) for name, after in self.after.items()},
            self.is_done and not self.problems,
            (*self.problems.values(), *self.trouble.values()),
            dict(self.times),
            event.drill,
            self.decision is Decision.DRY,
        )

    def _tell(self) -> Firing:
        """Record, tell people, and record that."""
        firing = self._recorded()
        name = self.parts.config.environment
        try:
            self.parts.publish(subject(name, firing), text(name, firing), dumps(firing))
        except Exception as error:  # noqa: BLE001 - the record says so
            self.trouble["notice"] = f"the notification failed: {_in_words(error)}"
        else:
            self._mark("told")
        return self._recorded()

    def _recorded(self) -> Firing:
        """What is recorded, with what a run before knew."""
        table, firing = self.parts.table, self._firing()
        try:
            if before := table.earlier(firing):
                routes = {
                    name: replace(each, before=before.routes[name].before if name in before.routes else each.before)
                    for name, each in firing.routes.items()
                }
                first = {
                    name: at for name, at in before.times.items() if name in ("invoked", "decided", "first-change")
                }
                firing = replace(firing, routes=routes, times={**firing.times, **first})
            table.record(firing)
        except Exception as error:  # noqa: BLE001 - the notice says so
            self.trouble["record"] = f"the record can't be written: {_in_words(error)}"
            return self._firing()
        return firing


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
