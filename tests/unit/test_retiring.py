"""What keeps legacy, and what proves that nobody needs it any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rollout.alb.state import AlbState, LiveRule
from rollout.alb.weights import ForwardAction
from rollout.analysis.measuring.idle import IdleCheck
from rollout.analysis.metrics import GAP, Point, Series
from rollout.errors import Problem
from rollout.inventory.conditions import Condition, for_endpoint
from rollout.inventory.model import OVERRIDE_TAG, Arn
from rollout.migration.checks.ownership import OwnedRule, asked, ownership_of
from rollout.migration.checks.preflight import target_group_problems
from rollout.migration.checks.retiring import left_to_remove, retiring_problems, retiring_warnings
from rollout.migration.checks.status import Held, status_of
from rollout.migration.context import PhaseContext
from tests.unit.builders import (
    CANDIDATE,
    LEGACY,
    LEGACY_FORWARD,
    LISTENER,
    environment,
    live,
    rule_arn,
    rule_inputs,
    state,
    weighted,
)
from tests.unit.test_ownership import Owner, inventory

ALL = live({"score": weighted(0, 100), "bulk": weighted(0, 100)})
ALONE = live({"score": ForwardAction({CANDIDATE: 1}), "bulk": ForwardAction({CANDIDATE: 1})})
ADOPTED = tuple(state(name, rule_inputs(name, weighted(0, 100))) for name in ("score", "bulk"))
NOW = datetime(2026, 3, 1, 12, 34, 56, tzinfo=UTC)
WEEK, HOUR = timedelta(days=7), timedelta(hours=1)


def keeping(start: PhaseContext) -> list[Problem]:
    return list(retiring_problems(environment(), start))


def test_nothing_keeps_legacy_where_all_requests_go_to_the_candidate() -> None:
    for found in (ALL, ALONE):
        assert keeping(PhaseContext(found, legacy=(), routing=ADOPTED)) == []


def test_a_route_below_100_keeps_it() -> None:
    almost = live({"score": weighted(1, 999), "bulk": weighted(0, 100)})
    (problem,) = keeping(PhaseContext(almost, legacy=(), routing=ADOPTED))
    assert (problem.where, problem.code) == ("routes.score", "candidate-below-100")
    assert "99.9 %" in problem.what
    assert "rollout weight production 100" in (problem.hint or "")


def test_a_cutover_that_is_not_through_keeps_it() -> None:
    (problem,) = keeping(PhaseContext(ALL, legacy=(), routing=ADOPTED[:1]))
    assert (problem.where, problem.code) == ("routes.bulk", "rule-not-managed")
    (problem,) = keeping(PhaseContext(ALL, legacy=ADOPTED[:1], routing=ADOPTED))
    assert (problem.where, problem.code) == ("routes.score", "rule-managed-by-legacy")
    assert "rollout phase2 production" in (problem.hint or "")


def test_another_owner_that_has_not_let_go_keeps_it() -> None:
    owner = Owner(OwnedRule(rule_arn("score"), "r.score"))
    found = ownership_of(inventory(), ALL, owner, asked(owner, HOUR))
    (problem,) = keeping(PhaseContext(ALL, routing=ADOPTED, ownership=found))
    assert (problem.where, problem.code) == ("routes.score", "rule-managed-by-owner")
    assert "terraform (directory infra)" in problem.what
    assert "rollout release production" in (problem.hint or "")


def test_other_rules_that_send_requests_to_it_keep_it() -> None:
    header = Condition.on_header("X-Rollout", ("legacy",))
    asks = (*ALL.rules[0].asks, header)
    made = LiveRule(rule_arn("h"), LISTENER, 5, asks, LEGACY_FORWARD, tags={OVERRIDE_TAG: "score-override"})
    removing, changing = keeping(PhaseContext(replace(ALL, rules=(*ALL.rules, made)), legacy=(), routing=ADOPTED))
    assert removing.code == "header-rules-left"
    assert "--remove" in (removing.hint or "")
    assert (changing.where, changing.code) == ("target group old", "target-group-in-use")
    strange = LiveRule(rule_arn("x"), LISTENER, 99, for_endpoint("/x", ()), LEGACY_FORWARD)
    (problem,) = keeping(PhaseContext(replace(ALL, defaults={"public": strange}), legacy=(), routing=ADOPTED))
    assert problem.code == "target-group-in-use"
    assert "/x" in problem.what


def test_legacy_is_missed_only_where_a_rule_may_send_requests_to_it() -> None:
    gone = {"new": ALL.target_groups["new"]}
    assert list(target_group_problems(environment(), replace(ALONE, target_groups=gone))) == []
    assert len(list(target_group_problems(environment(), replace(ALL, target_groups=gone)))) == 2


def test_who_deletes_it_is_said() -> None:
    assert "can't undo" in next(retiring_warnings(PhaseContext(ALL, legacy=())))
    assert "stays" in next(retiring_warnings(PhaseContext(ALL)))
    targets = {LEGACY: ("arn:aws:lambda:us-west-2:1:function:old",)}
    assert left_to_remove(environment(), ALL, targets) == ("target group old with old",)


def test_status_says_what_is_left_to_do_until_the_file_says_completed() -> None:
    held = Held((), ADOPTED)
    assert status_of(environment(weight=100), ALONE, held).next_step == "rollout complete production"
    done = status_of(environment(weight=100, completed=True), ALONE, held)
    assert (done.phase, done.next_step, done.problems) == ("completed", None, ())


class Cloud:
    """What CloudWatch and the target groups say."""

    def __init__(self, **sums: float) -> None:
        self._sums = sums
        self.asked: list[tuple[Series, datetime, datetime]] = []

    def targets(self, groups: Sequence[Arn]) -> Mapping[Arn, tuple[str, ...]]:
        return dict.fromkeys(groups, ("arn:aws:lambda:us-west-2:1:function:f", "10.0.0.1"))

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        self.asked += [(each, start, end) for each in series]
        return {each: tuple(self._points(each, start)) for each in series}

    def _points(self, series: Series, start: datetime) -> list[Point]:
        name = "function" if series.namespace == "AWS/Lambda" else series.dimensions[-1][1].split("/")[1]
        return [Point(start, self._sums[name])] if name in self._sums else []


def missing(cloud: Cloud, span: timedelta = WEEK, found: AlbState = ALL) -> tuple[list[Problem], list[int]]:
    told: list[int] = []
    proof = IdleCheck(
        environment(),
        cloud,
        lambda _, requests: told.append(requests),
        metrics=lambda: cloud,
        now=lambda: NOW,
        span=span,
    )
    return list(proof.missing(found)), told


def test_it_is_proven_by_the_candidates_requests_and_none_of_legacys() -> None:
    assert missing(Cloud(new=1234)) == ([], [1234])


def test_silence_about_both_proves_nothing() -> None:
    (problem,), told = missing(Cloud())
    assert (problem.where, problem.code) == ("target group new", "candidate-idle")
    assert "last 7d" in problem.what
    assert told == []


def test_a_gap_in_legacys_counts_proves_nothing() -> None:
    """Another source than CloudWatch may know that nobody measured."""
    (problem,), told = missing(Cloud(old=GAP, new=9))
    assert (problem.where, problem.code) == ("target group old", "metrics-gap")
    assert told == []


@pytest.mark.parametrize(
    ("cloud", "place"), [(Cloud(old=3, new=9), "target group old"), (Cloud(function=3, new=9), "function f")]
)
def test_who_still_needs_legacy_is_told(cloud: Cloud, place: str) -> None:
    (problem,), told = missing(cloud)
    assert (problem.where, problem.code) == (place, "legacy-not-idle")
    assert "3 requests in the last 7d" in problem.what
    assert told == []


@pytest.mark.parametrize(
    ("span", "start", "period"),
    [
        (HOUR, NOW.replace(hour=11, second=0), timedelta(minutes=1)),
        (WEEK, NOW.replace(month=2, day=22, minute=0, second=0), HOUR),  # never less than was asked for
    ],
)
def test_minutes_are_counted_up_to_a_day_and_hours_beyond(span: timedelta, start: datetime, period: timedelta) -> None:
    cloud = Cloud(new=1)
    missing(cloud, span)
    assert {(series.period, at, end) for series, at, end in cloud.asked} == {(period, start, NOW.replace(second=0))}


def test_where_nothing_is_left_nothing_has_to_be_proven() -> None:
    cloud = Cloud()
    nothing = replace(ALONE, target_groups={"new": ALL.target_groups["new"]})
    assert missing(cloud, found=nothing) == ([], [])
    assert cloud.asked == []
