"""File, state and load balancer, held against each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rollout.alb.state import AlbState
from rollout.alb.weights import ForwardAction
from rollout.errors import Drift
from rollout.inventory.quantities import Percent
from rollout.migration.checks.drift import DriftReport, drift_of
from rollout.state.plan import ResourceState
from tests.unit.builders import (
    CANDIDATE,
    HOUR,
    LEGACY,
    LEGACY_FORWARD,
    environment,
    live,
    places,
    rule_inputs,
    state,
    weighted,
)

TEN = environment(weight=Percent.of(10))
AT_10 = {"score": weighted(90, 10), "bulk": weighted(90, 10)}


def recorded(**forwards: ForwardAction) -> tuple[ResourceState, ...]:
    return tuple(state(name, rule_inputs(name, forward)) for name, forward in (AT_10 | forwards).items())


def look(now: AlbState, routing: tuple[ResourceState, ...] | None = None, **given: Any) -> DriftReport:
    return drift_of(given.pop("inventory", TEN), now, None, recorded() if routing is None else routing, **given)


def test_where_all_three_agree_there_is_none() -> None:
    report = look(live(AT_10))
    assert report.problems == ()
    report.require()
    assert [(each.route, each.file, each.state, each.live) for each in report.routes] == [
        ("score", Percent.of(10), "10 %", "10 %"),
        ("bulk", Percent.of(10), "10 %", "10 %"),
    ]


def test_a_weight_set_by_hand_is_told_three_ways() -> None:
    report = look(live(AT_10 | {"score": weighted(50, 50)}))
    (problem,) = report.problems
    assert (problem.where, problem.code) == ("routes.score", "rule-changed")
    for part in ("live old 50, new 50", "recorded old 90, new 10", "wanted old 90, new 10"):
        assert part in problem.what
    with pytest.raises(Drift) as caught:
        report.require()
    assert caught.value.problems == report.problems


def test_a_state_that_is_behind_is_drift_though_live_is_as_the_file_says() -> None:
    (problem,) = look(live(AT_10), recorded(bulk=weighted(95, 5))).problems
    assert (problem.where, problem.code) == ("routes.bulk", "state-outdated")
    assert "recorded old 95, new 5" in problem.what


def test_a_file_with_another_weight_or_stickiness_is_drift_unless_it_does_not_count() -> None:
    other = environment(weight=Percent.of(25))
    assert places(look(live(AT_10), inventory=other).problems) == [
        ("routes.score", "weight-not-applied"),
        ("routes.bulk", "weight-not-applied"),
    ]
    assert look(live(AT_10), inventory=other, ignore_file=True).problems == ()
    brief = weighted(90, 10)
    brief = replace(brief, stickiness=HOUR / 2)
    (problem,) = look(live(AT_10 | {"score": brief}), recorded(score=brief)).problems
    assert (problem.where, problem.code) == ("routes.score", "weight-not-applied")
    assert "stickiness 1800 s" in problem.what


def test_before_the_cutover_the_files_weight_does_not_count() -> None:
    now = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
    now = replace(now, target_groups={"old": now.target_groups["old"]})
    held = tuple(state(name, rule_inputs(name, LEGACY_FORWARD)) for name in AT_10)
    report = drift_of(TEN, now, held, None)
    assert report.problems == ()
    undone = (ResourceState("urn:pulumi:production::shop-routing::pulumi:pulumi:Stack::shop", "pulumi:pulumi:Stack"),)
    assert drift_of(TEN, now, held, undone).problems == ()
    assert {each.state for each in report.routes} == {"0 %"}
    moved = replace(now, rules=(replace(now.rules[0], forward=ForwardAction({LEGACY: 1}, HOUR)), *now.rules[1:]))
    assert [problem.where for problem in drift_of(TEN, moved, held, None).problems] == ["routes.score"]


def test_a_rule_that_is_gone_or_for_other_requests_is_told_once() -> None:
    assert places(look(live({"score": weighted(90, 10)})).problems) == [("routes.bulk", "rule-missing")]
    now = live(AT_10)
    bent = replace(now, rules=(now.rules[0], replace(now.rules[1], asks=())))
    assert places(look(bent).problems) == [("routes.bulk", "wrong-conditions")]


def test_a_rule_that_was_made_anew_is_another_one_than_routing_holds() -> None:
    inventory = environment()
    anew = tuple(
        replace(each, id="arn:rule/before") if each.name == "score" else each for each in recorded(bulk=LEGACY_FORWARD)
    )
    now = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
    (problem,) = look(now, anew, inventory=inventory).problems
    assert (problem.where, problem.code) == ("routes.score", "rule-missing")
    assert "arn:rule/before" in problem.what


def test_a_route_that_routing_does_not_hold_yet_needs_phase_2() -> None:
    (problem,) = look(live(AT_10), recorded()[:1]).problems
    assert (problem.where, problem.code) == ("routes.bulk", "rule-not-managed")
    assert "rollout phase2 production" in (problem.hint or "")


def test_a_target_group_that_is_gone_is_told_once_not_by_route() -> None:
    now = live(AT_10)
    found = look(replace(now, target_groups={"old": now.target_groups["old"]})).problems
    assert places(found[-1:]) == [(None, "candidate-missing")]


@pytest.mark.parametrize("routing", [None, ()])
@pytest.mark.parametrize(
    ("forward", "found"),
    [
        (weighted(50, 50), ["rule-not-managed"]),  # a state that was lost
        (weighted(100, 0), ["rule-not-managed"]),
        (ForwardAction({LEGACY: 9, CANDIDATE: 1}), ["rule-not-managed"]),  # somebody else divides it
        (ForwardAction({CANDIDATE: 1}), ["rule-not-managed"]),
        (LEGACY_FORWARD, []),  # before phase 2 nobody need hold it
    ],
)
def test_a_rule_that_is_divided_and_that_nobody_holds_is_drift(
    routing: tuple[ResourceState, ...] | None, forward: ForwardAction, found: list[str]
) -> None:
    report = drift_of(TEN, live({"score": forward, "bulk": LEGACY_FORWARD}), None, routing)
    assert [problem.code for problem in report.problems] == found
    assert [problem.where for problem in report.problems] == ["routes.score"] * len(found)


def test_a_divided_rule_that_the_legacy_stack_holds_has_its_owner() -> None:
    held = (state("score", rule_inputs("score", weighted(50, 50))), state("bulk", rule_inputs("bulk", LEGACY_FORWARD)))
    now = live({"score": weighted(50, 50), "bulk": LEGACY_FORWARD})
    assert drift_of(environment(weight=Percent.of(50)), now, held, None).problems == ()
