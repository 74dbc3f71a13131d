"""A guard's and a controller's table in memory, behind the ports for rollout and as the guard's function's `Table`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from rollout.adapters.shared_state import CONTROLLER, GUARD, SharedState
from rollout.analysis.metrics import AlarmState
from rollout.fakes.calls import ApiCall, ApiCalls
from rollout.fakes.clock import InMemoryClock
from rollout.guard.plain import dumps
from rollout.guard.record import Firing
from rollout.guard.state import GuardState
from rollout.guard.table import RANGE, record_key
from rollout.ramp.controlled import Controlled


@dataclass
class InMemoryItem:
    """The `Item` port.

    Attributes:
        installed: Whether there is a table.
        is_there: Whether a stack has made one.
        body: The state's JSON, as the table has it; None before the first change.
        version: Beside it.
    """

    clock: InMemoryClock
    installed: bool = False
    is_there: Callable[[], bool] = lambda: False
    table: str = "table"
    body: str | None = None
    version: int = 0
    calls: ApiCalls = field(default_factory=ApiCalls)

    def get(self) -> tuple[object, datetime] | None:
        def answer() -> tuple[object, datetime] | None:
            return (self.body, self.clock.utc) if self.installed or self.is_there() else None

        return self.calls.make(ApiCall("GetItem"), answer)

    def put(self, version: int, body: str) -> bool:
        def write() -> bool:
            if self.version != version - 1:
                return False
            self.body, self.version = body, version
            return True

        return self.calls.make(ApiCall("PutItem", "state"), write)


@dataclass
class InMemoryController(InMemoryItem):
    """The `Controller` port."""

    def read(self) -> Controlled | None:
        return SharedState(CONTROLLER, self).read()

    def change(self, transition: Callable[[Controlled, datetime], Controlled]) -> Controlled:
        return SharedState(CONTROLLER, self).change(transition)


@dataclass
class InMemoryGuard(InMemoryItem):
    """The `Guard` port.

    Attributes:
        records: By their keys.
        alarms: The states that alarms were set to, with the data of their reasons.
        beats: When there were heartbeats.
    """

    records: dict[str, Firing] = field(default_factory=dict)
    alarms: list[tuple[str, AlarmState, str]] = field(default_factory=list)
    beats: list[datetime] = field(default_factory=list)

    def read(self) -> GuardState | None:
        return SharedState(GUARD, self).read()

    def change(self, transition: Callable[[GuardState, datetime], GuardState]) -> GuardState:
        return SharedState(GUARD, self).change(transition)

    def firings(self, limit: int) -> tuple[Firing, ...]:
        newest = sorted(self.records.items(), reverse=True)[:limit]
        return self.calls.make(ApiCall("Query"), lambda: tuple(firing for _, firing in newest))

    def set_alarm(self, name: str, state: AlarmState, reason: str, data: str) -> None:  # noqa: ARG002 - nobody asks why
        self.calls.make(ApiCall("SetAlarmState", name), lambda: self.alarms.append((name, state, data)))

    def beat(self) -> None:
        self.calls.make(ApiCall("PutMetricData"), lambda: self.beats.append(self.clock.utc))

    def compare_and_set(self, read: GuardState, wanted: GuardState) -> GuardState | None:
        """Write a state if nobody did since it was read; None if somebody did."""
        written = replace(wanted, version=read.version + 1)
        return written if self.put(written.version, dumps(written)) else None

    def earlier(self, firing: Firing) -> Firing | None:
        """What a run before wrote of the same event."""
        key = record_key(firing)[RANGE]["S"]
        return self.calls.make(ApiCall("GetItem", "fired"), lambda: self.records.get(key))

    def record(self, firing: Firing) -> None:
        """Keep what an alarm led to."""
        key = record_key(firing)[RANGE]["S"]
        self.calls.make(ApiCall("PutItem", "fired"), lambda: self.records.update({key: firing}))
