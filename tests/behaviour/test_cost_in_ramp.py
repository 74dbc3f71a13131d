"""`not-dearer`: a candidate whose requests cost too much holds a step, and is never taken back for that."""

from __future__ import annotations

import pytest

from rollout.analysis.metrics import MINUTE, function, target_group
from rollout.inventory.quantities import Percent
from tests.behaviour.team import InMemoryTeam

ANALYSIS = """
[environments.production.analysis]
metrics = ["server-errors"]
metric = { server-errors = { harm = { relative = 1, absolute = 3 } } }
not-dearer = 0.2
"""
PRICES = "\n[cost]\nmillion-requests = 0.2\ngb-second = 0.0000166667\ngb-second-arm = 0.0000133334\nlogs-gb = 0.5\n"
FIRST = Percent.of(25)


@pytest.fixture
def ramping(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team at the first step of a ramp that judges costs."""
    cut_over.set_ramp('steps = [25, 100], bake = "10m"')
    cut_over.append(ANALYSIS)
    assert cut_over.open().ramp(approve=True, once=True).weight == FIRST
    return cut_over


def serve(team: InMemoryTeam, candidate: float, minutes: int = 40, each: int = 400) -> None:
    """Requests that take legacy 100 ms, and the candidate so many."""
    world, live = team.world, team.open().traffic.alb_state()
    new = {live.group_arn(route.candidate) for route in team.inventory.routes.values()}
    for _ in range(minutes):
        for route in team.inventory.routes.values():
            for group in (live.group_arn(route.legacy), live.group_arn(route.candidate)):
                balancer = live.load_balancers[route.load_balancer]
                world.metrics.put(target_group(balancer, group), "RequestCount", world.clock.utc, each)
                for arn in team.aws.targets[group]:
                    took = candidate if group in new else 100.0
                    world.metrics.put(function(arn), "Invocations", world.clock.utc, each)
                    world.metrics.put(function(arn), "Duration", world.clock.utc, each * took)
        world.clock.advance(MINUTE)


def priced(team: InMemoryTeam) -> None:
    team.append(PRICES)


def test_one_that_costs_as_much_goes_on(ramping: InMemoryTeam) -> None:
    priced(ramping)
    serve(ramping, 100)
    result = ramping.open().ramp(approve=True, once=True)
    assert (result.state, result.weight) == ("raised", Percent.of(100))


def test_one_that_costs_too_much_holds_the_step_and_stays(ramping: InMemoryTeam) -> None:
    priced(ramping)
    serve(ramping, 200)
    view = ramping.open().ramp.view().judgement
    assert view
    assert {each.verdict for each in view.findings if each.metric == "cost"} == {"inconclusive"}
    result = ramping.open().ramp(approve=True, once=True)
    assert result.weight == FIRST
    assert {split.weight for split in ramping.splits().values() if split} == {FIRST}
    ramping.edit("not-dearer = 0.2", "not-dearer = 2")
    assert ramping.open().ramp(approve=True, once=True).weight == Percent.of(100)


def test_what_it_costs_is_told_in_status_report_and_json(ramping: InMemoryTeam) -> None:
    priced(ramping)
    serve(ramping, 200)
    done = ramping.run("ramp", "production", "--once", "--yes", "--json")
    assert '"metric":"cost"' in done.stdout.replace(" ", ""), done.stdout + done.stderr
    page = ramping.folder / "report.html"
    assert ramping.run("report", "production", "--html", str(page)).returncode == 0
    assert "a million requests cost" in page.read_text("utf-8")


def test_without_prices_it_holds_and_says_which_are_missing(ramping: InMemoryTeam) -> None:
    serve(ramping, 100)
    view = ramping.open().ramp.view().judgement
    assert view
    costs = [each for each in view.findings if each.metric == "cost"]
    assert {each.verdict for each in costs} == {"no data"}
    assert "gb-second" in costs[0].sentence
    assert ramping.open().ramp(approve=True, once=True).weight == FIRST
