"""Rules that do more than forward, such as a login before it: they are moved as others are, and keep all of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from rollout.alb.extras import Extras, extras_of
from rollout.alb.forms import AWS
from rollout.alb.weights import ForwardAction
from rollout.errors import AwsError, Drift, PolicyViolation, PreflightFailed, VerifyFailed
from rollout.fakes.calls import ApiCall
from rollout.fakes.world import World
from rollout.inventory.model import LEGACY_ONLY, PREPARED, Arn, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import ROUTING
from rollout.state.plan import LISTENER_RULE, ResourceState, forward_in
from tests.behaviour.team import InMemoryTeam
from tests.behaviour.test_other_owners import PROGRAM
from tests.codes import raises

Part = Mapping[str, object]

LOGIN: Part = {
    "Type": "authenticate-oidc",
    "Order": 10,
    "AuthenticateOidcConfig": {"Issuer": "https://login.example.com", "ClientId": "id", "Scope": "openid profile"},
}
COGNITO: Part = {"Type": "authenticate-cognito", "Order": 1, "AuthenticateCognitoConfig": {"UserPoolArn": "arn:pool"}}
TOKEN: Part = {"Type": "jwt-validation", "Order": 1, "JwtValidationConfig": {"JwksEndpoint": "https://i/jwks"}}
REWRITE: Part = {"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": "^/v1/(.*)", "Replace": "/$1"}]}}
FORWARD = AWS.write(ForwardAction({Arn("arn:any"): 1})) | {"Order": 20}
TEN = Split.at(Percent(100))


def extras(*parts: Part) -> Extras:
    transforms = [part for part in parts if part == REWRITE]
    made = extras_of([*(part for part in parts if part != REWRITE), FORWARD], transforms)
    assert made
    return made


def give(team: InMemoryTeam, found: Extras, *routes: str) -> dict[Arn, Extras]:
    """Have routes' rules do more; what every rule does beside forwarding then."""
    for route in routes:
        rule = Arn(team.rules()[route])
        team.aws.rules[rule] = replace(team.aws.rules[rule], extras=found)
    return beside(team)


def beside(team: InMemoryTeam) -> dict[Arn, Extras]:
    return {arn: rule.extras for arn, rule in team.aws.rules.items()}


def routing(team: InMemoryTeam) -> tuple[ResourceState, ...]:
    """What its stack holds of rules."""
    held = team.world.actor().stacks(team.inventory).resources(ROUTING) or ()
    return tuple(state for state in held if state.type == LISTENER_RULE)


@pytest.fixture
def theirs(legacy: InMemoryTeam) -> InMemoryTeam:
    """A team whose legacy rules are in nobody's stack."""
    legacy.edit(PROGRAM, "")
    world = World()
    world.accounts[legacy.aws.account] = legacy.aws
    return InMemoryTeam(legacy.folder, world)


@pytest.mark.parametrize(
    "parts", [(LOGIN,), (COGNITO,), (TOKEN, REWRITE), (REWRITE,)], ids=["a login", "Cognito", "a token", "a rewrite"]
)
def test_the_whole_way_and_back_leaves_all_but_the_weights(
    theirs: InMemoryTeam, parts: tuple[dict[str, object]]
) -> None:
    team, names = theirs, list(theirs.rules())
    before = give(team, extras(*parts), names[0])
    team.open().phase1(approve=True)
    assert team.open().phase2(approve=True).changed
    assert (set(team.splits().values()), beside(team)) == ({PREPARED}, before)
    assert not team.open().phase2(approve=True).changed

    assert team.open().set_weight(10, approve=True).changed
    assert (set(team.splits().values()), beside(team)) == ({TEN}, before)
    recorded = {state.name: state for state in routing(team)}
    assert recorded[names[0]].external
    assert not recorded[names[1]].external
    assert all(forward_in(recorded[name].recorded) == team.aws.rules[Arn(team.rules()[name])].forward for name in names)
    assert not team.open().set_weight(10, approve=True).changed

    team.open().rollback()
    assert (set(team.splits().values()), beside(team)) == ({LEGACY_ONLY}, before)
    team.open().set_weight(100, approve=True)
    team.open().set_weight(0, approve=True)
    team.open().undo("phase2", approve=True)
    assert (set(team.splits().values()), beside(team)) == ({LEGACY_ONLY}, before)
    assert not routing(team)


def test_a_weight_of_such_rules_alone_is_a_change(theirs: InMemoryTeam) -> None:
    team, names = theirs, list(theirs.rules())
    before = give(team, extras(LOGIN), *names)
    team.open().phase1(approve=True)
    team.open().phase2(approve=True)
    gate = team.open().set_weight(10, approve=True).gate
    assert set(gate.writes) == {Arn(rule) for rule in team.rules().values()}
    assert not any(preview.changes for preview in gate.previews)
    assert (set(team.splits().values()), beside(team)) == ({TEN}, before)


def test_a_run_that_aws_cut_off_between_two_such_rules_is_finished_by_a_rerun(theirs: InMemoryTeam) -> None:
    team, names = theirs, list(theirs.rules())
    before = give(team, extras(LOGIN), *names)
    team.open().phase1(approve=True)
    team.open().phase2(approve=True)
    team.meets.refuse("ModifyRule", skip=1, times=1)
    with pytest.raises(AwsError):
        team.open().set_weight(10, approve=True)
    assert sorted(map(str, team.splits().values())) == ["0 %"] * (len(names) - 1) + ["10 %"]
    assert team.open().set_weight(10, approve=True).changed
    assert (set(team.splits().values()), beside(team)) == ({TEN}, before)
    team.open().drift().require()


