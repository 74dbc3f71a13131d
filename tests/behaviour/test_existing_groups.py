"""Routes whose candidate is a target group that others own: from Lambda to addresses and back again."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from rollout.alb.weights import ForwardAction
from rollout.analysis.metrics import AlarmState
from rollout.errors import AnalysisFailed, PreflightFailed
from rollout.fakes.world import World
from rollout.inventory.model import LEGACY_ONLY, PREPARED, Arn, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import CANDIDATE
from rollout.migration.events import LegacyLeft, NothingToDo, Warned
from rollout.state.plan import TARGET_GROUP
from tests.behaviour.team import InMemoryTeam
from tests.behaviour.test_other_owners import PROGRAM
from tests.codes import raises

ECS, ADDRESSES = "ecs-scorer", ("10.20.7.1", "10.20.7.2")
NAMES = ("ceramic-score", "stamp-score")
TEN = Split.at(Percent(100))


def without_functions(text: str) -> str:
    """An inventory that builds nothing: the routes of one load balancer go to a service's group."""
    text = re.sub(r"(?s)\[functions\.rust-scorer\].*?(?=# Routes)", "", text)
    text = text.replace('candidate = "l-passport-v2-rust-scorer"', f'candidate = {{ target-group = "{ECS}" }}')
    return re.sub(r"(?s)\[routes\.embed-score\].*?(?=\n\n|\Z)", "", text)


@pytest.fixture
def service(legacy: InMemoryTeam) -> InMemoryTeam:
    """A team whose Lambdas are to give way to a service's containers, that others deploy; no rule is in a stack."""
    legacy.file.write_text(without_functions(legacy.file.read_text().replace(PROGRAM, "")))
    aws, world = legacy.aws, World()
    aws.register_targets(aws.create_target_group(ECS, "ip"), *ADDRESSES)
    world.accounts[aws.account] = aws
    return InMemoryTeam(legacy.folder, world)


def group_of(team: InMemoryTeam, name: str = ECS) -> Arn:
    found = team.aws.group_named(name)
    assert found
    return found.arn


def touched(team: InMemoryTeam) -> list[str]:
    """What was done to the service's group, whoever did it, but for making and filling it."""
    return [call.action for call in team.aws.log if group_of(team) in call.resource][2:]


def test_from_lambda_to_a_service_and_back(service: InMemoryTeam) -> None:
    team, before = service, dict(service.aws.target_groups)
    assert not team.open().phase1(approve=True).changed
    assert any(isinstance(event, NothingToDo) for event in team.events)
    assert team.open().status().next_step == "rollout phase2 production"
    gate = team.open().phase2(approve=True).gate
    assert any("from lambda to HTTP1" in warning for warning in gate.warnings)
    assert team.splits() == dict.fromkeys(NAMES, PREPARED)

    assert team.open().set_weight(10, approve=True).changed
    assert team.splits() == dict.fromkeys(NAMES, TEN)
    team.open().drift().require()
    team.open().set_weight(100, approve=True)
    team.open().rollback()
    assert team.splits() == dict.fromkeys(NAMES, LEGACY_ONLY)

    team.open().undo("phase2", approve=True)
    assert not team.open().undo("phase1", approve=True).changed
    assert team.aws.target_groups == before
    assert touched(team) == []
    assert not team.world.actor().stacks(team.inventory).resources(CANDIDATE)


@pytest.fixture
def containers(legacy: InMemoryTeam) -> InMemoryTeam:
    """A team whose legacy is a service's containers, and whose Lambdas are still to be built; others hold all."""
    legacy.edit(PROGRAM, "")
    aws, world = legacy.aws, World()
    for name, rule in legacy.rules().items():
        group = aws.create_target_group(f"ecs-{name}", "ip")
        aws.register_targets(group, *ADDRESSES)
        aws.modify_rule(Arn(rule), forward=ForwardAction({group: 1}))
        legacy.edit(f'legacy = "{legacy.inventory.routes[name].legacy}"', f'legacy = "ecs-{name}"')
    world.accounts[aws.account] = aws
    return InMemoryTeam(legacy.folder, world)


def test_from_a_service_to_lambda_and_back(containers: InMemoryTeam) -> None:
    team = containers
    gate = team.open().phase1(approve=True).gate
    assert any("from HTTP1 to lambda" in warning for warning in gate.warnings)
    team.open().phase2(approve=True)
    assert set(team.splits().values()) == {PREPARED}
    team.open().set_weight(10, approve=True)
    assert set(team.splits().values()) == {TEN}
    team.open().drift().require()
    team.open().rollback()
    assert set(team.splits().values()) == {LEGACY_ONLY}
    team.open().undo("phase2", approve=True)
    team.open().undo("phase1", approve=True)
    names = {group.name for group in team.aws.target_groups.values()}
    assert {f"ecs-{name}" for name in team.splits()} <= names
    assert not any("rust-scorer" in name for name in names)


