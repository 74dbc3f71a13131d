"""Environments of one inventory, worked on at once from threads of one process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from operator import methodcaller
from threading import Barrier

import pytest

from rollout import EnvironmentRollout, Rollout
from rollout.inventory.stacks import CANDIDATE
from rollout.migration.events import Event, Listener, StepStarted
from rollout_sandbox.story import seed
from tests.conftest import Team, accounts

pytestmark = pytest.mark.engine
NAMES = ("staging", "production")


def opened(team: Team, name: str, hear: Listener) -> EnvironmentRollout:
    """An environment of the team, in an account of its own."""
    inventory = Rollout.load(team.file).environment(name).inventory
    own = inventory.model_copy(update={"account": str(next(accounts)), "project": team.project})
    return EnvironmentRollout(own, team.file, sandbox=team.aws, provider="stand-in", on_event=hear)


def test_the_same_step_is_under_way_in_both_at_once(team: Team) -> None:
    step = Barrier(len(NAMES))

    def meet(event: Event) -> None:
        if isinstance(event, StepStarted) and event.stack == CANDIDATE:
            step.wait(120)  # each goes on once the other is there, too

    both = [opened(team, name, meet) for name in NAMES]
    with ThreadPoolExecutor(len(both)) as pool:
        list(pool.map(lambda each: seed(each.inventory, team.aws, lambda _: None), both))
        results = list(pool.map(methodcaller("phase1", approve=True), both))
    assert not step.broken, "one waited for the other"
    assert [result.changed for result in results] == [True, True]
    for each in both:
        status = each.status(since=None)
        assert status.phase == "phase1"
        calls = team.aws.calls("lambda:CreateFunction*", each.inventory.account)
        assert {call.parameters["FunctionName"] for call in calls} >= {"rust-scorer"}
