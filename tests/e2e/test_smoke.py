"""The candidate asked before it gets traffic, by the samples of this repository and by others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from rollout.errors import WrongAccount
from rollout.quantities import Percent
from rollout.sandbox import Profile
from tests.conftest import KEPT_IN_SMALL, ROOT, Team

pytestmark = pytest.mark.engine


@pytest.fixture
def built(legacy: Team) -> Iterator[Team]:
    """A team after phase 1, with this repository's samples of its routes."""
    legacy.open().phase1(approve=True)
    (legacy.folder / "samples").mkdir()
    for name in KEPT_IN_SMALL[:3]:
        shutil.copy(ROOT / "samples" / f"{name}.json", legacy.folder / "samples")
    yield legacy
    legacy.aws.forget_profiles()


def test_a_candidate_that_answers_passes_and_no_traffic_moves(built: Team) -> None:
    before = built.forwards()
    done = built.run("smoke", "production", "--warm", "3")
    assert done.returncode == 0, done.stderr
    assert "stamp-score" in done.stdout
    assert "200" in done.stdout
    assert "rust-scorer: 3 invocations side by side answered first" in done.stdout
    assert built.forwards() == before
    calls = {call for call in built.calls("lambda:*") if not call.startswith(("Get", "List"))}
    assert "InvokeFunction" in calls


def test_what_a_candidate_does_wrong_is_told_route_by_route(built: Team) -> None:
    sample = built.folder / "samples" / "stamp-score.json"
    said = json.loads(sample.read_text())
    said["expect"] = {"status": 201, "schema": {"required": ["score"]}}
    sample.write_text(json.dumps(said))
    done = built.run("smoke", "production", "--json")
    assert done.returncode == 1
    report, failed = map(json.loads, done.stdout.splitlines())
    assert {route["route"]: route["status"] for route in report["routes"]} == dict.fromkeys(
        ("stamp-score", "ceramic-score", "embed-score"), 200
    )
    path = said["request"]["path"]
    assert [problem["code"] for problem in failed["problems"]] == ["unexpected-response"] * 2
    assert all(f"GET {path}: " in problem["what"] for problem in failed["problems"])
    assert (failed["error"], failed["code"], failed["exit-code"]) == ("SmokeFailed", "smoke-failed", 1)


def test_a_candidate_that_crashes_fails_and_one_route_can_be_asked_alone(built: Team) -> None:
    built.aws.behave(Profile("rust-scorer", account=built.account, crashes=Percent(1000)))
    done = built.run("smoke", "production", "--route", "embed-score")
    assert done.returncode == 1
    assert "[smoke-failed]" in done.stderr
    assert "embed-score (rust-scorer): GET /internal/embed/score" in done.stderr
    assert "Runtime.ExitError: ordered [unexpected-response]" in done.stderr


def test_before_phase_1_there_is_nobody_to_ask(legacy: Team) -> None:
    report = legacy.open().smoke()
    assert {problem.then for problem in report.problems} == {"run `rollout phase1 production`"}
    assert legacy.calls("lambda:InvokeFunction") == []


def test_another_account_is_never_asked(built: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "999999999999")
    with pytest.raises(WrongAccount):
        built.open().smoke()


def test_bad_samples_are_a_usage_error(built: Team) -> None:
    (built.folder / "samples" / "stamp-scor.json").write_text("{}")
    done = built.run("smoke", "production")
    assert done.returncode == 2
    assert "did you mean 'stamp-score'? [unknown-route]" in done.stderr
    assert "[missing-key]" in done.stderr
    assert built.run("smoke", "production", "--warm", "0").returncode == 2
