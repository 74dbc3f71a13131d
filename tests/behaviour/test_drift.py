"""`rollout drift` on rules that somebody changed by hand: found, taken over, put back."""

from __future__ import annotations

import json

from rollout.alb.weights import forward_of
from rollout.inventory.model import Arn, Split
from rollout.inventory.quantities import Percent
from tests.behaviour.team import InMemoryTeam


def by_hand(team: InMemoryTeam, route: str, weight: int) -> None:
    live, entry = team.open().traffic.alb_state(), team.inventory.routes[route]
    split, groups = Split.at(Percent.of(weight)), (live.group_arn(entry.legacy), live.group_arn(entry.candidate))
    forward = forward_of(split, *groups, team.inventory.stickiness.kept_for)
    team.aws.modify_rule(Arn(team.rules()[route]), forward=forward)


def test_drift_is_found_adopted_and_repaired(cut_over: InMemoryTeam) -> None:
    fine = cut_over.run("drift", "production")
    assert fine.returncode == 0, fine.stdout + fine.stderr

    by_hand(cut_over, "stamp-score", 40)
    found = cut_over.run("drift", "production", "--json")
    assert found.returncode == 7
    report = json.loads(found.stdout.splitlines()[0])
    assert {route["route"]: (route["file"], route["state"], route["live"]) for route in report["routes"]} == {
        "stamp-score": (0, "0 %", "40 %"),
        "ceramic-score": (0, "0 %", "0 %"),
        "embed-score": (0, "0 %", "0 %"),
    }
    assert cut_over.run("drift", "production", "--adopt").returncode == 3  # nobody to say yes

    adopted = cut_over.run("drift", "production", "--adopt", "--yes")
    assert adopted.returncode == 0, adopted.stdout + adopted.stderr
    assert cut_over.open().inventory.desired_weight("stamp-score") == Percent.of(40)
    assert cut_over.open().inventory.desired_weight("embed-score") == Percent.of(0)

    by_hand(cut_over, "embed-score", 70)
    repaired = cut_over.run("drift", "production", "--repair", "--yes")
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    splits = {route.route: route.live and route.live.weight for route in cut_over.open().status(since=None).routes}
    assert splits == {"stamp-score": Percent.of(40), "ceramic-score": Percent.of(0), "embed-score": Percent.of(0)}
