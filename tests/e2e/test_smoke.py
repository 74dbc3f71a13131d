"""The candidate asked before it gets traffic, by the samples of this repository and by others."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.conftest import KEPT_IN_SMALL, ROOT, Team

pytestmark = pytest.mark.engine


@pytest.fixture
def built(legacy: Team) -> Iterator[Team]:
    """A team after phase 1, with this repository's samples of its routes."""
    legacy.open().phase1(approve=True)
    (legacy.folder / "samples").mkdir()
    for name in KEPT_IN_SMALL[:3]:
        shutil.copy(ROOT / "samples" / f"{name}.json", legacy.folder / "samples")
    yield legacy
    legacy.aws.forget_profiles()


def test_a_candidate_that_answers_passes_and_no_traffic_moves(built: Team) -> None:
    before = built.forwards()
    done = built.run("smoke", "production", "--warm", "3")
    assert done.returncode == 0, done.stderr
    assert "stamp-score" in done.stdout
    assert "200" in done.stdout
    assert "rust-scorer: 3 parallel invocations answered first" in done.stdout
    assert built.forwards() == before
    calls = {call for call in built.calls("lambda:*") if not call.startswith(("Get", "List"))}
    assert "InvokeFunction" in calls
