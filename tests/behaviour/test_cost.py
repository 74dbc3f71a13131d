"""What functions cost, by what CloudWatch has of them."""

from __future__ import annotations

import csv
import json
from datetime import timedelta

import pytest

from rollout.analysis.cost.ledger import CostLedger
from rollout.analysis.metrics import REPORTS, Source, function
from rollout.analysis.ports import FunctionSettings
from rollout.errors import UsageError
from tests.behaviour.team import InMemoryTeam
from tests.codes import raises

LEGACY, CANDIDATE = ("legacy", 300.0), ("candidate", 40.0)
PRICES = "\n[cost]\nmillion-requests = 0.2\ngb-second = 0.0000166667\nlogs-gb = 0.5\n"


def functions(team: InMemoryTeam) -> dict[str, list[str]]:
    """Each side's functions."""
    found: dict[str, list[str]] = {}
    for each in team.open().cost().functions:
        found.setdefault(each.side, []).append(each.function)
    return found


def serve(team: InMemoryTeam, each_hour: int = 100, sides: tuple[tuple[str, float], ...] = (LEGACY, CANDIDATE)) -> None:
    """A day of requests; each takes legacy and the candidate so many milliseconds."""
    names, now = functions(team), team.world.clock.utc
    for side, milliseconds in sides:
        for source in map(function, names[side]):
            for hour in range(1, 26):
                for name, value in (("Invocations", each_hour), ("Duration", each_hour * milliseconds)):
                    team.world.metrics.put(source, name, now - timedelta(hours=hour), value)


