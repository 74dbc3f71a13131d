"""A phase's input: AWS, the states, and other owners."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from rollout.alb.state import AlbState
from rollout.errors import Problem
from rollout.inventory.aliases import LiveAlias
from rollout.inventory.model import Arn
from rollout.inventory.quantities import Percent
from rollout.migration.checks.function_needs import FunctionNeeds
from rollout.migration.checks.ownership import Ownership
from rollout.migration.checks.parity import ParityCheck
from rollout.migration.checks.preflight import Resources
from rollout.migration.controller_check import ControllerCheck
from rollout.migration.fleet_check import FleetCheck
from rollout.migration.guard_check import GuardCheck
from rollout.migration.ports import LegacyOwner


@dataclass(frozen=True, slots=True)
class Builds:
    """The builds to deploy.

    Attributes:
        functions: Their keys; all that have an alias if empty.
        share: Of the requests of their aliases; all of them if left out.
        versions: By function; the newest of those that aren't in it.
    """

    functions: tuple[str, ...] = ()
    share: Percent | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PhaseInputs:
    """What phases go by beside the load balancers and the stacks.

    Attributes:
        idle: Returns why there is no evidence that legacy is idle.
        aliases: Asked where the functions' aliases point.
        needs: Asked what functions need that is there already.
        guard: The guard, as it is and as it would be.
        owner: Another tool that manages the legacy rules.
        builds: The builds to deploy.
        parity: What is known of both implementations' answers; None where nothing asks for it.
        controller: The controller, as it is and as it would be.
        fleet: The fleet's state machine, likewise; None for an environment.
    """

    idle: Callable[[AlbState], Iterable[Problem]]
    aliases: Callable[[], Mapping[str, LiveAlias]]
    needs: Callable[[], FunctionNeeds]
    guard: GuardCheck
    owner: LegacyOwner | None
    builds: Builds
    parity: ParityCheck | None
    controller: ControllerCheck | None
    fleet: FleetCheck | None


@dataclass(frozen=True, slots=True)
class PhaseContext:
    """What a phase starts from.

    Attributes:
        live: AWS.
        legacy: The legacy stack's resources; None where there is no such stack, or where it doesn't matter.
        routing: Likewise of the routing stack.
        monitoring: Likewise of the monitoring stack.
        ownership: The legacy rules of another owner; None where there is none, or where it doesn't matter.
        multi_value: The legacy target groups that send headers as lists; none where it doesn't matter.
        owner: Another tool that manages the legacy rules.
        aliases: Where the functions' aliases point; none where it doesn't matter.
        targets: By target group, the targets of functions with an alias; none where it doesn't matter.
        needs: What functions need that is there already; nothing where it doesn't matter.
        read_aliases: Asked for that once more, when all is done.
        asked: The functions whose builds to deploy, and their share of requests.
        guard: The guard, as it is and as it would be.
        controller: The controller, likewise.
        fleet: The fleet's state machine, likewise; None for an environment.
        idle: Returns why there is no evidence that legacy is idle.
    """

    live: AlbState
    legacy: Resources = None
    routing: Resources = None
    monitoring: Resources = None
    ownership: Ownership | None = None
    multi_value: frozenset[Arn] = frozenset()
    owner: LegacyOwner | None = None
    aliases: Mapping[str, LiveAlias] = field(default_factory=dict)
    targets: Mapping[Arn, tuple[str, ...]] = field(default_factory=dict)
    needs: FunctionNeeds = field(default_factory=FunctionNeeds)
    read_aliases: Callable[[], Mapping[str, LiveAlias]] = dict
    asked: Builds = field(default_factory=Builds)
    guard: GuardCheck | None = None
    controller: ControllerCheck | None = None
    fleet: FleetCheck | None = None
    idle: Callable[[AlbState], Iterable[Problem]] = lambda _: ()
