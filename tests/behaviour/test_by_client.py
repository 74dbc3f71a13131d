"""A ramp judged by clients, from access logs that agree with CloudWatch, or don't."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from rollout.analysis.metrics import MINUTE, target_group
from rollout.api.environment import EnvironmentRollout
from rollout.errors import AnalysisFailed, AwsError
from rollout.fakes.access_logs import log_line
from rollout.inventory.model import Arn
from rollout.inventory.quantities import Percent
from rollout.migration.glance import Mood
from rollout.ramp.runner import RampResult
from rollout.reports.glance import glance
from tests.behaviour.team import InMemoryTeam
from tests.codes import raises

EACH = 2
"""How often a client asks in its minute."""


@dataclass
class Traffic:
    """New clients each minute, each on one side, and a log every five minutes.

    Attributes:
        clients: How many a minute and route.
        bad: The candidate's share of clients whose requests fail.
        logged: The share of requests that the logs have.
        heavy: How often one client of the candidate's asks beside, and always fails.
    """

    team: InMemoryTeam
    clients: int = 80
    bad: float = 0.0
    logged: float = 1.0
    heavy: int = 0
    _lines: dict[Arn, list[bytes]] = field(default_factory=dict)
    _number: int = 0

    def minutes(self, count: int) -> None:
        for _ in range(count):
            self._minute()

    def _minute(self) -> None:
        world, live = self.team.world, self.team.open().traffic.alb_state()
        at = world.clock.utc.replace(second=0, microsecond=0)
        for route in self.team.inventory.routes.values():
            rule, balancer = live.rule_of(route), live.load_balancers[route.load_balancer]
            assert rule
            assert rule.forward
            weights = rule.forward.weights
            for group, weight in weights.items():
                new = group == live.group_arn(route.candidate)
                count = round(self.clients * weight / sum(weights.values()))
                asked = [("heavy", 503)] * self.heavy * new
                for number in range(count):
                    self._number += 1
                    asked += [(f"client {self._number}", 503 if new and number < self.bad * count else 200)] * EACH
                source = target_group(balancer, group)
                world.metrics.put(source, "RequestCount", at, len(asked))
                world.metrics.put(source, "HTTPCode_Target_5XX_Count", at, sum(status == 503 for _, status in asked))
                self._lines.setdefault(balancer, []).extend(
                    log_line(at + timedelta(seconds=number % 60), group, rule.priority, agent=agent, status=status)
                    for number, (agent, status) in enumerate(asked[: round(self.logged * len(asked))])
                )
        if (at + MINUTE).minute % 5 == 0:
            for balancer, lines in self._lines.items():
                world.access_logs.put(balancer, at + MINUTE, lines)
            self._lines.clear()
        world.clock.advance(MINUTE)


@pytest.fixture
def ramping(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team at the first step of a ramp whose unit is the client."""
    cut_over.set_ramp('steps = [25, 50, 100], bake = "10m"')
    cut_over.append(
        '[environments.production.analysis]\nunit = "clients"\nmetrics = ["server-errors"]\n'
        "metric = { server-errors = { harm = { relative = 1, absolute = 3 } } }"
    )
    assert look(cut_over.open()).weight == Percent.of(25)
    return cut_over


def look(it: EnvironmentRollout) -> RampResult:
    return it.ramp(approve=True, once=True)


def test_a_good_candidate_goes_on(ramping: InMemoryTeam) -> None:
    Traffic(ramping).minutes(30)
    result = look(ramping.open())
    assert (result.state, result.weight) == ("raised", Percent.of(50))
    assert "each client counted once" in result.sentence


def test_by_requests_a_page_says_what_the_ramps_next_look_does(ramping: InMemoryTeam) -> None:
    ramping.edit('unit = "clients"', 'unit = "requests"')
    Traffic(ramping, bad=0.5).minutes(30)
    overview = ramping.open().reports.overview()
    found = glance(overview)
    assert (found.mood, found.command) == (Mood.FAILING, "rollout rollback production")
    assert overview.is_fitted
    assert overview.since < timedelta(hours=1)
    with raises(AnalysisFailed, "analysis-failed"):
        look(ramping.open())


def test_a_bad_one_is_taken_back_and_the_verdict_tells_its_unit(ramping: InMemoryTeam) -> None:
    Traffic(ramping, bad=0.1).minutes(30)
    glanced = ramping.open().reports.overview().view
    assert glanced is not None
    assert (glanced.judgement, glanced.trouble) == (None, None)  # logs cost, and a page looks every half minute
    judged = ramping.open().ramp.view().judgement
    assert judged
    assert {(each.metric, each.unit) for each in judged.findings if each.verdict == "fail"} == {
        ("server-errors", "clients")
    }
    with raises(AnalysisFailed, "analysis-failed"):
        look(ramping.open())


def test_one_client_that_fails_all_the_time_is_one_client(ramping: InMemoryTeam) -> None:
    Traffic(ramping, heavy=3).minutes(30)
    ramping.edit('unit = "clients"', 'unit = "requests"')
    judged = ramping.open().ramp.view().judgement
    assert judged
    assert judged.verdict == "fail"
    ramping.edit('unit = "requests"', 'unit = "clients"')
    assert look(ramping.open()).state == "raised"


def test_a_crash_is_found_before_there_are_logs(ramping: InMemoryTeam) -> None:
    Traffic(ramping, bad=1, logged=0).minutes(9)
    with raises(AnalysisFailed, "analysis-failed"):
        look(ramping.open())


@pytest.mark.parametrize("action", ["DescribeLoadBalancerAttributes", "ListObjectsV2", "GetObject"])
def test_a_crash_is_found_though_logs_cannot_be_read(ramping: InMemoryTeam, action: str) -> None:
    Traffic(ramping, bad=1).minutes(12)
    ramping.world.access_logs.calls.refuse(action)
    with raises(AnalysisFailed, "analysis-failed"):
        look(ramping.open())


def test_a_single_look_reads_all_files(ramping: InMemoryTeam) -> None:
    began = ramping.world.clock.utc
    Traffic(ramping).minutes(30)
    for balancer in ramping.open().traffic.alb_state().load_balancers.values():
        for _ in range(600):  # of nodes that nobody asked
            ramping.world.access_logs.put(balancer, began + MINUTE, [])
    assert look(ramping.open()).state == "raised"


@pytest.mark.parametrize("logged", [0.0, 0.9])
def test_minutes_that_do_not_agree_hold_the_step(ramping: InMemoryTeam, logged: float) -> None:
    Traffic(ramping, bad=0.1, logged=logged).minutes(45)
    result = look(ramping.open())
    assert (result.state, result.weight) == ("waiting", Percent.of(25))
    judged = ramping.open().ramp.view().judgement
    assert judged
    assert [note for note in judged.notes if "minutes without as many lines as CloudWatch has requests" in note]


def test_without_logs_nothing_is_judged_and_preflight_says_so(ramping: InMemoryTeam) -> None:
    Traffic(ramping).minutes(30)
    ramping.world.access_logs.off.update(ramping.open().traffic.alb_state().load_balancers.values())
    with raises(AwsError, "no-access-logs"):
        look(ramping.open())
    assert "no-access-logs" in {problem.code for problem in ramping.open().preflight().problems}
