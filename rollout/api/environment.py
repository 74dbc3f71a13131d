"""One environment in the library: phases, weights and rollback as methods, the rest in parts."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollout.adapters import telemetry
from rollout.api.arguments import DAY
from rollout.api.checks import Checks
from rollout.api.container import Container, PartsFactory
from rollout.api.deploys import Deploys
from rollout.api.opened import Opened
from rollout.api.ports import Provider, Sandbox
from rollout.api.rollback import Rollbacks
from rollout.inventory.model import Environment
from rollout.migration import events
from rollout.migration.emitter import emitter

if TYPE_CHECKING:
    from rollout.analysis.cost.ledger import CostLedger
    from rollout.api.controller import EnvironmentController
    from rollout.api.fleet_ramp import FleetRamp
    from rollout.api.guard import EnvironmentGuard
    from rollout.api.history import History
    from rollout.api.ownership import ResourceOwnership
    from rollout.api.parity import Parity
    from rollout.api.ramp import EnvironmentRamp
    from rollout.api.reports import Reports
    from rollout.api.traffic import Traffic
    from rollout.inventory.fleets import FleetPlan

MOVED = {
    "adopt_resources": "ownership.adopt",
    "approve": "ramp.approve",
    "explain": "traffic.explain",
    "freeze": "ramp.freeze",
    "glance": "reports.summary",
    "live": "traffic.alb_state",
    "look": "ramp.view",
    "overview": "reports.overview",
    "past_change": "history.change",
    "pause": "ramp.pause",
    "plan_ramp": "ramp.plan",
    "release": "ownership.release",
    "resume": "ramp.resume",
    "skip_wait": "ramp.skip_wait",
    "unlock": "ownership.unlock",
    "unmarked": "ownership.unmarked",
}
"""Earlier names of methods, which still work with a warning."""


class EnvironmentRollout(Deploys, Rollbacks, Checks):
    """One environment: its phases, weights, checks and rollback.

    The methods raise the errors of `rollout.errors`; none prints, prompts or exits. Objects for different
    environments may be used from different threads.

    A method with `approve` previews its changes first. `approve` gets the `Gate` and returns whether to apply it; True
    approves everything. Without it the method raises `GateRefused`, unless there is nothing to do. Each may also raise
    `PreflightFailed` (AWS is not as the inventory says), `PolicyViolation`, `Drift`, `Locked`, `EngineError`,
    `AwsError`, `VerifyFailed` (the read-back differs) and `Interrupted`.
    """

    def __init__(
        self,
        environment: Environment,
        file: Path,
        *,
        sandbox: Sandbox | None = None,
        provider: Provider = "stand-in",
        on_event: events.Listener,
        parts: PartsFactory | None = None,
        is_last_good: bool = False,
    ) -> None:
        emit = emitter(on_event, telemetry.hear)

        def lock_cleared(stack: str, holder: str) -> None:
            emit(events.LockCleared(environment.name, stack, holder))

        container = parts(environment, lock_cleared) if parts else None
        container = container or Container(environment, sandbox, provider, lock_cleared)
        super().__init__(Opened(environment, file, container, emit, is_last_good))

    def __getattr__(self, name: str) -> Any:
        if name not in MOVED:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        warnings.warn(f"{name} is {MOVED[name]} now", DeprecationWarning, stacklevel=2)
        return attrgetter(MOVED[name])(self)

    @property
    def inventory(self) -> Environment:
        """The environment's inventory."""
        return self._environment

    @cached_property
    def ramp(self) -> EnvironmentRamp:
        """The ramp: `ramp()` runs it; view it, control it, plan it."""
        from rollout.api.ramp import EnvironmentRamp

        return EnvironmentRamp(self._opened)

    @cached_property
    def parity(self) -> Parity:
        """The answers of both implementations, compared."""
        from rollout.api.parity import Parity

        return Parity(self._opened)

    @cached_property
    def traffic(self) -> Traffic:
        """The live rules, and where a request goes."""
        from rollout.api.traffic import Traffic

        return Traffic(self._opened)

    @cached_property
    def history(self) -> History:
        """The changes: `history()` returns them."""
        from rollout.api.history import History

        return History(self._opened)

    @cached_property
    def reports(self) -> Reports:
        """Summaries: one line, or everything over time."""
        from rollout.api.reports import Reports

        return Reports(self._opened)

    @cached_property
    def ownership(self) -> ResourceOwnership:
        """Ownership of resources, and locks of stacks."""
        from rollout.api.ownership import ResourceOwnership

        return ResourceOwnership(self._opened)

    @cached_property
    def guard(self) -> EnvironmentGuard:
        """The guard: install it, remove it."""
        from rollout.api.guard import EnvironmentGuard

        return EnvironmentGuard(self._opened)

    @cached_property
    def controller(self) -> EnvironmentController:
        """The controller: install it, remove it, read its status."""
        from rollout.api.controller import EnvironmentController

        return EnvironmentController(self._opened)

    def hosted_fleet(self, plan: Callable[[], FleetPlan]) -> FleetRamp:
        """The ramp of the fleet that this environment is made of; see `Rollout.fleet_ramp`."""
        from rollout.api.fleet_ramp import FleetRamp

        return FleetRamp(self._opened, plan)

    def cost(self, since: timedelta | str = DAY, *, logs: bool = True) -> CostLedger:
        """What the functions cost, legacy and candidate, and what the move saves, by CloudWatch.

        Args:
            since: How far back, 1 h to 30 d, also as a text such as `7d`.
            logs: Whether to read functions' logs for INIT phases, if `[analysis]` has `cold-starts`; AWS bills that.

        Raises:
            UsageError: It isn't a duration, or out of range; or no route is served by a function.
            AwsError: AWS refused, or can't be reached.
            ConfigError: `[cost]` or `[analysis]` has a problem.
        """
        from rollout.api.cost import Costs

        return Costs(self._opened)(since, logs=logs)

    def routes(self, names: Sequence[str]) -> tuple[str, ...]:
        """The named routes, or all.

        Raises:
            UsageError: There is no such route.
        """
        return self._opened.routes(names)
