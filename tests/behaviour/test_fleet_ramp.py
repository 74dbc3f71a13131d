"""A fleet that ramps by itself: its definition by the command line."""

from __future__ import annotations

import json

import pytest

from tests.behaviour.team import InMemoryTeam
from tests.states_schema import problems

CONTROLLER = """
[controller]
image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/rollout@sha256:{digest}"
""".format(digest="0" * 64)
FLEET = """
[fleets.all]
waves = [["production"], ["staging", "review"]]
"""


@pytest.fixture
def fleet(team: InMemoryTeam) -> InMemoryTeam:
    """Three environments with controllers, in two waves."""
    text = team.file.read_text().replace("[environments.", CONTROLLER + "\n[environments.", 1) + FLEET
    for name in ("production", "staging", "review"):
        head = f"[environments.{name}]\n"
        assert head in text
        text = text.replace(head, head + 'backend = "s3://states"\nsecrets-provider = "awskms://alias/rollout"\n', 1)
    team.file.write_text(text)
    return team


def test_the_definition_is_printed(fleet: InMemoryTeam) -> None:
    done = fleet.run("fleet", "definition", "all")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert problems(made) == []
    assert [name for name in made["States"] if name.startswith("Ramp")] == ["Ramp wave 1", "Ramp wave 2"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (CONTROLLER, "", "missing-key"),
        (FLEET, FLEET + "approve-between = true\n", "missing-key"),
        ("[fleets.all]", "[fleets.others]", "unknown-fleet"),
    ],
)
def test_what_it_lacks_is_told(fleet: InMemoryTeam, old: str, new: str, code: str) -> None:
    fleet.edit(old, new)
    done = fleet.run("fleet", "definition", "all")
    assert done.returncode == 2
    assert code in done.stderr
