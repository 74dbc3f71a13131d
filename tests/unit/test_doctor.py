"""What the doctor finds, and that each finding has its remedy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollout.api.doctor import machine
from rollout.api.doctor.account import clock, credentials
from rollout.api.doctor.examination import examine
from tests.unit.builders import environment

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
ARN = "arn:aws:sts::123456789012:assumed-role/deploy/me"


def test_credentials_are_for_one_of_the_environments() -> None:
    other = environment(name="staging", account="999999999999")
    both = credentials("123456789012", ARN, (other, environment()))
    assert both.passed
    assert both.evidence.endswith("for production")
    alone = credentials("123456789012", ARN, (other,))
    assert "staging is in 999999999999" in str(alone.problems[0])
    assert credentials("123456789012", ARN, ()).passed


@pytest.mark.parametrize(
    ("off", "passed", "said"),
    [
        (timedelta(seconds=1), True, "as AWS's"),
        (timedelta(seconds=29), True, "29 s ahead of AWS"),
        (timedelta(seconds=-31), True, "31 s behind AWS"),
        (timedelta(minutes=5), False, "300 s ahead of AWS"),
        (timedelta(minutes=-5), False, "300 s behind AWS"),
    ],
)
def test_a_clock_that_aws_would_refuse_is_a_problem(off: timedelta, passed: bool, said: str) -> None:
    found = clock(NOON, NOON + off)
    assert (found.passed, found.evidence) == (passed, said)
    assert bool(found.notes) == (said == "31 s behind AWS")


def test_an_engine_that_is_missing_tells_the_command_that_gets_one() -> None:
    found = machine.engine({"PATH": "/nowhere", "ROLLOUT_PULUMI": "/nowhere/pulumi"})
    assert not found.passed
    assert "ROLLOUT_PULUMI" in str(found.problems[0])


def test_the_provider_is_looked_for_where_the_engine_keeps_it(tmp_path: Path) -> None:
    absent = machine.plugin({"PULUMI_HOME": str(tmp_path)}, sandboxed=False)
    (install,) = absent.notes
    _, _, version = str(install).partition("resource aws ")
    (tmp_path / "plugins" / f"resource-aws-{version.split('`')[0]}").mkdir(parents=True)
    assert machine.plugin({"PULUMI_HOME": str(tmp_path)}, sandboxed=False).notes == ()
    assert machine.plugin({"PULUMI_HOME": "/nowhere"}, sandboxed=True).notes == ()


def test_room_is_looked_for_where_the_file_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(tmp_path) in machine.room(tmp_path / "not" / "yet").evidence
    monkeypatch.setattr(machine, "ENOUGH", 1 << 60)
    assert {problem.where for problem in machine.room(tmp_path).problems} > {str(tmp_path)}


def test_without_an_inventory_credentials_and_engine_all_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ROLLOUT_PULUMI", "/nowhere/pulumi")
    checks = {check.name: check for check in examine(tmp_path / "stacks.toml", None, None)}
    assert {name for name, check in checks.items() if not check.passed} == {"engine", "credentials"}
    assert "rollout init" in str(checks["inventory"].notes[0])
    assert "--region" in str(checks["region"].notes[0])
    assert all(problem.hint for check in checks.values() for problem in check.problems)


def test_a_broken_inventory_hides_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "stacks.toml").write_text("[projct]\n")
    checks = {check.name: check for check in examine(tmp_path / "stacks.toml", "production", None)}
    assert "did you mean 'project'" in " ".join(map(str, checks["inventory"].problems))
    assert {"engine", "disk", "credentials"} <= checks.keys()
