from __future__ import annotations

from pathlib import Path

import pytest

from rollout.inventory.file import load
from rollout.inventory.model import Environment


@pytest.fixture(scope="session")
def production() -> Environment:
    """The repository's own inventory."""
    return load(Path(__file__).parents[2] / "stacks.toml").environment("production")
