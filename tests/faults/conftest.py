"""A team after phase 2 for a whole module, and no trouble left for the next test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rollout.sandbox.daemon import SandboxInfo
from rollout.sandbox.story import seed
from tests.conftest import Team, made_team


@pytest.fixture(autouse=True)
def _no_fault_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "aws" in request.fixturenames:
        request.getfixturevalue("aws").faults.clear()


@pytest.fixture(scope="module")
def shared(aws: SandboxInfo, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A team after phase 2, whose rules each test of the module leaves in place."""
    made = made_team(aws, tmp_path_factory.mktemp("shared") / "checkout", whole=False)
    seed(made.open().inventory, made.aws, lambda _: None)
    made.open().phase1(approve=True)
    made.open().phase2(approve=True)
    return made
