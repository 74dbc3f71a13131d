"""An actor in a world, and the library's parts for it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.alb.state import AlbState
from rollout.api.container import Container
from rollout.api.environment import EnvironmentRollout
from rollout.fakes.access_logs import InMemoryAccessLogs
from rollout.fakes.calls import ApiCalls
from rollout.fakes.clock import InMemoryClock
from rollout.fakes.guard import InMemoryController, InMemoryGuard
from rollout.fakes.load_balancers import InMemoryLoadBalancers
from rollout.fakes.marks import InMemoryMarks
from rollout.fakes.services import (
    InMemoryAlarms,
    InMemoryFunctions,
    InMemoryLooks,
    InMemoryMetrics,
    InMemoryTasks,
    InMemoryTopics,
)
from rollout.fakes.stacks import InMemoryStacks
from rollout.inventory.model import Environment
from rollout.inventory.stacks import ROUTING
from rollout.migration.events import Listener
from rollout.migration.ports import LegacyOwner
from rollout.migration.rollback.targets import NOTHING_KNOWN, KnownArns, known_from
from rollout.ramp.ports import Tasks
from rollout.state.pending import Lock

if TYPE_CHECKING:
    from rollout.analysis.measuring.evidence import EvidenceReader
    from rollout.fakes.world import World


@dataclass
class Actor:
    """An actor in a world.

    Attributes:
        calls: All that they do, and what is to happen around it.
        account: Whose credentials they have; None for the environment's own.
    """

    name: str
    world: World
    calls: ApiCalls = field(default_factory=ApiCalls)
    account: str | None = None

    def load_balancers(self, environment: Environment) -> InMemoryLoadBalancers:
        """Their client of an environment's load balancers."""
        return InMemoryLoadBalancers(self.world.aws(environment), self.account, self.calls)

    def stacks(
        self, environment: Environment, on_lock_cleared: Callable[[str, str], None] = lambda _stack, _holder: None
    ) -> InMemoryStacks:
        """Their client of an environment's stacks."""
        world = self.world
        return InMemoryStacks(
            environment,
            world.aws(environment),
            world.backend,
            user=self.name,
            on_lock_cleared=on_lock_cleared,
            calls=self.calls,
        )

    def parts(self, environment: Environment, on_lock_cleared: Callable[[str, str], None]) -> InMemoryParts:
        """What `Rollout(…, parts=…)` takes."""
        return InMemoryParts(environment, on_lock_cleared=on_lock_cleared, actor=self)

    def open(
        self, environment: Environment, file: Path | None = None, on_event: Listener = lambda _: None
    ) -> EnvironmentRollout:
        """An environment as they open it.

        Args:
            file: Where weights are saved; nothing is, if there is none.
        """
        nowhere = environment.root / "no such stacks.toml"
        return EnvironmentRollout(environment, file or nowhere, on_event=on_event, parts=self.parts)


@dataclass(frozen=True)
class InMemoryParts(Container):
    """What the library is put together of, in memory.

    Attributes:
        actor: Who works.
    """

    actor: Actor = field(kw_only=True)

    @property
    def clock(self) -> InMemoryClock:
        return self.actor.world.clock

    @property
    def utc(self) -> datetime:
        return self.clock.utc

    @property
    def wall(self) -> datetime:
        return self.clock.utc

    def wait_until(self, due: datetime) -> None:
        if due > self.utc:
            self.clock.sleep((due - self.utc).total_seconds())

    @cached_property
    def load_balancers(self) -> InMemoryLoadBalancers:
        return self.actor.load_balancers(self.environment)

    @property
    def rules(self) -> InMemoryLoadBalancers:
        return self.load_balancers

    def known_arns(self, file: Path) -> KnownArns:  # noqa: ARG002 - there is one of each name
        return self.actor.world.known.get(self.environment.name, NOTHING_KNOWN)

    def keep_good(self, file: Path, live: AlbState) -> None:  # noqa: ARG002 - as above
        self.actor.world.known[self.environment.name] = known_from(self.environment, live)

    def looks(self, file: Path) -> InMemoryLooks:  # noqa: ARG002 - as above
        return self.actor.world.looks.setdefault(self.environment.name, InMemoryLooks())

    def evidence(self, routes: Collection[str], file: Path | None = None) -> EvidenceReader:  # noqa: ARG002 - see below
        return super().evidence(routes)  # whatever is kept of a step would fit another world's, too

    def holders(self) -> tuple[Lock, ...] | None:
        return self.stacks.locks(ROUTING)

    @cached_property
    def marks(self) -> InMemoryMarks:
        return InMemoryMarks(self.actor.world.aws(self.environment), self.actor.calls)

    @property
    def metrics(self) -> InMemoryMetrics:
        return self.actor.world.metrics

    @property
    def aws_metrics(self) -> InMemoryMetrics:
        return self.metrics

    @property
    def logs(self) -> InMemoryMetrics:
        return self.actor.world.metrics

    @property
    def access_logs(self) -> InMemoryAccessLogs:
        return self.actor.world.access_logs

    @property
    def alarms(self) -> InMemoryAlarms:
        world = self.actor.world
        return world.alarms.setdefault(self.environment.account, InMemoryAlarms(world.aws(self.environment)))

    @property
    def guard(self) -> InMemoryGuard:
        return self.actor.world.guard(self.environment)

    @property
    def controller(self) -> InMemoryController:
        return self.actor.world.controller(self.environment)

    @property
    def functions(self) -> InMemoryFunctions:
        return self.actor.world.functions_of(self.environment)

    @property
    def described_functions(self) -> InMemoryFunctions:
        """See `Container`."""
        return self.functions

    @property
    def aliases(self) -> InMemoryFunctions:
        """See `Container`."""
        return self.functions

    @property
    def topics(self) -> InMemoryTopics:
        return self.actor.world.topics

    @property
    def tasks(self) -> InMemoryTasks:
        return self.actor.world.tasks

    def answering(self, role: str) -> Tasks:
        self.actor.world.answered_by.update({role} - {""})
        return self.tasks

    @cached_property
    def stacks(self) -> InMemoryStacks:
        return self.actor.stacks(self.environment, self.on_lock_cleared)

    @property
    def states(self) -> InMemoryStacks:
        return self.stacks

    @property
    def owner(self) -> LegacyOwner | None:
        return self.actor.world.owner

    @property
    def engine_version(self) -> str:
        return "Pulumi in memory"
