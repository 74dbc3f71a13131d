"""The candidate asked before it gets traffic, by the samples of this repository and by others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping

import pytest

from rollout.errors import WrongAccount
from rollout.fakes.services import InMemoryFunctions
from tests.behaviour.team import InMemoryTeam
from tests.conftest import KEPT_IN_SMALL, ROOT

ADDRESS = "0x0000000000000000000000000000000000000001"


class ExitError(Exception):
    pass


def functions(team: InMemoryTeam) -> InMemoryFunctions:
    return team.world.functions_of(team.inventory)


def scored(_event: Mapping[str, object]) -> object:
    body = json.dumps({"address": ADDRESS, "score": "1"})
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": body}


@pytest.fixture
def sampled(built: InMemoryTeam) -> InMemoryTeam:
    """A team after phase 1, with this repository's samples of its routes."""
    (built.folder / "samples").mkdir()
    for name in KEPT_IN_SMALL[:3]:
        shutil.copy(ROOT / "samples" / f"{name}.json", built.folder / "samples")
    functions(built).handlers["rust-scorer"] = scored
    return built


def test_what_a_candidate_does_wrong_is_told_route_by_route(sampled: InMemoryTeam) -> None:
    sample = sampled.folder / "samples" / "stamp-score.json"
    said = json.loads(sample.read_text())
    said["expect"] = {"status": 201, "schema": {"required": ["points"]}}
    sample.write_text(json.dumps(said))
    done = sampled.run("smoke", "production", "--json")
    assert done.returncode == 1
    report, failed = map(json.loads, done.stdout.splitlines())
    assert {route["route"]: route["status"] for route in report["routes"]} == dict.fromkeys(
        ("stamp-score", "ceramic-score", "embed-score"), 200
    )
    path = said["request"]["path"]
    assert [problem["what"] for problem in failed["problems"]] == [
        f"GET {path}: status 200, expected 201",
        f"GET {path}: body $: 'points' is a required property",
    ]
    assert (failed["error"], failed["exit-code"]) == ("SmokeFailed", 1)


def test_a_candidate_that_crashes_fails_and_one_route_can_be_asked_alone(sampled: InMemoryTeam) -> None:
    def crash(_event: Mapping[str, object]) -> object:
        raise ExitError("ordered")

    functions(sampled).handlers["rust-scorer"] = crash
    done = sampled.run("smoke", "production", "--route", "embed-score")
    assert done.returncode == 1
    assert "1 of 1 route of production" in done.stderr
    assert "[smoke-failed]" in done.stderr
    assert "embed-score (rust-scorer): GET /internal/embed/score" in done.stderr
    assert "the function failed: ExitError: ordered" in done.stderr


def test_before_phase_1_there_is_nobody_to_ask(legacy: InMemoryTeam) -> None:
    report = legacy.open().smoke()
    assert {problem.hint for problem in report.problems} == {"run `rollout phase1 production`"}
    assert functions(legacy).calls.log == []


def test_another_account_is_never_asked(sampled: InMemoryTeam) -> None:
    sampled.world.actor().account = "999999999999"
    with pytest.raises(WrongAccount):
        sampled.open().smoke()
    assert functions(sampled).calls.log == []


def test_bad_samples_are_a_usage_error(sampled: InMemoryTeam) -> None:
    (sampled.folder / "samples" / "stamp-scor.json").write_text("{}")
    done = sampled.run("smoke", "production")
    assert done.returncode == 2
    assert "there is no route 'stamp-scor'; did you mean 'stamp-score'?" in done.stderr
    assert "request is missing" in done.stderr
    assert sampled.run("smoke", "production", "--warm", "0").returncode == 2
