from __future__ import annotations

import pytest

from rollout.inventory.model import Environment
from tests.unit.seed import SEED


@pytest.fixture(scope="session")
def production() -> Environment:
    """The repository's own inventory."""
    return SEED
