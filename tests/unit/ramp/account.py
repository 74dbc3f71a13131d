"""A world with a controller: a schedule invokes it each minute, and its record is in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from rollout.fakes.clock import InMemoryClock
from rollout.fakes.guard import InMemoryController
from rollout.ramp.controlled import Controlled, Installed, Look
from rollout.ramp.looking import look
from tests.unit.ramp.world import World, inventory

MINUTE, LIMIT = timedelta(minutes=1), timedelta(minutes=15)
HERE = Installed("arn:aws:lambda:us-west-2:1:function:c", "image@sha256:0", "abc", "0.2.0", MINUTE)


@dataclass
class Account:
    """A world in which a controller looks."""

    world: World = field(default_factory=lambda: World(inventory()))
    clock: InMemoryClock = field(default_factory=InMemoryClock)
    invocations: int = 0

    is_begun: bool = True

    def __post_init__(self) -> None:
        self.record = InMemoryController(self.clock, installed=True)
        if self.is_begun:
            self.world.ramp(once=True)

    @property
    def known(self) -> Controlled:
        found = self.record.read()
        assert found
        return found

    def look(self, id_: str = "", installed: Installed = HERE) -> Look:
        """An invocation; a new one unless its id says otherwise."""
        self.invocations += 1
        self.clock.utc = self.world.time
        run = lambda: self.world.ramp(once=True, begins=False)  # noqa: E731 - what the function gives
        return look(self.record, installed, id_ or str(self.invocations), LIMIT, run)

    def schedule(self, minutes: int) -> Look:
        for _ in range(minutes):
            self.world.time += MINUTE
            last = self.look()
        return last
