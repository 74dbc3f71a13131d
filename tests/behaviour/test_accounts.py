"""Credentials of another account: nothing there is taken for the environment's own, whatever its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.fakes.world import World
from tests.behaviour.conftest import made_team
from tests.behaviour.fleets import InMemoryFleet, fleet_file
from tests.behaviour.team import InMemoryTeam

ANOTHER = "999999999999"
IMAGE = f"123456789012.dkr.ecr.us-west-2.amazonaws.com/rollout@sha256:{'0' * 64}"
PRODUCTION = "[environments.production]\n"
TABLES = f'[environments.production.guard]\n\n[environments.production.controller]\nimage = "{IMAGE}"\n\n{PRODUCTION}'
STATE = 'backend = "s3://state/rollout"\nsecrets-provider = "awskms://alias/rollout"\n'


@pytest.fixture
def abroad(cut_over: InMemoryTeam) -> InMemoryTeam:
    """A team with a guard and a controller, which has signed in to another account."""
    cut_over.edit(PRODUCTION, f"{TABLES}{STATE}")
    cut_over.world.guard(cut_over.inventory).installed = True
    cut_over.world.controller(cut_over.inventory).installed = True
    cut_over.world.actor().account = ANOTHER
    return cut_over


@pytest.mark.parametrize(
    "command",
    [
        ("guard", "status", "production"),
        ("guard", "disarm", "production", "--for", "5m", "-m", "a trial"),
        ("guard", "arm", "production"),
        ("guard", "test", "production"),
        ("controller", "status", "production"),
        ("ramp", "production", "--once", "--yes"),
    ],
    ids=" ".join,
)
def test_a_table_or_an_alarm_there_is_not_the_environments(abroad: InMemoryTeam, command: tuple[str, ...]) -> None:
    guard = abroad.world.guard(abroad.inventory)
    before = guard.read()
    done = abroad.run(*command)
    assert (done.returncode, "[wrong-account]" in done.stderr) == (1, True), done.stderr
    assert guard.read() == before


@pytest.mark.parametrize("command", ["status", "ramp", "approve", "stop"])
def test_a_state_machine_there_is_not_the_fleets(checkout: Path, command: str) -> None:
    team = made_team(checkout, lambda _: World())
    team.file.write_text(fleet_file(team.file.read_text(), (("a1",), ("b1",))))
    fleet = InMemoryFleet(team.file)
    fleet.install()
    for world in (fleet.home, *fleet.worlds.values()):
        world.actor().account = ANOTHER
    done = fleet.command("fleet", command, "all")
    assert (done.returncode, "[wrong-account]" in done.stderr) == (1, True), done.stderr
    assert not fleet.executions.all
