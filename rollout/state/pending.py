"""The holder of a stack's lock, and its state. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Holder(StrEnum):
    """The state of a lock's holder, as seen from this host."""

    ALIVE = "alive"
    ORPHAN = "orphan"  # an engine whose rollout is dead: it can't finish
    DEAD = "dead"
    ELSEWHERE = "elsewhere"

    @property
    def words(self) -> str:
        """For people."""
        return {
            Holder.ALIVE: "running on this machine",
            Holder.ORPHAN: "an engine on this machine whose rollout is dead",
            Holder.DEAD: "dead",
            Holder.ELSEWHERE: "on another machine, whose state is not known here",
        }[self]


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a stack.

    Attributes:
        stack: One of those in `inventory.stacks`.
        since: When it was taken; None where the engine doesn't say.
        state: The holder's state when last checked.
    """

    stack: str
    user: str
    host: str
    pid: int
    since: datetime | None
    state: Holder

    @property
    def holder(self) -> str:
        """Who, where and since when."""
        when = f", since {self.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        return f"{self.user}@{self.host} (pid {self.pid}{when})"
