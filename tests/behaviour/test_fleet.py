"""Several environments through the command line: one cut over, two that are empty accounts."""

from __future__ import annotations

import json

import pytest

from rollout.inventory.quantities import Percent
from tests.behaviour.team import InMemoryTeam


@pytest.fixture
def fleet(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team whose production is cut over, with a fleet that begins there."""
    cut_over.append('[fleets.all]\nwaves = [["production"], ["staging"], ["review"]]')
    return cut_over


def test_a_weight_goes_wave_by_wave_and_stops_at_the_first_failure(fleet: InMemoryTeam) -> None:
    assert fleet.run("weight", "--all-in", "all", "10").returncode == 3  # nobody to say yes
    assert fleet.open().inventory.weight == Percent(0)

    done = fleet.run("weight", "--all-in", "all", "10", "--yes", "--json")
    assert done.returncode == 1
    *told, result, error = [json.loads(line) for line in done.stdout.splitlines()]
    assert (result["done"], list(result["failed"]), result["left"]) == (["production"], ["staging"], ["review"])
    assert error["error"] == "PreflightFailed"
    assert [each["title"] for each in told if each["event"] == "chapter"] == [
        "wave 1 of all: production",
        "wave 2 of all: staging",
    ]
    assert fleet.open().inventory.weight == Percent.of(10)

    shown = fleet.run("status").stdout.splitlines()
    production = next(line for line in shown if line.startswith("production"))
    for part in (fleet.account, "phase3", "10 %", "none", "No ramp yet."):
        assert part in production
    assert "not begun" in next(line for line in shown if line.startswith("staging"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--all-in", "al", "10"), "did you mean 'all'"),
        (("--all-in", "all", "101"), "allowed: 0 to 100"),
        (("--all-in", "all", "10", "--route", "nothing"), "there is no route"),
        (("production", "10", "--all-in", "all"), "exclude each other"),
        (("production",), "the weight is missing"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_begins(
    team: InMemoryTeam, arguments: tuple[str, ...], said: str
) -> None:
    team.append('[fleets.all]\nwaves = [["production"]]')
    done = team.run("weight", *arguments, "--yes")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
