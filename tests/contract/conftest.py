"""A team in memory, beside the one on the engine that has the same name in both places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rollout.fakes.world import World
from tests.behaviour.conftest import made_team
from tests.behaviour.team import InMemoryTeam


@pytest.fixture
def in_memory(tmp_path: Path) -> Callable[[], InMemoryTeam]:
    """Makes a team at legacy."""

    def make() -> InMemoryTeam:
        folder = tmp_path / "in memory"
        folder.mkdir()
        return made_team(folder, World.legacy)

    return make
