"""A listener's default action as a route: its rule comes before it, moves, and goes; the action is never written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from rollout.alb.state import LiveRule
from rollout.alb.weights import ForwardAction
from rollout.analysis.measuring.pools import hindrances
from rollout.errors import Drift, EngineError, PreflightFailed, VerifyFailed
from rollout.fakes.owner import InMemoryOwner
from rollout.fakes.world import World
from rollout.inventory.conditions import Request, for_endpoint
from rollout.inventory.marks import mark_of
from rollout.inventory.model import CANDIDATE_ONLY, LEGACY_ONLY, PREPARED, Arn, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.quotas import MAX_PRIORITY, RULES
from rollout.inventory.stacks import LEGACY, ROUTING
from rollout.state.plan import LISTENER_RULE, Op
from tests.behaviour.team import InMemoryTeam
from tests.behaviour.test_extras import LOGIN, TOKEN, Part, extras
from tests.behaviour.test_other_owners import PROGRAM
from tests.codes import raises

ROUTE, OTHERS = "stamp-score", ("ceramic-score", "embed-score")
TEN = Split.at(Percent.of(10))
EVERYTHING = for_endpoint("/*", ())


def as_default(text: str) -> str:
    """An inventory whose route is the listener's default action, and not a rule."""
    rule = r"(\[routes\.stamp-score\]\n.*\n)path = .*\nmethods = .*\npriority = .*\n"
    return re.sub(rule, r'\1priority = "default"\n', text)


@pytest.fixture
def site(team: InMemoryTeam) -> InMemoryTeam:
    """A team one of whose functions gets what no rule takes."""
    team.file.write_text(as_default(team.file.read_text()))
    team.world = World.legacy(team.inventory)
    default_to(team, ForwardAction({group(team, team.inventory.routes[ROUTE].legacy): 1}))
    return team


@pytest.fixture
def moved(site: InMemoryTeam) -> InMemoryTeam:
    """The same at 10 %."""
    site.open().phase1(approve=True)
    site.open().phase2(approve=True)
    site.open().set_weight(10, approve=True)
    return site


def group(team: InMemoryTeam, name: str) -> Arn:
    found = team.aws.group_named(name)
    assert found
    return found.arn


def listener(team: InMemoryTeam) -> Arn:
    return team.aws.listener_of("passport-public")


def default_to(team: InMemoryTeam, forward: ForwardAction | None = None, action: str = "forward") -> None:
    team.aws.set_default_action(listener(team), forward, action)


def default(team: InMemoryTeam) -> LiveRule:
    (found,) = (rule for rule in team.aws.rules_of(listener(team)) if rule.is_default)
    return found


def made(team: InMemoryTeam) -> LiveRule | None:
    return team.aws.rule_at("passport-public", MAX_PRIORITY)


def there(team: InMemoryTeam) -> LiveRule:
    found = made(team)
    assert found
    return found


def held(team: InMemoryTeam, stack: str) -> set[str]:
    """The rules that a stack has."""
    resources = team.world.actor().stacks(team.inventory).resources(stack) or ()
    return {state.id for state in resources if state.type == LISTENER_RULE}


def codes(team: InMemoryTeam) -> set[str]:
    return {problem.code for problem in team.open().preflight().problems}


def other_rule(team: InMemoryTeam, priority: int, path: str = "/*") -> Arn:
    """A rule that others made, to the route's legacy group."""
    forward = ForwardAction({group(team, team.inventory.routes[ROUTE].legacy): 1})
    return team.aws.create_rule(listener(team), priority, for_endpoint(path, ()), forward)


def without_the_stack(team: InMemoryTeam) -> None:
    """The routing stack's state is lost."""
    for key in [key for key in team.world.backend.stacks if ROUTING in str(key)]:
        del team.world.backend.stacks[key]


