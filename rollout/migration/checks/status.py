"""An environment's status: the file's weights, the load balancer's, and the stacks that manage the rules. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from rollout.alb.header_rules import header_rules_before
from rollout.alb.state import AlbState
from rollout.analysis.measuring.split import Measured
from rollout.errors import Problem
from rollout.inventory.model import Environment, Split
from rollout.inventory.quantities import ZERO, Percent
from rollout.migration.checks.controller_status import ControllerStatus
from rollout.migration.checks.default_action import changed_defaults
from rollout.migration.checks.guard_status import BEFORE_RAISE, GuardStatus
from rollout.migration.checks.ownership import Ownership
from rollout.migration.checks.parity_status import RouteParityStatus
from rollout.migration.checks.preflight import Resources, held_rules, live_problems
from rollout.state.plan import ResourceState


@dataclass(frozen=True, slots=True)
class Held:
    """The stacks' resources; None without an engine."""

    legacy: Resources
    routing: Resources


@dataclass(frozen=True, slots=True)
class RouteStatus:
    """One route.

    Attributes:
        endpoint: Methods and path.
        want: The file's weight.
        live: The live split; None if the rule forwards elsewhere.
        forwards: The rule's action, in AWS's terms.
        rule: Its ARN; None if it is missing.
        owners: What manages it: legacy, pulumi or terraform, then routing; both until the former owner releases it;
            None if unknown.
        measured: Its measured share; None if not counted.
    """

    route: str
    endpoint: str
    load_balancer: str
    priority: int
    want: Percent
    live: Split | None
    forwards: str
    rule: str | None
    owners: tuple[str, ...] | None
    measured: Measured | None = None

    @property
    def agrees(self) -> bool:
        """Whether the load balancer has what the file wants."""
        return self.live is not None and self.live.weight == self.want


@dataclass(frozen=True, slots=True)
class HeaderRuleStatus:
    """A rule that takes a route's requests before its own does, if they have a header.

    Attributes:
        route: The route's place in the inventory, such as `routes.stamp-score`.
        header: The header and its value, as text.
        forwards: Its action, in AWS's terms.
    """

    route: str
    load_balancer: str
    priority: int
    header: str
    forwards: str


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """One environment.

    Attributes:
        phase: The last phase: `not begun`, `phase1`, `phase2`, `phase3` or `completed`; None if it is unknown.
        problems: Differences from the inventory.
        next_step: The next command; None if everything is as wanted.
        ownership: The legacy rules of another owner; None where there is none.
        header_rules: The rules by which a header selects the implementation.
        unreleased: The routes whose rules the routing stack has adopted and that owner still manages.
        guard: The installed guard; None without [guard] in the inventory.
        parity: Each route's verdict of parity, or why it can't be read; None if `[ramp]` doesn't require parity.
        controller: The controller's status; None without `[controller]` in the inventory.
        not_measured: Why requests were not counted, if requested.
    """

    environment: str
    account: str
    region: str
    phase: str | None
    routes: tuple[RouteStatus, ...]
    problems: tuple[Problem, ...]
    next_step: str | None
    ownership: Ownership | None = None
    unreleased: tuple[str, ...] = ()
    header_rules: tuple[HeaderRuleStatus, ...] = ()
    not_measured: str | None = None
    guard: GuardStatus | None = None
    parity: tuple[RouteParityStatus, ...] | str | None = None
    controller: ControllerStatus | None = None

    @property
    def urgency(self) -> str:
        """How urgent the next command is after the guard has fired, in words; otherwise empty."""
        if self.guard is None or not self.guard.fired or self.next_step != f"rollout rollback {self.environment}":
            return ""
        if any(route.live is None or route.live.weight > ZERO for route in self.routes):
            return "at once: the candidate still gets requests"
        return f"not urgent: all requests go to legacy already; to {BEFORE_RAISE}"


def with_measured(status: EnvironmentStatus, found: Mapping[str, Measured] | str) -> EnvironmentStatus:
    """A status with what was measured by route, or why nothing was."""
    if isinstance(found, str):
        return replace(status, not_measured=found)
    return replace(status, routes=tuple(replace(each, measured=found.get(each.route)) for each in status.routes))


