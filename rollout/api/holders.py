"""Which stacks or tools manage the rules, from the stacks' states and from another tool."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

from rollout.alb.state import AlbState
from rollout.api.opened import Part
from rollout.errors import AwsError, EngineError
from rollout.inventory.stacks import LEGACY, ROUTING
from rollout.migration.checks.ownership import asked, ownership_of
from rollout.migration.checks.status import EnvironmentStatus, Held, status_of, with_rollback

GLANCE = timedelta(seconds=10)
"""How long status waits for another owner's tool."""


class Holders(Part):
    """Reads the states beside whatever else is read."""

    def begin(self, pool: ThreadPoolExecutor) -> Callable[[], Held]:
        """Begin to read the states, and give what waits for them.

        Raises:
            EngineError: There is no engine.
        """
        states = self._container.states
        legacy = pool.submit(states.resources, LEGACY) if self._environment.is_legacy_ours else None
        routing = pool.submit(states.resources, ROUTING)
        return lambda: Held(legacy.result() if legacy else None, routing.result())

    def begin_if_any(self, pool: ThreadPoolExecutor) -> Callable[[], Held] | None:
        """The same; None without an engine."""
        try:
            return self.begin(pool)
        except EngineError:
            return None

    def status(
        self, pool: ThreadPoolExecutor, states: Callable[[], Held] | None, live: Future[AlbState]
    ) -> EnvironmentStatus:
        """The environment's status from the live rules, and from the states if they can be read."""
        owner = self._container.owner if states else None
        found = pool.submit(asked, owner, GLANCE) if owner else None
        held, ownership = None, None
        try:
            held = states() if states else None
            if owner and found:
                ownership = ownership_of(self._environment, live.result(), owner, found.result())
        except EngineError:
            held = None
        status = status_of(self._environment, live.result(), held, ownership)
        return with_rollback(status, lambda: self._taken_back(live.result()))

    def _taken_back(self, before: AlbState) -> tuple[str, ...]:
        """The routes whose rules have a rollback's tag; none where tags can't be read."""
        environment = self._environment
        try:
            live = self._container.load_balancers.read(environment, before=before)
        except AwsError:
            return ()
        return tuple(
            name for name, route in environment.routes.items() if (rule := live.rule_of(route)) and rule.rollback
        )