@pytest.fixture
def moving(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team whose routes all are at 10 %, with prices."""
    cut_over.open().set_weight(10, approve=True)
    cut_over.append(PRICES)
    return cut_over


def test_both_sides_are_told_with_their_routes_and_what_is_saved(moving: InMemoryTeam) -> None:
    serve(moving)
    found = moving.open().cost()
    sides = {
        side: {r for each in found.functions if each.side == side for r in each.routes}
        for side in ("legacy", "candidate")
    }
    assert sides == {side: set(moving.inventory.routes) for side in sides}
    assert {each.invocations for each in found.functions} == {2400}
    assert found.missing == ()
    assert found.saved
    assert found.saved.low is not None
    assert 0 < found.saved.low < found.saved.value


def test_settings_and_logs_count(moving: InMemoryTeam) -> None:
    serve(moving)
    name = functions(moving)["candidate"][0]
    before = next(each for each in moving.open().cost().functions if each.function == name)
    settings = FunctionSettings(256, "x86_64", "/shop/all", provisioned=0)
    moving.world.functions_of(moving.inventory).described[name] = settings
    at = moving.world.clock.utc - timedelta(hours=3)
    moving.world.metrics.put(Source("AWS/Logs", (("LogGroupName", "/shop/all"),)), "IncomingBytes", at, 5e9)
    after = next(each for each in moving.open().cost().functions if each.function == name)
    assert after.gb_seconds == pytest.approx(2 * before.gb_seconds)
    assert (before.log_bytes, after.log_bytes) == (0, 5_000_000_000)


def test_init_is_counted_where_logs_are_read_and_told_where_not(moving: InMemoryTeam) -> None:
    serve(moving)
    without = moving.open().cost()
    assert {each.init_gb_seconds for each in without.functions} == {None}
    assert any("INIT" in note for note in without.notes)
    moving.append('[environments.production.analysis]\nmetrics = ["cold-starts"]')
    name, at = functions(moving)["candidate"][0], moving.world.clock.utc - timedelta(hours=3)
    moving.world.metrics.put(Source(REPORTS, function(name).dimensions), "InitMilliseconds", at, 8000.0)
    found = {each.function: each.init_gb_seconds for each in moving.open().cost().functions}
    assert found[name] == pytest.approx(1.0)
    assert sum(each or 0 for each in found.values()) == pytest.approx(1.0)


def test_without_traffic_it_says_no_requests(moving: InMemoryTeam) -> None:
    ended = moving.run("cost", "production")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "no requests" in ended.stdout


def test_before_the_first_raise_nothing_is_compared(cut_over: InMemoryTeam) -> None:
    cut_over.append(PRICES)
    serve(cut_over, sides=(LEGACY,))
    found = cut_over.open().cost()
    assert (found.both, found.saved) == ((), None)
    assert found.now


def test_a_region_whose_prices_are_not_known_ends_well(cut_over: InMemoryTeam) -> None:
    serve(cut_over)
    ended = cut_over.run("cost", "production")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "prices of us-west-2 aren't known: set million-requests, gb-second in [cost]" in " ".join(
        ended.stdout.split()
    )


def test_the_screen_fits_80_columns(moving: InMemoryTeam) -> None:
    serve(moving, 123_456)
    code, shown = moving.talk("", "cost", "production", COLUMNS="80", TERM="dumb")
    assert (code, max(map(len, shown.splitlines())) <= 80) == (0, True)
    assert "At 100 %, the candidate saves $" in " ".join(shown.split())


def test_a_machine_gets_all_of_it_and_a_file_a_line_a_function(moving: InMemoryTeam) -> None:
    serve(moving)
    ended = moving.run("cost", "production", "--csv", "cost.csv", "--json")
    said = [json.loads(line) for line in ended.stdout.splitlines()]
    (found,) = (each for each in said if each["event"] == "cost")
    assert found["saved"]["low"] < found["saved"]["value"] < found["saved"]["high"]
    file = moving.folder / "cost.csv"
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert [row["function"] for row in rows] == [each["function"] for each in found["functions"]]
    assert float(rows[0]["total"]) == pytest.approx(
        found["functions"][0]["spent"]["compute"] + float(rows[0]["requests"])
    )
    again = moving.run("cost", "production", "--csv", "cost.csv")
    assert again.returncode == UsageError.exit_code
    assert not again.stdout  # nothing was read, since nothing could be kept
    away = moving.run("cost", "production", "--csv", "no/such/folder/cost.csv", "--json")
    assert [json.loads(line).get("code") for line in away.stdout.splitlines()] == ["file-not-writable"]
    assert moving.run("cost", "production", "--csv", "cost.csv", "--force").returncode == 0


@pytest.mark.parametrize("since", ["59m", "31d", "soon"])
def test_a_look_back_is_1h_to_30d(cut_over: InMemoryTeam, since: str) -> None:
    with pytest.raises(UsageError):
        cut_over.open().cost(since=since)


def test_a_fault_of_the_prices_stops_this_command_alone(cut_over: InMemoryTeam) -> None:
    cut_over.append("[cost]\ngb-second = -1")
    assert cut_over.run("cost", "production").returncode == 2
    assert cut_over.run("status", "production").returncode == 0


def test_routes_without_functions_have_no_costs(cut_over: InMemoryTeam) -> None:
    aws = cut_over.aws
    for group in list(aws.targets):
        aws.targets.pop(group)
    with raises(UsageError, "no-function"):
        cut_over.open().cost()


def test_a_report_has_costs_and_an_overview_only_if_asked(moving: InMemoryTeam) -> None:
    serve(moving)
    assert moving.open().reports.overview().costs is None
    found = moving.open().reports.overview(costs=True).costs
    assert isinstance(found, CostLedger)
    assert found.saved
    assert moving.run("report", "production", "--html", "r.html").returncode == 0
    assert "Saved at 100 %" in (moving.folder / "r.html").read_text()


def test_a_page_reads_no_logs_for_costs(moving: InMemoryTeam) -> None:
    serve(moving)
    moving.append('[environments.production.analysis]\nmetrics = ["cold-starts"]')
    found = moving.open().cost(logs=False)
    assert {each.init_gb_seconds for each in found.functions} == {None}
    assert any("INIT" in note for note in found.notes)


def test_a_route_has_the_functions_and_routes_that_are_compared_with_it(moving: InMemoryTeam) -> None:
    serve(moving)
    found = moving.open().cost()
    route = found.compared[0].routes[0]
    part = found.of_route(route)
    assert [each.routes for each in part.compared] == [found.compared[0].routes]
    assert {each.side for each in part.functions} == {"legacy", "candidate"}
    old, new = part.compared[0].per_million
    assert old
    assert new
    assert new.value < old.value
    assert found.of_route("no-such").functions == ()