def with_rollback(status: EnvironmentStatus, taken_back: Callable[[], Collection[str]]) -> EnvironmentStatus:
    """A status that doesn't name the raise of what a rollback took back, whose file has the weight of before.

    Args:
        taken_back: Returns the routes that are as a rollback left them; asked only where it matters.
    """
    name = status.environment
    raised = {each.route for each in status.routes if each.live and each.want > each.live.weight}
    if status.next_step == f"rollout phase3 {name}" and raised and raised & {*taken_back()}:
        return replace(status, next_step=f"rollout rollback {name}")
    return status


def with_guard(status: EnvironmentStatus, guard: GuardStatus | None) -> EnvironmentStatus:
    """A status with its guard; what that took back isn't to be raised again, whatever the file says."""
    name = status.environment
    raises = guard is not None and guard.fired and status.next_step == f"rollout phase3 {name}"
    return replace(status, guard=guard, next_step=f"rollout rollback {name}" if raises else status.next_step)


def with_controller(status: EnvironmentStatus, controller: ControllerStatus | None) -> EnvironmentStatus:
    """A status with its controller, whose weights the file doesn't have: the file's are nothing to go to."""
    name = status.environment
    theirs = controller is not None and controller.state != "missing" and status.next_step == f"rollout phase3 {name}"
    step = f"rollout ramp {name}" if theirs else status.next_step
    return replace(status, controller=controller, next_step=step)


def status_of(
    environment: Environment, live: AlbState, held: Held | None, ownership: Ownership | None = None
) -> EnvironmentStatus:
    """Build an environment's status.

    Args:
        ownership: The legacy rules of another owner.
    """
    legacy = held_rules(environment, live, held.legacy) if held else {}
    routing = held_rules(environment, live, held.routing) if held else {}
    is_known = ownership is None or ownership.held is not None
    holders: dict[str, Collection[str]] = {"legacy": legacy}
    if ownership is not None:
        holders[ownership.owner] = ownership.held or ()
    holders["routing"] = routing
    routes = []
    for name, route in live.resolved(environment).routes.items():
        rule = live.rule_of(route)
        owners = tuple(holder for holder, holds in holders.items() if name in holds)
        routes.append(
            RouteStatus(
                route=name,
                endpoint=str(route),
                load_balancer=route.load_balancer,
                priority=route.priority,
                want=environment.desired_weight(name),
                live=live.split_of(route),
                forwards=rule.does if rule else "no rule",
                rule=rule.arn if rule else None,
                owners=owners if held and (owners or is_known) else None,
            )
        )
    unreleased = ownership.unreleased(routing) if ownership else ()
    phase = (
        _phase(environment, live, routing.keys() >= environment.routes.keys(), tuple(routes), legacy) if held else None
    )
    return EnvironmentStatus(
        environment.name,
        live.account,
        environment.region,
        phase,
        tuple(routes),
        (*live_problems(environment, live), *changed_defaults(environment, live), *environment.all_faults),
        _next_step(environment, phase, tuple(routes), unreleased),
        ownership,
        unreleased,
        tuple(
            HeaderRuleStatus(place, entry.load_balancer, rule.priority, str(rule.headers[0]), rule.does)
            for place, entry, rule in header_rules_before(environment, live)
        ),
    )


def _phase(
    environment: Environment,
    live: AlbState,
    adopted: bool,
    routes: tuple[RouteStatus, ...],
    legacy: Mapping[str, ResourceState],
) -> str:
    if environment.completed:
        return "completed"
    if adopted:
        return "phase3" if any(r.live and r.live.weight > ZERO for r in routes) else "phase2"
    built = all(route.candidate in live.target_groups for route in environment.routes.values())
    if built and not any(route.is_built for route in environment.routes.values()):
        built = all(rule.retain_on_delete for rule in legacy.values())  # all that phase 1 does then is to mark them
    return "phase1" if built else "not begun"


def _next_step(
    environment: Environment, phase: str | None, routes: tuple[RouteStatus, ...], unreleased: tuple[str, ...]
) -> str | None:
    name = environment.name
    if any(route.owners == ("legacy", "routing") for route in routes):
        return f"rollout phase2 {name}"  # the window between adopting and letting go
    following = {"not begun": "phase1", "phase1": "phase2"}
    if phase in following:
        return f"rollout {following[phase]} {name}"
    if not environment.completed and any(route.live and route.live.alone for route in routes):
        return f"rollout complete {name}"  # one that was cut off
    if unreleased:
        return f"rollout release {name}"
    return None if phase is None or all(r.agrees for r in routes) else f"rollout phase3 {name}"