def test_a_service_that_was_legacy_is_left_to_its_owner(containers: InMemoryTeam) -> None:
    team = containers
    team.open().phase1(approve=True)
    team.open().phase2(approve=True)
    team.open().set_weight(100, approve=True)
    for _ in range(31):
        team.world.serve(team.inventory, dict.fromkeys(team.inventory.routes, 60))
    team.open().complete(quiet_for="30m", approve=True)
    (left,) = [event.parts for event in team.events if isinstance(event, LegacyLeft)]
    assert {f"target group ecs-{name} with {', '.join(ADDRESSES)}" for name in team.splits()} == set(left)
    assert set(ADDRESSES) <= set(team.aws.targets[group_of(team, "ecs-stamp-score")])


def ill(team: InMemoryTeam) -> None:
    team.aws.health.update(dict.fromkeys(ADDRESSES, "unhealthy"))


def no_targets(team: InMemoryTeam) -> None:
    team.aws.deregister_targets(group_of(team), *ADDRESSES)


def changed(team: InMemoryTeam, **to: str) -> None:
    arn = group_of(team)
    team.aws.target_groups[arn] = replace(team.aws.target_groups[arn], **to)  # type: ignore[arg-type] # texts


def elsewhere(team: InMemoryTeam) -> None:
    other = team.aws.create_load_balancer("another", 443)
    team.aws.create_rule(team.aws.listener_of("another"), 1, (), ForwardAction({group_of(team): 1}))
    assert other


def sticky(team: InMemoryTeam) -> None:
    team.aws.attributes[group_of(team)] = {"stickiness.enabled": "true", "stickiness.type": "app_cookie"}


def gone(team: InMemoryTeam) -> None:
    team.aws.delete_target_group(group_of(team))


@pytest.mark.parametrize(
    ("happens", "code"),
    [
        (no_targets, "no-registered-target"),
        (elsewhere, "target-group-taken"),
        (sticky, "group-sticky"),
        (gone, "target-group-missing"),
        (lambda team: changed(team, vpc="vpc-2"), "other-vpc"),
        (lambda team: changed(team, protocol="TCP"), "wrong-protocol"),
        (lambda team: changed(team, target_type="alb", protocol="TCP"), "wrong-protocol"),
    ],
)
def test_a_group_that_does_not_fit_is_told_by_preflight_and_stops_phase_1(
    service: InMemoryTeam, happens: Callable[[InMemoryTeam], None], code: str
) -> None:
    happens(service)
    assert code in {problem.code for problem in service.open().preflight().problems}
    with raises(PreflightFailed, code):
        service.open().phase1(approve=True)


def test_a_service_without_a_healthy_target_gets_no_more_requests_but_can_be_left(service: InMemoryTeam) -> None:
    team = service
    ill(team)
    gate = team.open().phase2(approve=True).gate  # nobody asks its targets yet
    assert any("is unknown until a rule forwards to it" in warning for warning in gate.warnings)
    with raises(PreflightFailed, "no-healthy-target"):
        team.open().set_weight(10, approve=True)
    team.aws.health[ADDRESSES[0]] = "healthy"
    team.open().set_weight(10, approve=True)
    ill(team)
    with raises(PreflightFailed, "no-healthy-target"):
        team.open().set_weight(20, approve=True)
    team.open().set_weight(0, approve=True)
    assert team.splits() == dict.fromkeys(NAMES, LEGACY_ONLY)


def test_a_service_cannot_be_invoked_and_smoke_says_so(service: InMemoryTeam) -> None:
    report = service.open().smoke()
    assert report.problems == ()
    assert [(each.route, each.request, ECS in (each.note or "")) for each in report.routes] == [
        (name, "", True) for name in service.inventory.routes
    ]


def test_a_ramp_whose_candidate_cannot_be_asked_says_so(service: InMemoryTeam) -> None:
    team = service
    team.edit("[stickiness]", "[ramp]\nsmoke = true\n\n[stickiness]")
    team.open().phase1(approve=True)
    team.open().phase2(approve=True)
    team.open().ramp(approve=True, once=True)
    assert {event.message for event in team.events if isinstance(event, Warned) and ECS in event.message}
    assert team.splits() == dict.fromkeys(NAMES, Split.at(Percent(50)))


def test_alarms_of_a_service_are_of_its_targets_and_not_of_functions(service: InMemoryTeam) -> None:
    team = service
    team.open().phase1(approve=True)
    team.open().phase2(approve=True)
    team.open().monitoring(approve=True)
    alarms = {name: repr(alarm) for (type_, name), alarm in team.aws.resources.items() if type_.endswith("MetricAlarm")}
    assert any("UnHealthyHostCount" in alarm for name, alarm in alarms.items() if name.endswith(f"{ECS}-unhealthy"))
    (errors,) = (alarm for name, alarm in alarms.items() if name.endswith(f"{ECS}-errors"))
    assert "TargetConnectionErrorCount" in errors
    assert "Lambda" not in errors
    assert not any("Throttles" in alarm for alarm in alarms.values())


