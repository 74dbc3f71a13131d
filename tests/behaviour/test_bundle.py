"""`rollout doctor --bundle`: one file for somebody who helps."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from rollout import Rollout
from rollout.api.doctor.bundle import write_bundle
from rollout.errors import UsageError
from tests.behaviour.team import InMemoryTeam


def written(team: InMemoryTeam, target: Path) -> dict[str, str]:
    def opened() -> Rollout:
        return Rollout.load(team.file, parts=team.world.actor().parts)

    parts = write_bundle(target, team.file, "production", opened, ())
    with zipfile.ZipFile(target) as archive:
        assert tuple(archive.namelist()) == parts
        return {part: archive.read(part).decode() for part in parts}


def test_it_has_the_rules_the_history_and_the_inventory_for_its_owner_alone(
    cut_over: InMemoryTeam, tmp_path: Path
) -> None:
    cut_over.open().set_weight(10, approve=True, message="first step")
    parts = written(cut_over, tmp_path / "all.zip")
    rules = json.loads(parts["production/rules.json"])
    assert {rule["conditions"] for rule in rules} > {"/ceramic/v1/*/score/*"} or len(rules) > 2
    assert json.loads(parts["production/history.json"])[-1]["why"] == "first step"
    assert "[routes." in parts["stacks.toml"]
    assert "pulumi " in parts["versions.txt"]
    assert (tmp_path / "all.zip").stat().st_mode & 0o777 == 0o600


def test_it_has_no_secret_of_the_inventory(cut_over: InMemoryTeam, tmp_path: Path) -> None:
    cut_over.edit("[stickiness]", '[header-override]\nvalue = "let-me-in-1234"\n\n[stickiness]')
    cut_over.append(
        '[environments.production.notifications.chat]\nwebhook = "https://hooks.example.com/T0/secret-path"'
    )
    cut_over.open().override(approve=True)
    parts = written(cut_over, tmp_path / "all.zip")
    assert not [part for part, text in parts.items() if "let-me-in" in text or "secret-path" in text]


def test_what_cannot_be_read_is_named_and_hides_nothing_else(cut_over: InMemoryTeam, tmp_path: Path) -> None:
    cut_over.file.write_text("nonsense")
    parts = written(cut_over, tmp_path / "all.zip")
    assert "stacks.toml" in parts["environments.txt"]
    assert parts["stacks.toml"] == "nonsense"


def test_a_file_that_is_there_is_left_alone(cut_over: InMemoryTeam, tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_text("mine")
    for target in (tmp_path / "all.zip", tmp_path / "nowhere" / "all.zip"):
        with pytest.raises(UsageError):
            written(cut_over, target)
    assert (tmp_path / "all.zip").read_text() == "mine"


def test_verbose_says_nothing_on_standard_output(cut_over: InMemoryTeam) -> None:
    quiet, loud = cut_over.run("status", "production", "--json"), cut_over.run("-v", "status", "production", "--json")
    assert (loud.returncode, loud.stdout) == (0, quiet.stdout)
