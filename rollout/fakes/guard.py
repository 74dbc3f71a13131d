"""A guard's table in memory, behind the `Guard` port for rollout and as the function's `Table`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from rollout.analysis.metrics import AlarmState
from rollout.errors import AwsError
from rollout.fakes.calls import ApiCall, ApiCalls
from rollout.fakes.clock import InMemoryClock
from rollout.guard.plain import Garbled
from rollout.guard.record import Firing
from rollout.guard.state import GuardState, read_state, write_state
from rollout.guard.table import RANGE, record_key
from rollout.migration.ports import Transition

TRIES = 10


@dataclass
class InMemoryGuard:
    """The `Guard` port.

    Attributes:
        installed: Whether there is a table.
        is_there: Whether a stack has made one.
        body: The state's JSON, as the table has it; None before the first change.
        records: By their keys.
        alarms: The states that alarms were set to, with the data of their reasons.
        beats: When there were heartbeats.
    """

    clock: InMemoryClock
    installed: bool = False
    is_there: Callable[[], bool] = lambda: False
    body: str | None = None
    records: dict[str, Firing] = field(default_factory=dict)
    alarms: list[tuple[str, AlarmState, str]] = field(default_factory=list)
    beats: list[datetime] = field(default_factory=list)
    calls: ApiCalls = field(default_factory=ApiCalls)

    def read(self) -> GuardState | None:
        return self.calls.make(ApiCall("GetItem"), lambda: self._state() if self.installed or self.is_there() else None)

    def change(self, transition: Transition) -> GuardState:
        for _ in range(TRIES):
            state, now = self.read(), self.clock.utc
            if state is None:
                raise AwsError(
                    "the environment has no guard", hint="run `rollout guard install` first", code="no-guard"
                )
            wanted = transition(state, now)
            if wanted == state:
                return state
            if (written := self.compare_and_set(state, wanted)) is not None:
                return written
        raise AwsError("the guard's state keeps changing", hint="run the command again", code="concurrent-change")

    def firings(self, limit: int) -> tuple[Firing, ...]:
        newest = sorted(self.records.items(), reverse=True)[:limit]
        return self.calls.make(ApiCall("Query"), lambda: tuple(firing for _, firing in newest))

    def set_alarm(self, name: str, state: AlarmState, reason: str, data: str) -> None:  # noqa: ARG002 - nobody asks why
        self.calls.make(ApiCall("SetAlarmState", name), lambda: self.alarms.append((name, state, data)))

    def beat(self) -> None:
        self.calls.make(ApiCall("PutMetricData"), lambda: self.beats.append(self.clock.utc))

    def _state(self) -> GuardState:
        try:
            return GuardState() if self.body is None else read_state(self.body)
        except Garbled as error:
            raise AwsError(
                f"the guard's state can't be read: {error}",
                hint="update rollout",
                code="guard-state-unreadable",
            ) from None

    def compare_and_set(self, read: GuardState, wanted: GuardState) -> GuardState | None:
        """Write a state if nobody did since it was read; None if somebody did."""
        written = replace(wanted, version=read.version + 1)

        def put() -> GuardState | None:
            if self._state().version != read.version:
                return None
            self.body = write_state(written)
            return written

        return self.calls.make(ApiCall("PutItem", "state"), put)

    def earlier(self, firing: Firing) -> Firing | None:
        """What a run before wrote of the same event."""
        key = record_key(firing)[RANGE]["S"]
        return self.calls.make(ApiCall("GetItem", "fired"), lambda: self.records.get(key))

    def record(self, firing: Firing) -> None:
        """Keep what an alarm led to."""
        key = record_key(firing)[RANGE]["S"]
        self.calls.make(ApiCall("PutItem", "fired"), lambda: self.records.update({key: firing}))
