"""A controller, a desk, a person and a guard on the real phases in memory, in any order, and one inside of another.

A look may be interrupted at any of its calls, of AWS, of the stacks or of its record: it is killed there, or somebody
else does something whole. The oracle knows what a person or a Pass set last, and that no look began inside of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from rollout import EnvironmentRollout
from rollout.alb.weights import ForwardAction
from rollout.analysis.metrics import MINUTE, Point, Series
from rollout.errors import Locked, RolloutError
from rollout.fakes.calls import ApiCall
from rollout.fakes.services import InMemoryMetrics
from rollout.fakes.world import World
from rollout.inventory.model import Environment
from rollout.inventory.quantities import ZERO, Percent
from rollout.migration import events
from rollout.ramp.controlled import Installed, Look
from rollout.ramp.decide import next_step
from rollout.ramp.looking import MARGIN, look
from rollout.ramp.runner import RampResult

LIMIT = 15 * MINUTE
HERE = Installed("arn:aws:lambda:us-west-2:1:function:controller", "image@sha256:0", "abc", "0.1.0", MINUTE)
A_MINUTE, BAD = 2000, 100


class Killed(BaseException):
    """The function is gone."""


@dataclass
class SteadyCounts(InMemoryMetrics):
    """As many requests each minute for both, and some errors; many of the candidate's while it is bad."""

    is_bad: bool = False

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        minutes = [start + n * MINUTE for n in range(max(0, (end - start) // MINUTE))]
        return {each: tuple(Point(minute, self._count(each)) for minute in minutes) for each in series}

    def _count(self, series: Series) -> float:
        if series.name in ("RequestCount", "Invocations") or series.statistic == "SampleCount":
            return A_MINUTE
        ours = "rust" in dict(series.dimensions).get("TargetGroup", "")
        return BAD if ours and self.is_bad else 2


@dataclass(frozen=True)
class Interruption:
    """What happens at one of a look's calls.

    Attributes:
        at: Which call, from 0.
        of: Of which action's calls; of all, if empty.
        is_after: Whether it has taken effect.
        move: What happens; `killed`, or one of `Orders.MOVES`.
    """

    at: int
    is_after: bool
    move: str
    of: str = ""


@dataclass
class Orders:
    """What may happen, and the oracle.

    Attributes:
        ceiling: The highest share that a person or a Pass set, since the last that was lower.
    """

    world: World
    environment: Environment
    ceiling: Percent = ZERO
    told: list[str] = field(default_factory=list)
    _looks: int = 0
    _killed: str = ""
    _running: int = 0
    _is_held: bool = False
    _is_interrupted: bool = False

    def __post_init__(self) -> None:
        self.metrics = self.world.metrics = SteadyCounts()
        self.record, self.guard = self.world.controller(self.environment), self.world.guard(self.environment)
        self.record.installed = self.guard.installed = True

    # moves

    def look(self, interruption: Interruption | None = None, *, again: bool = False) -> None:
        """The schedule invokes the function; or Lambda does again, after a kill."""
        if again and not self._killed:
            return
        self._looks += 1
        id_ = self._killed if again else str(self._looks)
        try:
            with self._interrupted(interruption):
                self._look(id_)
        except Killed:
            self._killed, self._running = id_, 0
            return
        except Locked as error:
            if error.code != "look-under-way" or not (self._running or self._killed):
                raise
            return
        self._killed = "" if self._killed == id_ else self._killed
        self.require()

    def minute(self) -> None:
        self.world.clock.advance(MINUTE)

    def bake(self) -> None:
        self.world.clock.advance(4 * MINUTE)

    def over(self) -> None:
        """A killed look's lease ends."""
        self.world.clock.advance(LIMIT + MARGIN)

    def begin(self) -> None:
        self._of("desk").ramp.follow(approve=True, once=True)

    def restart(self) -> None:
        self._of("desk").ramp.follow(approve=True, once=True, restart=True)

    def here(self) -> None:
        """A local ramp looks once."""
        self._of("desk").ramp(approve=True, once=True, save=False)

    def pause(self) -> None:
        self._of("boss").ramp.pause()
        self._is_held = True

    def resume(self) -> None:
        self._of("boss").ramp.resume()
        self._is_held = False

    def skip(self) -> None:
        self._of("boss").ramp.skip_wait()

    def approve(self) -> None:
        self._of("boss").ramp.approve(100)

    def freeze(self) -> None:
        self._of("boss").ramp.freeze("10m")

    def low(self) -> None:
        self._set(10)

    def high(self) -> None:
        self._set(50)

    def rollback(self) -> None:
        try:
            self._of("boss").rollback()
        finally:
            if self.shares == {ZERO}:  # though the stack is locked
                self.ceiling = ZERO

    def fire(self) -> None:
        """The guard takes all traffic back."""
        now = self.world.clock.utc
        self.guard.change(lambda state, _: replace(state, fired=state.fired + 1, fired_at=now, fired_by="errors"))
        client = self.world.actor("guard").load_balancers(self.environment)
        live = client.read(self.environment)
        for route in self.environment.routes.values():
            rule = live.rule_of(route)
            assert rule
            client.modify(rule, ForwardAction({live.group_arn(route.legacy): 1}))
        self.ceiling = ZERO

    def worse(self) -> None:
        self.metrics.is_bad = True

    def better(self) -> None:
        self.metrics.is_bad = False

    def do(self, move: str) -> None:
        """Make a move; that it is refused is fine."""
        self.told.append(move)
        with suppress(RolloutError):
            getattr(self, move)()

    # the oracle

    @property
    def shares(self) -> set[Percent]:
        """The routes' live weights."""
        live = self.world.actor("oracle").load_balancers(self.environment).read(self.environment)
        return {split.weight for split in live.splits(self.environment).values()}

    def require(self) -> None:
        """No share is higher than it may be; of what a killed look began, the next look is to make sure."""
        assert self._killed or max(self.shares) <= self.ceiling, (self.shares, self.ceiling, self.told)

    def finish(self) -> None:
        """Whatever was killed, the next look settles it."""
        self.over()
        self.look()
        known = self.record.read()
        assert known
        assert known.lease is None
        self._killed = ""
        self.require()

    def _look(self, id_: str) -> Look:
        ramp = self._of("controller").ramp

        def run() -> RampResult:
            assert self._running == 0, "two looks at once"
            self._running += 1
            try:
                return ramp(approve=True, once=True, save=False, begins=False)
            finally:
                self._running -= 1

        return look(self.record, HERE, id_, LIMIT, run)

    def _set(self, weight: int) -> None:
        self._of("boss").set_weight(weight, approve=True, save=False)
        self.ceiling = Percent.of(weight)

    def _of(self, actor: str) -> EnvironmentRollout:
        return self.world.actor(actor).open(self.environment, on_event=self._heard)

    def _heard(self, event: events.Event) -> None:
        steps = self.environment.ramp
        match event:
            case events.RampPickedUp(weight=weight) if weight == ZERO:
                self.ceiling = max(self.ceiling, steps.steps[0])
            case events.Judged(weight=weight, judgement=judged) if judged.verdict == "pass" and weight <= self.ceiling:
                self.ceiling = max(self.ceiling, next_step(steps, weight) or weight)
            case events.RampFailed():
                self.ceiling = ZERO
            case events.RampRaised(weight=weight):
                assert not self._is_held or self._is_interrupted, ("raised in spite of a pause", self.told)

    @contextmanager
    def _interrupted(self, by: Interruption | None) -> Iterator[None]:
        if by is None:
            yield
            return
        calls, seen = (self.world.actor("controller").calls, self.record.calls), 0
        self.told.append(f"look, {by}")

        def meet(call: ApiCall) -> None:
            nonlocal seen
            if by.of not in ("", call.action):
                return
            seen += 1
            if seen != by.at + 1:
                return
            if by.move == "killed":
                raise Killed
            self._is_interrupted = True
            self.do(by.move)

        for each in calls:
            (each.after if by.is_after else each.before)(meet)
        try:
            yield
        finally:
            self._is_interrupted = False
            for each in calls:
                each.forget_orders()


OF_THE_RAMP = ("begin", "restart", "here", "pause", "resume", "skip", "approve", "freeze")
OTHERS = (*OF_THE_RAMP, "low", "high", "rollback", "fire", "worse", "better")
TIMES = ("minute", "bake", "over")
