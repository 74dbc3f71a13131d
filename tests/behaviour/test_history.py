"""`rollout history` and `rollout show`: who changed what, when, why, and from where to where."""

from __future__ import annotations

import json

from tests.behaviour.team import InMemoryTeam


def test_each_change_is_told_with_who_when_why_and_from_where_to_where(built: InMemoryTeam) -> None:
    cut_over = built
    cut_over.open().phase2(approve=True)
    cut_over.open().set_weight(10, routes=["stamp-score"], approve=True, message="ticket 7")
    assert cut_over.run("rollback", "production", GITHUB_ACTOR="ada").returncode == 0
    done = cut_over.run("history", "production", "--json")
    assert done.returncode == 0, done.stderr
    back, weight, phase2, phase1, *before = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["what"], each["result"]) for each in (back, weight, phase2, phase1)] == [
        ("rollback", "succeeded"),
        ("weight", "succeeded"),
        ("phase2", "succeeded"),
        ("phase1", "succeeded"),
    ]
    assert back["by"].startswith("ada@")
    assert (weight["why"], weight["moves"], back["moves"]) == (
        "ticket 7",
        {"stamp-score": [0, 10]},
        {"stamp-score": [10, 0]},
    )
    assert [(update["stack"], update["version"]) for update in phase2["updates"]] == [
        ("routing", None),
        ("legacy", None),
    ]
    assert [each["number"] for each in (back, weight, phase2, phase1)] == [4 + len(before) - n for n in range(4)]
    digests = [preview.digest for event in cut_over.events if (preview := getattr(event, "preview", None))]
    assert weight["plan"] == digests[-1]
    assert phase2["plan"].split() == digests[-3:-1]

    table = cut_over.run("history", "production", "--limit", "2").stdout
    assert "ticket 7" in table
    assert "phase2" not in table
    shown = cut_over.run("show", "production", str(weight["number"])).stdout
    assert "stamp-score: 0 → 10 %" in shown
    assert weight["plan"] in shown
    missing = cut_over.run("show", "production", "99")
    assert missing.returncode == 2
    assert f"allowed: 1 to {back['number']}" in missing.stderr


def test_an_environment_that_was_never_deployed_has_none(team: InMemoryTeam) -> None:
    done = team.run("history", "production")
    assert (done.returncode, "nothing was deployed yet" in done.stdout) == (0, True)
    assert team.run("history", "production", "--limit", "0").returncode == 2
