"""A sandbox whose state is in S3 and whose secrets are under a key: a story, and what a new start gives back."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.inventory.quantities import ZERO, Percent
from rollout_sandbox import daemon
from rollout_sandbox.story import answer, seed
from tests.conftest import Team, made_team

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

STATE = 'backend = "s3://acme-state/rollout"\nsecrets-provider = "awskms://alias/rollout?region=us-west-2&awssdk=v2"\n'


def test_a_state_in_a_bucket_of_the_sandbox(tmp_path: Path) -> None:
    info = daemon.start(tmp_path / "aws")
    try:
        team = made_team(info, tmp_path / "checkout", whole=False)
        team.edit("[environments.production]\n", f"[environments.production]\n{STATE}")
        seed(team.open().inventory, info, lambda _: None)
        team.open().phase1(approve=True)
        team.open().phase2(approve=True)
        team.open().set_weight(10, approve=True)
        daemon.stop(info.folder)

        info = daemon.start(info.folder)
        again = Team(team.folder, team.account, info)
        answer(again.open().inventory, info)
        assert {route.live and route.live.weight for route in again.open().status().routes} == {Percent.of(10)}
        before = len(info.calls("s3:*"))
        again.open().rollback()
        assert "rollback" in {change.what for change in again.open().history()}
        assert {route.live and route.live.weight for route in again.open().status().routes} == {ZERO}
        assert len(info.calls("s3:*")) > before
        assert not list((info.folder / "state").rglob("*.json"))
    finally:
        daemon.stop(info.folder)