def test_legacy_rules_of_our_own_are_marked_although_nothing_is_built(legacy: InMemoryTeam) -> None:
    team = legacy
    text = re.sub(r"(?s)\[functions\.rust-scorer\].*?(?=# Routes)", "", team.file.read_text())
    team.file.write_text(
        re.sub(r'candidate = "l-passport-v2-rust(.*?)"', r'candidate = { target-group = "ecs\1" }', text)
    )
    for name in {route.candidate for route in team.inventory.routes.values()}:
        team.aws.register_targets(team.aws.create_target_group(name, "ip"), *ADDRESSES)
    assert team.open().status().next_step == "rollout phase1 production"
    assert team.open().phase1(approve=True).changed
    assert team.open().status().next_step == "rollout phase2 production"
    team.open().phase2(approve=True)
    assert set(team.splits().values()) == {PREPARED}


def test_a_service_that_is_gone_after_a_rollback_does_not_keep_anybody_from_undoing(service: InMemoryTeam) -> None:
    team = service
    team.open().phase1(approve=True)
    team.open().phase2(approve=True)
    team.open().rollback()
    gone(team)
    with raises(PreflightFailed, "target-group-missing"):
        team.open().set_weight(10, approve=True)
    team.open().undo("phase2", approve=True)
    team.open().undo("phase1", approve=True)
    assert team.splits() == dict.fromkeys(NAMES, LEGACY_ONLY)


def functions(team: InMemoryTeam) -> Arn:
    """The service gives way to a function that others own, too, behind a group of the same name."""
    gone(team)
    return team.aws.create_answering_group(ECS)


def test_a_function_of_others_serves_as_well(service: InMemoryTeam) -> None:
    group = functions(service)
    assert not service.open().phase1(approve=True).gate.warnings
    service.open().phase2(approve=True)
    service.open().set_weight(10, approve=True)
    service.open().rollback()
    assert group in service.aws.target_groups


def test_a_function_of_others_must_let_the_load_balancer_in(service: InMemoryTeam) -> None:
    functions(service)
    service.aws.policies = dict.fromkeys(service.aws.policies, "")
    with raises(PreflightFailed, "invoke-not-allowed"):
        service.open().phase1(approve=True)


def test_a_function_of_others_with_another_event_form_is_for_its_owner_to_change(service: InMemoryTeam) -> None:
    group = functions(service)
    service.aws.resources[TARGET_GROUP, group] = {"lambdaMultiValueHeadersEnabled": True}
    with pytest.raises(PreflightFailed) as caught:
        service.open().phase1(approve=True)
    hints = {problem.hint for problem in caught.value.problems if problem.code == "wrong-event-form"}
    assert hints
    assert not any("phase1" in (hint or "") for hint in hints)


def test_unhealthy_targets_are_in_the_status_and_hold_the_ramp(service: InMemoryTeam) -> None:
    team = service
    team.open().phase1(approve=True)
    team.open().phase2(approve=True)
    assert not team.open().status().problems
    team.aws.health[ADDRESSES[0]] = "unhealthy"
    told = {(problem.code, problem.where) for problem in team.open().status().problems}
    assert {code for code, _ in told} == {"unhealthy-targets"}
    assert all((where or "").endswith(".candidate") for _, where in told)
    ill(team)
    assert {problem.code for problem in team.open().status().problems} == {"no-healthy-target"}
    result = team.open().ramp(once=True, approve=True)
    assert (result.state, set(team.splits().values())) == ("waiting", {PREPARED})
    team.aws.health.clear()
    assert team.open().ramp(once=True, approve=True).state == "raised"


def test_a_ramp_that_is_not_told_the_health_waits_instead_of_ending(service: InMemoryTeam) -> None:
    service.open().phase1(approve=True)
    service.open().phase2(approve=True)
    service.meets.refuse("DescribeTargetHealth", group_of(service), times=None)
    result = service.open().ramp(once=True, approve=True)
    assert (result.state, set(service.splits().values())) == ("waiting", {PREPARED})


def test_a_fail_goes_back_though_nobody_tells_the_health(service: InMemoryTeam) -> None:
    service.edit('bake = "30m" }', 'bake = "30m", alarms = ["slow"] }')
    alarms = service.world.actor().parts(service.open().inventory, lambda *_: None).alarms
    alarms.stated["slow"] = AlarmState.OK
    service.open().phase1(approve=True)
    service.open().phase2(approve=True)
    assert service.open().ramp(once=True, approve=True).state == "raised"
    alarms.stated["slow"] = AlarmState.ALARM
    service.meets.refuse("DescribeTargetHealth", group_of(service), times=None)
    with pytest.raises(AnalysisFailed):
        service.open().ramp(once=True, approve=True)
    assert set(service.splits().values()) == {LEGACY_ONLY}


def test_a_status_without_the_right_to_ask_for_health_says_so(service: InMemoryTeam) -> None:
    service.meets.refuse("DescribeTargetHealth")
    (unknown,) = service.open().status().problems
    assert "the health of targets is unknown" in unknown.what
