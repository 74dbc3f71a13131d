"""What is wrong in one feature's table stops that feature, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.errors import ConfigError
from rollout.inventory.file import load
from rollout.inventory.file.tables import FEATURES
from rollout.inventory.model import Environment
from tests.unit.test_config_problems import SOUND

OWN = {
    "header-override": "priority-base = 50000",
    "ramp": "steps = [50, 10]",
    "analysis": 'metrics = ["luck"]',
    "notifications": 'team.webhook = "no URL"',
    "guard": 'heartbeat = "90s"',
    "controller": 'pace = "90s"',
    "cost": "gb-second = -1",
}


def test_each_feature_is_tried() -> None:
    assert OWN.keys() == FEATURES


def read(folder: Path, text: str) -> Environment:
    file = folder / "stacks.toml"
    file.write_text(text)
    return load(file).environment("production")


@pytest.mark.parametrize("table", OWN)
def test_a_fault_of_one_feature_leaves_the_others_and_their_values(table: str, tmp_path: Path) -> None:
    sound = read(tmp_path, SOUND)
    production = read(tmp_path, f"{SOUND}\n[environments.production.{table}]\n{OWN[table]}\n")
    assert production.faults.keys() == {table}
    assert all("stacks.toml:" in (problem.where or "") for problem in production.all_faults)
    production.require(*FEATURES - {table})
    with pytest.raises(ConfigError) as caught:
        production.require(*FEATURES)
    assert caught.value.problems == production.all_faults
    others = {"faults", table.replace("-", "_")}
    assert production.model_dump(exclude=others) == sound.model_dump(exclude=others)


def test_a_fault_of_one_environment_is_none_of_another(tmp_path: Path) -> None:
    file = tmp_path / "stacks.toml"
    file.write_text(f"{SOUND}\n[environments.production.ramp]\nsteps = [50, 10]\n")
    found = load(file)
    assert (found.environment("staging").faults, list(found.environment("production").faults)) == ({}, ["ramp"])
    assert found.problems == found.environment("production").all_faults
    with pytest.raises(ConfigError):
        found.check()


def test_a_fault_of_the_fleets_stops_fleets_alone(tmp_path: Path) -> None:
    file = tmp_path / "stacks.toml"
    file.write_text(f'{SOUND}\n[fleets.all]\nwaves = [["stagging"]]\n')
    found = load(file)
    assert found.environment("production").faults == {}
    with pytest.raises(ConfigError) as caught:
        found.fleet("all")
    assert caught.value.problems == found.problems != ()


def test_what_every_command_goes_by_is_told_with_all_else(tmp_path: Path) -> None:
    file = tmp_path / "stacks.toml"
    text = SOUND.replace("priority = ", "priority = 0 # ", 1)
    file.write_text(f'{text}\n[environments.production.ramp]\nsteps = [50, 10]\n[fleets.all]\nwaves = [["x"]]\n')
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert {(problem.where or "").rpartition(": ")[2].rpartition(".")[2] for problem in caught.value.problems} == {
        "priority",
        "steps",
        "waves",
    }
