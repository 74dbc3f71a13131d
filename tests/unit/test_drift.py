"""File, state and load balancer, held against each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rollout.changes.plan import ResourceState
from rollout.checks.drift import DriftReport, drift_of
from rollout.errors import Drift
from rollout.live import Live
from rollout.quantities import Percent
from rollout.rules.weights import Forward
from tests.unit.builders import HOUR, LEGACY, LEGACY_FORWARD, environment, live, rule_inputs, state, weighted

TEN = environment(weight=Percent.of(10))
AT_10 = {"score": weighted(90, 10), "bulk": weighted(90, 10)}


def recorded(**forwards: Forward) -> tuple[ResourceState, ...]:
    return tuple(state(name, rule_inputs(name, forward)) for name, forward in (AT_10 | forwards).items())


def look(now: Live, routing: tuple[ResourceState, ...] | None = None, **given: Any) -> DriftReport:
    return drift_of(given.pop("inventory", TEN), now, None, recorded() if routing is None else routing, **given)


def said(report: DriftReport) -> list[tuple[str | None, str]]:
    return [(problem.where, problem.what) for problem in report.problems]


def test_where_all_three_agree_there_is_none() -> None:
    report = look(live(AT_10))
    assert said(report) == []
    report.require()
    assert [(each.route, each.file, each.state, each.live) for each in report.routes] == [
        ("score", Percent.of(10), "10 %", "10 %"),
        ("bulk", Percent.of(10), "10 %", "10 %"),
    ]


def test_a_weight_set_by_hand_is_told_three_ways() -> None:
    report = look(live(AT_10 | {"score": weighted(50, 50)}))
    ((where, what),) = said(report)
    assert where == "routes.score"
    for part in ("live old 50, new 50", "recorded old 90, new 10", "wanted old 90, new 10"):
        assert part in what
    with pytest.raises(Drift, match="don't agree"):
        report.require()


def test_a_state_that_is_behind_is_drift_though_live_is_as_the_file_says() -> None:
    ((where, what),) = said(look(live(AT_10), recorded(bulk=weighted(95, 5))))
    assert (where, "as the file says · recorded old 95, new 5" in what) == ("routes.bulk", True)


def test_a_file_with_another_weight_or_stickiness_is_drift_unless_it_does_not_count() -> None:
    other = environment(weight=Percent.of(25))
    assert {where for where, _ in said(look(live(AT_10), inventory=other))} == {"routes.score", "routes.bulk"}
    assert said(look(live(AT_10), inventory=other, ignore_file=True)) == []
    brief = weighted(90, 10)
    brief = replace(brief, stickiness=HOUR / 2)
    ((where, what),) = said(look(live(AT_10 | {"score": brief}), recorded(score=brief)))
    assert (where, "stickiness 1800 s" in what) == ("routes.score", True)


def test_before_the_cutover_the_files_weight_does_not_count() -> None:
    now = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
    now = replace(now, target_groups={"old": now.target_groups["old"]})
    held = tuple(state(name, rule_inputs(name, LEGACY_FORWARD)) for name in AT_10)
    report = drift_of(TEN, now, held, None)
    assert said(report) == []
    undone = (ResourceState("urn:pulumi:production::shop-routing::pulumi:pulumi:Stack::shop", "pulumi:pulumi:Stack"),)
    assert said(drift_of(TEN, now, held, undone)) == []
    assert {each.state for each in report.routes} == {"0 %"}
    moved = replace(now, rules=(replace(now.rules[0], forward=Forward({LEGACY: 1}, HOUR)), *now.rules[1:]))
    assert [where for where, _ in said(drift_of(TEN, moved, held, None))] == ["routes.score"]


def test_a_rule_that_is_gone_or_for_other_requests_is_told_once() -> None:
    ((where, what),) = said(look(live({"score": weighted(90, 10)})))
    assert (where, what) == ("routes.bulk", "no rule at priority 20 on public")
    now = live(AT_10)
    bent = replace(now, rules=(now.rules[0], replace(now.rules[1], asks=())))
    ((where, what),) = said(look(bent))
    assert (where, "is for other requests" in what) == ("routes.bulk", True)


def test_a_rule_that_was_made_anew_is_another_one_than_routing_holds() -> None:
    inventory = environment()
    anew = tuple(
        replace(each, id="arn:rule/before") if each.name == "score" else each for each in recorded(bulk=LEGACY_FORWARD)
    )
    now = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
    assert said(look(now, anew, inventory=inventory)) == [
        ("routes.score", "the rule that routing holds is gone: arn:rule/before")
    ]


def test_a_route_that_routing_does_not_hold_yet_needs_phase_2() -> None:
    (problem,) = look(live(AT_10), recorded()[:1]).problems
    assert (problem.where, problem.then) == ("routes.bulk", "run `rollout phase2 production`")


def test_a_target_group_that_is_gone_is_told_once_not_by_route() -> None:
    now = live(AT_10)
    ((where, what),) = said(look(replace(now, target_groups={"old": now.target_groups["old"]})))[-1:]
    assert (where, what) == (None, "candidate target group new isn't there")
