"""A raise that needs more of the candidate's environments than Lambda allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rollout.analysis.metrics import MINUTE, Source, function, target_group
from rollout.errors import PreflightFailed
from rollout.inventory.model import Split
from rollout.inventory.quantities import Percent
from rollout.migration.events import GateOpened
from tests.behaviour.team import InMemoryTeam
from tests.codes import raises

CANDIDATE = "rust-scorer"
ACCOUNT: Source = Source("AWS/Lambda", ())


def serve(team: InMemoryTeam, a_minute: int, milliseconds: float, slowest: float = 0) -> None:
    """A quarter of an hour of requests to legacy; some are the slowest ones."""
    live, metrics, now = team.open().traffic.alb_state(), team.world.metrics, team.world.clock.utc
    aws = team.aws
    for name in {route.legacy for route in team.inventory.routes.values()}:
        group = live.target_groups[name]
        (arn,) = aws.targets[group.arn]
        for minute in range(1, 16):
            at = now - minute * MINUTE
            for balancer in group.load_balancers:
                metrics.put(target_group(balancer, group.arn), "RequestCount", at, a_minute)
            metrics.put(function(arn), "Invocations", at, a_minute)
            times = [milliseconds] * (a_minute - 2) + [slowest or milliseconds] * 2
            metrics.put(function(arn), "Duration", at, *times)


def rooms(team: InMemoryTeam, weight: int = 100) -> Any:
    """What the candidate needs at a weight."""
    from rollout.api.headroom import Headrooms  # noqa: PLC0415 - a part of the gate, looked at alone

    opened = team.open()
    live = opened.traffic.alb_state()
    after: Mapping[str, Split] = dict.fromkeys(team.inventory.routes, Split.at(Percent.of(weight)))
    return Headrooms(opened._opened)(live, after, dict(team.aws.targets))


def warnings(team: InMemoryTeam) -> str:
    """Of the last gate."""
    gates = [event.gate for event in team.events if isinstance(event, GateOpened)]
    return " ".join(gates[-1].warnings)


@pytest.fixture
def busy(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team whose legacy functions have 100 requests a minute each, of 6 seconds: ten at once."""
    serve(cut_over, 100, 6000, 9000)
    return cut_over


def test_a_raise_that_surely_needs_more_than_is_reserved_is_refused(busy: InMemoryTeam) -> None:
    legacy = {route.legacy for route in busy.inventory.routes.values()}
    busy.world.functions_of(busy.inventory).reserved[CANDIDATE] = 2 * len(legacy)
    with raises(PreflightFailed, "concurrency-exceeded"):
        busy.open().set_weight(50, approve=True)
    assert all(split and split.weight == Percent.of(0) for split in busy.splits().values())
    busy.open().set_weight(10, approve=True)
    assert "throttled" not in warnings(busy)


def test_what_may_be_too_much_at_busy_times_is_said_at_the_gate(busy: InMemoryTeam) -> None:
    (found,) = rooms(busy, 50)
    assert found.mean.high < found.most
    busy.world.functions_of(busy.inventory).reserved[CANDIDATE] = round((found.mean.high + found.most) / 2)
    busy.open().set_weight(50, approve=True)
    assert "reserved for it" in warnings(busy)


def test_what_others_have_at_work_is_not_left(busy: InMemoryTeam) -> None:
    (before,) = rooms(busy)
    assert (before.limit, before.is_reserved) == (1000, False)
    for minute in range(1, 16):
        at = busy.world.clock.utc - minute * MINUTE
        busy.world.metrics.put(ACCOUNT, "UnreservedConcurrentExecutions", at, 995)
    (after,) = rooms(busy)
    legacy = {route.legacy for route in busy.inventory.routes.values()}
    assert after.limit == pytest.approx(1000 - (995 - 10 * len(legacy)), rel=0.05)


def test_what_gets_no_more_requests_is_not_looked_at(busy: InMemoryTeam) -> None:
    busy.open().set_weight(20, approve=True)
    assert [rooms(busy, weight) for weight in (0, 20)] == [(), ()]
    assert rooms(busy, 21)


def test_lowering_and_rolling_back_ask_for_nothing(busy: InMemoryTeam) -> None:
    busy.open().set_weight(50, approve=True)
    busy.world.functions_of(busy.inventory).reserved[CANDIDATE] = 0
    asked = busy.world.functions_of(busy.inventory).calls
    before = len([call for call in asked.log if call.action == "GetAccountSettings"])
    busy.open().set_weight(20, approve=True)
    busy.open().rollback()
    assert len([call for call in asked.log if call.action == "GetAccountSettings"]) == before


def test_without_the_right_it_is_a_warning(busy: InMemoryTeam) -> None:
    busy.world.functions_of(busy.inventory).calls.refuse("GetAccountSettings", times=None)
    busy.open().set_weight(50, approve=True)
    assert "isn't known" in warnings(busy)
    report = busy.open().preflight()
    (check,) = (check for check in report.checks if check.name == "concurrency")
    assert (check.passed, [note.code for note in check.notes]) == (True, ["concurrency-unknown"])


def test_without_requests_nothing_is_said(cut_over: InMemoryTeam) -> None:
    cut_over.world.functions_of(cut_over.inventory).reserved[CANDIDATE] = 0
    cut_over.open().set_weight(50, approve=True)
    assert "throttled" not in warnings(cut_over)
    assert "concurrency" not in {check.name for check in cut_over.open().preflight().checks}


def test_preflight_tells_of_100_per_cent_and_stops_nothing(busy: InMemoryTeam) -> None:
    busy.world.functions_of(busy.inventory).reserved[CANDIDATE] = 1
    (check,) = (check for check in busy.open().preflight().checks if check.name == "concurrency")
    assert (check.passed, [note.code for note in check.notes]) == (True, ["concurrency-exceeded"])
    assert "at 100 %" in check.evidence


def test_the_candidate_s_own_times_count_once_it_has_requests(busy: InMemoryTeam) -> None:
    busy.open().set_weight(10, approve=True)
    assert all(found.by_legacy for found in rooms(busy, 50))
    for minute in range(1, 16):
        at = busy.world.clock.utc - minute * MINUTE
        busy.world.metrics.put(function(CANDIDATE), "Invocations", at, 100)
        busy.world.metrics.put(function(CANDIDATE), "Duration", at, *[60.0] * 100)
    (found,) = rooms(busy, 50)
    assert not found.by_legacy
    assert found.mean.value < 1