def test_the_whole_way_and_back_leaves_the_default_action_as_it_was(site: InMemoryTeam) -> None:
    team, before = site, default(site)
    assert not codes(team)
    team.open().phase1(approve=True)
    assert made(team) is None
    assert team.splits()[ROUTE] == LEGACY_ONLY

    gate = team.open().phase2(approve=True).gate
    (routing, _) = gate.previews
    assert {change.op for change in routing.changes if change.name == ROUTE} == {Op.CREATE}
    assert any("default action" in warning for warning in gate.warnings)
    assert team.splits() == dict.fromkeys((ROUTE, *OTHERS), PREPARED)
    assert (there(team).asks, there(team).tags) == (EVERYTHING, mark_of(team.inventory, ROUTING).tags)
    assert not team.open().phase2(approve=True).changed
    assert {route.owners for route in team.open().status().routes} == {("routing",)}

    assert team.open().set_weight(10, approve=True).changed
    assert set(team.splits().values()) == {TEN}
    team.open().drift().require()
    assert team.open().rollback().reconciled
    assert set(team.splits().values()) == {LEGACY_ONLY}

    done = team.open().undo("phase2", approve=True)
    (_, routing) = done.gate.previews
    assert {change.name: change.op for change in routing.changes} == {
        ROUTE: Op.DELETE,
        **dict.fromkeys(OTHERS, Op.RELEASE),
    }
    assert made(team) is None
    assert set(team.splits().values()) == {LEGACY_ONLY}
    assert not held(team, ROUTING)
    assert {Arn(team.rules()[name]) for name in OTHERS} <= held(team, LEGACY)
    team.open().undo("phase1", approve=True)
    assert default(team) == before


def test_from_a_prepared_rule_phase_2_is_undone_at_once(site: InMemoryTeam) -> None:
    site.open().phase1(approve=True)
    site.open().phase2(approve=True)
    site.open().undo("phase2", approve=True)
    assert made(site) is None
    assert set(site.splits().values()) == {LEGACY_ONLY}


def test_before_its_rule_is_made_a_rollback_finds_the_route_on_legacy(site: InMemoryTeam) -> None:
    calls = site.calls("*")
    site.open().rollback()
    assert site.calls("*") == calls
    assert default(site).rollback == ""


def redirects(team: InMemoryTeam) -> None:
    default_to(team, action="redirect 301 to https://#{host}:443/#{path}")


def answers(team: InMemoryTeam) -> None:
    default_to(team, action="fixed-response 404")


def goes_elsewhere(team: InMemoryTeam) -> None:
    default_to(team, ForwardAction({group(team, "l-cc-v1-score-POST-0"): 1}))


def is_divided(team: InMemoryTeam) -> None:
    team.open().phase1(approve=True)
    route = team.inventory.routes[ROUTE]
    default_to(team, ForwardAction({group(team, route.legacy): 90, group(team, route.candidate): 10}))


def does_more(*parts: Part) -> Callable[[InMemoryTeam], None]:
    def happens(team: InMemoryTeam) -> None:
        team.aws.rules[default(team).arn] = replace(default(team), extras=extras(*parts))

    return happens


@pytest.mark.parametrize(
    "happens", [redirects, answers, goes_elsewhere, is_divided, does_more(LOGIN), does_more(TOKEN)]
)
def test_a_default_action_that_is_more_than_legacy_alone_is_refused(
    site: InMemoryTeam, happens: Callable[[InMemoryTeam], None]
) -> None:
    happens(site)
    assert codes(site) == {"unknown-forward"}
    if happens is not is_divided:
        site.open().phase1(approve=True)
    with raises(PreflightFailed, "unknown-forward"):
        site.open().phase2(approve=True)
    assert made(site) is None


def test_a_rule_of_others_for_all_requests_leaves_nothing_to_move(site: InMemoryTeam) -> None:
    other_rule(site, 4000)
    assert codes(site) == {"route-unreachable"}
    with pytest.raises(PreflightFailed) as caught:
        site.open().phase1(approve=True)
    (problem,) = caught.value.problems
    assert "priority = 4000" in (problem.hint or "")


def test_at_its_priority_nobody_elses_rule_is_taken_for_its_own(site: InMemoryTeam) -> None:
    site.open().phase1(approve=True)
    rule = other_rule(site, MAX_PRIORITY)
    assert codes(site) == {"priority-taken"}
    with raises(PreflightFailed, "priority-taken"):
        site.open().phase2(approve=True)
    site.aws.modify_rule(rule, asks=for_endpoint("/last", ()))
    assert codes(site) == {"priority-taken"}
    with raises(PreflightFailed, "priority-taken"):
        site.open().phase2(approve=True)
    calls = site.calls()
    site.open().rollback()
    assert site.calls() == calls


def test_its_rule_counts_in_the_quota(site: InMemoryTeam) -> None:
    site.aws.limits[RULES] = 2  # it has these
    assert codes(site) == {"quota-exceeded"}
    site.aws.limits[RULES] = 3
    assert not codes(site)


def test_a_lost_state_adopts_what_it_made_and_still_deletes_it_in_the_end(moved: InMemoryTeam) -> None:
    rule = there(moved)
    without_the_stack(moved)
    assert {problem.code for problem in moved.open().drift().problems} == {"rule-not-managed"}
    moved.open().phase2(approve=True)
    assert there(moved) == rule
    moved.open().rollback()
    moved.open().undo("phase2", approve=True)
    assert made(moved) is None


