"""Time that passes only while a caller waits: the `Clock` port in memory, and the time of day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rollout.fakes.calls import ApiCall, ApiCalls

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass
class InMemoryClock:
    """The `Clock` port, and the time of day.

    Attributes:
        utc: The time of day.
        calls: The pauses so far, as `sleep`: what another actor does meanwhile is a hook of theirs.
    """

    utc: datetime = MONDAY
    calls: ApiCalls = field(default_factory=ApiCalls)

    def now(self) -> float:
        return (self.utc - MONDAY).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.calls.make(ApiCall("sleep", f"{seconds:g}"), lambda: self.advance(timedelta(seconds=seconds)))

    def advance(self, time: timedelta) -> None:
        """Let time pass."""
        self.utc += time
