"""The teams of `tests.conftest`, in memory: the same names and stages, in milliseconds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rollout import Rollout
from rollout.fakes.world import World
from tests.behaviour.team import InMemoryTeam, Stage, small_inventory
from tests.conftest import ROOT


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests, so that worlds and programs that are made once fit each of them."""
    folder = tmp_path_factory.mktemp("behaviour") / "checkout"
    folder.mkdir()
    return folder


def made_team(folder: Path, stage: Stage, *, whole: bool = False) -> InMemoryTeam:
    """A team with a checkout as it comes, at a stage."""
    for each in folder.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    text = (ROOT / "stacks.toml").read_text()
    # its own programs: without them it would run those that another test has loaded from another checkout
    shutil.copytree(ROOT / "programs", folder / "programs", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "programs" / "code" / "rust-scorer", folder / "build")
    text = text.replace('"programs/code/rust-scorer"', '"build"')
    (folder / "stacks.toml").write_text(text if whole else small_inventory(text))
    return InMemoryTeam(folder, stage(Rollout.load(folder / "stacks.toml").environment("production").inventory))


@pytest.fixture
def team(checkout: Path) -> InMemoryTeam:
    """A team with three dual routes and one kept, and nothing on AWS yet."""
    return made_team(checkout, lambda _: World())


@pytest.fixture
def legacy(checkout: Path) -> InMemoryTeam:
    """A team with its legacy stack up, as it is before rollout comes."""
    return made_team(checkout, World.legacy)


@pytest.fixture
def built(checkout: Path) -> InMemoryTeam:
    """A team after phase 1."""
    return made_team(checkout, World.built)


@pytest.fixture
def cut_over(checkout: Path) -> InMemoryTeam:
    """A team after phase 2."""
    return made_team(checkout, World.cut_over)


@pytest.fixture
def whole(checkout: Path) -> InMemoryTeam:
    """A team with the whole inventory of the seed, and its legacy stack up."""
    return made_team(checkout, World.legacy, whole=True)
