"""The runner of phases, put together for one environment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rollout.alb.state import AlbState
from rollout.analysis.measuring.idle import IdleCheck
from rollout.api.headroom import Headrooms
from rollout.api.opened import Opened
from rollout.api.parity_check import parity_check
from rollout.api.requests import Requests
from rollout.api.rollback import Rollbacks
from rollout.base.user import who
from rollout.inventory.controller import ControllerConfig
from rollout.inventory.marks import guard_arn
from rollout.inventory.stacks import GUARD
from rollout.migration import events
from rollout.migration.context import Builds, PhaseInputs
from rollout.migration.controller_check import ControllerCheck
from rollout.migration.fleet_check import FleetCheck
from rollout.migration.guard_check import GuardCheck
from rollout.migration.guarding import GuardedRaise, Raising
from rollout.migration.runner.runner import PhaseRunner
from rollout.programs.alarms.alarms import guard_alarms


def checked_guard(opened: Opened) -> GuardCheck:
    """The guard of an environment, as it is and as it would be."""
    from rollout.programs.guarding import (  # noqa: PLC0415 - a rollback needs none
        guard_config,
        guard_digest,
        invoking_alarms,
    )

    container, environment = opened.container, opened.environment
    return GuardCheck(
        environment,
        container.marks,
        config=lambda live: guard_config(environment, live),
        digest=guard_digest,
        states=lambda names: container.alarms.states(tuple(names)),
        mute=lambda: container.alarms.mute(invoking_alarms(environment), guard_arn(environment)),
        recorded=lambda: container.states.resources(GUARD) or (),
    )


def checked_controller(opened: Opened) -> ControllerCheck | None:
    """The controller of an environment, as it is and as it would be; None where stacks.toml asks for none."""
    settings = opened.environment.controller
    if settings is None:
        return None

    def config(live: AlbState) -> ControllerConfig:
        from rollout.adapters.aws.iam.policies import function_statements  # noqa: PLC0415 - most commands need none
        from rollout.programs.controlling import controller_config  # noqa: PLC0415 - as above

        environment = opened.environment
        return controller_config(environment, settings, opened.file, function_statements(environment, live))

    def digest(config: ControllerConfig) -> str:
        from rollout.programs.controlling import controller_digest  # noqa: PLC0415 - as above

        return controller_digest(config)

    def keep(config: ControllerConfig) -> None:
        from rollout.programs.controlling import keep  # noqa: PLC0415 - as above

        keep(opened.environment.root, config.archive)

    return ControllerCheck(opened.environment, opened.container.marks, config, digest, keep)


def guarded_raise(opened: Opened) -> Raising:
    """What makes a raise's side of the guard, given the routes that the candidate keeps, and whether any goes up."""
    container, environment = opened.container, opened.environment

    def raising(routes: Sequence[str], *, raises: bool) -> GuardedRaise:
        return GuardedRaise(
            container.guard,
            container.alarms,
            guard_alarms(environment),
            environment=environment.name,
            by=who(),
            required=environment.guard is not None and environment.guard.required,
            raises=raises,
            take_back=lambda: Rollbacks(opened).take_back(routes),
        )

    return raising


def phase_runner(
    opened: Opened,
    idle_for: timedelta | None = None,
    builds: Builds | None = None,
    fleet: FleetCheck | None = None,
) -> PhaseRunner:
    """What runs an environment's phases.

    Args:
        opened: The environment.
        idle_for: How long no request may have met legacy before it is retired; by default `complete-after`.
        builds: The builds to deploy.
        fleet: The state machine, where the environment is a fleet's.
    """
    container, environment = opened.container, opened.environment
    idle = IdleCheck(
        environment,
        container.load_balancers,
        lambda span, requests: opened.emit(events.LegacyQuiet(environment.name, span, requests)),
        metrics=lambda: container.metrics,
        now=lambda: container.utc,
        span=idle_for or environment.complete_after,
    )
    warning = container.backend_warning
    return PhaseRunner(
        environment,
        container.load_balancers,
        container.stacks,
        container.clock,
        opened.emit,
        marks=container.marks,
        inputs=PhaseInputs(
            idle.missing,
            aliases=lambda: container.aliases.aliases(environment),
            needs=lambda: container.aliases.needs(environment),
            guard=checked_guard(opened),
            owner=container.owner,
            builds=builds or Builds(),
            parity=parity_check(opened) if environment.ramp.parity == "required" else None,
            controller=checked_controller(opened),
            fleet=fleet,
        ),
        by=who(),
        volumes=Requests(opened).volumes,
        headroom=Headrooms(opened),
        known=[
            *([warning] if warning else []),
            *(f"not used by this command, but {problem}" for problem in environment.all_faults),
        ],
        raising=guarded_raise(opened) if environment.guard else None,
        take_back=Rollbacks(opened).take_back,
        on_verified=lambda live: container.keep_good(opened.file, live),
        times=lambda: (container.utc, container.wall),
    )