def test_a_run_that_is_cut_off_once_the_rule_is_made_is_finished_by_a_rerun(site: InMemoryTeam) -> None:
    site.open().phase1(approve=True)
    site.meets.refuse("create", "ListenerRule:stamp-score", takes_effect=True)
    with pytest.raises(EngineError):
        site.open().phase2(approve=True)
    rule = there(site)
    site.open().phase2(approve=True)
    assert there(site).arn == rule.arn
    site.open().undo("phase2", approve=True)
    assert made(site) is None


def test_a_default_action_that_was_changed_since_is_told_and_keeps_the_rule(moved: InMemoryTeam) -> None:
    goes_elsewhere(moved)
    before = default(moved)
    (check,) = (check for check in moved.open().preflight().checks if check.name == "rules")
    assert ([note.code for note in check.notes], check.problems) == (["default-action-changed"], ())
    assert [problem.code for problem in moved.open().status().problems] == ["default-action-changed"]
    with pytest.raises(Drift):
        moved.open().drift().require()
    moved.open().set_weight(20, approve=True)
    moved.open().rollback()
    assert set(moved.splits().values()) == {LEGACY_ONLY}
    with raises(PreflightFailed, "default-action-changed"):
        moved.open().undo("phase2", approve=True)
    assert default(moved) == before
    assert made(moved)


def test_a_default_action_that_changes_behind_the_gate_stops_what_would_rely_on_it(site: InMemoryTeam) -> None:
    def approve(_: object) -> bool:
        goes_elsewhere(site)
        return True

    site.open().phase1(approve=True)
    with pytest.raises(Drift):
        site.open().phase2(approve=approve)
    assert made(site) is None


def test_a_default_action_that_changes_behind_the_gate_keeps_the_rule(moved: InMemoryTeam) -> None:
    def approve(_: object) -> bool:
        goes_elsewhere(moved)
        return True

    moved.open().rollback()
    with raises(Drift, "changed-since-preview"):
        moved.open().undo("phase2", approve=approve)
    assert made(moved)


def test_a_rule_that_its_program_keeps_is_told_when_phase_2_is_undone(moved: InMemoryTeam) -> None:
    moved.open().rollback()
    stacks = moved.world.actor().stacks(moved.inventory)
    stacks.retain(ROUTING, [state.urn for state in stacks.resources(ROUTING) or () if state.id == there(moved).arn])
    with raises(VerifyFailed, "default-rule-left"):
        moved.open().undo("phase2", approve=True)


def test_a_rule_for_all_requests_that_is_none_of_the_routes_stays_in_a_rollback(site: InMemoryTeam) -> None:
    rule = other_rule(site, 4000)
    site.aws.modify_rule(rule, forward=ForwardAction({group(site, "targetGroupRegistry"): 1}))
    before = site.aws.rules[rule]
    site.open().rollback()
    assert site.aws.rules[rule] == before


def test_a_rule_on_legacy_that_others_renumbered_is_known_by_the_state(moved: InMemoryTeam) -> None:
    moved.open().rollback()
    moved.aws.set_rule_priority(there(moved).arn, 7000)
    assert "rule-renumbered" in {problem.code for problem in moved.open().drift().problems}


def test_a_rule_that_others_deleted_is_drift_and_made_anew(moved: InMemoryTeam) -> None:
    moved.aws.delete_rule(there(moved).arn)
    assert {problem.code for problem in moved.open().drift(ignore_file=True).problems} == {"rule-missing"}
    with raises(PreflightFailed, "rule-not-managed"):
        moved.open().set_weight(20, approve=True)
    moved.open().rollback()
    moved.open().phase2(approve=True)
    assert there(moved).forward
    moved.open().set_weight(20, approve=True)
    assert moved.splits()[ROUTE] == Split.at(Percent.of(20))


def test_a_rule_that_others_renumbered_is_told_and_rolled_back(moved: InMemoryTeam) -> None:
    arn = there(moved).arn
    moved.aws.set_rule_priority(arn, 7000)
    assert "rule-renumbered" in {problem.code for problem in moved.open().drift(ignore_file=True).problems}
    with raises(PreflightFailed, "rule-renumbered"):
        moved.open().set_weight(20, approve=True)
    moved.open().rollback()
    assert moved.aws.rules[arn].forward == default(moved).forward
    moved.aws.set_rule_priority(arn, MAX_PRIORITY)
    moved.open().set_weight(20, approve=True)


