"""One guarded environment in memory, in which raises, rollbacks, alarms and firings meet in any order.

Each call of each is a step. What must always hold is asserted where a rule is written, and at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rollout.analysis.metrics import AlarmState
from rollout.errors import AwsError, RolloutError
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.calls import ApiCall
from rollout.fakes.clock import InMemoryClock
from rollout.fakes.guard import InMemoryGuard
from rollout.fakes.services import InMemoryAlarms
from rollout.guard import firing
from rollout.guard import state as guard
from rollout.guard.alarm import AlarmEvent
from rollout.guard.firing import NotBack
from rollout.guard.plain import loads
from rollout.guard.record import Decision, Firing
from rollout.guard.rules import Part, legacy_alone, shares_of
from rollout.guard.state import Drill, GuardState
from rollout.migration.guarding import GuardedRaise
from tests.unit.guard.bench import FunctionClock, InMemoryRules, rule_json
from tests.unit.guard.builders import ERRORS, LATENCY, config, event
from tests.unit.guard.stepping import Actor, Killed, Stage

ALARMS = (ERRORS, LATENCY)
ATTEMPTS = 3
TICK = timedelta(milliseconds=100)
LIMIT = timedelta(seconds=25)
"""The function's time; shorter than AWS's, so that it is up more often."""


@dataclass(eq=False)
class Rise:
    """An alarm went off.

    Attributes:
        moment: When, in steps.
        fell: When it was OK again, in steps.
        due: How often Lambda still has to invoke the function.
        attempts: How often it has.
        decisions: Of the runs that ended.
        failed: The runs that Lambda has to repeat.
    """

    event: AlarmEvent
    moment: int
    due: int = 1
    attempts: int = 0
    fell: int | None = None
    decisions: list[Decision] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Mover:
    """Somebody who sets weights.

    Attributes:
        began: When they left their lease, in steps; None before.
        epoch: The time to which they have advanced the epoch; None before.
        until: When it ends.
        reads: What alarms they read in ALARM state, and when.
        owes: Routes that they wrote once the guard had taken them back, their lease over.
    """

    actor: Actor
    routes: Sequence[str]
    raises: bool
    began: int | None = None
    epoch: datetime | None = None
    until: datetime | None = None
    reads: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    owes: set[str] = field(default_factory=set)

    def is_after(self, rise: Rise) -> bool:
        """Whether they went on, and an alarm is late for them."""
        return self.epoch is not None and self.epoch > rise.event.at


class WatchedRules(InMemoryRules):
    """Rules, each write of which is looked at."""

    def __init__(self, world: Interleaving, known: dict[str, Part]) -> None:
        super().__init__(known)
        self._world = world

    def modify(self, arn: str, actions: Sequence[Part]) -> None:
        def write() -> None:
            if arn not in self.known:
                raise AwsError("ModifyRule: RuleNotFound: no such rule", where=arn)
            self._world.on_write(arn, self.known[arn], actions)
            self.known[arn] = {**self.known[arn], "Actions": actions}

        self.calls.make(ApiCall("ModifyRule", arn), write)


class Interleaving:
    """The environment, and what may happen in it.

    Attributes:
        ceiling: The highest share of each route that a person or a Pass has set, in per cent.
        back: When, in steps and in time, the guard last said that a route is back.
        is_flaky: Whether the table has failed: then a firing may not know of a later raise.
        broken: The promises that were broken.
        counts: What happened how often.
    """

    def __init__(self) -> None:
        self.clock, self.stage, self.config = InMemoryClock(), Stage(), config("rollback")
        self.guard = InMemoryGuard(self.clock, installed=True)
        self.alarms = InMemoryAlarms(InMemoryAws(), dict.fromkeys(ALARMS, AlarmState.OK))
        routes = self.config.routes
        self.rules = WatchedRules(self, {route.rule: rule_json(route, 90, 10) for route in routes.values()})
        self.ceiling: dict[str, int] = dict.fromkeys(routes, 10)
        self.back: dict[str, tuple[int, datetime]] = {}
        self.rises: list[Rise] = []
        self.movers: list[Mover] = []
        self.firings: dict[Actor, Rise] = {}
        self.clocks: dict[Actor, FunctionClock] = {}
        self.runs: dict[Actor, str] = {}
        self.looks: set[Actor] = set()
        self.is_flaky = False
        self.broken: list[str] = []
        self.meddled: dict[str, int] = {}
        self.described: dict[Actor, int] = {}
        self.counts: Counter[str] = Counter()
        self.moment = 0
        for calls in (self.guard.calls, self.alarms.calls, self.rules.calls, self.clock.calls):
            calls.before(self.stage.hook)
        self.guard.calls.after(self._left_lease, "PutItem", "state")
        self.alarms.calls.after(self._read_alarms)
        self.rules.calls.after(self._described, "DescribeRules")

    # What may happen

    def rise(self, alarm: str, reason_data: str = "{}") -> Rise:
        """An alarm goes off, and Lambda is to be told."""
        self.alarms.stated[alarm] = AlarmState.ALARM
        self._pass(TICK)
        self.rises.append(made := Rise(event(alarm, self.clock.utc, reason_data=reason_data), self.moment))
        self.counts["alarms"] += 1
        self._pass(TICK)
        return made

    def fall(self, alarm: str) -> None:
        """An alarm is OK again."""
        self.alarms.stated[alarm] = AlarmState.OK
        for each in self.rises:
            if each.event.alarm == alarm and each.fell is None:
                each.fell = self.moment
        self._pass(TICK)

    def deliver(self, rise: Rise) -> Actor:
        """Lambda invokes the function with an alarm's event, again where a run failed."""
        run = rise.failed.pop() if rise.failed else f"{len(self.stage.actors)}"
        rise.due = max(0, rise.due - 1)
        rise.attempts += 1
        self.counts["firings"] += 1
        clock = FunctionClock(self.clock, LIMIT)

        def work() -> None:
            clock.began = self.clock.utc
            done = firing.handle(
                rise.event,
                firing.Parts(self.config, self.rules, self.guard, clock, run, lambda *_: None, _in_turn),
            )
            self._ended(rise, done)

        actor = self.stage.add(f"firing {len(self.stage.actors)}", work)
        self.firings[actor], self.clocks[actor], self.runs[actor] = rise, clock, run
        return actor

    def look(self) -> Actor:
        """The schedule invokes the function, which asks for the alarms that went off."""
        self.counts["looks"] += 1
        clock, name = FunctionClock(self.clock, 4 * LIMIT), f"look {len(self.stage.actors)}"
        shown = [each for each in self.rises if each.fell is None and not each.event.drill]
        raised = {each.event.alarm: each for each in shown}

        def parts(told: AlarmEvent) -> firing.Parts:
            self.firings[actor] = raised[told.alarm]
            return firing.Parts(self.config, self.rules, self.guard, clock, name, lambda *_: None, _in_turn)

        def work() -> None:
            clock.began = self.clock.utc
            state = self.guard.read()
            if state is None or state.disarmed_at(self.clock.utc):
                return
            events = guard.in_turn(state, [each.event for each in raised.values()])
            for done in firing.handle_all(events, parts, _in_turn):
                self._ended(raised[done.alarm], done)

        actor = self.stage.add(name, work)
        self.looks.add(actor)
        self.clocks[actor], self.runs[actor] = clock, name
        return actor

    def set_weight(self, routes: Sequence[str], weight: int) -> Mover:
        """A person or a Pass sets a weight, as the phases' runner does it."""
        name = f"raise {len(self.stage.actors)}"
        live = {route: self.share(route) for route in routes}
        raises = any(weight > share for share in live.values())
        self.counts["raises" if raises else "lowerings"] += 1

        def work() -> None:
            one = GuardedRaise(
                self.guard,
                self.alarms,
                ALARMS,
                environment="production",
                by=name,
                required=False,
                raises=raises,
                take_back=lambda: self._to_legacy(routes),
            )
            one.begin()
            try:
                self.rules.describe([])  # the runner looks again once the stack is locked
                if live != {route: self.share(route) for route in routes}:
                    return
                for route in routes:
                    self._write(route, weight)
            finally:
                one.end()

        self.movers.append(made := Mover(self.stage.add(name, work), routes, raises=raises))
        return made

    def roll_back(self) -> Actor:
        """A person takes everything back."""
        self.counts["rollbacks"] += 1
        return self.stage.add(f"rollback {len(self.stage.actors)}", lambda: self._to_legacy([*self.config.routes]))

    def step(self, actor: Actor) -> None:
        """Somebody makes their next call."""
        actor.step()
        self._pass(TICK)
        self.counts["steps"] += 1
        self._look(actor)

    def steps(self, actor: Actor, times: int) -> None:
        """Somebody makes some calls."""
        for _ in range(times):
            if not actor.is_done:
                self.step(actor)

    def kill(self, actor: Actor) -> None:
        """Somebody's process ends."""
        actor.kill()
        self.counts["killed"] += 1
        self._look(actor)

    def wait(self, seconds: int) -> None:
        """Time passes."""
        self._pass(timedelta(seconds=seconds))
        for actor in self.stage.running:
            if actor in self.clocks and not self.clocks[actor].left():
                self.kill(actor)

    def disarm(self, seconds: int) -> None:
        """A person disarms the guard for a time."""
        until = timedelta(seconds=seconds)
        self._change(lambda state, now: guard.disarm(state, by="ann", why="test", now=now, until=now + until))

    def drill(self, alarm: str) -> None:
        """A person tries the guard."""
        name = f"drill {len(self.rises)}"

        def begin(state: GuardState, now: datetime) -> GuardState:
            free = guard.end_drill(state, state.drill.id) if state.drill else state
            return guard.begin_drill(free, Drill(name, "ann", now, now + timedelta(minutes=5)))

        self._change(begin)
        self.rise(alarm, f'{{"rollout-drill": "{name}", "dry": true}}')
        self.fall(alarm)

    def throttle(self, times: int) -> None:
        """The next changes of rules are refused."""
        self.rules.calls.refuse("ModifyRule", times=times)

    def fail_table(self, times: int, *, takes_effect: bool = False) -> None:
        """The next calls to the table fail, or only their answers are lost."""
        self.guard.calls.refuse(times=times, takes_effect=takes_effect)
        self.is_flaky = True

    def meddle(self, route: str, *, gone: bool) -> None:
        """Another team deletes a rule, or gives it other conditions."""
        arn = self.config.routes[route].rule
        self.meddled.setdefault(route, self.moment)
        if gone:
            self.rules.known.pop(arn, None)
        elif arn in self.rules.known:
            self.rules.known[arn] = {**self.rules.known[arn], "Conditions": []}

    def finish(self) -> None:
        """All goes on until nobody has anything to do; then what was promised must have come."""
        for calls in (self.guard.calls, self.rules.calls):
            calls.forget_orders()
            calls.before(self.stage.hook)
        self.guard.calls.after(self._left_lease, "PutItem", "state")
        self.rules.calls.after(self._described, "DescribeRules")
        while self.stage.running or any(rise.due for rise in self.rises):
            for rise in self.rises:
                if rise.due:
                    self.deliver(rise)
            for actor in self.stage.running:
                self.steps(actor, 5)
        for rise in self.rises:
            assert self.is_answered(rise), f"an alarm was lost: {rise}"
        self._finish_looks()

    def _finish_looks(self) -> None:
        """Once it is armed, looks hear what still is in ALARM state, whatever became of its event."""
        self.wait(1000)
        for _ in range(3):
            actor = self.look()
            while not actor.is_done:
                self.steps(actor, 5)
            if not actor.error:
                break
            self.wait(300)
        else:
            raise AssertionError(f"looks never end: {actor.error}")
        for rise in self.rises:
            if rise.fell is None and rise is self._last(rise.event.alarm) and not rise.event.drill:
                assert self.is_heard(rise), f"an alarm that still is raised was lost: {rise}"

    def _last(self, alarm: str) -> Rise:
        return [rise for rise in self.rises if rise.event.alarm == alarm][-1]

    # What must hold

    def is_heard(self, rise: Rise) -> bool:
        """Whether its routes went back after it, or a raise that went on knew of it."""
        records = (each.decision for each in self.guard.records.values() if each.id == rise.event.id)
        return Decision.FIRE in {*rise.decisions, *records} or self._is_late(rise)

    def is_answered(self, rise: Rise) -> bool:
        """Whether an alarm led to something, or a raise that went on saw that it was over."""
        if rise.event.drill or {*rise.decisions} & {Decision.FIRE, Decision.DISARMED}:
            return True
        if rise.attempts >= ATTEMPTS and not rise.decisions:
            self.counts["events that Lambda gave up"] += 1
            return True
        self.counts["late"] += 1
        return self._is_late(rise)

    def _is_late(self, rise: Rise) -> bool:
        return any(
            mover.is_after(rise) and rise.event.alarm not in raised and moment > (mover.began or 0)
            for mover in self.movers
            for moment, raised in mover.reads
        )

    def on_write(self, arn: str, before: Part, actions: Sequence[Part]) -> None:
        """Somebody changes a rule."""
        name = next(name for name, route in self.config.routes.items() if route.rule == arn)
        route, actor = self.config.routes[name], self.stage.current
        after = _percent(shares_of({**before, "Actions": actions}, route))
        if rise := self.firings.get(actor) if actor else None:
            later = [each.actor.name for each in self.movers if each.is_after(rise)]
            self._promise(after == 0, "the guard only lowers")
            is_other = self.meddled.get(name, self.moment) < self.described[actor] if actor else False
            self._promise(not is_other, "the rule had other conditions")
            self._promise(name in self.config.routes_of(rise.event.alarm), "the alarm isn't of this route")
            self._promise(self.is_flaky or not later, f"an alarm from before undid {later}")
            return
        self.ceiling[name] = after
        mover = self._mover(actor)
        if not mover or not after:
            return
        if mover.began is None:
            self._promise(self.is_flaky and not mover.raises, "only what lowers, and only where the table fails")
            return
        if name in self.back and (back := self.back[name])[0] > mover.began:
            is_over = mover.until is not None and mover.until <= back[1]
            self._promise(is_over, f"{mover.actor.name} undid the guard's act")
            mover.owes.add(name)

    def share(self, name: str) -> int:
        """A route's share now, in per cent."""
        route = self.config.routes[name]
        return _percent(shares_of(self.rules.known.get(route.rule), route))

    def _look(self, actor: Actor) -> None:
        """After a step of somebody's."""
        assert not self.broken, self.broken
        for name in self.config.routes:
            assert self.share(name) <= self.ceiling[name], f"{name} has more than anybody set"
        if not actor.is_done:
            return
        if actor.error and not isinstance(actor.error, Killed | NotBack | RolloutError):
            raise actor.error
        if actor in self.looks:
            return  # the next look goes on
        if rise := self.firings.get(actor):
            if actor.error:
                rise.due += rise.attempts < ATTEMPTS
                rise.failed += [self.runs[actor]] if rise.attempts < ATTEMPTS else []
        elif (mover := self._mover(actor)) and not isinstance(actor.error, Killed):
            for name in mover.owes:
                assert self.share(name) == 0 or self._somebody_else(mover, name), f"{name} was not given back"

    def _promise(self, kept: bool, text: str) -> None:
        """An assertion in an actor's call: an actor may go on after any error."""
        if not kept:
            self.broken.append(text)

    def _somebody_else(self, mover: Mover, name: str) -> bool:
        return any(
            other is not mover and name in other.routes and (other.began or 0) > (mover.began or 0)
            for other in self.movers
        )

    def _ended(self, rise: Rise, done: Firing) -> None:
        rise.decisions.append(done.decision)
        self.counts[done.decision] += 1
        if done.decision is Decision.FIRE and done.back:
            self.counts["taken back"] += 1
            for name in self.config.routes_of(rise.event.alarm):
                self._promise(self.is_flaky or self.share(name) == 0, f"{name} isn't back")
                # without the table it leaves no lease, so a raise may begin once it has looked
                looked = self.described[self.stage.current] if self.is_flaky and self.stage.current else self.moment
                self.back[name] = looked, self.clock.utc

    # How it is done

    def _pass(self, time: timedelta) -> None:
        self.moment += 1
        self.clock.advance(time)

    def _change(self, transition: Any) -> None:
        try:
            self.guard.change(transition)
        except AwsError:
            self.counts["refused"] += 1

    def _mover(self, actor: Actor | None) -> Mover | None:
        return next((mover for mover in self.movers if mover.actor is actor), None)

    def _left_lease(self, _: ApiCall) -> None:
        mover, state = self._mover(self.stage.current), loads(GuardState, self.guard.body)
        lease = next((each for each in state.raising if mover and each.by == mover.actor.name), None)
        if mover and lease and mover.began is None:
            mover.began, mover.until = self.moment, lease.until
        elif mover and lease and state.epoch_at == lease.since:
            mover.epoch = lease.since
            if state.disarmed_at(lease.since):  # whoever disarmed it knows of the alarms
                mover.reads.append((self.moment, frozenset()))

    def _described(self, _: ApiCall) -> None:
        if actor := self.stage.current:
            self.described[actor] = self.moment

    def _read_alarms(self, _: ApiCall) -> None:
        if mover := self._mover(self.stage.current):
            raised = frozenset(name for name, state in self.alarms.stated.items() if state is AlarmState.ALARM)
            mover.reads.append((self.moment, raised))

    def _write(self, name: str, weight: int) -> None:
        route = self.config.routes[name]
        self.rules.modify(route.rule, rule_json(route, 100 - weight, weight)["Actions"])

    def _to_legacy(self, names: Sequence[str]) -> None:
        """As a rollback does it: until all are written."""
        for route in (self.config.routes[name] for name in names):
            while route.rule in self.rules.known:
                with suppress(AwsError):
                    self.rules.modify(route.rule, [legacy_alone(route.legacy)])
                    break


def _in_turn(call: Callable[[str], object], values: Sequence[str]) -> None:
    for value in values:
        call(value)


def _percent(shares: tuple[int, int] | None) -> int:
    legacy, candidate = shares or (1, 0)
    return round(100 * candidate / (legacy + candidate)) if candidate else 0
