"""The longest names that stacks.toml allows, in terminals of 40 and 80 columns: nothing is cut, and no table breaks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rollout.fakes.world import World
from tests.behaviour.conftest import made_team
from tests.behaviour.team import InMemoryTeam

LONG = "stamp-score-of-the-passport-that-all-clients-ask-for-so-often-x"
COMMANDS = (
    "status production",
    "status",
    "drift production",
    "weight production 10 --yes",
    "history production",
    "show production 4",
    "preflight production",
    "cost production",
    "plan-ramp production --rpm 1000",
    "explain GET /v2/stamps/1/score/2 production",
    "smoke production",
    "parity record production",
    "parity traffic production",
    "rollback production",
)
WITHOUT = ("status", "plan-ramp production --rpm 1000", "history production")
"""They name no route."""
MOVES = re.compile(r"[\u2800-\u28ff]")
"""A line that is taken away again."""
UPRIGHT = re.compile(r"(?:\n *\S{1,2} *(?=\n)){4}")
"""Four lines of one or two letters: a column that had no room."""


@pytest.fixture
def named(checkout: Path) -> InMemoryTeam:
    """A team after phase 2, one of whose routes has the longest name."""
    team = made_team(checkout, lambda _: World())
    team.edit("routes.stamp-score]", f"routes.{LONG}]")
    team.world = World.cut_over(team.inventory)
    team.world.serve(team.inventory, dict.fromkeys(team.inventory.routes, 100))
    return team


def is_whole(text: str) -> bool:
    """Whether the longest name is there, on one line or folded over several, beside other columns."""
    missing = LONG
    for line in text.splitlines():
        pieces = (missing[:size] for size in range(len(missing), 0, -1))
        missing = missing.removeprefix(next((piece for piece in pieces if len(piece) > 1 and piece in line), ""))
    return len(missing) <= 1


@pytest.mark.parametrize("width", [40, 80])
def test_each_screen_keeps_long_names_whole_and_fits(named: InMemoryTeam, width: int) -> None:
    for command in COMMANDS:
        code, shown = named.talk("", *command.split(), COLUMNS=str(width), NO_COLOR="1")
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown).replace("\r", "")
        assert code == 0, (command, text)
        assert is_whole(text) is (command not in WITHOUT), (command, text)
        assert not UPRIGHT.search(text), (command, text)
        assert "\x1b[3" not in shown, command  # NO_COLOR
        wide = [line for line in text.splitlines() if len(line.rstrip()) > width and not MOVES.search(line)]
        assert all("ramp = {" in line for line in wide), (command, wide)  # to be copied whole