def test_the_default_action_behind_the_rule_does_not_confound_its_figures(moved: InMemoryTeam) -> None:
    live, routes = moved.open().traffic.alb_state(), (ROUTE, "ceramic-score")  # they share the candidate's group
    assert not list(hindrances(moved.inventory, live, routes))
    moved.aws.modify_rule(there(moved).arn, asks=for_endpoint("/most/*", ()))
    live = moved.open().traffic.alb_state()
    assert any("another rule, for no conditions" in text for text in hindrances(moved.inventory, live, routes))


def test_a_ramp_raises_it(moved: InMemoryTeam) -> None:
    moved.open().set_weight(0, approve=True)
    moved.open().ramp(approve=True, once=True)
    assert set(moved.splits().values()) == {Split.at(Percent.of(5))}


def test_a_route_that_comes_later_leaves_the_others_as_they_are(cut_over: InMemoryTeam) -> None:
    team = cut_over
    team.open().set_weight(10, approve=True)
    route = team.inventory.routes[ROUTE]
    text = '[routes.rest]\nload-balancer = "public"\npriority = "default"\n'
    text += f'legacy = "{route.legacy}"\ncandidate = "{route.candidate}"\n\n'
    team.edit("[routes.embed-score]", text + "[routes.embed-score]")
    default_to(team, ForwardAction({group(team, route.legacy): 1}))
    with raises(PreflightFailed, "rule-not-managed"):
        team.open().set_weight(20, approve=True)
    team.open().phase2(approve=True)
    assert team.splits() == {**dict.fromkeys((ROUTE, *OTHERS), TEN), "rest": PREPARED}
    team.open().rollback()
    assert set(team.splits().values()) == {LEGACY_ONLY}


def test_legacy_is_retired_only_once_the_default_action_does_without_it(moved: InMemoryTeam) -> None:
    team = moved
    team.open().set_weight(100, approve=True)
    for _ in range(31):
        team.world.serve(team.inventory, dict.fromkeys(team.inventory.routes, 60))
    with raises(PreflightFailed, "target-group-in-use"):
        team.open().complete(quiet_for="30m", approve=True)
    default_to(team, ForwardAction({group(team, team.inventory.routes[ROUTE].candidate): 1}))
    before = default(team)
    team.open().complete(quiet_for="30m", approve=True)
    assert set(team.splits().values()) == {CANDIDATE_ONLY}
    assert default(team) == before
    assert team.aws.group_named("l-passport-v2-stamp-score") is None
    status = team.open().status()
    assert (status.phase, status.problems) == ("completed", ())
    team.open().drift().require()


def test_an_owner_of_the_other_rules_is_asked_for_none_of_it(site: InMemoryTeam) -> None:
    owner, aws = InMemoryOwner(), site.aws
    owner.held.update(InMemoryOwner.of([Arn(site.rules()[name]) for name in OTHERS]).held)
    site.world = World(owner=owner)
    site.world.accounts[aws.account] = aws
    site.edit(PROGRAM, "")
    site.edit("[stickiness]", '[legacy]\nowner = "pulumi"\nstack = "acme/infra/production"\n\n[stickiness]')
    site.open().phase1(approve=True)
    gate = site.open().phase2(approve=True).gate
    assert not any("doesn't manage" in warning for warning in gate.warnings)
    assert set(site.open().ownership.release(approve=True).routes) == set(OTHERS)
    site.open().rollback()
    with pytest.raises(PreflightFailed) as caught:
        site.open().undo("phase2", approve=True)
    assert {problem.where for problem in caught.value.problems} == {f"routes.{name}" for name in OTHERS}


def test_a_header_selects_the_candidate_and_kept_rules_stay_before_it(moved: InMemoryTeam) -> None:
    moved.edit("[stickiness]", "[header-override]\n\n[stickiness]")
    moved.open().override(approve=True)
    header = (("X-Rollout", "candidate"),)

    def served(path: str, *, chosen: bool) -> set[str]:
        request = Request("GET", path, headers=header if chosen else ())
        (found,) = moved.open().traffic.explain(request, load_balancer="public")
        return {share.target_group for share in found.shares if share.weight}

    assert served("/anything", chosen=True) == {"l-passport-v2-rust-scorer"}
    assert len(served("/anything", chosen=False)) == len(("legacy", "candidate"))
    assert served("/v2/stamps/1/score/2/history", chosen=True) == {"targetGroupRegistry"}
    moved.open().override(remove=True, approve=True)
    moved.open().rollback()
    moved.open().undo("phase2", approve=True)
