"""What stands in the way of taking a phase back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from rollout.alb.extras import Extras, Kept
from rollout.alb.state import LiveRule
from rollout.alb.weights import ForwardAction
from rollout.errors import Problem
from rollout.inventory.conditions import Condition
from rollout.inventory.fields import LAST
from rollout.inventory.model import LEGACY_ONLY, OVERRIDE_TAG, Route
from rollout.migration.checks.deleted_groups import groups_in_use, groups_left
from rollout.migration.checks.inspection import Inspection
from rollout.migration.checks.ownership import OwnedRule, asked, ownership_of
from rollout.migration.context import PhaseContext
from rollout.migration.phases import PHASES
from tests.unit.builders import (
    BALANCER,
    CANDIDATE,
    LEGACY,
    LEGACY_FORWARD,
    LISTENER,
    environment,
    live,
    places,
    rule_arn,
    rule_inputs,
    state,
    weighted,
)
from tests.unit.test_ownership import Owner, inventory

BACK = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
OURS = (state("score", rule_inputs("score", LEGACY_FORWARD)),)
ADOPTED = tuple(state(name, rule_inputs(name, LEGACY_FORWARD)) for name in ("score", "bulk"))


def problems(phase: str, start: PhaseContext, owner: Owner | None = None) -> list[Problem]:
    return list(PHASES[phase].preflight(environment(), replace(start, owner=owner)))


@pytest.mark.parametrize(
    ("forwards", "named"),
    [
        ({"score": weighted(90, 10), "bulk": LEGACY_FORWARD}, ["routes.score"]),
        ({"score": weighted(0, 100), "bulk": weighted(99, 1)}, ["routes.score", "routes.bulk"]),
        ({"score": weighted(100, 0), "bulk": LEGACY_FORWARD}, []),
    ],
)
def test_a_candidate_that_gets_requests_keeps_phase_2(forwards: Mapping[str, ForwardAction], named: list[str]) -> None:
    found = problems("undo-phase2", PhaseContext(live(forwards), legacy=OURS, routing=ADOPTED))
    assert places(found) == [(place, "candidate-has-traffic") for place in named]
    assert all("rollout rollback production" in (problem.hint or "") for problem in found)


def test_without_a_legacy_stack_of_ours_the_candidate_has_to_be_out_of_the_rules_first() -> None:
    start = PhaseContext(live({"score": weighted(100, 0), "bulk": LEGACY_FORWARD}), routing=ADOPTED)
    (problem,) = problems("undo-phase2", start)
    assert (problem.where, problem.code) == ("routes.score", "candidate-attached")
    assert "rollout weight production 0" in (problem.hint or "")
    (warning,) = PHASES["undo-phase2"].warnings(environment(), start)
    assert "no state will have them" in warning


def test_a_login_that_the_legacy_stack_would_not_write_keeps_the_candidate_attached() -> None:
    start = PhaseContext(live({"score": weighted(100, 0), "bulk": LEGACY_FORWARD}), legacy=OURS, routing=ADOPTED)
    assert problems("undo-phase2", start) == []
    login = Extras((Kept("authenticate-oidc", "{}"),))
    more = replace(start.live, rules=tuple(replace(rule, extras=login) for rule in start.live.rules))
    assert places(problems("undo-phase2", replace(start, live=more))) == [("routes.score", "candidate-attached")]


def test_the_rule_before_a_default_action_is_gone_afterwards() -> None:
    default = Route(load_balancer="public", priority=LAST, legacy="old", candidate="new")
    inventory = environment(routes={**environment().routes, "all": default})
    start = live(dict.fromkeys(inventory.routes, LEGACY_FORWARD), inventory)
    held = (*ADOPTED, state("all", {}))
    gone = replace(start, rules=tuple(rule for rule in start.rules if rule.arn != rule_arn("all")))
    after = dict.fromkeys(environment().routes, LEGACY_ONLY)
    for now, is_left in ((start, True), (gone, False)):
        context = PhaseContext(start, legacy=OURS, routing=held)
        found = places(PHASES["undo-phase2"].verify(inventory, context, now, after))
        assert (("routes.all", "default-rule-left") in found) is is_left


def test_header_rules_are_removed_first() -> None:
    header = Condition.on_header("X-Rollout", ("candidate",))
    asks = (*BACK.rules[0].asks, header)
    rule = LiveRule(
        rule_arn("h"), LISTENER, 5, asks, ForwardAction({CANDIDATE: 1}), tags={OVERRIDE_TAG: "score-override"}
    )
    (problem,) = problems("undo-phase2", PhaseContext(replace(BACK, rules=(*BACK.rules, rule)), legacy=OURS))
    assert problem.code == "header-rules-left"
    assert "score-override" in problem.what
    assert "--remove" in (problem.hint or "")


def test_phase_1_waits_until_routing_holds_no_rule() -> None:
    (problem,) = problems("undo-phase1", PhaseContext(BACK, routing=ADOPTED))
    assert problem.code == "rule-managed-by-routing"
    assert "rollout undo phase2 production" in (problem.hint or "")
    assert problems("undo-phase1", PhaseContext(BACK, routing=())) == []
    assert problems("undo-phase1", PhaseContext(BACK)) == []


def theirs(owner: Owner) -> list[Problem]:
    found = ownership_of(inventory(), BACK, owner, asked(owner, timedelta(seconds=1)))
    return problems("undo-phase2", PhaseContext(BACK, routing=ADOPTED, ownership=found), owner)


def test_another_owner_takes_each_rule_back_before_routing_lets_go() -> None:
    score, bulk = (OwnedRule(rule_arn(name), f"r.{name}") for name in ("score", "bulk"))
    assert theirs(Owner(score, bulk)) == []
    assert problems("undo-phase2", PhaseContext(BACK, routing=ADOPTED), Owner()) == []  # it wasn't asked
    (problem,) = theirs(Owner(score))
    assert (problem.where, problem.code) == ("routes.bulk", "rule-not-managed")
    assert "terraform (directory infra)" in problem.what
    assert "import ADDRESS arn:rule/bulk" in (problem.hint or "")
    unknown = theirs(Owner(broken="no backend"))
    assert [each.where for each in unknown] == ["routes.score", "routes.bulk"]
    assert all("no backend" in each.what for each in unknown)


def test_of_the_groups_that_go_one_in_use_is_named_and_so_is_one_that_is_left() -> None:
    used = Inspection(groups={BALANCER: frozenset({LEGACY, CANDIDATE})})
    (problem,) = groups_in_use(used, {CANDIDATE})
    assert problem.code == "target-group-in-use"
    assert list(groups_in_use(Inspection(groups={BALANCER: frozenset({LEGACY})}), {CANDIDATE})) == []
    assert list(groups_in_use(used, ())) == []
    (left,) = groups_left(BACK, {CANDIDATE})
    assert left.code == "target-group-left"
    assert list(groups_left(replace(BACK, target_groups={"old": BACK.target_groups["old"]}), {CANDIDATE})) == []
