"""A world for a ramp, in memory: rules, an update history, a clock, and a judge who says what the test wants.

Each thing that a ramp does to it can be where the ramp is killed: before it takes effect, or after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from rollout.alb.state import AlbState
from rollout.analysis.metrics import AlarmState
from rollout.analysis.verdicts import AnalysisResult, MetricResult, Verdict
from rollout.errors import AwsError, EngineError, GateRefused, Problem, RollbackIncomplete, RolloutError
from rollout.fakes.guard import InMemoryGuard
from rollout.inventory.model import LEGACY_ONLY, Environment, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.ramp_settings import NoticeKind, Ramp
from rollout.migration import events
from rollout.migration.gates import Gate, TrafficLine
from rollout.migration.ports import Approver
from rollout.migration.rollback.rollback import RollbackResult
from rollout.migration.runner.result import PhaseResult
from rollout.ramp.guarded import RampGuard
from rollout.ramp.history import RampHistory
from rollout.ramp.runner import RampResult, Runner
from rollout.state.history.entries import Update
from rollout.state.ramp_journal import Journal
from tests.unit.test_measure import APART, on_aws

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ROUTES = ("a", "b")


class Killed(BaseException):
    """The process is gone."""


def judgement(
    verdict: Verdict, sentence: str = "", routes: Sequence[str] = ROUTES, requests: int = 5000
) -> AnalysisResult:
    """What a judge says."""
    said = sentence or f"it is {verdict}"
    finding = MetricResult("server-errors", tuple(routes), verdict, (5, 9000), (5, requests), said)
    return AnalysisResult(verdict, (finding,), said)


def inventory(**ramp: object) -> Environment:
    """Two routes and a ramp of 5, 50 and 100 per cent."""
    given: Mapping[str, object] = {"steps": [5, 50, 100], "bake": "30m"} | ramp
    return APART.model_copy(update={"ramp": Ramp.model_validate(given)})


@dataclass
class World:
    """All that a ramp sees and does.

    Attributes:
        judge_of: What the judge says at a weight, a time after it was set.
        kill_at: Which act kills the ramp, counted from 0; an odd number is after the act took effect.
        told: What people were told.
        on_renew: What is found when it is read again what a Pass was of: whether that has changed.
        built_at: When the candidate's builds changed last.
        renewed: When that was.
        raised_without: Weights that were set above the one before without a Pass.
        sick: The candidate's target groups with unhealthy targets.
        guarded: The environment's guard; None where it has none.
        broken: Parts that fail now: `live`, `history`, `cloudwatch`, `alarms`, or a route's name.
    """

    environment: Environment
    judge_of: Callable[[Percent, timedelta], AnalysisResult] = lambda _weight, _after: judgement(Verdict.PASS)
    time: datetime = MONDAY
    weights: dict[str, Percent | None] = field(default_factory=lambda: dict.fromkeys(ROUTES))
    updates: list[Update] = field(default_factory=lambda: [Update("update", "succeeded", "rollout phase2 p", MONDAY)])
    alarm_states: dict[str, AlarmState] = field(default_factory=dict)
    kill_at: int | None = None
    acts: int = 0
    told: list[tuple[NoticeKind, str]] = field(default_factory=list)
    events: list[events.Event] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    sick: tuple[Problem, ...] = ()
    smoked: int = 0
    on_wait: Callable[[World], None] = lambda _world: None
    on_renew: Callable[[World], bool] = lambda _world: False
    built_at: datetime | None = None
    renewed: list[datetime] = field(default_factory=list)
    asked_health: int = 0
    limit: datetime = MONDAY + timedelta(days=3)
    guarded: InMemoryGuard | None = None
    _since: datetime = MONDAY

    def ramp(
        self,
        *,
        once: bool = False,
        restart: bool = False,
        begins: bool = True,
        approve: Approver | None = lambda _: True,
    ) -> RampResult:
        """Run the ramp as a new process would."""
        journal = Journal(self.environment.name, lambda: self, self.now, "somebody@host")  # type: ignore[arg-type,return-value]
        history = partial(RampHistory, self.environment, self, journal)
        runner = Runner(
            self.environment,
            self,
            journal,
            self.events.append,
            history=history,
            approve=approve,
            guard=self.guard(),
            begins=lambda: begins,
        )
        return runner.run(once=once, restart=restart)

    def guard(self) -> RampGuard:
        """What a process knows of the guard, whose time is the ramp's."""
        if self.guarded is None:
            return RampGuard()
        return RampGuard(
            self.guarded,
            ("guard-errors",),
            "somebody@host",
            now=self.now,
            warn=lambda said: self.events.append(events.Warned(self.environment.name, said)),
        )

    def cron(self, looks: int = 500) -> RampResult:
        """Run it with `once` each minute until it is finished or raises."""
        for _ in range(looks):
            if (result := self.ramp(once=True)).state == "finished":
                return result
            self.time += timedelta(minutes=1)
        raise AssertionError(f"not finished: {result}")

    @property
    def shares(self) -> set[Percent | None]:
        """The live weights; None is legacy alone."""
        return set(self.weights.values())

    def set(self, weight: Percent | None, *routes: str) -> None:
        """Somebody sets weights by hand."""
        self.weights |= dict.fromkeys(routes or self.weights, weight)
        self._since = self.time

    def _act(self, do: Callable[[], None]) -> None:
        if self.kill_at == self.acts:
            raise Killed
        do()
        if self.kill_at == self.acts + 1:
            raise Killed
        self.acts += 2

    def _meets(self, part: str, kind: type[RolloutError], what: str) -> None:
        if part in self.broken:
            raise kind(what)

    # the stacks' history

    def history(self, _stack: str, depth: int) -> tuple[Update, ...]:
        self._meets("history", EngineError, "no backend")
        return tuple(self.updates[-depth:])

    def note(self, _stack: str, message: str) -> None:
        self._meets("history", EngineError, "no backend")
        self._act(lambda: self.updates.append(Update("refresh", "succeeded", message, self.time)))

    # the means

    def read(self, _history: tuple[Update, ...] = ()) -> AlbState:
        self._meets("live", AwsError, "no network")
        return on_aws(self.environment, **{n: None if w is None else w.tenths // 10 for n, w in self.weights.items()})

    def judge(self, routes: Sequence[str], _live: AlbState, since: datetime, now: datetime) -> AnalysisResult:
        self._meets("cloudwatch", AwsError, "throttled")
        assert since <= now
        return self.judge_of(max(self.weights[name] or Percent(0) for name in routes), now - since)

    def built(self, since: datetime) -> datetime | None:
        return self.built_at if self.built_at and self.built_at > since else None

    def renew(self, _routes: Sequence[str], now: datetime) -> bool:
        self.renewed.append(now)
        return self.on_renew(self)

    def unhealthy(self, _routes: Sequence[str], _live: AlbState) -> tuple[Problem, ...]:
        self.asked_health += 1
        return self.sick

    def alarms(self, names: Sequence[str]) -> Mapping[str, AlarmState]:
        self._meets("alarms", AwsError, "throttled")
        return {name: self.alarm_states.get(name, AlarmState.MISSING) for name in names}

    def overruled(self) -> tuple[str, ...]:
        return ()

    def smoke(self) -> tuple[str, ...]:
        self.smoked += 1
        return ()

    def set_weight(
        self, weight: Percent, routes: Sequence[str], approve: Approver | None, said: Callable[[], str]
    ) -> PhaseResult:
        before = {name: self._split(name) for name in routes}
        lines = tuple(
            TrafficLine(name, f"/{name}", "public", n, before[name], Split.at(weight)) for n, name in enumerate(routes)
        )
        gate = Gate(self.environment.name, "weight", lines, (), ())
        if all(split.weight == weight for split in before.values()):
            return PhaseResult(self.environment.name, "weight", False, gate)
        if approve is None or not approve(gate):
            raise GateRefused("declined")
        message = said()
        for name in routes:  # the engine changes a rule at a time
            self._act(lambda name=name: self.set(weight, name))  # type: ignore[misc]
        self._act(lambda: self.updates.append(Update("update", "succeeded", message, self.time)))
        return PhaseResult(self.environment.name, "weight", True, gate)

    def rollback(self, routes: Sequence[str], said: str | None) -> RollbackResult:
        self._meets("live", AwsError, "no network")
        failed = [name for name in routes if name in self.broken]
        moved = [name for name in routes if name not in failed and self.weights[name] is not None]
        for name in moved:
            self._act(lambda name=name: self.set(None, name))  # type: ignore[misc]
        if failed:
            raise RollbackIncomplete("some are left", [Problem("throttled", where=f"routes.{name}") for name in failed])
        if said is not None:
            self._meets("history", EngineError, "no backend")
            self._act(lambda: self.updates.append(Update("update", "succeeded", said, self.time)))
        return RollbackResult(self.environment.name, {}, tuple(moved), reconciled=said is not None)

    def tell(self, kind: NoticeKind, sentence: str, _weight: Percent | None, _routes: Sequence[str]) -> None:
        self.told.append((kind, sentence))

    def now(self) -> datetime:
        if self.guarded is not None:
            self.guarded.clock.utc = self.time
        return self.time

    def wait_until(self, due: datetime) -> None:
        assert due > self.time
        if due > self.limit:
            raise Killed
        self.time = due
        self.now()
        self.on_wait(self)

    def _split(self, name: str) -> Split:
        weight = self.weights[name]
        return LEGACY_ONLY if weight is None else Split.at(weight)
