"""The preflight report: every check with its evidence. Pure.

A phase makes the same checks and stops at the first group with problems; the report has all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rollout.alb.overlaps import overlaps
from rollout.alb.state import AlbState
from rollout.analysis.measuring.logged_balancers import logged_balancers, no_logs
from rollout.analysis.measuring.source_check import check_source
from rollout.analysis.measuring.split import shared_candidates
from rollout.analysis.ports import AccessLogs, CheckedMetrics, Metrics
from rollout.base.formatting import count_of
from rollout.errors import AwsError, Problem, RolloutError
from rollout.inventory.functions import Function
from rollout.inventory.model import LEGACY_ONLY, Environment
from rollout.inventory.quantities import ZERO, format_duration
from rollout.inventory.ramp_settings import CLOUDWATCH
from rollout.migration.checks.aliases import registered_problems
from rollout.migration.checks.belonging import Found
from rollout.migration.checks.controller_status import ControllerStatus, controller_problems
from rollout.migration.checks.default_action import changed_defaults, not_ours
from rollout.migration.checks.event_forms import health_warnings, mixed_forms, other_forms
from rollout.migration.checks.function_needs import FunctionNeeds, needs_problems, networks_of, roles_of
from rollout.migration.checks.headroom import Headrooms, headroom_problems, headroom_warnings
from rollout.migration.checks.inspection import Inspection, quota_problems, target_problems, unread_policies, usages
from rollout.migration.checks.kinds import kind_warnings
from rollout.migration.checks.names import made_names, name_problems
from rollout.migration.checks.ownership import Ownership, cutover_warnings
from rollout.migration.checks.parity_status import RouteParityStatus, parity_problems
from rollout.migration.checks.preflight import (
    Resources,
    code_problems,
    existing_problems,
    handover_problems,
    held_rules,
    listener_problems,
    rule_problems,
    strange_forward,
    target_group_problems,
)
from rollout.migration.checks.status import Held

_BACKENDS = "see docs/backends.md"


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        name: What was checked.
        evidence: The result.
        problems: What must be fixed first.
        notes: Notes that stop nothing.
    """

    name: str
    evidence: str
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether there are no problems."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class PreflightReport:
    """All checks of one environment."""

    environment: str
    checks: tuple[Check, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems."""
        return tuple(problem for check in self.checks for problem in check.problems)


def backend_check(evidence: str, warning: str | None) -> Check:
    """Where the state is kept.

    Args:
        evidence: That it can be reached.
        warning: Why it won't be there for the next run.
    """
    notes = (Problem(warning, hint=_BACKENDS, code="state-not-kept"),) if warning else ()
    return Check("backend", evidence, (), notes)


def names_check(environment: Environment, live: AlbState, found: Found, candidate: Resources) -> Check:
    """Whether the names are free that phase 1 gives.

    A function whose target groups live rules forward to already is somebody's who built it: phase 2 adopts those rules,
    and nothing but phase 1 would mind.

    Args:
        found: What AWS has under them.
        candidate: The candidate stack's resources.
    """
    splits = live.splits(environment)
    served = {environment.routes[name].candidate for name, split in splits.items() if split.attached}
    apart: tuple[dict[str, Function], dict[str, Function]] = ({}, {})
    for key, function in environment.functions.items():
        apart[served.issuperset(function.groups)][key] = function
    wrong, known = (
        tuple(name_problems(environment.model_copy(update={"functions": some}), found, candidate)) for some in apart
    )
    hint = "phase 2 adopts the rules that forward to it; phase 1 can't build it"
    free = len(made_names(environment)) - len(found)
    evidence = f"{free} of {len(made_names(environment))} free; {len(found)} taken"
    return Check("names", evidence, wrong, tuple(replace(problem, hint=hint) for problem in known))


def aws_checks(
    environment: Environment, live: AlbState, found: Inspection, held: Held | None, ownership: Ownership | None = None
) -> Iterator[Check]:
    """What AWS has, against the inventory.

    Args:
        held: The stacks' resources, for the three-way difference; None if unknown.
        ownership: The legacy rules of another owner; None where there is none, or no engine.
    """
    yield Check("account", f"{live.account}, as the inventory says; region {environment.region}")
    ports = ", ".join(f"{key} on port {b.listener_port}" for key, b in environment.load_balancers.items())
    yield _check("listeners", ports, listener_problems(environment, live))
    yield _rules(environment, live, held)
    yield _forwards(environment, live, held)
    yield _overlaps(environment, live)
    yield _stickiness(environment)
    yield _target_groups(environment, live, found)
    used = usages(environment, live, found)
    yield _check("quotas after phase 2", ", ".join(map(str, used)), quota_problems(used))
    if environment.programs.legacy and held and held.legacy is not None:
        is_marked = not any(handover_problems(environment, live, held.legacy))
        marked = "marked by phase 1" if is_marked else "not marked yet; phase 1 marks them"
        yield Check("hand-over", f"the legacy stack's rules are {marked}")
    if ownership is not None:
        yield _other_owner(environment, live, held, ownership)
    packages = [str(function.code) for function in environment.functions.values() if function.code]
    yield _check(
        "deployment packages",
        ", ".join(packages) or ("container images" if environment.functions else "none to build"),
        code_problems(environment),
    )


def _rules(environment: Environment, live: AlbState, held: Held | None) -> Check:
    states = ((*(held.legacy or ()), *(held.routing or ())) if held else ()) or None
    routes = live.resolved(environment).routes.values()
    right = sum(1 for route in routes if (r := live.rule_of(route)) and r.is_for(route))
    evidence = f"{right} of {len(routes)} at their priorities with the inventory's conditions"
    problems = [*rule_problems(environment, live, states)]
    if held:
        problems += not_ours(environment, live, held_rules(environment, live, held.routing))
    return _check("rules", evidence, problems, changed_defaults(environment, live))


def _overlaps(environment: Environment, live: AlbState) -> Check:
    found = overlaps(environment, live)
    evidence = count_of(len(found), "pair") + " of rules that match the same requests" if found else "none"
    of = {kind: [each.problem for each in found if each.severity == kind] for kind in ("problem", "note")}
    return _check("overlaps", evidence, of["problem"], of["note"])


def _target_groups(environment: Environment, live: AlbState, found: Inspection) -> Check:
    """Whether the groups are there and could answer."""
    candidate = {route.candidate for route in environment.routes.values()}
    legacy = {route.legacy for route in environment.routes.values()}
    legacy |= {route.legacy for route in environment.kept_routes.values()}
    built = candidate & live.target_groups.keys()
    evidence = f"{len(legacy & live.target_groups.keys())} of {len(legacy)} of the legacy's"
    missing = {route.candidate for route in environment.routes.values() if route.is_built} - built
    evidence += f" and {len(built)} of the candidate's"
    evidence += f"; phase 1 will create {len(missing)} of the candidate's" if missing else ""
    problems = (
        *target_group_problems(environment, live),
        *existing_problems(environment, live),
        *registered_problems(environment, live, found.targets),
        *target_problems(environment, live, found, legacy | candidate),
        *mixed_forms(environment, live, found.multi_value),
        *other_forms(environment, live, found.multi_value, built),
    )
    unchecked = [Problem(text, code="health-unchecked") for text in health_warnings(environment, live)]
    unchecked += [
        Problem(text, code="other-kind") for text in kind_warnings(environment, live, found.attributes, found.states)
    ]
    unread = [
        Problem(
            f"the policy of {function} can't be read, so it is unknown whether the load balancer may invoke it",
            code="policy-unreadable",
        )
        for function in unread_policies(live, found)
    ]
    return _check("target groups", evidence, problems, unchecked + unread)


def _other_owner(environment: Environment, live: AlbState, held: Held | None, ownership: Ownership) -> Check:
    rules = count_of(len(environment.routes), "rule")
    holds = "can't be asked" if ownership.held is None else f"manages {len(ownership.held)} of {rules}"
    routing = held_rules(environment, live, held.routing if held else None)
    warnings = cutover_warnings(environment, ownership, ours=False, routing=routing)
    notes = [Problem(warning, code="owner-to-release") for warning in warnings]
    return _check("other owner", f"{ownership.who} {holds}", (), notes)


def _forwards(environment: Environment, live: AlbState, held: Held | None) -> Check:
    """What the rules do today, and whether phase 2 can adopt those that routing doesn't hold yet."""
    adopted = held_rules(environment, live, held.routing if held else None)
    splits = {name: live.split_of(route) for name, route in environment.routes.items()}
    divided = {name: split for name, split in splits.items() if split and split.attached and not split.alone}
    alone = sum(split == LEGACY_ONLY for split in splits.values())
    evidence = f"{alone} of {count_of(len(splits), 'rule')} to legacy only"
    evidence += f", {len(divided)} divided between legacy and candidate" if divided else ""
    there = [name for name, route in environment.routes.items() if live.rule_of(route) and name not in adopted]
    strange = [] if environment.completed else [strange_forward(environment, live, name) for name in there]
    notes = [
        Problem(
            f"it forwards to {live.forwards(environment.routes[name])} already: phase 2 keeps that, at {split}",
            where=f"routes.{name}",
            code="rule-divides-already",
        )
        for name, split in divided.items()
        if name in there
    ]
    return _check("forwards", evidence, filter(None, strange), notes)


def _stickiness(environment: Environment) -> Check:
    """Whether clients stay with an implementation, and where they move to the candidate because of that."""
    kept, shared = environment.stickiness.kept_for, shared_candidates(environment)
    if kept is None:
        return Check("stickiness", "off: each request is routed independently, and answers set no cookie")
    starts = f" from {environment.stickiness.from_} % on" if environment.stickiness.from_ > ZERO else ""
    sharing = f"{count_of(len(shared), 'candidate target group')} shared by routes" if shared else ""
    return _check(
        "stickiness",
        f"cookies keep clients for {format_duration(kept)}{starts}; {sharing or 'no routes share cookies'}",
        (),
        [
            Problem(
                f"{', '.join(names)} share it: clients with cookies move to the candidate as they change routes",
                where=group,
                hint="`target-groups` can give each route its own",
                code="candidate-shared",
            )
            for group, names in shared.items()
        ],
    )


def functions_check(environment: Environment, found: FunctionNeeds) -> Iterator[Check]:
    """Whether Lambda can take the existing roles and networks of functions; nothing where there are none."""
    roles, networks = roles_of(environment), networks_of(environment)
    if roles or networks:
        unread = [role for role in roles if role not in found.trust]
        evidence = f"{count_of(len(roles), 'existing role')}, {count_of(len(networks), 'network')}"
        evidence += f"; not readable: {', '.join(unread)}" if unread else ""
        evidence += "; networks not readable" if networks and found.vpcs is None else ""
        yield _check("functions", evidence, needs_problems(environment, found))


def access_logs_check(environment: Environment, live: AlbState, logs: AccessLogs, now: datetime) -> Iterator[Check]:
    """Whether there are access logs, and they can be found; nothing where requests are counted."""
    if environment.analysis.unit != "clients":
        return
    try:
        off = tuple(no_logs(environment, live, logs))
        balancers = logged_balancers(environment, live).items()
        files = {name: len(logs.files(arn, now - timedelta(hours=1), now)) for name, arn in balancers}
    except AwsError as error:
        yield failed("access logs", error)
        return
    said = ", ".join(f"{name}: {count_of(count, 'file')} in an hour" for name, count in files.items())
    yield Check("access logs", said, off)


def source_check(
    environment: Environment, live: AlbState, found: Inspection, metrics: Callable[[], Metrics], now: datetime
) -> Iterator[Check]:
    """Whether a metrics source of others answers each query; nothing where CloudWatch counts."""
    source = environment.analysis.source
    if source == CLOUDWATCH:
        return
    try:
        checked = metrics()
        if not isinstance(checked, CheckedMetrics):
            return
        answered = check_source(environment, live, found.targets, checked, now)
    except RolloutError as error:
        yield failed("metrics source", error)
        return
    silent = len(answered.problems) + len(answered.notes)
    said = f"{source}: {answered.asked - silent} of {count_of(answered.asked, 'query')} gave numbers in the last hour"
    yield Check("metrics source", said, answered.problems, answered.notes)


def guard_check(environment: Environment, found: Iterable[Problem]) -> Iterator[Check]:
    """Whether there is a guard to rely on; nothing where the file asks for none. No phase before the cutover minds.

    Args:
        found: Why there is none.
    """
    if environment.guard:
        notes = tuple(found)
        required = "required for raises" if environment.guard.required else "not required"
        yield Check("guard", f"{'not ready' if notes else 'installed'}; {required}", (), notes)


def parity_checks(found: tuple[RouteParityStatus, ...] | str | None) -> Iterator[Check]:
    """Whether first raises would be refused; nothing where nothing asks for parity. No phase before them minds.

    Args:
        found: How the routes stand, or why that isn't known.
    """
    if isinstance(found, str):
        yield Check("parity", "not known", (), (Problem(found, code="no-parity"),))
    elif found is not None:
        passed = sum(each.passed for each in found)
        evidence = f"{passed} of {count_of(len(found), 'route')} passed; required for first raises"
        yield Check("parity", evidence, (), tuple(parity_problems(found)))


def controller_check(found: ControllerStatus | None, installed: Iterable[Problem]) -> Iterator[Check]:
    """Whether there is a controller to rely on; nothing where the file asks for none.

    Args:
        installed: Why it isn't installed as the file is now.
    """
    if found:
        notes = (*installed, *controller_problems(found))
        yield Check("controller", "not ready" if notes else found.sentence, (), notes)


def concurrency_checks(found: Headrooms) -> Iterator[Check]:
    """Whether Lambda allows what 100 per cent needs; nothing without requests. No phase before the ramp minds.

    Args:
        found: What the candidate's functions need then, or why that isn't known.
    """
    if isinstance(found, str):
        yield Check("concurrency", "not known", (), (Problem(found, code="concurrency-unknown"),))
    elif found:
        near = [Problem(text, code="concurrency-near") for text in headroom_warnings(found)]
        notes = (*headroom_problems(found), *near)
        yield Check("concurrency", f"at 100 %: {'; '.join(each.sentence for each in found)}", (), notes)


def failed(name: str, error: RolloutError) -> Check:
    """A check that failed, with the reason."""
    return Check(name, "failed", (Problem(error.what, where=error.where, hint=error.hint, code=error.code),))


def _check(name: str, evidence: str, problems: Iterable[Problem], notes: Iterable[Problem] = ()) -> Check:
    return Check(name, evidence, tuple(problems), tuple(notes))