def test_before_phase_2_no_weight_is_set(theirs: InMemoryTeam) -> None:
    give(theirs, extras(LOGIN), *theirs.rules())
    theirs.open().phase1(approve=True)
    with raises(PreflightFailed, "rule-not-managed"):
        theirs.open().set_weight(10, approve=True)


def test_a_live_split_of_such_a_rule_is_adopted_as_it_is(theirs: InMemoryTeam) -> None:
    team, name = theirs, next(iter(theirs.rules()))
    team.open().phase1(approve=True)
    before = give(team, extras(LOGIN, REWRITE), name)
    rule, route = Arn(team.rules()[name]), team.open().inventory.routes[name]
    legacy, candidate = (team.aws.group_named(group) for group in (route.legacy, route.candidate))
    assert legacy
    assert candidate
    split = ForwardAction({legacy.arn: 9, candidate.arn: 1})
    team.aws.rules[rule] = replace(team.aws.rules[rule], forward=split)
    team.open().phase2(approve=True)
    now = team.aws.rules[rule].forward
    assert now
    assert (dict(now.weights), beside(team)) == (dict(split.weights), before)


def test_what_somebody_changed_since_the_preview_stops_it(cut_over: InMemoryTeam) -> None:
    team, name = cut_over, next(iter(cut_over.rules()))

    def log_in(_gate: object) -> bool:
        give(team, extras(LOGIN), name)
        return True

    with raises(Drift, "changed-since-preview"):
        team.open().set_weight(10, approve=log_in)
    assert set(team.splits().values()) == {PREPARED}


def test_a_login_that_came_after_phase_2_is_drift_and_stays(cut_over: InMemoryTeam) -> None:
    team = cut_over
    before = give(team, extras(LOGIN), next(iter(team.rules())))
    with raises(Drift, "extras-changed"):
        team.open().drift().require()
    with raises(Drift, "extras-changed"):
        team.open().set_weight(10, approve=True)
    team.open().set_weight(10, approve=True, accept_live=True)
    team.open().drift().require()
    assert (set(team.splits().values()), beside(team)) == ({TEN}, before)


def test_a_rule_whose_login_was_taken_away_becomes_the_stacks_own_again(theirs: InMemoryTeam) -> None:
    team, name = theirs, next(iter(theirs.rules()))
    give(team, extras(LOGIN), name)
    team.open().phase1(approve=True)
    team.open().phase2(approve=True)
    before = give(team, Extras(), name)
    with raises(Drift, "extras-changed"):
        team.open().drift().require()
    with raises(PreflightFailed, "rule-not-managed"):
        team.open().set_weight(10, approve=True)
    team.open().phase2(approve=True)
    assert not any(state.external for state in routing(team))
    team.open().set_weight(10, approve=True)
    assert (set(team.splits().values()), beside(team)) == ({TEN}, before)


def test_what_got_lost_meanwhile_is_seen_by_the_read_back(theirs: InMemoryTeam) -> None:
    team, name = theirs, next(iter(theirs.rules()))
    give(team, extras(LOGIN, REWRITE), name)
    team.open().phase1(approve=True)
    rule = Arn(team.rules()[name])

    def lose(_call: ApiCall) -> None:
        team.aws.rules[rule] = replace(team.aws.rules[rule], extras=extras(LOGIN))

    team.meets.after(lose, "ModifyRule", rule, times=1)
    with raises(VerifyFailed, "extras-changed"):
        team.open().phase2(approve=True)


def test_a_stack_that_would_write_such_a_rule_is_refused(legacy: InMemoryTeam) -> None:
    """The legacy stack, which would take the rule back as its program has it: without a login."""
    team, name = legacy, next(iter(legacy.rules()))
    team.open().phase1(approve=True)
    team.open().phase2(approve=True)
    before = give(team, extras(LOGIN), name)
    with raises(PreflightFailed, "candidate-attached"):
        team.open().undo("phase2", approve=True)
    team.open().rollback()
    with raises(PolicyViolation, "extras-changed"):
        team.open().undo("phase2", approve=True)
    assert beside(team) == before


def test_no_header_rule_lets_anybody_pass_a_login_by(cut_over: InMemoryTeam) -> None:
    cut_over.edit("[stickiness]", "[header-override]\n\n[stickiness]")
    give(cut_over, extras(LOGIN), next(iter(cut_over.rules())))
    with raises(PreflightFailed, "rule-does-more"):
        cut_over.open().override(approve=True)


@pytest.mark.parametrize("groups", [0, 3])
def test_what_is_no_route_is_told_before_phase_2(theirs: InMemoryTeam, groups: int) -> None:
    """A redirect, and a rule that forwards to three target groups already."""
    rule = Arn(next(iter(theirs.rules().values())))
    several = [theirs.aws.create_answering_group(f"another-{number}") for number in range(groups)]
    split = ForwardAction(dict.fromkeys(several, 1)) if several else None
    action = "forward" if several else "redirect 301 to https://example.com:443/"
    theirs.aws.rules[rule] = replace(theirs.aws.rules[rule], forward=split, action=action)
    checks = {check.name: check for check in theirs.open().preflight().checks}
    assert [problem.code for problem in checks["forwards"].problems] == ["unknown-forward"]
    theirs.open().phase1(approve=True)
    with raises(Drift, "unknown-forward"):
        theirs.open().phase2(approve=True)
    assert theirs.aws.rules[rule].forward == split
