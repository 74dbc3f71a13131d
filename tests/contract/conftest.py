"""One sandbox a module; and a team in memory, beside the one on the engine that has the same name in both places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rollout.fakes.world import World
from rollout_sandbox import Sandbox
from tests.behaviour.conftest import made_team
from tests.behaviour.team import InMemoryTeam


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def in_memory(tmp_path: Path) -> Callable[[str], InMemoryTeam]:
    """Makes a team at a stage."""

    def make(stage: str) -> InMemoryTeam:
        folder = tmp_path / "in memory"
        folder.mkdir()
        return made_team(folder, getattr(World, stage))

    return make
