"""The examples, run as their readers would run them: from the folder of an inventory."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rollout import Rollout
from rollout.inventory.model import LEGACY_ONLY
from tests.conftest import ROOT, Team

EXAMPLES = ROOT / "examples"


def run(team: Team, *words: str | Path) -> str:
    """What Python says; what goes wrong is the test's failure."""
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=team.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.engine
@pytest.mark.nightly
def test_the_fixtures_test_an_inventory_and_leave_it_as_it_is(team: Team) -> None:
    before, copy = team.file.read_text(), team.folder / "test_migration.py"
    copy.write_text((EXAMPLES / "test_migration.py").read_text())
    said = run(team, "-m", "pytest", "-p", "no:cacheprovider", copy)
    assert re.search(r"^=+ 3 passed", said, re.MULTILINE), said
    assert team.file.read_text() == before


@pytest.mark.engine
@pytest.mark.nightly
def test_the_notebook_runs_from_its_first_cell_to_its_last(team: Team) -> None:
    before = team.file.read_text()
    said = run(team, EXAMPLES / "notebook.py")
    assert re.search(r"^stamp-score +\d+ requests, 0 lost: .*rust-scorer", said, re.MULTILINE), said
    assert "('l-passport-v2-rust-scorer', '60')" in said
    assert "('l-passport-v2-rust-scorer', '20')" in said
    assert team.file.read_text() == before


@pytest.mark.engine
@pytest.mark.nightly
def test_the_trial_for_a_real_account_plays_in_the_sandbox_and_leaves_nothing(team: Team) -> None:
    said = run(team, ROOT / "scripts" / "real_aws_trial.py", "all", "--sandbox")
    legacy = r"answered by {'rollout-trial-legacy': 200}"
    for title in ("before", "phase 1", "phase 2", "rollback"):
        assert re.search(rf"^{title} +[\d.]+ s  {legacy}$", said, re.MULTILINE), said
    assert re.search(r"^weight 50 .*'rollout-trial-candidate': \d+, 'rollout-trial-legacy': \d+", said, re.MULTILINE)
    _, _, gone = said.partition("gone:\n")
    kinds = ("target group", "function", "role", "log group /aws/lambda/")
    parts = {f"{kind} rollout-trial-candidate".replace("/ ", "/") for kind in kinds}
    assert {"load balancer rollout-trial", "security group rollout-trial", *parts} <= {
        line.strip() for line in gone.splitlines()
    }


@pytest.fixture
def http(cut_over: Team, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of the FastAPI endpoint, over a team at 10 %."""
    cut_over.open().set_weight(10, approve=True)
    monkeypatch.setenv("ROLLOUT_HTTP_TOKEN", "token-of-the-test")
    app = import_module("examples.fastapi_endpoint").app(Rollout.load(cut_over.file, sandbox=cut_over.aws))
    with import_module("fastapi.testclient").TestClient(app) as client:
        yield client


@pytest.mark.engine
@pytest.mark.skipif(find_spec("httpx2") is None, reason="in no lock: pip install fastapi httpx2")
def test_the_endpoint_tells_the_status_and_rolls_back_for_who_has_the_token(http: Any, cut_over: Team) -> None:
    knows = {"Authorization": "Bearer token-of-the-test"}
    back = "/environments/production/rollback?reconcile=false"
    for headers in ({}, {"Authorization": "Bearer of something else"}):
        assert http.post(back, headers=headers).status_code in (401, 403)
    said = http.get("/environments/production", headers=knows)
    assert {route["live"]["weight"] for route in said.json()["routes"]} == {10}
    missing = http.get("/environments/nowhere", headers=knows)
    assert (missing.status_code, missing.json()["what"]) == (404, "unknown environment 'nowhere'")
    assert len(http.post(back, headers=knows).json()["moved"]) == 3
    assert {route.live for route in cut_over.open().status(since=None).routes} == {LEGACY_ONLY}
