"""Ramps of legacy against itself, on what its access logs have of the past."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random

import pytest

from rollout.analysis.metrics import MINUTE
from rollout.errors import AwsError, Drift
from rollout.fakes.access_logs import log_line
from rollout.inventory.model import Arn
from tests.behaviour.team import InMemoryTeam
from tests.codes import raises

BUSY, EACH, LIGHT = 20, 2, 12  # busy clients, what each asks a minute and route, and new clients that ask once


@pytest.fixture
def measured(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team whose ramp takes half an hour before its last step."""
    cut_over.set_ramp('steps = [50, 100], bake = "30m"')
    cut_over.append('[environments.production.analysis]\nmetrics = ["server-errors"]')
    cut_over.world.clock.advance(timedelta(days=1))
    return cut_over


def write_logs(team: InMemoryTeam, minutes: int, *, failing: int = 0) -> None:
    """Logs until now; so many of the busy clients have requests that always fail."""
    random, live = Random(1), team.open().traffic.alb_state()  # noqa: S311 - the same again, not a secret
    now = team.world.clock.utc.replace(second=0, microsecond=0)
    for minute in range(minutes):
        at, lines = now - (minutes - minute) * MINUTE, dict[Arn, list[bytes]]()
        for route in team.inventory.routes.values():
            rule = live.rule_of(route)
            assert rule
            asked = [(f"busy {n}", 503 if n < failing else 200) for n in range(BUSY)] * EACH
            asked += [(f"{minute} {n}", 200) for n in range(LIGHT)]
            lines.setdefault(live.load_balancers[route.load_balancer], []).extend(
                log_line(
                    at + timedelta(seconds=random.randrange(60)),
                    live.group_arn(route.legacy),
                    rule.priority,
                    agent=agent,
                    status=status,
                )
                for agent, status in asked
            )
        for balancer, some in lines.items():
            team.world.access_logs.put(balancer, at + MINUTE, some)


def test_even_traffic_can_be_judged_and_history_says_so(measured: InMemoryTeam) -> None:
    write_logs(measured, 95)
    found = measured.open().ramp.calibrate(since="2h", ramps=20)
    assert found.is_safe
    assert found.requests == 95 * (BUSY * EACH + LIGHT) * len(measured.inventory.routes)
    assert measured.open().history()[-1].what == "ramp calibrated"


def test_busy_clients_that_differ_are_told_beforehand_and_the_ramp_says_so(measured: InMemoryTeam) -> None:
    write_logs(measured, 95, failing=1)
    done = measured.run("calibrate", "production", "--since", "2h", "--ramps", "20", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    by_unit = {(each["way"]["unit"], each["way"]["cookies"]): each["failed"] for each in told["alarms"]}
    assert by_unit["requests", True] > 1
    assert by_unit["clients", True] == 0
    assert told["advice"]
    began = measured.run("ramp", "production", "--once", "--yes")
    assert "may be rolled back" in began.stdout


def test_logs_of_too_little_time_are_refused(measured: InMemoryTeam) -> None:
    write_logs(measured, 60)
    refused = measured.run("calibrate", "production", "--json")
    assert refused.returncode == 2
    assert json.loads(refused.stdout.splitlines()[-1])["code"] == "too-few-logs"


def test_before_phase_2_it_is_told_and_not_kept(legacy: InMemoryTeam) -> None:
    legacy.set_ramp('steps = [50, 100], bake = "30m"')
    write_logs(legacy, 95)
    done = legacy.run("calibrate", "production", "--since", "2h", "--ramps", "10")
    assert done.returncode == 0, done.stderr


def test_a_load_balancer_without_logs_is_told(measured: InMemoryTeam) -> None:
    write_logs(measured, 95)
    measured.world.access_logs.off.update(measured.open().traffic.alb_state().load_balancers.values())
    with raises(AwsError, "no-access-logs"):
        measured.open().ramp.calibrate(since="2h", ramps=20)


def test_a_file_that_is_no_log_is_left_out(measured: InMemoryTeam) -> None:
    write_logs(measured, 95)
    measured.world.access_logs.calls.refuse("GetObject", error=AwsError("no gzip file", code="access-log-broken"))
    assert measured.open().ramp.calibrate(since="2h", ramps=20).requests > 0


def test_it_hides_no_change_of_others_from_the_ramp(measured: InMemoryTeam) -> None:
    measured.open().ramp(approve=True, once=True)
    measured.open().set_weight(7, approve=True)
    write_logs(measured, 95)
    with pytest.raises(Drift) as before:
        measured.open().ramp(approve=True, once=True)
    measured.open().ramp.calibrate(since="2h", ramps=20)
    with pytest.raises(Drift) as after:
        measured.open().ramp(approve=True, once=True)
    assert after.value.what == before.value.what
