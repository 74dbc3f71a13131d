"""A migration completed on the real engine: proven, without a lost request, and finished after a kill."""

from __future__ import annotations

import signal
from datetime import timedelta

import pytest

from rollout.inventory.model import CANDIDATE_ONLY
from rollout.migration import events
from rollout_sandbox.load import Load, Verdict, endpoints_of
from tests.conftest import Team
from tests.faults.cut import CLI, cut, perform

pytestmark = pytest.mark.engine

RATE = 100
LEGACY = {"l-passport-v2-stamp-score", "l-cc-v1-score-POST-0", "embed-gs-lambda-target-group"}


def groups(team: Team) -> set[str]:
    found = team.aws.client("elbv2", team.account, "us-west-2").describe_target_groups()["TargetGroups"]
    return {group["TargetGroupName"] for group in found}


def functions(team: Team) -> set[str]:
    found = team.aws.client("lambda", team.account, "us-west-2").list_functions()["Functions"]
    return {function["FunctionName"] for function in found}


def quiet(team: Team, load: Load) -> None:
    """Let the candidate have everything until all that legacy had is hours ago, and its last minute is over."""
    team.open().set_weight(100, approve=True)
    load.wait(RATE)
    team.aws.clock.pass_by(seconds=timedelta(hours=2).total_seconds())
    load.wait(3 * RATE)
    team.aws.clock.pass_by(seconds=timedelta(minutes=1).total_seconds())


def test_legacy_is_retired_under_traffic_once_nobody_needs_it(cut_over: Team) -> None:
    team, rules = cut_over, cut_over.rules()
    with Load(endpoints_of(team.open().inventory, team.aws), RATE, users=20, visits=200) as load:
        quiet(team, load)
        calls = len(team.calls())
        team.open().complete(quiet_for="30m", approve=True)
        load.wait(2 * RATE)
        answers = load.answers
    assert [answer for answer in answers if answer.verdict is not Verdict.FINE] == []
    assert team.calls()[calls:] == ["ModifyRule"] * 3
    assert not groups(team) & LEGACY
    assert {"l-passport-v2-rust-scorer", "targetGroupRegistry"} <= groups(team)
    assert "passport-v2-stamp-score" not in functions(team)
    assert team.rules() == rules
    status = team.open().status()
    assert {route.live for route in status.routes} == {CANDIDATE_ONLY}
    assert (status.phase, status.problems, status.next_step) == ("completed", (), None)
    assert [event.candidate > 0 for event in team.events if isinstance(event, events.LegacyQuiet)][-1:] == [True]


@pytest.mark.parametrize("point", [100, pytest.param(160, marks=pytest.mark.nightly)])
def test_a_completion_that_was_killed_is_finished_by_the_same_command(cut_over: Team, point: int) -> None:
    team = cut_over
    team.edit("weight = 0", 'complete-after = "30m"\nweight = 0')
    with Load(endpoints_of(team.open().inventory, team.aws), RATE, users=20, visits=200) as load:
        quiet(team, load)
        code, said, _ = cut(team, CLI, point, "complete")
        assert code == -signal.SIGKILL, said
        perform(team.open(), "complete")
        load.wait(RATE)
        answers = load.answers
    assert [answer for answer in answers if answer.verdict is not Verdict.FINE] == []
    assert not groups(team) & LEGACY
    status = team.open().status()
    assert (status.phase, status.problems, status.next_step) == ("completed", (), None)
