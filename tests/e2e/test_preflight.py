"""Everything that the phases need, looked at all at once; and what stops a phase before its gate."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Team

pytestmark = pytest.mark.engine


def test_a_ready_environment_tells_its_evidence(legacy: Team) -> None:
    before = len(legacy.calls("*"))
    done = legacy.run("preflight", "production")
    assert done.returncode == 0, done.stderr
    assert "3 of 3 at their priorities with the inventory's conditions" in done.stdout
    assert "Pulumi 3." in done.stdout
    assert "backend " in done.stdout
    assert "phase 1 will create" in done.stdout
    assert "l-passport-v2-rust-scorer: stamp-score, ceramic-score share it: clients with cookies" in done.stdout
    assert {call for call in legacy.calls("*")[before:] if not call.startswith(("Get", "List"))} == set()


def test_a_machine_that_is_ready_passes_the_doctor(team: Team) -> None:
    done = team.run("doctor", "production", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stdout
    assert f"account {team.account}" in done.stdout
    assert "backend " in done.stdout
    assert "set LANG" in done.stdout  # and the signs that ASCII lacks stop nothing
    wrong = team.run("doctor", "--json", AWS_ACCESS_KEY_ID="999999999999")
    assert wrong.returncode == 1
    found = {check["name"]: check for check in json.loads(wrong.stdout.splitlines()[0])["checks"]}
    assert team.account in found["credentials"]["problems"][0]["what"]
